//! Faults: runs that are killed, system calls that fail, disks that are full, runs that race, and
//! records that lie. Whatever happens, each file is the old one or the new one, nobody's edit is
//! lost, nothing panics, and the next run completes what was begun.
//!
//! `KMODGEN_FAULTS=long` causes as many faults as there is time for, as `.ci/faults` does.
//! `KMODGEN_SEED` repeats a run's choices.

mod calls;
pub(crate) mod chance;
mod kills;
mod races;
mod records;
mod site;
mod strace;

use std::process::{Command, Stdio};

/// How many faults a test causes: few in a default run, many where there is time.
pub(crate) fn scaled(few: usize, many: usize) -> usize {
    if std::env::var("KMODGEN_FAULTS").is_ok_and(|value| value == "long") { many } else { few }
}

/// Tells of faults that were survived; `.ci/faults` adds them up.
pub(crate) fn survived(number: usize, what: &str) {
    eprintln!("faults: {number} {what}");
}

/// Whether a command works that a test needs. Where it does not, the test says so and passes,
/// unless `KMODGEN_REQUIRE_READERS=1` demands it.
pub(crate) fn has(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if command.status().is_ok_and(|status| status.success()) {
        return true;
    }
    let shown = format!("{program} {}", arguments.join(" "));
    let required = std::env::var("KMODGEN_REQUIRE_READERS").is_ok_and(|value| value == "1");
    assert!(!required, "KMODGEN_REQUIRE_READERS is set, and `{shown}` does not work");
    eprintln!("left out: `{shown}` does not work");
    false
}
