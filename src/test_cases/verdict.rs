//! Result of a case.

use std::collections::HashSet;

use crate::vocabulary::{Diagnostic, KernelRelease, RelPath, SourceMap};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Passed,
    /// Something is not.
    Failed,
    /// The case could not run.
    Trouble,
}

/// Result of a case.
#[derive(Debug)]
pub struct Verdict {
    /// The case.
    pub name: String,
    /// Number of its mappings.
    pub mappings: usize,
    /// Set if the manifest was refused, as the case expects.
    pub refused: bool,
    /// Number of snapshots that are the same.
    pub right: usize,
    /// The snapshots that are not, in the order of the outputs.
    pub differences: Vec<Difference>,
    /// Messages about broken expectations.
    pub broken: Vec<Diagnostic>,
    /// Why it could not be tried.
    pub trouble: Vec<Diagnostic>,
    /// The snapshots that it has, right or not.
    pub referenced: HashSet<RelPath>,
    /// Texts that its messages may show.
    pub sources: SourceMap,
}

impl Verdict {
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
    /// Path below the manifest's folder.
    pub path: RelPath,
    /// The kernel that it is for, where it is for one.
    pub release: Option<KernelRelease>,
    pub matter: DifferenceKind,
}

/// Kind of difference from a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DifferenceKind {
    /// There is none yet.
    New {
        /// The generated text.
        text: String,
    },
    /// Another text comes out.
    Changed {
        /// The snapshot.
        old: String,
        /// The generated text.
        new: String,
    },
    /// A file that kmodgen did not write, and never overwrites.
    Obstructed {
        /// Description of the file, as in "there is a folder".
        why: String,
    },
    /// No case has it any more.
    Unreferenced {
        /// The snapshot.
        old: String,
        /// Set if somebody edited it: an edited snapshot is never removed.
        edited: bool,
    },
}

impl DifferenceKind {
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

    /// Checks whether the difference can be accepted without losing anything that is not kmodgen's.
    pub fn is_acceptable(&self) -> bool {
        !matches!(self, Self::Obstructed { .. } | Self::Unreferenced { edited: true, .. })
    }
}
