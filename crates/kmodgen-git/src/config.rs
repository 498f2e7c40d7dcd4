//! The user's git settings that commits are made by: who commits, and how commits are signed.
//!
//! The files are found from a [`GitEnvironment`] and read through libgit2, which follows
//! includes. So a commit takes no git, and no global state is involved: libgit2's own
//! search reads the variables of the process once and for all threads.

use std::path::PathBuf;

use super::environment::GitEnvironment;
use super::problem::{ServerProblem, shown};

/// Prefixes of the settings that any repository may make.
const HARMLESS: [&str; 5] = ["user.", "author.", "committer.", "remote.", "branch."];

/// Settings that only a trusted repository may make, as they decide whether a program is run to sign.
const SIGNING: [&str; 3] = ["user.signingkey", "commit.gpgsign", "gpg.format"];

/// Settings of git, weakest first. They may hold passwords, so there is no `Debug`.
#[derive(Clone, Default)]
pub struct GitConfig {
    /// Names as git normalises them, section and key in lower case, with their values.
    entries: Vec<(String, String)>,
    /// Number of entries from files.
    files: usize,
}

impl GitConfig {
    /// Reads the system's, the user's and the environment's settings, in this order.
    pub fn load(environment: &GitEnvironment) -> Result<Self, ServerProblem> {
        let mut config = Self::default();
        for file in files(environment).into_iter().filter(|file| file.exists()) {
            config.read(&file).map_err(|error| ServerProblem::BadSetting {
                detail: shown(&format!("{}: {}", file.display(), error.message())),
            })?;
        }
        config.files = config.entries.len();
        let count = environment.get("GIT_CONFIG_COUNT").and_then(|count| count.parse().ok()).unwrap_or(0);
        for number in 0..count {
            let Some(name) = environment.get(&format!("GIT_CONFIG_KEY_{number}")) else { break };
            let value = environment.get(&format!("GIT_CONFIG_VALUE_{number}")).unwrap_or_default();
            config.entries.push((normalised(name), value.to_owned()));
        }
        Ok(config)
    }

    fn read(&mut self, file: &std::path::Path) -> Result<(), git2::Error> {
        self.add(&git2::Config::open(file)?, None)
    }

    fn add(&mut self, config: &git2::Config, level: Option<git2::ConfigLevel>) -> Result<(), git2::Error> {
        config.entries(None)?.for_each(|entry| {
            if level.is_some_and(|level| entry.level() != level) {
                return;
            }
            // A key alone, without `=`, is a switch that is on.
            let value = if entry.has_value() { entry.value().ok() } else { Some("true") };
            if let (Ok(name), Some(value)) = (entry.name(), value) {
                self.entries.push((name.to_owned(), value.to_owned()));
            }
        })
    }

    /// The strongest value of a setting.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.entries.iter().rev().find(|entry| entry.0 == name).map(|entry| entry.1.as_str())
    }

    /// Returns whether a setting is on.
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| git2::Config::parse_bool(value).unwrap_or(false))
    }

    /// Adds the settings of a repository, which are stronger, but for the names of programs: a
    /// repository may be somebody else's, and what is run is the user's to say. So is whether anything is
    /// run to sign, if the repository may have come with a checkout.
    pub fn with_repository(mut self, config: &git2::Config, trusted: bool) -> Result<Self, git2::Error> {
        let mut own = Self::default();
        own.add(config, Some(git2::ConfigLevel::Local))?;
        own.entries.retain(|(name, _)| match SIGNING.contains(&name.as_str()) {
            true => trusted,
            false => HARMLESS.iter().any(|known| name.starts_with(known)),
        });
        // What the environment adds is stronger still.
        let strongest = self.entries.split_off(self.files.min(self.entries.len()));
        self.entries.extend(own.entries);
        self.entries.extend(strongest);
        Ok(self)
    }
}

/// Section and key are the same in either case; what is between is not.
fn normalised(name: &str) -> String {
    let first = name.find('.').unwrap_or(name.len());
    let last = name.rfind('.').unwrap_or(first);
    format!("{}{}{}", name[..first].to_ascii_lowercase(), &name[first..last], name[last..].to_ascii_lowercase())
}

fn files(environment: &GitEnvironment) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let no_system = environment.get("GIT_CONFIG_NOSYSTEM");
    if !no_system.is_some_and(|value| git2::Config::parse_bool(value).unwrap_or(true)) {
        files.push(environment.get("GIT_CONFIG_SYSTEM").unwrap_or("/etc/gitconfig").into());
    }
    if environment.has("GIT_CONFIG_GLOBAL") {
        // Set to nothing, it stands for no file.
        files.extend(environment.get("GIT_CONFIG_GLOBAL").map(PathBuf::from));
        return files;
    }
    let home = environment.get("HOME").map(PathBuf::from);
    let xdg = environment.get("XDG_CONFIG_HOME").map(PathBuf::from);
    files.extend(xdg.or_else(|| home.as_ref().map(|home| home.join(".config"))).map(|dir| dir.join("git/config")));
    files.extend(home.map(|home| home.join(".gitconfig")));
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(entries: &[(&str, &str)]) -> GitConfig {
        let entries = entries.iter().map(|(name, value)| (normalised(name), (*value).to_owned())).collect();
        GitConfig { entries, files: 0 }
    }

    #[test]
    fn the_last_value_wins() {
        let config = config(&[("core.sshCommand", "a"), ("core.SSHcommand", "b")]);
        assert_eq!(config.get("core.sshcommand"), Some("b"));
    }

    #[test]
    fn the_environment_adds_settings() {
        let environment = GitEnvironment::new([
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", ""),
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "Core.SshCommand"),
            ("GIT_CONFIG_VALUE_0", "ssh -v"),
        ]);
        assert!(files(&environment).is_empty());
        assert_eq!(GitConfig::load(&environment).unwrap().get("core.sshcommand"), Some("ssh -v"));
    }
}
