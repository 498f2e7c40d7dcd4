//! The door through which the core asks for the files beside a manifest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Digest, RelPath};

/// Message of [`InputError::Absent`].
pub const ABSENT: &str = "there is no such file";

/// Reason why a file or folder of the manifest cannot be read, a lower-case fragment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    #[error("{ABSENT}")]
    Absent,
    /// Not a regular file, too large, or reached through a link that leaves the folder, for example.
    #[error("{0}")]
    Unreadable(String),
}

/// Takes the words of an adapter, in which [`ABSENT`] is a reason as others are.
impl From<String> for InputError {
    fn from(why: String) -> Self {
        if why == ABSENT { Self::Absent } else { Self::Unreadable(why) }
    }
}

impl From<&str> for InputError {
    fn from(why: &str) -> Self {
        why.to_owned().into()
    }
}

/// A name in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The name.
    pub name: String,
    pub kind: ListedKind,
}

/// Kind of an entry in a folder. No link is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListedKind {
    /// A folder.
    Folder,
    /// A regular file.
    File {
        /// Executable by its owner, which is all that git keeps of a mode.
        executable: bool,
    },
    /// A symbolic link.
    Link {
        /// Target of the link.
        to: String,
    },
    /// Something else, such as "a socket".
    Other(&'static str),
}

/// The folder of a manifest: kernel lists, patches, templates with their includes, and folders with
/// code are read from it and from nowhere else.
pub trait InputFiles: Send + Sync {
    /// The bytes of a file in the folder.
    ///
    /// # Errors
    /// A file that is absent, not regular, too large, or reached through a link that leaves the folder.
    fn read(&self, path: &RelPath) -> Result<Arc<Vec<u8>>, InputError>;

    /// The names in a folder below it, sorted.
    ///
    /// # Errors
    /// A folder that is absent, no folder, reached through a link, or has a name that is not UTF-8.
    fn list(&self, folder: &RelPath) -> Result<Vec<Listed>, InputError>;
}

/// Folder without files.
pub struct NoFiles;

impl InputFiles for NoFiles {
    fn read(&self, _: &RelPath) -> Result<Arc<Vec<u8>>, InputError> {
        Err(InputError::Absent)
    }

    fn list(&self, _: &RelPath) -> Result<Vec<Listed>, InputError> {
        Err(InputError::Absent)
    }
}

/// The digest of a folder's names, of what they are, and of nothing that is in them.
pub fn listing_digest(names: &[Listed]) -> Digest {
    let mut text = String::new();
    for Listed { name, kind } in names {
        // No name has a `/`, and none of these words has one in front of it.
        match kind {
            ListedKind::Folder => text.extend([name, "/folder/"]),
            ListedKind::File { executable: false } => text.extend([name, "/file/"]),
            ListedKind::File { executable: true } => text.extend([name, "/program/"]),
            ListedKind::Link { to } => text.extend([name, "/link/", &to.len().to_string(), "/", to]),
            ListedKind::Other(what) => text.extend([name, "/other/", what, "/"]),
        }
    }
    Digest::of(text.as_bytes())
}

/// Remembers which files were read through it, and which folders.
pub struct Witness {
    files: Arc<dyn InputFiles>,
    seen: Mutex<BTreeMap<RelPath, Option<Digest>>>,
    listed: Mutex<BTreeMap<RelPath, Option<Digest>>>,
}

impl Witness {
    /// For these files, before any is read.
    pub fn new(files: Arc<dyn InputFiles>) -> Self {
        Self { files, seen: Mutex::default(), listed: Mutex::default() }
    }

    /// Copies what was read so far, to go on from there.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { files: self.files.clone(), seen: Mutex::new(self.seen()), listed: Mutex::new(self.listed()) }
    }

    /// For the same files, before any is read.
    #[must_use]
    pub fn fresh(&self) -> Self {
        Self::new(self.files.clone())
    }

    /// Takes it that a file was asked for, where it was not: what came of it is used.
    pub fn credit(&self, path: RelPath, digest: Option<Digest>) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).entry(path).or_insert(digest);
    }

    /// Every file that was asked for, with its digest; `None` where it could not be read.
    pub fn seen(&self) -> BTreeMap<RelPath, Option<Digest>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every folder whose names were asked for, with their digest; `None` where it could not be read.
    pub fn listed(&self) -> BTreeMap<RelPath, Option<Digest>> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl InputFiles for Witness {
    fn read(&self, path: &RelPath) -> Result<Arc<Vec<u8>>, InputError> {
        let read = self.files.read(path);
        let digest = read.as_ref().ok().map(|bytes| Digest::of(bytes));
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone(), digest);
        read
    }

    fn list(&self, folder: &RelPath) -> Result<Vec<Listed>, InputError> {
        let list = self.files.list(folder);
        let digest = list.as_ref().ok().map(|names| listing_digest(names));
        self.listed.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.clone(), digest);
        list
    }
}

/// The names in a folder of files that are in memory by their paths, for those that hold them so.
///
/// # Errors
/// [`InputError::Absent`] if no file is below it.
pub fn list_in_memory<'p>(
    paths: impl IntoIterator<Item = &'p str>,
    folder: &RelPath,
) -> Result<Vec<Listed>, InputError> {
    let names: BTreeMap<&str, ListedKind> = paths
        .into_iter()
        .filter_map(|path| path.strip_prefix(folder.as_str())?.strip_prefix('/'))
        .map(|rest| match rest.split_once('/') {
            Some((name, _)) => (name, ListedKind::Folder),
            None => (rest, ListedKind::File { executable: false }),
        })
        .collect();
    if names.is_empty() {
        return Err(InputError::Absent);
    }
    Ok(names.into_iter().map(|(name, kind)| Listed { name: name.to_owned(), kind }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: ListedKind = ListedKind::File { executable: false };

    fn digest<const N: usize>(names: [(&str, ListedKind); N]) -> Digest {
        listing_digest(&names.map(|(name, kind)| Listed { name: name.into(), kind }))
    }

    fn link(to: &str) -> ListedKind {
        ListedKind::Link { to: to.into() }
    }

    #[test]
    fn what_is_told_of_a_folder_does_not_run_together() {
        assert_ne!(digest([("a", FILE)]), digest([("a", ListedKind::File { executable: true })]));
        assert_ne!(digest([("a", link("bc/file/"))]), digest([("a", link("b")), ("c", FILE)]));
        assert_ne!(digest([("a", ListedKind::Folder)]), digest([]));
    }
}
