//! How it stands with every file, added up.

use crate::plan::Place;
use crate::reconcile::{Change, Verdict};
use crate::record::FileRecord;

/// How it stands with all files.
#[derive(Default)]
pub(in crate::commands) struct Files {
    /// Those of each module, in the plan's order.
    pub(in crate::commands) modules: Vec<ModuleFiles>,
    /// Those at the top.
    pub(in crate::commands) top: Vec<FileState>,
}

/// How it stands with the files of a module.
pub(in crate::commands) struct ModuleFiles {
    /// Those of each mapping.
    pub(in crate::commands) mappings: Vec<MappingFiles>,
    /// Its own, where it has any.
    pub(in crate::commands) own: Vec<FileState>,
    /// Whether all of them, and the plan, are what they were in the run before.
    pub(in crate::commands) settled: bool,
}

/// How it stands with the files of a mapping. There are many mappings, and most are as they were.
pub(in crate::commands) enum MappingFiles {
    /// They are as the run before left them.
    Recalled(Place),
    /// Its Dockerfile and its ConfigMap.
    Inspected(Box<[FileState; 2]>),
}

impl MappingFiles {
    pub(super) fn of(files: [FileState; 2]) -> Self {
        Self::Inspected(Box::new(files))
    }
}

/// How it stands with a file.
pub(in crate::commands) enum FileState {
    /// The run is not about it.
    NotAsked,
    /// It is right.
    Right(FileRecord),
    /// It has to change: an index into the survey's changes.
    Change(usize),
}

/// Verdicts, added up.
#[derive(Default)]
pub(super) struct Tally {
    #[expect(clippy::vec_box, reason = "as in the survey")]
    pub(super) changes: Vec<Box<Change>>,
    pub(super) right: usize,
}

impl Tally {
    /// Adds those of a mapping that are as the run before left them.
    pub(super) fn recall(&mut self, place: Place) -> MappingFiles {
        self.right += 2;
        MappingFiles::Recalled(place)
    }

    /// Adds a file.
    pub(super) fn add(&mut self, verdict: Verdict) -> FileState {
        match verdict {
            Verdict::NotAsked => FileState::NotAsked,
            Verdict::Right(file) => {
                self.right += 1;
                FileState::Right(file)
            }
            Verdict::Change(change) => {
                self.changes.push(change);
                FileState::Change(self.changes.len() - 1)
            }
        }
    }
}
