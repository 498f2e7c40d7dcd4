//! The repository that a folder is in.

use std::io;
use std::path::{Path, PathBuf};

use git2::{Commit, ErrorCode, Repository};

use super::local::trust_other_owners;
use kmodgen_git::shown;

/// The folders with a `.git` that a folder is in, the nearest first.
fn tops(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let folders: Vec<PathBuf> = real.ancestors().map(Path::to_path_buf).collect();
    folders.into_iter().filter(|folder| folder.join(".git").symlink_metadata().is_ok())
}

/// The outermost work tree that a folder is in, or the folder itself: what is in there may have come with
/// a checkout.
pub fn checkout_of(folder: &Path) -> PathBuf {
    tops(folder).last().unwrap_or_else(|| folder.canonicalize().unwrap_or_else(|_| folder.to_owned()))
}

/// A repository with a work tree, and a folder in it.
pub(super) struct WorkTree {
    pub(super) repository: Repository,
    /// The folder's path below the top of the work tree; empty where it is the top.
    pub(super) below: PathBuf,
}

/// Reason why a folder's repository or its commits cannot be read, as a lower-case fragment.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum WorkTreeError {
    #[error("`{}` is not in a git repository", .0.display())]
    NoRepository(PathBuf),
    #[error("cannot open the repository of `{}`: {}", folder.display(), shown(error.message()))]
    Unopenable { folder: PathBuf, error: git2::Error },
    #[error("the repository has no work tree")]
    NoWorkTree,
    #[error("{0}")]
    Path(#[from] io::Error),
    #[error("the repository has no commits")]
    NoCommit,
    #[error("there is no revision `{}` in the repository", .0.escape_debug())]
    NoRevision(String),
    #[error(
        "there is no revision `{}` in the repository, which is a shallow clone: fetch its history, for example with \
         `git fetch --unshallow`",
        .0.escape_debug()
    )]
    Shallow(String),
    #[error("{}", .0.message())]
    Git(#[from] git2::Error),
}

impl WorkTree {
    /// The one around `folder`.
    ///
    /// # Errors
    /// A `folder` in no repository or in one without a work tree, or an error of git.
    pub(super) fn around(folder: &Path) -> Result<Self, WorkTreeError> {
        trust_other_owners();
        // git's own search also takes a folder that has the files of a bare repository, as a checkout may.
        let top = tops(folder).next().ok_or_else(|| WorkTreeError::NoRepository(folder.to_owned()))?;
        let repository = Repository::open(&top).map_err(|error| match error.code() {
            ErrorCode::NotFound => WorkTreeError::NoRepository(folder.to_owned()),
            _ => WorkTreeError::Unopenable { folder: folder.to_owned(), error },
        })?;
        let root = repository.workdir().ok_or(WorkTreeError::NoWorkTree)?.canonicalize()?;
        let below = folder.canonicalize()?.strip_prefix(root).map_err(io::Error::other)?.to_owned();
        Ok(Self { repository, below })
    }

    /// The commit that a revision names, as git's own commands take one.
    ///
    /// # Errors
    /// A revision that does not exist.
    pub(super) fn commit(&self, revision: &str) -> Result<Commit<'_>, WorkTreeError> {
        let found = self.repository.revparse_single(revision).and_then(|object| object.peel_to_commit());
        found.map_err(|_| match self.repository.references().map(|mut refs| refs.next().is_none()) {
            Ok(true) => WorkTreeError::NoCommit,
            _ if self.repository.is_shallow() => WorkTreeError::Shallow(revision.to_owned()),
            _ => WorkTreeError::NoRevision(revision.to_owned()),
        })
    }
}
