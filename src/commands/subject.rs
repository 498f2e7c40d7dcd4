//! A manifest with its lock and the files beside it, on disk or as they were in a commit of its repository.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::anyhow;

use crate::adapters::fs;
use crate::adapters::git::CommitFolder;
use crate::lock;
use crate::settings;
use crate::template::Renderers;
use crate::test_cases::{RevisionError, Revisions, Subject, Text};
use crate::vocabulary::{InputError, InputFiles, RelPath};

/// Returns the folder of a manifest.
pub(super) fn folder_of(manifest: &Path) -> &Path {
    manifest.parent().unwrap_or(Path::new(""))
}

/// Reads a manifest and its lock.
pub(super) fn on_disk(manifest: &Path) -> anyhow::Result<Subject> {
    let text = fs::read_text(manifest).map_err(|why| {
        let hint = settings::manifest_hint(manifest).map(|hint| format!("; {hint}")).unwrap_or_default();
        anyhow!("cannot read manifest `{}`: {why}{hint}", manifest.display())
    })?;
    let lock = folder_of(manifest).join(lock::FILE_NAME);
    let lock_text =
        fs::read_text_if_any(&lock).map_err(|why| anyhow!("cannot read lock `{}`: {why}", lock.display()))?;
    Ok(Subject {
        manifest: Text::new(manifest.display().to_string(), text),
        lock: lock_text.map(|text| Text::new(lock.display().to_string(), text)),
        files: Arc::new(fs::ManifestFolder::new(folder_of(manifest))),
        renderers: settings::renderers()?,
    })
}

/// Reads a manifest and its lock as they were in the commit that a revision names.
///
/// # Errors
/// A revision that does not exist, or whose manifest cannot be read.
pub(super) fn in_commit(
    manifest: &Path,
    revision: &str,
    renderers: &Arc<dyn Renderers>,
) -> Result<Subject, RevisionError> {
    let files = CommitFolder::open(folder_of(manifest), revision);
    let files = files.map_err(|error| RevisionError::Git(error.to_string()))?;
    let name = manifest.file_name().unwrap_or_default().to_string_lossy();
    let manifest = text(&files, &name)?.ok_or_else(|| RevisionError::Absent(name.into()))?;
    let lock = text(&files, lock::FILE_NAME)?;
    Ok(Subject { manifest, lock, files: Arc::new(files), renderers: renderers.clone() })
}

/// Reads a text of a revision; returns `None` if it did not exist.
fn text(files: &CommitFolder, name: &str) -> Result<Option<Text>, RevisionError> {
    match files.read(&RelPath::parse(name)?) {
        Ok(bytes) => {
            let text = String::from_utf8(bytes.to_vec()).map_err(|_| RevisionError::NotUtf8(name.into()))?;
            Ok(Some(Text::new(name, text)))
        }
        Err(InputError::Absent) => Ok(None),
        Err(why) => Err(RevisionError::Unreadable { name: name.into(), why }),
    }
}

/// Commits of the repository of a manifest that were read so far.
pub(super) struct History {
    manifest: PathBuf,
    renderers: Arc<dyn Renderers>,
    known: Mutex<HashMap<String, Result<Subject, RevisionError>>>,
}

impl History {
    /// Opens the history of a manifest.
    pub(super) fn new(manifest: &Path, renderers: Arc<dyn Renderers>) -> Self {
        Self { manifest: manifest.to_owned(), renderers, known: Mutex::default() }
    }
}

impl Revisions for History {
    fn at(&self, revision: &str) -> Result<Subject, RevisionError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(revision.to_owned()).or_insert_with(|| in_commit(&self.manifest, revision, &self.renderers)).clone()
    }
}
