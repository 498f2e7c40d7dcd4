//! State of every file of the output, and the changes that it takes.

use crate::cache::{CachedMapping, FileEntry};
use crate::checksum::Checksum;
use crate::reconcile::{Change, Verdict};
use crate::shared_files::ContentHash;

/// State of all files.
#[derive(Default)]
pub(in crate::commands) struct Files<'c> {
    /// Files of each module, in the plan's order.
    pub(in crate::commands) modules: Vec<ModuleFiles<'c>>,
    /// Files of held modules.
    pub(in crate::commands) held: Vec<(String, FileState)>,
    /// Files at the top.
    pub(in crate::commands) top: Vec<(String, FileState)>,
}

/// State of the files of a module.
pub(in crate::commands) struct ModuleFiles<'c> {
    /// Files of each mapping.
    pub(in crate::commands) mappings: Vec<MappingFiles<'c>>,
    /// Contents of their ConfigMaps, if clusters share these.
    pub(in crate::commands) contents: Vec<ContentHash>,
    /// Its Module and its kustomization, if it has any.
    pub(in crate::commands) own: Vec<FileState>,
    /// Key of all that decides its own files.
    pub(in crate::commands) key: Checksum,
    /// Length of its Module in bytes.
    pub(in crate::commands) length: Option<usize>,
}

/// State of the files of a mapping. Most mappings of a fleet are as the previous run left them.
pub(in crate::commands) enum MappingFiles<'c> {
    /// Both are as the previous run left them.
    Reused(&'c CachedMapping),
    /// The file beside its ConfigMap, and its ConfigMap.
    Compared([FileState; 2]),
}

/// State of a file.
pub(in crate::commands) enum FileState {
    /// The run is not about it.
    NotAsked,
    /// The layout has no such file.
    Absent,
    /// File that is up to date.
    Right(Box<FileEntry>),
    /// File that has to change, as an index into the changes.
    Change(usize),
}

/// Changes of all files so far.
#[derive(Default)]
pub(super) struct Changes {
    #[expect(clippy::vec_box, reason = "as in the drift")]
    pub(super) changes: Vec<Box<Change>>,
    /// Number of files that are right.
    pub(super) right: usize,
}

impl Changes {
    /// Adds a file.
    pub(super) fn add(&mut self, verdict: Verdict) -> FileState {
        match verdict {
            Verdict::NotAsked => FileState::NotAsked,
            Verdict::Absent => FileState::Absent,
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
