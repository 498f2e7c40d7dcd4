//! Passwords for registries, from where container tools keep them.
//!
//! The files and their order are those of containers-auth.json(5): `REGISTRY_AUTH_FILE`,
//! `$XDG_RUNTIME_DIR/containers/auth.json`, `~/.config/containers/auth.json`,
//! `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`.

use std::ffi::OsStr;
use std::path::PathBuf;
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
    let names = ["REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "DOCKER_CONFIG", "HOME"];
    let [file, runtime, config, docker, home] =
        names.map(|name| variables.get(OsStr::new(name)).filter(|value| !value.is_empty()).map(PathBuf::from));
    let config = config.or_else(|| Some(home.as_ref()?.join(".config")));
    let docker = docker.or_else(|| Some(home.as_ref()?.join(".docker")));
    let candidates = [
        file,
        runtime.map(|folder| folder.join("containers/auth.json")),
        config.map(|folder| folder.join("containers/auth.json")),
        docker.map(|folder| folder.join("config.json")),
    ];
    candidates.into_iter().flatten().filter(|path| path.exists()).collect()
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
        let [all, team] = ["all:a:b", "team:secret"].map(|login| serde_json::json!({ "auth": STANDARD.encode(login) }));
        let file = serde_json::json!({ "auths": { "quay.io": all, "quay.io/team": team } });
        for (repository, expected) in [
            ("quay.io/team/kmods", Some(("team", "secret"))),
            ("quay.io/other", Some(("all", "a:b"))),
            ("ghcr.io/x", None),
            ("quay.io:5000/x", None),
        ] {
            let login = from_file(&file, repository);
            assert_eq!(login.as_ref().map(|login| (login.user.as_str(), login.password.as_str())), expected);
        }
    }
}
