//! Copies of servers' repositories, of which each has the last commit and nothing of its past.
//! They only save time: one that is broken, or has grown, is made anew.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use git2::Repository;

use super::error::PublishError;
use crate::adapters::fs::Guard;
use crate::adapters::git::local::trust_other_owners;
use crate::vocabulary::Digest;
use kmodgen_git::{Location, init_bare};

/// The file that is there while a run is at work. Where one finds it there, the run before has not
/// ended well, and who knows what it left.
const AT_WORK: &str = "kmodgen-at-work";

/// Number of packs at which git repacks, and a copy is made anew.
const PACKS: usize = 50;

/// Number of loose objects in one of the 256 folders at which git repacks.
const LOOSE: usize = 27;

/// Opens the copy of a server's repository, which is nobody else's then.
pub(super) fn open(
    root: &Path,
    location: &Location,
    patience: Duration,
    waits: impl FnOnce(),
) -> Result<(Repository, Guard), PublishError> {
    let user = location.user.as_deref().unwrap_or_default();
    let name = Digest::of(format!("{location}\0{user}").as_bytes()).short(32);
    let path = root.join("git").join(format!("{name}.git"));
    // What is written in this process from here on is the copy.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    // In a container, the folder of a cache may be somebody else's.
    trust_other_owners();
    let guard = Guard::take(&path, patience, waits)?;
    let sound = !path.join(AT_WORK).exists() && !is_overgrown(&path);
    let repository = match Repository::open_bare(&path) {
        Ok(repository) if sound && repository.find_reference("HEAD").is_ok() => repository,
        _ => {
            empty(&path).map_err(PublishError::io("empty", &path))?;
            init_bare(&path)?
        }
    };
    let mark = path.join(AT_WORK);
    fs::write(&mark, "").map_err(PublishError::io("write", &mark))?;
    Ok((repository, guard))
}

/// Notes that a run has ended well.
pub(super) fn end(repository: &Repository) {
    // Where the mark stays, the next run takes longer.
    let _: io::Result<()> = fs::remove_file(repository.path().join(AT_WORK));
}

fn is_overgrown(path: &Path) -> bool {
    let folders = ["pack", "17"].map(|name| path.join("objects").join(name));
    let [packs, loose] = folders.map(|folder| fs::read_dir(folder).map_or(0, Iterator::count));
    packs > 2 * PACKS || loose > LOOSE
}

/// Removes what is in a folder, which stays locked.
fn empty(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) }?;
    }
    Ok(())
}
