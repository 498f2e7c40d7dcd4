//! What a run knows of the one before: which inputs it had, what they came to, and how each file
//! looked on disk. It only saves time: without it, or with one that is not to be trusted, a run
//! does the same and takes longer.
//!
//! It has two parts: the [`Record`], by which a run sees whether anything changed, and the
//! [`Outcomes`], which only a run reads that has something to do.

mod file;
mod key;
mod pack;
mod packed;
mod seal;
mod standing;

pub use file::Unread;
pub use key::Key;
pub use packed::{Packed, Source};
use seal::Sealing;
pub use seal::{Seal, SealKey};
pub use standing::{ModuleStanding, Part, Renewal, Standing};

use std::sync::Arc;

use crate::vocabulary::Digest;

/// How a file or folder looks without being read: what git's index goes by, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evidence {
    /// Its number in its file system; 0 where there is no evidence.
    pub inode: u64,
    /// Its length in bytes.
    pub size: u64,
    /// When its content changed last, in nanoseconds since 1970.
    pub modified: i64,
    /// When it or its name changed last, likewise.
    pub changed: i64,
}

impl Evidence {
    /// None: the file has to be read.
    pub const NONE: Self = Self { inode: 0, size: 0, modified: 0, changed: 0 };

    /// This, as evidence only if a later change would show: not where the file's times are as new as the clock by
    /// which it would be changed. `now` is in nanoseconds since 1970, from before the file was
    /// looked at.
    #[must_use]
    pub fn settled(self, now: i64) -> Self {
        // Times in whole seconds come from file systems that know no finer, and some count by twos.
        let coarse = self.modified % 1_000_000_000 == 0;
        let margin = if coarse { 2_000_000_000 } else { 0 };
        let newest = self.modified.max(self.changed);
        if newest.saturating_add(margin) < now { self } else { Self { inode: 0, ..self } }
    }

    /// Whether it is any.
    pub fn is_some(self) -> bool {
        self.inode != 0
    }

    /// How an object in a git repository looks that has so many bytes: its id tells all of it.
    pub fn of_object(id: [u8; 20], size: u64) -> Self {
        let part = |from: usize, count: usize| {
            let bytes = id.iter().skip(from).take(count);
            bytes.fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        };
        // As times, they are long past, so that nothing waits for them to settle.
        let time = |from| i64::MIN + (part(from, 6) as i64);
        Self { inode: part(0, 8), size, modified: time(8), changed: time(14) }
    }

    /// The id of the object that looks like this; `None` where it is no object.
    pub fn object(self) -> Option<[u8; 20]> {
        let part = |time: i64| {
            let bytes = time.wrapping_sub(i64::MIN).to_be_bytes();
            bytes.starts_with(&[0, 0]).then(|| bytes.into_iter().skip(2))
        };
        let bytes = self.inode.to_be_bytes().into_iter().chain(part(self.modified)?).chain(part(self.changed)?);
        bytes.collect::<Vec<u8>>().try_into().ok()
    }
}

/// A file that was as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileRecord {
    /// How it looked.
    pub evidence: Evidence,
    /// What stands for its bytes.
    pub seal: Seal,
}

/// A mapping, as it was on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingRecord {
    /// The kernel release, as an index into [`Record::releases`].
    pub release: u32,
    /// Its Dockerfile and its ConfigMap.
    pub files: [FileRecord; 2],
}

/// A module with its mappings, as they were on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleRecord {
    /// Its name, which is its folder's too.
    pub name: String,
    /// How its folder looked.
    pub folder: Evidence,
    /// Its Module and its kustomization, or neither.
    pub files: Vec<FileRecord>,
    /// Its mappings, in order.
    pub mappings: Packed<MappingRecord>,
}

/// What a mapping's texts decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The content hash.
    pub hash: Digest,
    /// The digest of the Dockerfile.
    pub dockerfile: Digest,
    /// Whether the Dockerfile has the text `DTK_AUTO`.
    pub asks_for_dtk: bool,
    /// Whether the Dockerfile is longer than a Build of OpenShift takes.
    pub is_long: bool,
}

/// What a mapping came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What decided it beside its kernel, as an index into [`ModuleOutcomes::groups`].
    pub group: u32,
    /// What it came to.
    pub identity: Identity,
}

/// What the mappings of a module came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleOutcomes {
    /// The repository of its images.
    pub image: String,
    /// Its version, where it has one.
    pub version: Option<String>,
    /// What decided its mappings beside their kernels.
    pub groups: Vec<Key>,
    /// Its mappings, in the order of [`ModuleRecord::mappings`].
    pub mappings: Packed<Outcome>,
}

/// What there is to a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelKey {
    /// What modules and conditions ask for, and the base images that are its own.
    pub traits: Key,
    /// Its Driver Toolkit.
    pub toolkit: Key,
}

/// What everything came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcomes {
    /// What there was to each of [`Record::releases`].
    pub kernels: Vec<KernelKey>,
    /// Each module's, in the order of [`Record::modules`].
    pub modules: Vec<Arc<ModuleOutcomes>>,
}

/// A file that was read: its path, and its digest; `None` where it was absent. A path with a `/` at its
/// end is a folder, and the digest is that of the names in it.
pub type InputRecord = (String, Option<Digest>);

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The manifest and the lock.
    pub inputs: [Option<Digest>; 2],
    /// The files that the manifest names, below its folder.
    pub files: Vec<InputRecord>,
    /// The templates, below the manifest's folder.
    pub templates: Vec<InputRecord>,
    /// What its files are sealed with.
    pub key: SealKey,
    /// The output folder.
    pub root: String,
    /// The warnings and notes that such a run shows.
    pub said: Vec<String>,
    /// All kernel releases.
    pub releases: Vec<String>,
    /// How the output folder looked.
    pub folder: Evidence,
    /// The files at the top; the last ones of [`crate::output::TOP`].
    pub top: Vec<FileRecord>,
    /// The modules that have mappings.
    pub modules: Vec<Arc<ModuleRecord>>,
    /// Folders in which a file of an earlier run might turn up again, and how they looked.
    pub strangers: Vec<(String, Evidence)>,
    /// What is in them where such a file would be, and how it looked.
    pub foreign: Vec<(String, Evidence)>,
}

impl Record {
    /// How many files the output has.
    pub fn files(&self) -> usize {
        self.top.len() + self.modules.iter().map(|module| module.files.len() + 2 * module.mappings.len()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_known_by_its_id() {
        let id: [u8; 20] = std::array::from_fn(|at| 255 - at as u8);
        let evidence = Evidence::of_object(id, 7);
        assert_eq!(evidence.object(), Some(id));
        assert_eq!(evidence.settled(5_000_000_000), evidence);
        assert_ne!(evidence, Evidence::of_object([7; 20], 7));
        assert_eq!(Evidence { inode: 1, size: 2, modified: 3, changed: 4 }.object(), None);
    }
}
