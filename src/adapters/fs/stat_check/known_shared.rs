//! Shared files that a run has compared for one cluster, and need not compare for the next one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::file_stat::FileStat;
use crate::shared_files::ContentHash;

/// Metadata of the kustomization and the ConfigMap in a folder of shared files.
type ContentStats = [FileStat; 2];

/// Metadata of the shared files that are as they were written, by their content.
#[derive(Default)]
pub struct KnownShared(Mutex<HashMap<ContentHash, ContentStats>>);

impl KnownShared {
    /// Returns those contents whose files are known to have this metadata.
    pub(super) fn have<'c>(&self, contents: impl Iterator<Item = (&'c ContentHash, ContentStats)>) -> Vec<bool> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        contents.map(|(content, files)| known.get(content) == Some(&files)).collect()
    }

    /// Notes the metadata of files that are as they were written.
    pub(super) fn note(&self, files: impl Iterator<Item = (ContentHash, ContentStats)>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(files);
    }
}
