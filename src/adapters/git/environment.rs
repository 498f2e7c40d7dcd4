//! The environment that git's settings are read from, as a value.
//!
//! Everything that git reads from the process's environment goes through a [`GitEnvironment`]:
//! settings, and the variables of the programs that are started. So a test (or a service) can
//! use several side by side, and nothing depends on a global variable.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, IsTerminal as _};
use std::process::Command;

use crate::adapters::process::{self, Group, Variables};

/// The variables, and whether there is somebody to ask.
#[derive(Clone, Default)]
pub struct GitEnvironment {
    variables: Variables,
    terminal: bool,
}

impl GitEnvironment {
    /// Variables of this process, but for those that a program must not get.
    pub fn from_process() -> Self {
        Self { variables: process::inherited(), terminal: io::stdin().is_terminal() }
    }

    /// These variables, but for those that a program must not get, and nobody to ask.
    pub fn new<K: Into<OsString>, V: Into<OsString>>(variables: impl IntoIterator<Item = (K, V)>) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { variables: process::kept(variables), terminal: false }
    }

    /// A variable's value, unless it is empty or not UTF-8.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(OsStr::new(name))?.to_str().filter(|value| !value.is_empty())
    }

    /// Whether a variable is set, be it to nothing.
    pub(super) fn has(&self, name: &str) -> bool {
        self.variables.contains_key(OsStr::new(name))
    }

    /// Whether a person can be asked.
    pub(super) fn has_terminal(&self) -> bool {
        self.terminal
    }

    /// Prepares a program that obeys the user's settings and those of no checkout.
    pub(super) fn command(&self, program: &str) -> Command {
        self.grouped(process::command(program, &self.variables))
    }

    /// Prepares a program that also obeys the settings and hooks of the repository that it is given.
    pub(super) fn plain_command(&self, program: &str) -> Command {
        self.grouped(process::plain_command(program, &self.variables))
    }

    /// Gives a program its own process group, unless it may ask a person: a terminal answers the
    /// foreground group alone.
    fn grouped(&self, mut command: Command) -> Command {
        if !self.terminal {
            Group::make(&mut command);
        }
        command
    }

    /// The proxy for a host, as curl, and so git, chooses it.
    ///
    /// The upper-case `HTTP_PROXY` is not looked at: in a CGI program it is a request's header.
    pub(super) fn proxy(&self, scheme: &str, host: &str) -> Option<&str> {
        let no_proxy = self.get("no_proxy").or_else(|| self.get("NO_PROXY")).unwrap_or_default();
        if bypasses(no_proxy, host) {
            return None;
        }
        let names: &[&str] = match scheme {
            "https" => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
            _ => &["http_proxy", "all_proxy", "ALL_PROXY"],
        };
        names.iter().find_map(|name| self.get(name))
    }
}

impl fmt::Debug for GitEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secrets.
        f.debug_struct("GitEnvironment").field("terminal", &self.terminal).finish_non_exhaustive()
    }
}

/// Whether a list of `no_proxy` has a host: by its name, by a domain above it, or by `*`.
pub(super) fn bypasses(no_proxy: &str, host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    no_proxy.split([',', ' ']).filter(|entry| !entry.is_empty()).any(|entry| {
        let domain = entry.trim_start_matches('.').to_ascii_lowercase();
        entry == "*" || host == domain || host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_chosen_by_scheme_and_host() {
        let environment = GitEnvironment::new([
            ("https_proxy", "http://p:1"),
            ("ALL_PROXY", "http://p:2"),
            ("HTTP_PROXY", "http://p:3"),
            ("NO_PROXY", "localhost, .corp.example"),
        ]);
        assert_eq!(environment.proxy("https", "h"), Some("http://p:1"));
        assert_eq!(environment.proxy("http", "h"), Some("http://p:2"));
        assert_eq!(environment.proxy("https", "localhost"), None);
        assert_eq!(environment.proxy("https", "git.corp.example"), None);
        assert_eq!(environment.proxy("https", "notcorp.example"), Some("http://p:1"));
        assert!(bypasses("*", "h"));
    }
}
