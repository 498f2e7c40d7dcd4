//! Result of a run, kept for the next one: what it read, what it wrote, and what each input produced.
//!
//! It only saves time: without it, or with one that is damaged, a run does the same and takes longer.

mod check;
mod file;
#[cfg(test)]
mod file_tests;
mod reuse;

use bitcode::{Decode, Encode};

pub use check::{CheckResult, ModuleCheck};
pub use file::{read, with_header, write};
pub use reuse::Reuse;

use crate::checksum::{Checksum, ChecksumKey};
use crate::file_stat::FileStat;
use crate::plan::Identity;
use crate::vocabulary::Digest;

/// A file that was read: its path, and its digest; `None` if it was absent. A path with a `/` at its end is a folder,
/// and the digest is of the names in it.
pub type InputRecord = (String, Option<Digest>);

/// Digests of all files that a run read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Inputs {
    /// The manifest.
    pub manifest: Option<Digest>,
    /// The lock.
    pub lock: Option<Digest>,
    /// Files that the manifest names, below its folder.
    pub files: Vec<InputRecord>,
    /// Templates, below the manifest's folder.
    pub templates: Vec<InputRecord>,
}

/// A file that was right when the run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct FileEntry {
    /// Its metadata.
    pub stat: FileStat,
    /// Checksum of its bytes.
    pub checksum: Checksum,
}

/// A mapping that a run rendered, or took over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct CachedMapping {
    /// Kernel release, as an index into [`CachedRun::releases`].
    pub release: u32,
    /// Key of all that decides its texts.
    pub key: Checksum,
    /// Content hash of the mapping, and facts about its Dockerfile.
    pub identity: Identity,
    /// Its Dockerfile and its ConfigMap.
    pub files: [FileEntry; 2],
}

/// A module with all its files.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CachedModule {
    /// Its name, which is its folder's too.
    pub name: String,
    /// Key of all that decides its own files.
    pub key: Checksum,
    /// Repository of its images; `None` if it does not have all of them, or others have them, too.
    pub image: Option<String>,
    /// KMM's version of it.
    pub version: Option<String>,
    /// Length of its Module in bytes.
    pub length: u64,
    /// Its folder.
    pub folder: FileStat,
    /// Its Module and its kustomization, or neither.
    pub own: Vec<FileEntry>,
    /// Its mappings, in the order of their releases.
    pub mappings: Vec<CachedMapping>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CachedRun {
    /// Digests of the files that the run read.
    pub inputs: Inputs,
    /// Key of all checksums.
    pub key: ChecksumKey,
    /// Absolute path of the output folder.
    pub root: String,
    /// Warnings and notes, which a run with nothing to do shows again.
    pub messages: Vec<String>,
    /// Kernel releases; each mapping holds an index into this list.
    pub releases: Vec<String>,
    /// Folders that no mapping asks for, in which a file of an earlier run might turn up again.
    pub unplanned: Vec<(String, FileStat)>,
    /// Paths in them where such a file would be, if there is anything.
    pub foreign: Vec<(String, FileStat)>,
    /// The output folder.
    pub folder: FileStat,
    /// Files at its top: the last ones of [`crate::output::TOP`].
    pub top: Vec<FileEntry>,
    /// Modules that have files.
    pub modules: Vec<CachedModule>,
}

impl CachedRun {
    /// Returns how many files the output has.
    pub fn file_count(&self) -> usize {
        let modules = self.modules.iter().map(|module| module.own.len() + 2 * module.mappings.len());
        self.top.len() + modules.sum::<usize>()
    }

    /// Returns the release of a mapping.
    pub fn release(&self, mapping: &CachedMapping) -> &str {
        self.releases.get(mapping.release as usize).map_or("", String::as_str)
    }
}
