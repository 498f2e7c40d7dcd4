//! Named pieces of an image, in a folder or in a tar file, in any order.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::error::ReadError;
use super::words::{broken, shown};

/// Indexes, manifests and configurations are far smaller.
const LARGEST_DOCUMENT: u64 = 16 << 20;

/// Links that one name may lead through.
const MOST_LINKS: usize = 8;

/// Location of a blob in a tar file.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// So many bytes from there on.
    At { start: u64, size: u64 },
    /// Name of another blob: `docker save` wrote repeated layers as links once.
    Link(String),
}

/// The pieces of an image.
#[derive(Debug)]
pub(super) struct Blobs {
    /// The folder or file, for messages.
    pub(super) path: PathBuf,
    archive: Option<(File, BTreeMap<String, Place>)>,
}

impl Blobs {
    /// The files of a folder.
    pub(super) fn folder(path: &Path) -> Self {
        Self { path: path.to_owned(), archive: None }
    }

    /// The entries of a tar file.
    pub(super) fn archive(path: &Path, file: File, index: BTreeMap<String, Place>) -> Self {
        Self { path: path.to_owned(), archive: Some((file, index)) }
    }

    /// An error about the whole.
    pub(super) fn fail(&self, why: impl Into<String>) -> ReadError {
        ReadError::Layout { path: self.path.clone(), why: why.into() }
    }

    /// Opens a piece; its name is relative, and without `..`.
    pub(super) fn open(&self, name: &str) -> Result<Box<dyn Read + '_>, ReadError> {
        let Some((file, index)) = &self.archive else { return Ok(Box::new(self.open_file(name)?)) };
        let mut place = index.get(name);
        for _ in 0..MOST_LINKS {
            match place {
                Some(Place::At { start, size }) => return Ok(Box::new(Section { file, at: *start, left: *size })),
                Some(Place::Link(target)) => place = index.get(target),
                None => break,
            }
        }
        Err(self.missing(name))
    }

    fn open_file(&self, name: &str) -> Result<File, ReadError> {
        let path = self.path.join(name);
        match std::fs::metadata(&path) {
            // A pipe would be waited for.
            Ok(metadata) if !metadata.is_file() => Err(self.missing(name)),
            Ok(_) => File::open(&path).map_err(|error| ReadError::File { path, error }),
            Err(error) => Err(ReadError::File { path, error }),
        }
    }

    fn missing(&self, name: &str) -> ReadError {
        self.fail(format!("it has no `{}`", shown(name)))
    }

    /// Reads a document.
    pub(super) fn document(&self, name: &str) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::new();
        let mut reader = self.open(name)?.take(LARGEST_DOCUMENT + 1);
        reader.read_to_end(&mut bytes).map_err(|error| self.fail(broken(&error)))?;
        if bytes.len() as u64 > LARGEST_DOCUMENT {
            return Err(self.fail(format!("`{}` has more than 16 MiB", shown(name))));
        }
        Ok(bytes)
    }
}

/// A part of a file.
struct Section<'f> {
    file: &'f File,
    at: u64,
    left: u64,
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if length == 0 {
            return Ok(0);
        }
        let count = self.file.read_at(&mut buffer[..length], self.at)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}
