//! The repository that a folder is in.

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

impl WorkTree {
    /// The one around `folder`.
    ///
    /// # Errors
    /// That `folder` is in no repository or in one without a work tree, or what git says.
    pub(super) fn around(folder: &Path) -> Result<Self, String> {
        trust_other_owners();
        let none = || format!("`{}` is in no git repository", folder.display());
        // git's own search also takes a folder that has the files of a bare repository, as a checkout may.
        let top = tops(folder).next().ok_or_else(none)?;
        let repository = Repository::open(&top).map_err(|error| match error.code() {
            ErrorCode::NotFound => none(),
            _ => format!("cannot open the repository of `{}`: {}", folder.display(), shown(error.message())),
        })?;
        let root = repository.workdir().ok_or("the repository has no work tree")?;
        let real = |path: &Path| path.canonicalize().map_err(|error| error.to_string());
        let below = real(folder)?.strip_prefix(real(root)?).map_err(|error| error.to_string())?.to_owned();
        Ok(Self { repository, below })
    }

    /// The commit that a revision names, as git's own commands take one.
    ///
    /// # Errors
    /// A revision that does not exist.
    pub(super) fn commit(&self, revision: &str) -> Result<Commit<'_>, String> {
        let found = self.repository.revparse_single(revision).and_then(|object| object.peel_to_commit());
        found.map_err(|_| match self.repository.references().map(|mut refs| refs.next().is_none()) {
            Ok(true) => "the repository has no commit yet".to_owned(),
            _ => {
                let shallow = if self.repository.is_shallow() {
                    ", whose history is cut off: fetch more of it, as with `git fetch --unshallow`"
                } else {
                    ""
                };
                format!("there is no revision `{}` in the repository{shallow}", revision.escape_debug())
            }
        })
    }
}
