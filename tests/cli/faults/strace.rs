//! Runs whose system calls fail, or that are killed at one, by `strace`.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use crate::scenario::Project;

/// System calls that do the same, under the names that they have on any machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calls(pub(super) &'static str);

/// What is done to a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    /// At which calls.
    pub(super) calls: Calls,
    /// As in `inject=`: `error=EIO`, `signal=KILL`.
    pub(super) what: &'static str,
    /// At which of them, from 1; each thread counts for itself.
    pub(super) nth: usize,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Whether the run came to such a call at all.
    pub(super) happened: bool,
    /// None where the run was killed.
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
    /// The calls that were meddled with.
    pub(super) log: String,
}

impl Outcome {
    /// Whether the program never came to run, since its libraries could not be loaded.
    pub(super) fn is_unborn(&self) -> bool {
        self.code == Some(127) && self.stderr.contains("shared libraries")
    }
}

impl Fault {
    /// Does it to a run with these arguments.
    pub(super) fn at(self, project: &Project, arguments: &str) -> Outcome {
        let Self { calls: Calls(calls), what, nth } = self;
        let log = project.outside().join("strace");
        // Signals are not sent where only some calls stop the run.
        let some = if what.starts_with("error") { "--seccomp-bpf" } else { "" };
        let trace = format!("strace -f {some} -qq -y -o {}", log.display());
        let inject = format!("-e trace={calls} -e inject={calls}:{what}:when={nth}");
        let invocation = project.kmodgen(arguments).shell(&format!("exec {trace} {inject} \"$0\" \"$@\""));
        let child = invocation.command().stdin(Stdio::null()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let all = fs::read_to_string(&log).unwrap();
        fs::remove_file(&log).unwrap();
        let log: Vec<&str> =
            all.lines().filter(|line| line.contains("(INJECTED)") || line.contains("+++ killed")).collect();
        assert!(child.status.signal().is_none_or(|signal| signal == 9), "{self:?}: {}", child.status);
        Outcome {
            happened: !log.is_empty() || child.status.signal().is_some(),
            code: child.status.code(),
            stdout: text(child.stdout),
            stderr: text(child.stderr),
            log: log.join("\n"),
        }
    }
}
