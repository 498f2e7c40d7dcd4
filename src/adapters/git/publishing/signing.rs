//! Signatures of commits, by the program that git would run, and as git runs it.

use std::fs;
use std::io::{self, Write as _};
use std::process::Command;
use std::time::Duration;

use super::error::PublishError;
use super::identity::Person;
use crate::adapters::fs::PrivateFolder;
use crate::adapters::git::config::GitConfig;
use crate::adapters::git::environment::GitEnvironment;
use crate::adapters::git::error::shown;
use crate::adapters::process::Running;

/// How long a program may take that asks nobody.
const LIMIT: Duration = Duration::from_secs(60);

/// How long a person may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// The signature of a commit's bytes; `None` where git is not set up to sign commits.
pub(super) fn signature(
    commit: &[u8],
    committer: &Person,
    environment: &GitEnvironment,
    config: &GitConfig,
) -> Result<Option<String>, PublishError> {
    if !config.is_on("commit.gpgsign") {
        return Ok(None);
    }
    let signer = Signer { environment, config };
    let signature = match config.get("gpg.format").unwrap_or("openpgp") {
        "openpgp" => signer.sign_by_gpg(&["gpg.openpgp.program", "gpg.program"], "gpg", commit, committer),
        "x509" => signer.sign_by_gpg(&["gpg.x509.program"], "gpgsm", commit, committer),
        "ssh" => signer.sign_by_ssh(commit),
        other => Err(format!("git's `gpg.format` is `{}`", shown(other))),
    };
    signature.map(Some).map_err(|why| PublishError::Signing { why })
}

struct Signer<'s> {
    environment: &'s GitEnvironment,
    config: &'s GitConfig,
}

impl Signer<'_> {
    /// Runs a program with something on its input; gives what it prints.
    fn run(&self, program: &str, command: &mut Command, input: &[u8]) -> Result<String, String> {
        let limit = if self.environment.has_terminal() { PATIENCE } else { LIMIT };
        let mut running = Running::start(command).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!("`{}` is not installed", shown(program)),
            _ => shown(&format!("{program}: {error}")),
        })?;
        // A program that does not read its input says why.
        let _: io::Result<()> = running.write(input);
        running.close_input();
        match running.output(limit) {
            Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n")),
            Ok(output) => Err(shown(&format!("{program} failed: {}", String::from_utf8_lossy(&output.stderr)))),
            Err(_) => Err(format!("`{}` did not answer", shown(program))),
        }
    }

    fn sign_by_gpg(
        &self,
        settings: &[&str],
        default: &str,
        commit: &[u8],
        committer: &Person,
    ) -> Result<String, String> {
        let program = settings.iter().find_map(|name| self.config.get(name)).unwrap_or(default);
        let program = self.expanded(program);
        let key = self.config.get("user.signingkey").map_or_else(|| committer.address(), str::to_owned);
        let mut command = self.environment.command(&program);
        command.args(["--status-fd=2", "-bsau", &key]);
        let signature = self.run(&program, &mut command, commit)?;
        if signature.starts_with("-----BEGIN") {
            Ok(signature)
        } else {
            Err(format!("`{}` gave no signature", shown(&program)))
        }
    }

    fn sign_by_ssh(&self, commit: &[u8]) -> Result<String, String> {
        let fail = |error: io::Error| shown(&error.to_string());
        let program = self.expanded(self.config.get("gpg.ssh.program").unwrap_or("ssh-keygen"));
        let key = match self.config.get("user.signingkey").filter(|key| !key.is_empty()) {
            Some(key) => key.to_owned(),
            None => self.default_key()?,
        };
        let folder = PrivateFolder::make().map_err(|(_, error)| fail(error))?;
        let buffer = folder.path().join("commit");
        fs::write(&buffer, commit).map_err(fail)?;
        let mut command = self.environment.command(&program);
        command.args(["-Y", "sign", "-n", "git", "-f"]);
        // A key that is written out is in the agent.
        match key.strip_prefix("key::").or_else(|| key.starts_with("ssh-").then_some(key.as_str())) {
            Some(literal) => {
                let path = folder.path().join("key");
                let mut file = fs::File::create(&path).map_err(fail)?;
                file.write_all(literal.as_bytes()).map_err(fail)?;
                command.arg(path).arg("-U");
            }
            None => {
                command.arg(self.expanded(&key));
            }
        }
        self.run(&program, command.arg(&buffer), b"")?;
        let signature = fs::read_to_string(buffer.with_extension("sig"));
        signature.map(|text| text.replace("\r\n", "\n")).map_err(|_| format!("`{}` gave no signature", shown(&program)))
    }

    /// The key that `gpg.ssh.defaultKeyCommand` prints.
    fn default_key(&self) -> Result<String, String> {
        let Some(line) = self.config.get("gpg.ssh.defaultkeycommand") else {
            return Err("neither `user.signingkey` nor `gpg.ssh.defaultKeyCommand` is set".into());
        };
        let mut command = self.environment.command("sh");
        let printed = self.run(line, command.args(["-c", line]), b"")?;
        let first = printed.lines().next().unwrap_or_default();
        if first.starts_with("key::") || first.starts_with("ssh-") {
            Ok(first.to_owned())
        } else {
            Err(format!("`{}` printed no key", shown(line)))
        }
    }

    /// A path that may begin in the home folder.
    fn expanded(&self, path: &str) -> String {
        match (path.strip_prefix("~/"), self.environment.get("HOME")) {
            (Some(below), Some(home)) => format!("{home}/{below}"),
            _ => path.to_owned(),
        }
    }
}
