//! Each system call fails in turn, or is the last one.

use super::chance::Chance;
use super::site::{Site, State};
use super::strace::{Calls, Fault, Outcome};
use super::{scaled, survived};

const OPEN: Calls = Calls("?open,openat");
const READ: Calls = Calls("read,pread64");
const WRITE: Calls = Calls("write,writev");
const MOVE: Calls = Calls("?rename,?renameat,renameat2");
const MAKE: Calls = Calls("?mkdir,mkdirat");
const REMOVE: Calls = Calls("?unlink,?rmdir,unlinkat");
const MODE: Calls = Calls("?chmod,fchmod,fchmodat,ftruncate");
const LOCK: Calls = Calls("flock");
const LIST: Calls = Calls("getdents64");
const LOOK: Calls = Calls("?stat,?lstat,fstat,?newfstatat,statx,?readlink,readlinkat");
const THREAD: Calls = Calls("?clone,clone3");

/// Everything that a run does to files.
const ALL: [Calls; 10] = [OPEN, READ, WRITE, MOVE, MAKE, REMOVE, MODE, LOCK, LIST, LOOK];

/// What changes something on disk.
const CHANGING: [Calls; 5] = [OPEN, WRITE, MOVE, MAKE, REMOVE];

/// Which errors which calls may have.
const ERRORS: [(&str, &[Calls]); 5] = [
    ("error=EIO", &ALL),
    ("error=EINTR", &ALL),
    ("error=EACCES", &[OPEN, MOVE, MAKE, REMOVE, MODE, LIST, LOOK]),
    ("error=ENOSPC", &[OPEN, WRITE, MOVE, MAKE]),
    ("error=EAGAIN", &[THREAD]),
];

/// Runs to which faults are done, at the first call, the second, the third … until none is left.
struct Series<'s> {
    site: &'s Site,
    /// Where nothing is at first; otherwise there and back between the two states.
    first: bool,
    arguments: &'s str,
    /// How many faults there are of each kind at most, and by how many calls the next one may be
    /// further on.
    most: usize,
    stride: usize,
}

impl Series<'_> {
    /// The starts of the runs, and where they lead.
    fn ways(&self) -> &'static [(Option<State>, State)] {
        const BACK_AND_FORTH: [(Option<State>, State); 2] =
            [(Some(State::Small), State::Large), (Some(State::Large), State::Small)];
        if self.first { &[(None, State::Small)] } else { &BACK_AND_FORTH }
    }

    /// Causes one kind of fault, and has `judge` look at what came of each. Gives their number.
    fn each(&self, calls: Calls, what: &'static str, chance: &mut Chance, judge: impl Fn(&Outcome, &str)) -> usize {
        let (mut number, mut nth) = (0, 1 + chance.below(self.stride));
        let mut happens = true;
        while happens && number < self.most {
            happens = false;
            for (old, new) in self.ways() {
                if self.first {
                    self.site.clear(true);
                }
                self.site.ask_for(*new);
                let outcome = Fault { calls, what, nth }.at(&self.site.project, self.arguments);
                let during = format!("{old:?} to {new:?} {what} at {nth}: {}", outcome.log);
                // The program's own libraries may not have come to be loaded.
                if outcome.happened && !outcome.is_unborn() {
                    number += 1;
                    judge(&outcome, &during);
                    self.site.is_between(*old, *new, &during);
                    if outcome.code == Some(0) {
                        self.site.is_done(*new, &during);
                    }
                }
                happens |= outcome.happened;
                self.site.completes(*new, &during);
            }
            nth += 1 + chance.below(self.stride);
        }
        number
    }

    /// Causes all errors that there are.
    fn all_errors(&self) {
        let mut chance = Chance::new();
        if !self.first {
            self.site.project.run("generate --allow-remove").fine();
        }
        for (what, all) in ERRORS {
            let judge = if what == "error=EINTR" { is_unseen } else { is_clear };
            let number: usize = all.iter().map(|calls| self.each(*calls, what, &mut chance, judge)).sum();
            survived(number, &format!("calls with {what}"));
        }
    }
}

/// A call that a signal interrupts is done again, and nobody sees it.
fn is_unseen(outcome: &Outcome, during: &str) {
    assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""), "{during}");
}

