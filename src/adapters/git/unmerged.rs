//! An output folder in a work tree: what git could not merge there is looked up in its index.
//!
//! libgit2 reads the index and objects, and runs no program that a repository names.
#![expect(clippy::disallowed_methods, reason = "a repository's index is a file")]

use std::collections::HashMap;
use std::fmt::Display;
use std::fs::symlink_metadata;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use git2::{ObjectType, Oid, Repository};

use super::work_tree::WorkTree;
use crate::adapters::fs::{Folder, LARGEST_OURS};
use crate::file_stat::FileStat;
use crate::header::{Ownership, ownership};
use crate::merge::{Sides, Unmerged};
use crate::tree::{Found, Inaccessible, Kind, Look, OutputFolder};
use crate::vocabulary::{RelPath, has_markers};

/// An index beyond this is none that anyone works with: two million files fit.
const LARGEST_INDEX: u64 = 256 << 20;

/// Position of the stage in the flags of an entry (gitformat-index(5)).
const STAGE: u32 = 12;

/// A file's modes in an index that say it is a regular one.
const REGULAR: [u32; 2] = [0o100_644, 0o100_755];

/// An output folder on disk, with the sides of what git could not merge.
pub struct MergeFolder {
    folder: Folder,
    root: PathBuf,
    /// Opened for the first file that is not as kmodgen wrote it.
    opened: Mutex<Option<Result<Opened, String>>>,
}

/// The repository around the folder, and its index.
struct Opened {
    repository: Repository,
    below: PathBuf,
    /// The mode and object of the stages 1 to 3 of each path that is unmerged.
    stages: HashMap<Vec<u8>, [Option<(u32, Oid)>; 3]>,
}

impl MergeFolder {
    /// The folder at `root`.
    pub fn new(root: &Path) -> Self {
        Self { folder: Folder::new(root), root: root.to_owned(), opened: Mutex::default() }
    }

    /// Judges a file that is not as kmodgen wrote it; `None` if git has no part in that.
    fn unmerged(&self, path: &RelPath, file: &[u8]) -> Option<Unmerged> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = opened.get_or_insert_with(|| Opened::around(&self.root));
        let sides = opened.as_ref().map_err(Clone::clone).and_then(|opened| opened.sides(path));
        match sides {
            Ok(Some(sides)) => Some(Unmerged::of(file, sides)),
            _ if !has_markers(file) => None,
            Ok(None) => Some(Unmerged::without_sides("git does not have it as unmerged")),
            Err(why) => Some(Unmerged::without_sides(&why)),
        }
    }
}

impl Opened {
    fn around(folder: &Path) -> Result<Self, String> {
        let WorkTree { repository, below } = WorkTree::around(folder)?;
        let unreadable = |why: &dyn Display| format!("the index of its repository cannot be read: {why}");
        let at = repository.path().join("index");
        let metadata = symlink_metadata(&at).map_err(|error| unreadable(&error))?;
        if !metadata.is_file() || metadata.len() > LARGEST_INDEX {
            return Err(unreadable(&"it is no file, or too large"));
        }
        let index = repository.index().map_err(|error| unreadable(&error.message().escape_debug()))?;
        let mut stages: HashMap<_, [_; 3]> = HashMap::new();
        for entry in index.iter() {
            let stage = usize::from(entry.flags >> STAGE & 3);
            if let Some(stage) = stage.checked_sub(1) {
                stages.entry(entry.path).or_default()[stage] = Some((entry.mode, entry.id));
            }
        }
        Ok(Self { repository, below, stages })
    }

    /// The versions of a path that is unmerged; `None` if it is not.
    fn sides(&self, path: &RelPath) -> Result<Option<Sides>, String> {
        let path = self.below.join(path.as_str());
        let Some([base, ours, theirs]) = self.stages.get(path.as_os_str().as_bytes()) else { return Ok(None) };
        let side = |entry: &Option<(u32, Oid)>| match entry {
            None => Ok(None),
            Some((mode, _)) if !REGULAR.contains(mode) => Err("one side of it is no file".to_owned()),
            Some((_, id)) => self.blob(*id).map(Some).map_err(|why| format!("a side of it cannot be read: {why}")),
        };
        Ok(Some(Sides { base: side(base)?, ours: side(ours)?, theirs: side(theirs)? }))
    }

    fn blob(&self, id: Oid) -> Result<Vec<u8>, String> {
        let failed = |error: git2::Error| error.message().escape_debug().to_string();
        let odb = self.repository.odb().map_err(failed)?;
        let (length, kind) = odb.read_header(id).map_err(failed)?;
        if kind != ObjectType::Blob || length as u64 > LARGEST_OURS {
            return Err("it is far larger than any file of kmodgen's".into());
        }
        Ok(odb.read(id).map_err(failed)?.data().to_vec())
    }
}

impl OutputFolder for MergeFolder {
    fn names(&self, folder: &str) -> Result<Vec<(String, Kind)>, Inaccessible> {
        self.folder.names(folder)
    }

    fn kind(&self, path: &str) -> Result<Option<Kind>, Inaccessible> {
        self.folder.kind(path)
    }

    fn look(&self, path: &RelPath) -> Result<Option<Look>, Inaccessible> {
        let look = self.folder.look(path)?;
        let Some((Found::File(bytes), stat)) = look else { return Ok(look) };
        let unmerged = match ownership(&bytes) {
            Ownership::Intact => None,
            Ownership::Edited | Ownership::Foreign => self.unmerged(path, &bytes),
        };
        Ok(Some(match unmerged {
            Some(unmerged) => (Found::Unmerged(Box::new(unmerged)), FileStat::NONE),
            None => (Found::File(bytes), stat),
        }))
    }

    fn holds(&self, path: &RelPath, text: &str) -> Result<Option<FileStat>, Inaccessible> {
        self.folder.holds(path, text)
    }

    fn stat(&self, path: &str) -> FileStat {
        self.folder.stat(path)
    }
}
