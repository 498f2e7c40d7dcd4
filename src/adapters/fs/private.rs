//! Folders among the machine's temporary files that are for this user alone.
//!
//! Each is locked as long as its run lives, so that the next run finds those of runs that were killed.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::retry_on_intr;

use super::again::again;
use super::guard::is_at;

/// The beginning of the names of such folders.
const PREFIX: &str = "kmodgen-";

/// The file in a folder that outlives its run.
const KEPT: &str = ".kept";

/// Folder in which programs put large temporary files if `TMPDIR` is not set.
const LARGE: &str = "/var/tmp";

/// A folder that nobody else can look into. It is removed when this is dropped.
#[derive(Debug)]
pub struct PrivateFolder {
    path: PathBuf,
    /// The folder, open and locked.
    _locked: Option<File>,
    stays: bool,
}

impl PrivateFolder {
    /// Makes one where `TMPDIR` says, or in `/tmp`.
    ///
    /// # Errors
    /// The path of the parent, and why nothing can be made in it.
    pub fn make() -> Result<Self, (PathBuf, io::Error)> {
        Self::make_in(&std::env::temp_dir())
    }

    /// Makes one for large files, where `TMPDIR` says, or in `/var/tmp`.
    ///
    /// # Errors
    /// As [`make`](Self::make).
    pub fn make_large() -> Result<Self, (PathBuf, io::Error)> {
        #[expect(clippy::disallowed_methods, reason = "as std::env::temp_dir does")]
        let named = std::env::var_os("TMPDIR").filter(|folder| !folder.is_empty());
        match named {
            None => Self::make_in(Path::new(LARGE)).or_else(|_| Self::make()),
            Some(_) => Self::make(),
        }
    }

    fn make_in(parent: &Path) -> Result<Self, (PathBuf, io::Error)> {
        let failed = |error| (parent.to_owned(), error);
        let parent = std::path::absolute(parent).map_err(failed)?;
        loop {
            let made = again(|| tempfile::Builder::new().prefix(PREFIX).tempdir_in(&parent)).map_err(failed)?;
            // The umask takes away from what a folder is made with.
            again(|| fs::set_permissions(made.path(), Permissions::from_mode(0o700))).map_err(failed)?;
            let Ok(open) = File::open(made.path()) else { continue };
            let locked = retry_on_intr(|| flock(&open, FlockOperation::NonBlockingLockExclusive)).is_ok();
            // A run that cleans up may have taken it for one that was left behind.
            if !locked || is_at(&open, made.path()).unwrap_or(false) {
                return Ok(Self { path: made.keep(), _locked: locked.then_some(open), stays: false });
            }
        }
    }

    /// The folder's path, from the root.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves the folder behind, for the user.
    pub fn keep(mut self) {
        self.stays = fs::write(self.path.join(KEPT), "").is_ok();
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        if !self.stays {
            // The next run removes what could not be removed.
            let _: io::Result<()> = again(|| fs::remove_dir_all(&self.path));
        }
    }
}

/// Removes the folders that runs of this user left which were killed. `prepare` is given the path of
/// each first.
pub fn sweep_private_folders(prepare: impl Fn(&Path)) {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    for parent in [std::env::temp_dir(), PathBuf::from(LARGE)] {
        let names = fs::read_dir(parent).into_iter().flatten().flatten();
        for path in names.map(|entry| entry.path()).filter(|path| is_one(path)) {
            let Ok(open) = File::open(&path) else { continue };
            let is_free = retry_on_intr(|| flock(&open, FlockOperation::NonBlockingLockExclusive)).is_ok();
            // Nothing is removed through a mount.
            let is_mounted = mounts.contains(&format!("{}/", path.display()));
            if is_free && !is_mounted && is_at(&open, &path).unwrap_or(false) && !path.join(KEPT).exists() {
                prepare(&path);
                let _: io::Result<()> = again(|| fs::remove_dir_all(&path));
            }
        }
    }
}

/// Returns whether a path is that of a private folder which a run of this user made.
fn is_one(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix(PREFIX));
    let named = name.is_some_and(|rest| rest.len() == 6 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let user = rustix::process::geteuid().as_raw();
    named
        && fs::symlink_metadata(path)
            .is_ok_and(|found| found.is_dir() && found.uid() == user && found.mode() & 0o7777 == 0o700)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_for_its_user_alone() {
        let parent = tempfile::tempdir().unwrap();
        let folder = PrivateFolder::make_in(parent.path()).unwrap();
        assert_eq!(fs::metadata(folder.path()).unwrap().mode() & 0o7777, 0o700);
        let path = folder.path().to_owned();
        assert!(is_one(&path));
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn only_folders_of_our_own_are_known_as_such() {
        let parent = tempfile::tempdir().unwrap();
        for (name, mode) in [("kmodgen-logs-abc", 0o700), ("kmodgen-abcdef", 0o755), ("other-abcdef", 0o700)] {
            let path = parent.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert!(!is_one(&path), "{name}");
        }
        let link = parent.path().join("kmodgen-linked");
        std::os::unix::fs::symlink(parent.path(), &link).unwrap();
        assert!(!is_one(&link));
    }
}
