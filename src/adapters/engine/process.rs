//! Running an engine so that it can be stopped.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::EngineError;
use crate::adapters::fs::describe;
use kmodgen_image::read::Difference;
use kmodgen_process::{Group, end_with_kmodgen};

/// Interval between two looks at a running engine.
const TICK: Duration = Duration::from_millis(20);

/// Ticks that an engine has to clean up after it was asked to stop.
const PATIENCE: u32 = 1000;

/// Request to stop the run, shared by all threads that wait.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks all to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Reasons why an engine did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// Exited with this status.
    #[error("{0}")]
    Failed(ExitStatus),
    /// Stopped on request.
    #[error("stopped")]
    Cancelled,
    /// Unable to do what was requested.
    #[error("{0}")]
    Refused(String),
    /// Built another image the second time.
    #[error("a second build produced another image: {0}")]
    NotReproduced(Difference),
    /// Unable to run a short command, such as one that names an image.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Something on this machine is in the way: what could not be done, as `cannot write …`.
    #[error("{what}: {}", describe(error))]
    #[expect(missing_docs, reason = "the names say it")]
    Machine { what: String, error: io::Error },
}

impl Ended {
    /// Returns the difference between two builds, if that is the reason.
    pub fn into_difference(self) -> Option<Difference> {
        match self {
            Self::NotReproduced(difference) => Some(difference),
            _ => None,
        }
    }

    /// Names what could not be done.
    pub(super) fn machine(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::Machine { what, error }
    }

    /// Names the folder that could not be written to.
    pub(super) fn in_folder(folder: &Path) -> impl FnOnce(io::Error) -> Self {
        Self::machine(format!("cannot write to `{}`", folder.display()))
    }

    /// Names the folder in which no other could be made.
    pub(super) fn no_folder((parent, error): (PathBuf, io::Error)) -> Self {
        Self::in_folder(&parent)(error)
    }
}

/// Runs a program to its end, its output going to `log`. It has its own process group, so that keys on
/// a terminal do not stop it in the middle of its work. When cancelled, the program is asked to stop, so
/// that it can remove its working containers, and is waited for.
pub(super) fn run(mut command: Command, log: &File, cancel: &Cancel) -> Result<(), Ended> {
    if cancel.is_cancelled() {
        return Err(Ended::Cancelled);
    }
    let program = command.get_program().to_string_lossy().into_owned();
    Group::make(&mut command);
    end_with_kmodgen(&mut command);
    let mut child = start(&mut command, log).map_err(Ended::machine(format!("cannot run `{program}`")))?;
    match wait(&mut child, cancel).map_err(Ended::machine(format!("cannot wait for `{program}`")))? {
        None => Err(Ended::Cancelled),
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(Ended::Failed(status)),
    }
}

fn start(command: &mut Command, log: &File) -> io::Result<Child> {
    kmodgen_process::log_start(command);
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log.try_clone()?).spawn()
}

/// Waits for the end of a program; `None` if it was cancelled.
fn wait(child: &mut Child, cancel: &Cancel) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((!cancel.is_cancelled()).then_some(status));
        }
        if cancel.is_cancelled() {
            stop(child)?;
            return Ok(None);
        }
        std::thread::sleep(TICK);
    }
}

fn stop(child: &mut Child) -> io::Result<()> {
    let group = Group::of(child);
    if let Some(group) = group {
        group.ask_leader();
    }
    let mut ended = false;
    for _ in 0..PATIENCE {
        ended = child.try_wait()?.is_some();
        if ended {
            break;
        }
        std::thread::sleep(TICK);
    }
    // What it started and did not end goes with it.
    if let Some(group) = group {
        group.kill();
    }
    if ended { Ok(()) } else { child.wait().map(drop) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_program_writes_to_its_log() {
        let log = tempfile::NamedTempFile::new().unwrap();
        run(shell("echo out; echo err >&2"), log.as_file(), &Cancel::default()).unwrap();
        assert_eq!(std::fs::read_to_string(log.path()).unwrap(), "out\nerr\n");
        let failed = run(shell("exit 3"), log.as_file(), &Cancel::default()).unwrap_err();
        assert!(failed.to_string().contains('3'));
    }

    #[test]
    fn a_cancelled_program_can_clean_up() {
        let folder = tempfile::tempdir().unwrap();
        let (started, cleaned) = (folder.path().join("started"), folder.path().join("cleaned"));
        let script = format!(
            "trap 'touch {}; exit 1' TERM; touch {}; while :; do sleep 0.02; done",
            cleaned.display(),
            started.display()
        );
        let cancel = Cancel::default();
        let log = tempfile::tempfile().unwrap();
        std::thread::scope(|scope| {
            let running = scope.spawn(|| run(shell(&script), &log, &cancel));
            while !started.exists() {
                std::thread::sleep(TICK);
            }
            cancel.cancel();
            assert!(matches!(running.join().unwrap(), Err(Ended::Cancelled)));
        });
        assert!(cleaned.exists());
    }
}
