//! Actions at paths, and results of comparisons.

use std::borrow::Cow;

use super::Conflict;
use crate::bundle::{document_of, file_name, object_of};
use crate::cache::FileEntry;
use crate::shared_files::{ContentHash, SHARED, SharedPath};
use crate::vocabulary::{RelPath, Span};

/// Action at one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A file is written where none was.
    Create,
    /// A file of ours is replaced.
    Update,
    /// The file is right.
    Unchanged,
    /// A file of ours that no mapping asks for any more is removed.
    Remove,
    /// Nothing is done, since something of someone's would be lost.
    Conflict(Box<Conflict>),
}

/// One path at which something is to be done.
#[derive(Debug, Clone)]
pub struct Change {
    /// Path of the file, below the output folder.
    pub path: RelPath,
    /// The object, if it is in a document of a bundle.
    pub object: Option<ObjectInFile>,
    /// The content, if it is a file that clusters share.
    pub stored: Option<Stored>,
    /// Action at the path; [`Action::Unchanged`] for a file that clusters share and that is there, in a module that stays
    /// as it is.
    pub action: Action,
    /// The place of the manifest that asks for the file; none for what is removed.
    pub origin: Option<Span>,
    /// The file that is put there, if the sink knows its metadata.
    pub written: Option<FileEntry>,
    /// Set if git has the file as unmerged.
    pub unmerged: bool,
}

impl Change {
    /// Returns the path of the file.
    pub fn file(&self) -> Cow<'_, str> {
        if let (Some(object), Some((module, _))) = (&self.object, document_of(self.path.as_str())) {
            return format!("{module}/{}", file_name(object.file)).into();
        }
        let shared = SharedPath::parse(self.path.as_str());
        let hash = self.stored.as_ref().map(|stored| stored.hash);
        match shared.map(|shared| SharedPath { hash: shared.hash.or(hash), ..shared }.stored()) {
            Some(Some(stored)) => format!("../{SHARED}/{stored}").into(),
            _ => self.path.as_str().into(),
        }
    }

    /// Returns whether the file changes: of those that clusters share, another cluster may have written it, and none is
    /// removed as long as any cluster has it.
    pub fn is_of_file(&self) -> bool {
        matches!(self.action, Action::Conflict(_))
            || self.stored.as_ref().is_none_or(|stored| stored.action != Action::Unchanged)
    }

    /// Returns whether it is of a planned file that clusters share and that is there.
    pub fn is_there(&self) -> bool {
        !self.is_of_file() && self.action != Action::Remove
    }

    /// Returns the path of the file, and the object in it if it is one of many.
    pub fn place(&self) -> String {
        match &self.object {
            Some(object) => format!("{}: {}", self.file(), object.name),
            None => self.file().into_owned(),
        }
    }
}

/// File with one content, among those that clusters share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The content.
    pub hash: ContentHash,
    /// Action at the path of this content; [`Action::Unchanged`] if there is nothing to do.
    pub action: Action,
}

/// Result of the comparison of an output with the file at its path.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// The run is not about it.
    NotAsked,
    /// The layout has no such file.
    Absent,
    /// The file is right. Boxed, since most files that are compared have to change.
    Right(Box<FileEntry>),
    /// Something is to be done.
    Change(Box<Change>),
}

impl Verdict {
    /// Returns the file that clusters share if it is there with the planned content.
    pub fn found_content(&self) -> Option<FileEntry> {
        match self {
            Self::Right(file) => Some(**file),
            Self::Change(change) => change.written.filter(|_| change.is_there()),
            Self::NotAsked | Self::Absent => None,
        }
    }
}

/// Object in a document of a bundle.
#[derive(Debug, Clone)]
pub struct ObjectInFile {
    /// Its kind and name.
    pub name: Box<str>,
    /// Number of the bundle's file that it is in.
    pub file: usize,
}

impl ObjectInFile {
    /// Reads the object of a document with this text and name.
    pub(super) fn new(text: &[u8], name: &str, file: usize) -> Self {
        Self { name: object_of(text).unwrap_or_else(|| name.to_owned()).into(), file }
    }
}
