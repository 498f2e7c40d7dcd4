//! Passwords for registries, from where container tools keep them.
//!
//! The files and their order are those of containers-auth.json(5): `REGISTRY_AUTH_FILE`,
//! `$XDG_RUNTIME_DIR/containers/auth.json`, `~/.config/containers/auth.json`,
//! `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use kmodgen_process as process;

/// Time limit for a credential helper.
const LIMIT: Duration = Duration::from_secs(60);

/// A user's name and password.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: String,
}

/// The login for a repository, such as `quay.io/team/kmods`; the most particular entry wins.
pub(super) fn login(repository: &str) -> Option<Login> {
    files().iter().filter_map(|path| std::fs::read_to_string(path).ok()).find_map(|text| {
        let file: Value = serde_json::from_str(&text).ok()?;
        from_file(&file, repository)
    })
}

fn files() -> Vec<PathBuf> {
    // Settings that name programs are not looked for in a checkout.
    let variables = process::inherited();
    let variable = |name: &str| variables.get(OsStr::new(name)).filter(|value| !value.is_empty()).map(PathBuf::from);
    let below = |root: Option<PathBuf>, rest: &str| root.map(|root| root.join(rest));
    let candidates = [
        variable("REGISTRY_AUTH_FILE"),
        below(variable("XDG_RUNTIME_DIR"), "containers/auth.json"),
        below(variable("XDG_CONFIG_HOME").or_else(|| below(variable("HOME"), ".config")), "containers/auth.json"),
        below(variable("DOCKER_CONFIG").or_else(|| below(variable("HOME"), ".docker")), "config.json"),
    ];
    candidates.into_iter().flatten().filter(|path: &PathBuf| Path::exists(path)).collect()
}

fn from_file(file: &Value, repository: &str) -> Option<Login> {
    let mut key = repository;
    loop {
        if let Some(helper) = file["credHelpers"][key].as_str()
            && let Some(login) = from_helper(helper, key)
        {
            return Some(login);
        }
        if let Some(encoded) = file["auths"][key]["auth"].as_str() {
            let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
            let (user, password) = text.split_once(':')?;
            return Some(Login { user: user.to_owned(), password: password.trim_end_matches('\0').to_owned() });
        }
        match key.rsplit_once('/') {
            Some((parent, _)) => key = parent,
            None => break,
        }
    }
    file["credsStore"].as_str().and_then(|helper| from_helper(helper, key))
}

/// Asks `docker-credential-NAME get`, which is looked for in `PATH` alone.
fn from_helper(name: &str, server: &str) -> Option<Login> {
    if name.contains('/') {
        return None;
    }
    let mut command = process::command(format!("docker-credential-{name}"), &process::inherited());
    let output = process::output(command.arg("get"), server.as_bytes(), LIMIT).ok()?;
    let answer: Value = serde_json::from_slice(&output.stdout).ok()?;
    Some(Login { user: answer["Username"].as_str()?.to_owned(), password: answer["Secret"].as_str()?.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_particular_entry_wins() {
        let entry = |text: &str| serde_json::json!({ "auth": STANDARD.encode(text) });
        let file =
            serde_json::json!({ "auths": { "quay.io": entry("all:a:b"), "quay.io/team": entry("team:secret") } });
        let user = |repository: &str| from_file(&file, repository).map(|login| (login.user, login.password));
        assert_eq!(user("quay.io/team/kmods"), Some(("team".into(), "secret".into())));
        assert_eq!(user("quay.io/other"), Some(("all".into(), "a:b".into())));
        assert_eq!(user("ghcr.io/x"), None);
        assert_eq!(user("quay.io:5000/x"), None);
    }
}
