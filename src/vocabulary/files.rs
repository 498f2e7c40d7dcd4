//! The door through which the core asks for the files beside a manifest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Digest, RelPath};

/// What [`InputFiles::read`] says where there is no file.
pub const ABSENT: &str = "there is no such file";

/// The folder of a manifest: kernel lists, patches, templates and their includes are read from
/// it and from nowhere else.
pub trait InputFiles: Send + Sync {
    /// The bytes of a file in the folder.
    ///
    /// # Errors
    /// What hinders, as a lower-case fragment fit for a message: [`ABSENT`], not a regular file, too
    /// large, or reached through a link that leaves the folder.
    fn read(&self, path: &RelPath) -> Result<Arc<[u8]>, String>;
}

/// Remembers which files were read through it.
pub struct Witness {
    files: Arc<dyn InputFiles>,
    seen: Mutex<BTreeMap<RelPath, Option<Digest>>>,
}

impl Witness {
    /// For these files, before any is read.
    pub fn new(files: Arc<dyn InputFiles>) -> Self {
        Self { files, seen: Mutex::default() }
    }

    /// Takes it that a file was asked for, where it was not: what came of it is used.
    pub fn credit(&self, path: RelPath, digest: Option<Digest>) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).entry(path).or_insert(digest);
    }

    /// Every file that was asked for, with its digest; `None` where it could not be read.
    pub fn seen(&self) -> BTreeMap<RelPath, Option<Digest>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl InputFiles for Witness {
    fn read(&self, path: &RelPath) -> Result<Arc<[u8]>, String> {
        let read = self.files.read(path);
        let digest = read.as_ref().ok().map(|bytes| Digest::of(bytes));
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone(), digest);
        read
    }
}
