//! Documents of bundles until their files are put together.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::again::{again, make_folder};
use super::failure::fail;
use crate::reconcile::DocumentStore;
use crate::tree::Inaccessible;

/// A file without a name, which goes with the process.
#[derive(Debug)]
pub struct DocumentFile {
    folder: PathBuf,
    file: OnceLock<File>,
    end: AtomicU64,
}

impl DocumentFile {
    /// Creates a store with a file on the file system of a folder, as soon as there is a document.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), file: OnceLock::new(), end: AtomicU64::new(0) }
    }

    fn file(&self) -> io::Result<&File> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        make_folder(&self.folder)?;
        let file = again(|| tempfile::tempfile_in(&self.folder))?;
        Ok(self.file.get_or_init(|| file))
    }
}

impl DocumentStore for DocumentFile {
    fn append(&self, text: &str) -> Result<u64, Inaccessible> {
        let file = self.file().map_err(fail("write in folder", &self.folder))?;
        let position = self.end.fetch_add(text.len() as u64, Ordering::Relaxed);
        file.write_all_at(text.as_bytes(), position).map_err(fail("write in folder", &self.folder))?;
        Ok(position)
    }

    fn read(&self, position: u64, length: usize) -> Result<Vec<u8>, Inaccessible> {
        let mut bytes = vec![0; length];
        let file = self.file().map_err(fail("read in folder", &self.folder))?;
        file.read_exact_at(&mut bytes, position).map_err(fail("read in folder", &self.folder))?;
        Ok(bytes)
    }
}

/// The same in memory, for runs that write nothing.
#[derive(Debug, Default)]
pub struct DocumentMemory(std::sync::Mutex<Vec<u8>>);

impl DocumentStore for DocumentMemory {
    fn append(&self, text: &str) -> Result<u64, Inaccessible> {
        let mut bytes = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let position = bytes.len() as u64;
        bytes.extend_from_slice(text.as_bytes());
        Ok(position)
    }

    fn read(&self, position: u64, length: usize) -> Result<Vec<u8>, Inaccessible> {
        let bytes = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let start = usize::try_from(position).unwrap_or(usize::MAX);
        Ok(bytes.get(start..start.saturating_add(length)).unwrap_or_default().to_vec())
    }
}
