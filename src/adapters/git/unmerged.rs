//! An output folder in a work tree: what git could not merge there is looked up in its index.
//!
//! libgit2 reads the index and objects, and runs no program that a repository names.
#![expect(clippy::disallowed_methods, reason = "a repository's index is a file")]

use std::collections::HashMap;
use std::fs::symlink_metadata;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use git2::{ObjectType, Oid, Repository};

use super::work_tree::{WorkTree, WorkTreeError};
use crate::adapters::fs::{Folder, LARGEST_OURS};
use crate::cache::ReadAt;
use crate::file_stat::FileStat;
use crate::header::{Ownership, ownership};
use crate::merge::{Sides, Unmerged};
use crate::tree::{Content, Found, Inaccessible, Kind, Look, OutputFolder};
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
    opened: Mutex<Option<Result<Opened, SidesError>>>,
}

/// The repository around the folder, and its index.
struct Opened {
    repository: Repository,
    below: PathBuf,
    /// The mode and object of the stages 1 to 3 of each path that is unmerged.
    stages: HashMap<Vec<u8>, [Option<(u32, Oid)>; 3]>,
}

/// Reason why the sides of a file cannot be read, as a lower-case fragment.
#[derive(Debug, thiserror::Error)]
enum SidesError {
    #[error(transparent)]
    WorkTree(#[from] WorkTreeError),
    #[error("the index of its repository cannot be read: {0}")]
    IndexFile(io::Error),
    #[error("the index of its repository cannot be read: it is not a file, or too large")]
    IndexSize,
    #[error("the index of its repository cannot be read: {}", .0.message().escape_debug())]
    Index(git2::Error),
    #[error("one side of it is not a file")]
    NotAFile,
    #[error("one side of it cannot be read: it is much larger than any generated file")]
    SideSize,
    #[error("one side of it cannot be read: {}", .0.message().escape_debug())]
    Side(#[from] git2::Error),
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
        let sides = match opened {
            Ok(opened) => opened.sides(path).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match sides {
            Ok(Some(sides)) => Some(Unmerged::of(file, sides)),
            _ if !has_markers(file) => None,
            Ok(None) => Some(Unmerged::without_sides(file, "it is not unmerged in git's index")),
            Err(why) => Some(Unmerged::without_sides(file, &why)),
        }
    }
}

impl Opened {
    fn around(folder: &Path) -> Result<Self, SidesError> {
        let WorkTree { repository, below } = WorkTree::around(folder)?;
        let metadata = symlink_metadata(repository.path().join("index")).map_err(SidesError::IndexFile)?;
        if !metadata.is_file() || metadata.len() > LARGEST_INDEX {
            return Err(SidesError::IndexSize);
        }
        let index = repository.index().map_err(SidesError::Index)?;
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
    fn sides(&self, path: &RelPath) -> Result<Option<Sides>, SidesError> {
        let path = self.below.join(path.as_str());
        let Some([base, ours, theirs]) = self.stages.get(path.as_os_str().as_bytes()) else { return Ok(None) };
        Ok(Some(Sides { base: self.side(*base)?, ours: self.side(*ours)?, theirs: self.side(*theirs)? }))
    }

    /// Reads a version, by its mode and object; `None` if there is none.
    fn side(&self, entry: Option<(u32, Oid)>) -> Result<Option<Vec<u8>>, SidesError> {
        let Some((mode, id)) = entry else { return Ok(None) };
        if !REGULAR.contains(&mode) {
            return Err(SidesError::NotAFile);
        }
        let odb = self.repository.odb()?;
        let (length, kind) = odb.read_header(id)?;
        if kind != ObjectType::Blob || length as u64 > LARGEST_OURS {
            return Err(SidesError::SideSize);
        }
        Ok(Some(odb.read(id)?.data().to_vec()))
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

    fn holds(&self, path: &RelPath, content: Content<'_>) -> Result<Option<FileStat>, Inaccessible> {
        self.folder.holds(path, content)
    }

    fn open(&self, path: &RelPath) -> Option<Box<dyn ReadAt>> {
        self.folder.open(path)
    }

    fn stat(&self, path: &str) -> FileStat {
        self.folder.stat(path)
    }
}
