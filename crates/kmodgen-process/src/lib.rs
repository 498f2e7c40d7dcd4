//! Programs that kmodgen starts: git, ssh, gpg, ssh-keygen, credential helpers, container engines.
//!
//! Nothing in a checkout decides what such a program does. Every one starts in the root folder, so
//! that relative names lead nowhere and git finds no repository; with the variables of
//! [`inherited`] alone; and it ends with kmodgen, or with the time limit of its caller.
#![warn(missing_docs)]

mod environment;
mod group;
mod running;

use std::ffi::OsStr;
use std::io;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

pub use environment::{Variables, inherited, kept};
pub use group::{Group, end_with_kmodgen};
pub use running::Running;

/// Settings that every git reads which runs below a program of ours: a repository is one only where
/// it is named or has a `.git`, and none names a file system monitor or hooks.
const GUARDS: [(&str, &str); 3] =
    [("safe.bareRepository", "explicit"), ("core.fsmonitor", "false"), ("core.hooksPath", "/dev/null")];

/// Prepares a program with these variables and no others.
pub fn command(program: impl AsRef<OsStr>, variables: &Variables) -> Command {
    let mut command = plain_command(program, variables);
    let count = variables.get(OsStr::new("GIT_CONFIG_COUNT")).and_then(|count| count.to_str()?.parse().ok());
    let first: usize = count.unwrap_or(0);
    for (number, (key, value)) in (first..).zip(GUARDS) {
        command.env(format!("GIT_CONFIG_KEY_{number}"), key).env(format!("GIT_CONFIG_VALUE_{number}"), value);
    }
    command.env("GIT_CONFIG_COUNT", (first + GUARDS.len()).to_string());
    command
}

/// Prepares a program that obeys the settings and hooks of the repository that it is given.
pub fn plain_command(program: impl AsRef<OsStr>, variables: &Variables) -> Command {
    #[expect(clippy::disallowed_methods, reason = "the one place that starts programs")]
    let mut command = Command::new(program);
    command.env_clear().envs(variables).current_dir("/").stdin(Stdio::null());
    command
}

/// Logs the command line of a program that is about to start, without its variables.
pub fn log_start(command: &Command) {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<String> = words.map(|word| word.to_string_lossy().escape_debug().to_string()).collect();
    log::debug!("starting {}", words.join(" "));
}

/// Runs a program to its end, and kills it and what it started after `limit`.
///
/// # Errors
/// A program that cannot be started, or [`io::ErrorKind::TimedOut`].
pub fn output(command: &mut Command, input: &[u8], limit: Duration) -> io::Result<Output> {
    Group::make(command);
    let mut running = Running::start(command)?;
    // A program that does not read its input says why.
    let _: io::Result<()> = running.write(input);
    running.close_input();
    running.output(limit)
}
