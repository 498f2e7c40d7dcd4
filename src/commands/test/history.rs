//! The manifest as it was in commits of its repository.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::adapters::git::CommitFolder;
use crate::lock;
use crate::template::Renderers;
use crate::test_cases::{Revisions, Subject, Text};
use crate::vocabulary::{InputError, InputFiles, RelPath};

/// The commits that were asked for so far.
pub(super) struct History {
    folder: PathBuf,
    /// The manifest's name in its folder.
    name: String,
    renderers: Arc<dyn Renderers>,
    known: Mutex<HashMap<String, Result<Subject, String>>>,
}

impl History {
    /// Opens the history of a manifest in its folder.
    pub(super) fn new(manifest: &Path, folder: &Path, renderers: Arc<dyn Renderers>) -> Self {
        let name = manifest.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { folder: folder.to_owned(), name, renderers, known: Mutex::default() }
    }

    fn read(&self, revision: &str) -> Result<Subject, String> {
        let files: Arc<dyn InputFiles> = Arc::new(CommitFolder::open(&self.folder, revision)?);
        let text = |name: &str| -> Result<Option<Text>, String> {
            let path = RelPath::parse(name).map_err(|invalid| invalid.message)?;
            match files.read(&path) {
                Ok(bytes) => {
                    let text = String::from_utf8(bytes.to_vec());
                    let text = text.map_err(|_| format!("`{name}` was not UTF-8 text there"))?;
                    // As git's own commands write it.
                    Ok(Some(Text { name: format!("{revision}:{name}"), text: text.into() }))
                }
                Err(InputError::Absent) => Ok(None),
                Err(why) => Err(format!("`{name}` cannot be read there: {why}")),
            }
        };
        let manifest = text(&self.name)?.ok_or_else(|| format!("there was no `{}` then", self.name))?;
        let lock = text(lock::FILE_NAME)?;
        Ok(Subject { manifest, lock, files, renderers: self.renderers.clone() })
    }
}

impl Revisions for History {
    fn at(&self, revision: &str) -> Result<Subject, String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(revision.to_owned()).or_insert_with(|| self.read(revision)).clone()
    }
}
