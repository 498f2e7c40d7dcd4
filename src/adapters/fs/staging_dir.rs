//! The folder of texts on their way: what a run that is killed leaves of it, and how the next run
//! makes up for that.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
use rustix::io::{Errno, retry_on_intr};

use super::again::again;
use super::failure::fail;
use super::write::remove_empty;
use crate::tree::{Inaccessible, Kind, Outline, View, parents};
use crate::vocabulary::RelPath;

/// The beginning of the names of such folders.
const PREFIX: &str = ".kmodgen-";

/// Number of random letters and digits after the prefix.
const RANDOM: usize = 6;

/// The file in one that lists the folders which its run may leave empty. No module has this name.
const EMPTIED: &str = ".emptied";

/// Number of names in the path of a folder of kmodgen, at most.
const DEEPEST: usize = 3;

/// Nobody else looks into what is not done.
fn private() -> fs::Permissions {
    fs::Permissions::from_mode(0o700)
}

/// A folder that goes with the run.
#[derive(Debug)]
pub(super) struct StagingDir {
    path: PathBuf,
    /// Open directory: a path below it takes less time to resolve than one from the root.
    open: OwnedFd,
    /// Set if the directory stays for the next run, which makes up for what this run could not do.
    stays: bool,
}

impl StagingDir {
    /// One in the folder at `root`.
    pub(super) fn in_folder(root: &Path) -> io::Result<Self> {
        let made = again(|| {
            tempfile::Builder::new().prefix(PREFIX).rand_bytes(RANDOM).permissions(private()).tempdir_in(root)
        })?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let open = retry_on_intr(|| openat(CWD, made.path(), flags, Mode::empty()))?;
        Ok(Self { path: made.keep(), open, stays: false })
    }

    /// Makes a file below it.
    pub(super) fn make_file(&self, path: &str) -> io::Result<fs::File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        Ok(retry_on_intr(|| openat(&self.open, path, flags, Mode::from_raw_mode(0o666)))?.into())
    }

    /// Makes a folder below it and those that it is in, where they are not there.
    pub(super) fn make_folder(&self, path: &str) -> io::Result<()> {
        let make = |path: &str| match retry_on_intr(|| mkdirat(&self.open, path, Mode::from_raw_mode(0o777))) {
            Err(Errno::EXIST) => Ok(()),
            made => made,
        };
        match make(path) {
            Err(Errno::NOENT) => Ok(parents(path).chain([path]).try_for_each(make)?),
            made => Ok(made?),
        }
    }

    /// Returns the path of the directory.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Notes that the folders at `paths`, below the output folder, are about to lose files. Should
    /// the run end before it has removed those that are then empty, the next one does.
    pub(super) fn note_emptied<'p>(&self, paths: impl Iterator<Item = &'p str>) {
        let mut text = String::new();
        for path in paths {
            text.push_str(path);
            text.push('\n');
        }
        // Without it, an empty folder may stay after two misfortunes: nothing to fail for.
        let _: io::Result<()> = again(|| fs::write(self.path.join(EMPTIED), &text));
    }

    /// Leaves the folder to the next run.
    pub(super) fn stay(&mut self) {
        self.stays = true;
    }
}

impl Drop for StagingDir {
    fn drop(&mut self) {
        if !self.stays {
            // The next run removes what could not be removed.
            let _: io::Result<()> = again(|| fs::remove_dir_all(&self.path));
        }
    }
}

/// Returns whether a name in an output folder is that of a staging directory.
pub(super) fn is_left_over(name: &str) -> bool {
    let rest = name.strip_prefix(PREFIX).unwrap_or_default();
    rest.len() == RANDOM && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The names of folders that runs left behind.
pub fn left_over<'o>(outline: &'o Outline<'_>) -> impl Iterator<Item = &'o str> {
    outline.hidden_folders().filter(|name| is_left_over(name))
}

/// Removes what runs that were killed left behind in the folder at `root`. To be called under its
/// lock.
///
/// # Errors
/// What cannot be removed.
pub(super) fn sweep(root: &Path, tree: View<'_>) -> Result<(), Inaccessible> {
    for name in left_over(tree.outline) {
        let path = root.join(name);
        let emptied = again(|| fs::read_to_string(path.join(EMPTIED))).unwrap_or_default();
        for folder in emptied.lines().filter_map(|line| RelPath::parse(line).ok()) {
            if let Some(there) = part_that_is_there(folder.as_str(), tree)? {
                remove_empty(root, there)?;
            }
        }
        again(|| fs::remove_dir_all(&path)).map_err(fail("remove", &path))?;
    }
    Ok(())
}

/// Returns the part of a path whose folders are there; `None` if there is none, or if no folder of kmodgen has the path.
fn part_that_is_there<'p>(path: &'p str, tree: View<'_>) -> Result<Option<&'p str>, Inaccessible> {
    let mut there = None;
    for part in parents(path).chain([path]).filter(|_| path.split('/').count() <= DEEPEST) {
        if tree.folder.kind(part)? != Some(Kind::Folder) {
            break;
        }
        there = Some(part);
    }
    Ok(there)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_such_a_name_is_left_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut staging = StagingDir::in_folder(folder.path()).unwrap();
        staging.stay();
        let name = staging.path().file_name().unwrap().to_str().unwrap();
        assert!(is_left_over(name), "{name}");
        for other in [".kmodgen-", ".kmodgen-notes1.md", ".kmodgen-a/b/c", "kmodgen-abcdef", ".git"] {
            assert!(!is_left_over(other), "{other}");
        }
    }
}
