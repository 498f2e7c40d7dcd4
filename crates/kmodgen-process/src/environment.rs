//! The variables that programs get.
//!
//! A checkout may bring a `.env` that shells and editors load. Variables are handed on all the same,
//! since they are the user's, but for those that make a checkout's files programs or settings.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Variables by name.
pub type Variables = BTreeMap<OsString, OsString>;

/// The variables of git that are handed on: who commits, the user's own settings, and how a server
/// is reached. All others go, among them those that `git rev-parse --local-env-vars` lists, which
/// name a repository, and those that name programs, such as `GIT_EXTERNAL_DIFF`, `GIT_EXEC_PATH`
/// and `GIT_PROXY_COMMAND`, or files to write, such as `GIT_TRACE`.
const GIT: [&str; 15] = [
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_DATE",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_DATE",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    // With GIT_CONFIG_KEY_n and GIT_CONFIG_VALUE_n, as continuous integration hands over tokens.
    "GIT_CONFIG_COUNT",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "GIT_ASKPASS",
    "GIT_TERMINAL_PROMPT",
];

/// Beginnings of the names of further variables of git that are handed on: how HTTP is spoken.
const GIT_PREFIXES: [&str; 3] = ["GIT_HTTP_", "GIT_PROXY_SSL_", "GIT_SSL_"];

/// Variables that name settings, which may name programs. A relative one would be in a checkout.
const SETTINGS: [&str; 14] = [
    "HOME",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GNUPGHOME",
    "DOCKER_CONFIG",
    "DOCKER_CLI_PLUGIN_EXTRA_DIRS",
    "CONTAINERS_CONF",
    "CONTAINERS_CONF_OVERRIDE",
    "CONTAINERS_HELPER_BINARY_DIR",
    "CONTAINERS_REGISTRIES_CONF",
    "CONTAINERS_STORAGE_CONF",
    "LD_PRELOAD",
];

/// Variables that name data. A relative one is from the folder that kmodgen runs in.
const DATA: [&str; 11] = [
    "REGISTRY_AUTH_FILE",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "GIT_SSL_CERT",
    "GIT_SSL_KEY",
    "GIT_PROXY_SSL_CAINFO",
    "GIT_PROXY_SSL_CERT",
    "GIT_PROXY_SSL_KEY",
];

/// The variables of this process that are handed on.
pub fn inherited() -> Variables {
    kept(std::env::vars_os())
}

/// Filters the variables that child processes receive.
pub fn kept(variables: impl Iterator<Item = (OsString, OsString)>) -> Variables {
    variables.filter_map(|(name, value)| value_of(&name, value).map(|value| (name, value))).collect()
}

fn value_of(name: &OsStr, value: OsString) -> Option<OsString> {
    let Some(text) = name.to_str() else { return Some(value) };
    if text.starts_with("GIT_") && !is_kept(text) {
        return None;
    }
    fn is_relative(value: &OsStr) -> bool {
        !value.is_empty() && Path::new(value).is_relative()
    }
    if text == "PATH" {
        let folders = std::env::split_paths(&value).filter(|folder| folder.is_absolute());
        return std::env::join_paths(folders).ok();
    }
    if SETTINGS.contains(&text) && is_relative(&value) {
        return None;
    }
    if DATA.contains(&text) && is_relative(&value) {
        return std::path::absolute(&value).ok().map(Into::into);
    }
    Some(value)
}

fn is_kept(name: &str) -> bool {
    GIT.contains(&name)
        || GIT_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || ["GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"].iter().filter_map(|prefix| name.strip_prefix(prefix)).any(is_number)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Variables by name.
    fn variables(given: &[(&str, &str)]) -> Variables {
        kept(given.iter().map(|(name, value)| ((*name).into(), (*value).into())))
    }

    fn names(given: &[(&str, &str)]) -> Vec<String> {
        variables(given).into_keys().map(|name| name.into_string().unwrap()).collect()
    }

    #[test]
    fn a_repository_or_a_program_of_gits_is_not_handed_on() {
        for name in [
            "GIT_DIR",
            "GIT_WORK_TREE",
            "GIT_COMMON_DIR",
            "GIT_INDEX_FILE",
            "GIT_OBJECT_DIRECTORY",
            "GIT_ALTERNATE_OBJECT_DIRECTORIES",
            "GIT_CONFIG",
            "GIT_CONFIG_PARAMETERS",
            "GIT_CONFIG_KEY_",
            "GIT_CONFIG_KEY_x",
            "GIT_PREFIX",
            "GIT_SHALLOW_FILE",
            "GIT_EXTERNAL_DIFF",
            "GIT_EXEC_PATH",
            "GIT_PROXY_COMMAND",
            "GIT_TEMPLATE_DIR",
            "GIT_EDITOR",
            "GIT_PAGER",
            "GIT_TRACE",
            "GIT_TRACE2_EVENT",
            "GIT_ALLOW_PROTOCOL",
            "GIT_CEILING_DIRECTORIES",
        ] {
            assert_eq!(names(&[(name, "/x")]), Vec::<String>::new(), "{name}");
        }
        let kept = [
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "a.b"),
            ("GIT_SSH_COMMAND", "ssh -v"),
            ("GIT_SSL_NO_VERIFY", "1"),
            ("GIT_HTTP_LOW_SPEED_TIME", "5"),
        ];
        assert_eq!(names(&kept).len(), 5);
    }

    #[test]
    fn settings_are_not_looked_for_in_a_checkout() {
        assert_eq!(names(&[("HOME", "."), ("GIT_CONFIG_GLOBAL", "gitconfig"), ("LD_PRELOAD", "./x.so")]).len(), 0);
        assert_eq!(names(&[("HOME", "/root"), ("GIT_CONFIG_GLOBAL", "")]).len(), 2);
    }

    #[test]
    fn programs_are_not_looked_for_in_a_checkout() {
        let path = variables(&[("PATH", ".:/usr/bin::bin:/bin")]);
        assert_eq!(path[OsStr::new("PATH")], "/usr/bin:/bin");
    }

    #[test]
    fn data_stays_where_it_is() {
        let data = variables(&[("REGISTRY_AUTH_FILE", "auth.json")]);
        let here = std::path::absolute("auth.json").unwrap();
        assert_eq!(data[OsStr::new("REGISTRY_AUTH_FILE")], here);
    }
}