/// A run that fails says so in a sentence that names the path, and ends with 2.
fn is_clear(outcome: &Outcome, during: &str) {
    let Outcome { code, stdout, stderr, log, .. } = outcome;
    for word in ["panicked", "RUST_BACKTRACE", "memory allocation", "overflowed its stack"] {
        assert!(!stderr.contains(word), "{during}\n{stderr}");
    }
    match code {
        Some(0) => {}
        // The fault of one thread came to be told, and the other's was that it could not be.
        Some(2) if log.contains("write(2<") => {}
        Some(2) => {
            let said = stderr.lines().next().unwrap_or_default();
            // A fault of the manifest's files shows its place, too.
            let (alone, shown) = (said.starts_with("error: cannot "), said.starts_with("error["));
            assert!(
                if shown { said.contains(": cannot ") } else { alone && stderr.lines().count() == 1 },
                "{during}\n{stderr}"
            );
            let named = ["`", "the result", "a thread"].iter().any(|name| said.contains(name));
            assert!(named, "{during}\n{stderr}");
        }
        _ => panic!("{during}: exit code {code:?}\n{stdout}{stderr}"),
    }
}

/// Every call of a small run, in which one thread at a time is at work.
#[test]
#[ignore = "needs strace"]
fn that_fail_in_a_first_run() {
    let (most, stride) = (scaled(1, usize::MAX), scaled(24, 1));
    let site = Site::new(1);
    Series { site: &site, first: true, arguments: "generate --allow-remove -j 1", most, stride }.all_errors();
}

#[test]
#[ignore = "needs strace"]
fn that_fail_in_a_later_run() {
    let (most, stride) = (scaled(1, usize::MAX), scaled(24, 1));
    let site = Site::new(1);
    Series { site: &site, first: false, arguments: "generate --allow-remove -j 1", most, stride }.all_errors();
}

/// Some calls of a larger run, whose many files come by in threads.
#[test]
#[ignore = "needs strace"]
fn that_fail_among_many() {
    let site = Site::new(scaled(2, 40));
    let (most, stride) = (scaled(1, 12), scaled(60, 60));
    Series { site: &site, first: false, arguments: "generate --allow-remove -j 2", most, stride }.all_errors();
}

/// The last call of a run is each one that changes something.
#[test]
#[ignore = "needs strace"]
fn that_are_the_last() {
    let mut chance = Chance::new();
    let site = Site::new(1);
    let mut number = 0;
    for first in [true, false] {
        let (most, stride) = (scaled(2, usize::MAX), scaled(12, 1));
        // Between two moves, each ConfigMap that a Module names is there.
        let moves = Series {
            site: &site,
            first,
            arguments: "generate --allow-remove -j 1",
            most: most.max(6),
            stride: stride.min(4),
        };
        number += moves.each(MOVE, "signal=KILL", &mut chance, |_, _| ());
        let series = Series { site: &site, first, arguments: "generate --allow-remove -j 1", most, stride };
        for calls in CHANGING {
            number += series.each(calls, "signal=KILL", &mut chance, |outcome, during| {
                assert_eq!(outcome.code, None, "{during}");
            });
        }
    }
    survived(number, "kills at a call");
}

/// What only looks, or only pins, leaves everything as it is, or as it should be.
#[test]
#[ignore = "needs strace"]
fn that_fail_in_other_verbs() {
    let mut chance = Chance::new();
    let site = Site::new(1);
    site.project.run("generate --allow-remove").fine();
    let mut number = 0;
    for (arguments, forgets) in [("generate --check", false), ("plan", false), ("lock", true)] {
        for calls in ALL {
            let (most, stride) = (scaled(1, usize::MAX), scaled(40, 3));
            let mut nth = 1 + chance.below(stride);
            for _ in 0..most {
                if forgets {
                    site.project.remove("kmodgen.lock");
                }
                let outcome = Fault { calls, what: "error=EIO", nth }.at(&site.project, arguments);
                if !outcome.happened {
                    break;
                }
                let during = format!("{arguments}: {}", outcome.log);
                if !outcome.is_unborn() {
                    is_clear(&outcome, &during);
                    number += 1;
                }
                if forgets {
                    site.project.run(arguments).fine();
                }
                site.is_at(State::Small, &during);
                nth += 1 + chance.below(stride);
            }
            if forgets {
                site.project.run("lock").fine();
            }
        }
    }
    survived(number, "calls with error=EIO in other verbs");
}
