//! A program and all that it started.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};

use rustix::process::{
    Pid, Signal, getpgid, kill_process, kill_process_group, set_parent_process_death_signal, setsid,
};

/// Has the system ask a program to stop when the thread that started it is gone: a kmodgen that is
/// killed leaves no engine at work.
pub fn end_with_kmodgen(command: &mut Command) {
    #[expect(unsafe_code, reason = "a system call between fork and exec")]
    // SAFETY: the closure makes one system call, prctl(2), allocates nothing and takes no lock.
    unsafe {
        command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::TERM))?));
    }
}

/// Asks a program to stop.
pub(super) fn ask_to_stop(child: &Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It may have ended by itself just now.
        let _ = kill_process(pid, Signal::TERM);
    }
}

/// The process group of a program that is its leader.
#[derive(Debug, Clone, Copy)]
pub struct Group(Pid);

impl Group {
    /// Puts a program that is about to start into a group of its own: keys on the terminal that stop
    /// kmodgen do not reach it, and it can be ended with all that it started.
    pub fn make(command: &mut Command) {
        command.process_group(0);
    }

    /// Starts a program in a session of its own: a group of its own, and no terminal to ask anybody at.
    pub fn detach(command: &mut Command) {
        #[expect(unsafe_code, reason = "a system call between fork and exec")]
        // SAFETY: the closure makes one system call, setsid(2), allocates nothing and takes no lock.
        unsafe {
            command.pre_exec(|| Ok(setsid().map(drop)?));
        }
    }

    /// The group of a program that was started so; `None` for any other program.
    pub fn of(child: &Child) -> Option<Self> {
        let leader = i32::try_from(child.id()).ok().and_then(Pid::from_raw)?;
        (getpgid(Some(leader)).ok()? == leader).then_some(Self(leader))
    }

    /// Asks the leader to stop. The rest is its to end.
    pub fn ask_leader(self) {
        // It may have ended by itself just now.
        let _ = kill_process(self.0, Signal::TERM);
    }

    /// Ends all of the group that is left.
    pub fn kill(self) {
        let _ = kill_process_group(self.0, Signal::KILL);
    }
}
