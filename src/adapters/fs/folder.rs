//! The folder of a manifest, as the core sees it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::again::again;
use super::{describe, read_input};
use crate::vocabulary::{InputFiles, RelPath};

/// The folder of a manifest. Nothing outside of it is read, links included.
#[derive(Debug)]
pub struct ManifestFolder {
    root: PathBuf,
}

impl ManifestFolder {
    /// The folder at `root`, the current one where that is empty.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self { root: if root.as_os_str().is_empty() { PathBuf::from(".") } else { root } }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.root
    }
}

impl InputFiles for ManifestFolder {
    fn read(&self, path: &RelPath) -> Result<Arc<[u8]>, String> {
        let root = again(|| fs::canonicalize(&self.root)).map_err(|error| describe(&error))?;
        let real = again(|| fs::canonicalize(root.join(path.as_str()))).map_err(|error| describe(&error))?;
        if !real.starts_with(&root) {
            return Err("it is a link that leaves the manifest's folder".into());
        }
        read_input(&real).map(Arc::from)
    }
}
