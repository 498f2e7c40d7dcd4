//! Moving a branch of a repository on this machine, as git does it: under the branch's lock file,
//! and only from the commit that was expected.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use git2::{ErrorCode, Oid, Repository, Signature};

use super::error::PublishError;
use crate::vocabulary::{GitBranch, is_below};
use kmodgen_git::shown;

/// The file that says which branch is about to be locked, so that the lock of a run that was
/// killed is known as its own.
const NOTE: &str = "kmodgen-publishing";

/// Number of attempts to lock a branch, and the pause between them.
const TRIES: usize = 40;
const PAUSE: Duration = Duration::from_millis(25);

/// The commit that a branch is at; `None` where there is no such branch.
pub(super) fn tip(repository: &Repository, branch: &GitBranch) -> Result<Option<Oid>, PublishError> {
    match repository.find_reference(&branch.full()) {
        Ok(found) => Ok(Some(found.peel_to_commit()?.id())),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Moves a branch from `old`, where it must be, to `new`; says whether it was there.
pub(super) fn move_to(
    repository: &Repository,
    branch: &GitBranch,
    old: Option<Oid>,
    new: Oid,
    who: &Signature<'_>,
    reason: &str,
) -> Result<bool, PublishError> {
    if old.is_none() {
        refuse_neighbours(repository, branch)?;
    }
    let note = repository.commondir().join(NOTE);
    fs::write(&note, branch.full()).map_err(PublishError::io("write", &note))?;
    let moved = move_under_lock(repository, branch, old, new, who, reason);
    fs::remove_file(&note).map_err(PublishError::io("remove", &note))?;
    moved
}

fn move_under_lock(
    repository: &Repository,
    branch: &GitBranch,
    old: Option<Oid>,
    new: Oid,
    who: &Signature<'_>,
    reason: &str,
) -> Result<bool, PublishError> {
    let name = branch.full();
    let mut tried = 0;
    loop {
        let mut transaction = repository.transaction()?;
        match transaction.lock_ref(&name) {
            Ok(()) => {
                // Nobody moves it now.
                if tip(repository, branch)? != old {
                    return Ok(false);
                }
                transaction.set_target(&name, new, Some(who), reason)?;
                transaction.commit()?;
                return Ok(true);
            }
            Err(error) if error.code() == ErrorCode::Locked && tried < TRIES => {
                tried += 1;
                thread::sleep(PAUSE);
            }
            Err(error) if error.code() == ErrorCode::Locked => {
                let why = shown(error.message());
                return Err(PublishError::Locked { branch: branch.to_string(), why });
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Git keeps branches as files in folders: `a` and `a/b` cannot both be.
fn refuse_neighbours(repository: &Repository, branch: &GitBranch) -> Result<(), PublishError> {
    for reference in repository.references_glob("refs/heads/*")? {
        let reference = reference?;
        let Some(other) = reference.name().ok().and_then(|name| name.strip_prefix("refs/heads/")) else { continue };
        if is_below(branch.as_str(), other) || is_below(other, branch.as_str()) {
            let (branch, other) = (branch.to_string(), shown(other));
            return Err(PublishError::BranchInTheWay { branch, other });
        }
    }
    Ok(())
}

/// Removes the lock that a run left behind which was killed. To be called under the repository's
/// own lock, so that the run is known to be gone.
pub(super) fn sweep(repository: &Repository) {
    let note = repository.commondir().join(NOTE);
    let Ok(name) = fs::read_to_string(&note) else { return };
    if git2::Reference::is_valid_name(&name) && name.starts_with("refs/heads/") {
        let lock = repository.commondir().join(format!("{name}.lock"));
        if let Some(before) = stat(&lock) {
            // It may be that of a git at work, which holds one for a moment.
            thread::sleep(PAUSE * 20);
            if stat(&lock) == Some(before) {
                let _: io::Result<()> = fs::remove_file(&lock);
            }
        }
    }
    let _: io::Result<()> = fs::remove_file(&note);
}

/// Inode and time of the last change of a file.
fn stat(path: &Path) -> Option<(u64, i64, i64)> {
    let found = fs::symlink_metadata(path).ok()?;
    Some((found.ino(), found.mtime(), found.mtime_nsec()))
}

/// The work tree in which a branch is checked out, if any: it would not follow the branch.
pub(super) fn work_tree_of(repository: &Repository, branch: &GitBranch) -> Option<PathBuf> {
    let common = repository.commondir();

    let bare = repository.config().and_then(|config| config.get_bool("core.bare")).unwrap_or(repository.is_bare());
    if !bare && is_at(common, branch) {
        return Some(common.parent().unwrap_or(common).to_owned());
    }
    let linked = fs::read_dir(common.join("worktrees")).into_iter().flatten().flatten().map(|entry| entry.path());
    linked.into_iter().find(|folder| is_at(folder, branch)).map(|folder| {
        let file = fs::read_to_string(folder.join("gitdir")).unwrap_or_default();
        Path::new(file.trim_end()).parent().map_or(folder, Path::to_path_buf)
    })
}

/// Checks whether the `HEAD` in a folder is a branch.
fn is_at(folder: &Path, branch: &GitBranch) -> bool {
    let head = fs::read_to_string(folder.join("HEAD")).unwrap_or_default();
    head.trim_end().strip_prefix("ref: ").is_some_and(|name| name.trim() == branch.full())
}
