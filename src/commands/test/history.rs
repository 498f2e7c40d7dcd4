//! The manifest as it was in commits of its repository.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::adapters::git::CommitFolder;
use crate::lock;
use crate::template::Renderers;
use crate::test_cases::{RevisionError, Revisions, Subject, Text};
use crate::vocabulary::{InputError, InputFiles, RelPath};

/// The commits that were asked for so far.
pub(super) struct History {
    folder: PathBuf,
    /// The manifest's name in its folder.
    name: String,
    renderers: Arc<dyn Renderers>,
    known: Mutex<HashMap<String, Result<Subject, RevisionError>>>,
}

impl History {
    /// Opens the history of a manifest in its folder.
    pub(super) fn new(manifest: &Path, folder: &Path, renderers: Arc<dyn Renderers>) -> Self {
        let name = manifest.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { folder: folder.to_owned(), name, renderers, known: Mutex::default() }
    }

    fn read(&self, revision: &str) -> Result<Subject, RevisionError> {
        let files =
            CommitFolder::open(&self.folder, revision).map_err(|error| RevisionError::Git(error.to_string()))?;
        let manifest = text(&files, revision, &self.name)?.ok_or_else(|| RevisionError::Absent(self.name.clone()))?;
        let lock = text(&files, revision, lock::FILE_NAME)?;
        Ok(Subject { manifest, lock, files: Arc::new(files), renderers: self.renderers.clone() })
    }
}

/// Reads a text of a revision; returns `None` if it did not exist.
fn text(files: &CommitFolder, revision: &str, name: &str) -> Result<Option<Text>, RevisionError> {
    match files.read(&RelPath::parse(name)?) {
        Ok(bytes) => {
            let text = String::from_utf8(bytes.to_vec()).map_err(|_| RevisionError::NotUtf8(name.into()))?;
            // As git's own commands write it.
            Ok(Some(Text::new(format!("{revision}:{name}"), text)))
        }
        Err(InputError::Absent) => Ok(None),
        Err(why) => Err(RevisionError::Unreadable { name: name.into(), why }),
    }
}

impl Revisions for History {
    fn at(&self, revision: &str) -> Result<Subject, RevisionError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(revision.to_owned()).or_insert_with(|| self.read(revision)).clone()
    }
}
