//! What came of a case.

use std::collections::HashSet;

use crate::vocabulary::{Diagnostic, KernelRelease, RelPath, SourceMap};

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// All is as expected.
    Passed,
    /// Something is not.
    Failed,
    /// It could not be tried.
    Trouble,
}

/// What came of a case.
#[derive(Debug)]
pub struct Verdict {
    /// The case.
    pub name: String,
    /// How many mappings it has.
    pub mappings: usize,
    /// Whether the manifest was refused, as it has to be.
    pub refused: bool,
    /// How many snapshots are right.
    pub right: usize,
    /// The snapshots that are not, in the order of the outputs.
    pub differences: Vec<Difference>,
    /// What is not as expected.
    pub broken: Vec<Diagnostic>,
    /// Why it could not be tried.
    pub trouble: Vec<Diagnostic>,
    /// The snapshots that it has, right or not.
    pub referenced: HashSet<RelPath>,
    /// All texts that its messages may show.
    pub sources: SourceMap,
}

impl Verdict {
    /// How it ended.
    pub fn state(&self) -> State {
        if !self.trouble.is_empty() {
            State::Trouble
        } else if self.broken.is_empty() && self.differences.is_empty() {
            State::Passed
        } else {
            State::Failed
        }
    }
}

/// A snapshot that is not what comes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where it is, below the manifest's folder.
    pub path: RelPath,
    /// The kernel that it is for, where it is for one.
    pub release: Option<KernelRelease>,
    /// What is the matter.
    pub matter: Matter,
}

/// What is the matter with a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matter {
    /// There is none yet.
    New {
        /// What comes out.
        text: String,
    },
    /// Another text comes out.
    Changed {
        /// The snapshot.
        old: String,
        /// What comes out.
        new: String,
    },
    /// What is there is not kmodgen's, and is never overwritten.
    Obstructed {
        /// What it is, as in "a folder is there".
        why: String,
    },
    /// No case has it any more.
    Unreferenced {
        /// The snapshot.
        old: String,
        /// Whether somebody changed it by hand: it is then never removed.
        edited: bool,
    },
}

impl Matter {
    /// The word for it in reports.
    pub fn word(&self) -> &'static str {
        match self {
            Self::New { .. } => "new",
            Self::Changed { .. } => "changed",
            Self::Obstructed { .. } => "obstructed",
            Self::Unreferenced { .. } => "unreferenced",
        }
    }

    /// The text that is there, and the one that comes out; `None` where there is none.
    pub fn sides(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::New { text } => (None, Some(text)),
            Self::Changed { old, new } => (Some(old), Some(new)),
            Self::Obstructed { .. } => (None, None),
            Self::Unreferenced { old, .. } => (Some(old), None),
        }
    }

    /// Whether accepting it is possible: nothing is lost by it that is not kmodgen's.
    pub fn is_acceptable(&self) -> bool {
        !matches!(self, Self::Obstructed { .. } | Self::Unreferenced { edited: true, .. })
    }
}
