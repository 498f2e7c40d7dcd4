//! The stamp: an empty file that tells a build tool when a run was.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, futimens};
use tempfile::NamedTempFile;

use super::failure::fail;
use super::write::{beside, folder_of};
use crate::tree::Inaccessible;

/// A stamp that is not in its place yet. Its time is that of the run's start, by the clock of the
/// file system that it is in: what someone changes while the run goes on is newer.
#[derive(Debug)]
pub struct Stamp {
    file: NamedTempFile,
    path: PathBuf,
}

impl Stamp {
    /// For the path, in a folder that is made where there is none.
    ///
    /// # Errors
    /// A folder that cannot be written in, or something at the path that is no stamp.
    pub fn begin(path: &Path) -> Result<Self, Inaccessible> {
        match fs::symlink_metadata(path) {
            Ok(there) if there.is_file() && there.len() == 0 => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(fail("write stamp", path)(error)),
            Ok(_) => {
                let why = "the file exists and is not empty, as a stamp must be: choose another file";
                return Err(Inaccessible { verb: "write stamp", path: path.display().to_string(), why: why.into() });
            }
        }
        make_folder_of(path)?;
        Ok(Self { file: beside(path)?, path: path.to_owned() })
    }

    /// Puts it in its place, not older than what the run changed of its `own`.
    ///
    /// # Errors
    /// What hinders.
    pub fn leave(self, own: &[PathBuf]) -> Result<(), Inaccessible> {
        let Self { file, path } = self;
        let placed = || -> io::Result<()> {
            file.as_file().set_permissions(Permissions::from_mode(0o644))?;
            let file = file.persist(&path)?;
            let time = file.metadata()?.modified()?;
            let changed =
                |path: &PathBuf| fs::metadata(path).and_then(|there| there.modified()).is_ok_and(|at| at > time);
            if own.iter().any(changed) { renew(&file) } else { Ok(()) }
        };
        placed().map_err(fail("write stamp", &path))
    }
}

fn renew(file: &fs::File) -> io::Result<()> {
    let last_access = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
    let last_modification = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    Ok(futimens(file, &Timestamps { last_access, last_modification })?)
}

/// Makes a file as new as if it had been written now; does nothing if there is no such file.
///
/// # Errors
/// What hinders.
pub fn touch(path: &Path) -> Result<(), Inaccessible> {
    match fs::File::open(path) {
        Ok(file) => renew(&file).map_err(fail("change the time of", path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(fail("change the time of", path)(error)),
    }
}

/// Makes the folder that a file is to be in.
///
/// # Errors
/// What hinders.
pub fn make_folder_of(path: &Path) -> Result<(), Inaccessible> {
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(fail("make folder", folder))
}

/// The nearest folder that is there, of those that a path leads through: its time changes when
/// the next of them, or the file, comes to be.
pub fn nearest_folder(path: &Path) -> &Path {
    let mut folder = folder_of(path);
    while !folder.is_dir() && folder != Path::new(".") {
        folder = folder_of(folder);
    }
    folder
}
