//! Result of a run, kept for the next one: what it read, what it wrote, and what each input produced.
//!
//! It only saves time: without it, or with one that is damaged, a run does the same and takes longer.

mod check;
mod file;
#[cfg(test)]
mod file_tests;
mod reuse;
mod text_list;

use std::ops::Range;

use bitcode::{Decode, Encode};
use zerocopy::{FromBytes, Immutable, IntoBytes};

pub use check::{CheckResult, ModuleCheck};
pub use file::{CachedRunFile, ReadAt, with_header, write};
pub use reuse::Reuse;
pub use text_list::TextList;

use crate::bundle::is_bundle_file;
use crate::checksum::{Checksum, ChecksumKey};
use crate::file_stat::FileStat;
use crate::manifest::Layout;
use crate::plan::Identity;
use crate::shared_files::ContentHash;
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct FileEntry {
    /// Its metadata.
    pub stat: FileStat,
    /// Checksum of its bytes.
    pub checksum: Checksum,
}

/// A mapping with its files, and the result of its inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CachedMapping {
    /// Its Dockerfile and its ConfigMap.
    pub files: [FileEntry; 2],
    /// Result of its inputs.
    pub result: CachedResult,
}

/// The result of the inputs of a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct CachedResult {
    /// Key of all that decides the texts of the mapping.
    pub key: Checksum,
    /// Content hash.
    pub hash: Digest,
    /// Digest of the Dockerfile.
    dockerfile: Digest,
    /// The other facts about the Dockerfile, as bits.
    facts: u64,
}

impl CachedResult {
    const ASKS_FOR_DTK: u64 = 1;
    const IS_LONG: u64 = 2;

    /// Makes the result for this key.
    pub fn new(key: Checksum, identity: Identity) -> Self {
        let Identity { hash, dockerfile, asks_for_dtk, is_long } = identity;
        let facts = u64::from(asks_for_dtk) * Self::ASKS_FOR_DTK + u64::from(is_long) * Self::IS_LONG;
        Self { key, hash, dockerfile, facts }
    }

    /// Returns the content hash, and facts about the Dockerfile.
    pub fn identity(&self) -> Identity {
        Identity {
            hash: self.hash,
            dockerfile: self.dockerfile,
            asks_for_dtk: self.facts & Self::ASKS_FOR_DTK != 0,
            is_long: self.facts & Self::IS_LONG != 0,
        }
    }
}

/// A module with all its files.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CachedModule {
    /// Its name, which is its folder's too.
    pub name: String,
    /// Key of all that decides its own files.
    pub key: Checksum,
    /// Beginning of the names of its images; `None` if it does not have all of them, or others have them, too.
    pub image: Option<String>,
    /// KMM's version of it.
    pub version: Option<String>,
    /// Length of its Module in bytes.
    pub length: u64,
    /// Its folder.
    pub folder: FileStat,
    /// Its Module and its kustomization, or neither.
    pub own: Vec<FileEntry>,
    /// Files of its bundle.
    pub bundle: Vec<FileEntry>,
    /// Kernel releases of its mappings in ascending order, as indices into [`CachedFiles::releases`].
    pub releases: Vec<u32>,
    /// Contents of their ConfigMaps, if clusters share these.
    pub contents: Vec<ContentHash>,
}

/// Files that a run read and wrote.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CachedFiles {
    /// Digests of the files that the run read.
    pub inputs: Inputs,
    /// Layout of the output folder.
    pub layout: Layout,
    /// Key of all checksums.
    pub key: ChecksumKey,
    /// Absolute path of the output folder.
    pub root: String,
    /// Owner of the manifest.
    pub owner: Option<String>,
    /// Warnings and notes, which a run with nothing to do shows again.
    pub messages: Vec<String>,
    /// Kernel releases.
    pub releases: TextList,
    /// Folders that no mapping asks for, in which a file of an earlier run might turn up again.
    pub unplanned: Vec<(String, FileStat)>,
    /// Paths in them where such a file would be, if there is anything.
    pub foreign: Vec<(String, FileStat)>,
    /// The output folder.
    pub folder: FileStat,
    /// Files at its top and of held modules, by path.
    pub top: Vec<(String, FileEntry)>,
    /// Number of documents in the bundles of held modules.
    pub held_documents: u64,
    /// Modules that have files.
    pub modules: Vec<CachedModule>,
}

impl CachedFiles {
    /// Returns how many mappings there are.
    pub fn mapping_count(&self) -> usize {
        self.modules.iter().map(|module| module.releases.len()).sum()
    }

    /// Returns how many files the output has, documents of bundles counted as files.
    pub fn file_count(&self) -> usize {
        let own: usize = self.modules.iter().map(|module| module.own.len()).sum();
        let top = self.top.iter().filter(|(path, _)| !is_bundle_file(path)).count();
        top + self.held_documents as usize + own + self.layout.outputs_of_mapping() * self.mapping_count()
    }

    /// Returns all modules, each with the numbers of its mappings.
    pub fn numbered(&self) -> impl Iterator<Item = (&CachedModule, Range<usize>)> {
        let mut first = 0;
        self.modules.iter().map(move |module| {
            let numbers = first..first + module.releases.len();
            first = numbers.end;
            (module, numbers)
        })
    }

    /// Returns the release with this number.
    pub fn release(&self, number: u32) -> &str {
        self.releases.get(number).unwrap_or_default()
    }
}

/// One run. Mappings have a number, module by module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedRun {
    /// Files, but for those of mappings.
    pub files: CachedFiles,
    /// All mappings.
    pub mappings: Vec<CachedMapping>,
}
