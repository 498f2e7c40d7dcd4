//! The environment that git's settings are read from, as a value.
//!
//! Everything that git reads from the process's environment goes through a [`GitEnvironment`]:
//! settings, and the variables of the programs that are started. So a test (or a service) can
//! use several side by side, and nothing depends on a global variable.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, IsTerminal as _};
use std::process::Command;

use kmodgen_process::{self as process, Group, Variables};

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
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(OsStr::new(name))?.to_str().filter(|value| !value.is_empty())
    }

    /// Returns whether a variable is set, possibly to an empty string.
    pub fn has(&self, name: &str) -> bool {
        self.variables.contains_key(OsStr::new(name))
    }

    /// Returns whether a person can be asked.
    pub fn has_terminal(&self) -> bool {
        self.terminal
    }

    /// Prepares a program that obeys the user's settings and those of no checkout.
    ///
    /// With a terminal, the program stays in kmodgen's process group, since a terminal answers the
    /// foreground group alone. Without one, it gets a session of its own, so that it neither waits at a
    /// terminal behind a pipe nor leaves anything running after a time limit.
    pub fn command(&self, program: &str) -> Command {
        let mut command = process::command(program, &self.variables);
        if !self.terminal {
            Group::detach(&mut command);
        }
        command
    }
}

impl fmt::Debug for GitEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secrets.
        f.debug_struct("GitEnvironment").field("terminal", &self.terminal).finish_non_exhaustive()
    }
}
