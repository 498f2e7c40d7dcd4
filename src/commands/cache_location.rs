//! Location of the cached run of a manifest, cluster and output folder.

use std::path::{Path, PathBuf};

use crate::adapters::fs;
use crate::cache::{self, CachedFiles, CachedMapping, CachedRunFile};
use crate::settings;
use crate::vocabulary::{ClusterName, Digest};

/// Location of a cached run.
#[derive(Clone)]
pub(super) struct CacheLocation {
    /// `None` if there is no folder for the cache.
    path: Option<PathBuf>,
    /// Text that identifies the program, and what the run was about: a file that was put in another's place is not
    /// read.
    owner: String,
}

impl CacheLocation {
    /// Returns the location for a manifest, a cluster, and the output folder that a flag names.
    pub(super) fn of(manifest: &Path, cluster: Option<&ClusterName>, output: Option<&PathBuf>) -> Self {
        Self::named(manifest, cluster, &output.map(|path| absolute(path)).unwrap_or_default())
    }

    /// Returns the location for a manifest, a cluster, and anything else that `output` names.
    pub(super) fn named(manifest: &Path, cluster: Option<&ClusterName>, output: &str) -> Self {
        let shown = manifest.display().to_string();
        let name = [absolute(manifest).as_str(), &shown, output, cluster.map_or("", ClusterName::as_str)].join("\0");
        let file = format!("{}.run", Digest::of(name.as_bytes()).short(32));
        let (path, program) = settings::cache_folder().zip(settings::program()).unzip();
        let program = program.unwrap_or_default();
        Self { path: path.map(|folder| folder.join(file)), owner: format!("{program}\0{name}") }
    }

    /// Opens the cached run, if there is one that this program wrote.
    pub(super) fn open(&self) -> Option<CachedRunFile> {
        CachedRunFile::open(Box::new(fs::open_cache_file(self.path.as_ref()?)?), &self.owner)
    }

    /// Writes a run for the next one. It only saves time, so that nothing is reported if it cannot be written.
    pub(super) fn write(&self, files: &CachedFiles, mappings: impl Iterator<Item = Option<CachedMapping>>) {
        if let Some(path) = &self.path {
            fs::write_cache_file(path, |file| cache::write(files, mappings, &self.owner, file));
        }
    }
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_default().display().to_string()
}
