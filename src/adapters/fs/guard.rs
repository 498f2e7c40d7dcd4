//! One run at a time in an output folder.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::{Errno, retry_on_intr};

use super::again::{again, make_folder};
use super::failure::fail;
use crate::tree::Inaccessible;

/// Pause before the next attempt to lock a folder or file that is in use.
pub(super) const PAUSE: Duration = Duration::from_millis(20);

/// The lock of an output folder, which the system lets go of with the process. It is on the
/// folder itself, so that nothing is left behind.
#[derive(Debug)]
pub struct Guard {
    _locked: File,
    /// The folder, where it was made for the lock.
    made: Option<PathBuf>,
}

impl Guard {
    /// Locks the folder at `root`, making it where it is not there. `waits` is called once if
    /// another run has it, which gets `patience` to end.
    ///
    /// # Errors
    /// A folder that cannot be made or opened, or one that stays in use.
    pub fn take(root: &Path, patience: Duration, waits: impl FnOnce()) -> Result<Self, Inaccessible> {
        let mut waits = Some(waits);
        let start = Instant::now();
        loop {
            let made = again(|| fs::metadata(root)).is_err();
            if made {
                make_folder(root).map_err(fail("make folder", root))?;
            }
            let folder = match File::open(root) {
                // The run that made it was in vain, and took it away again.
                Err(error) if error.kind() == io::ErrorKind::NotFound && start.elapsed() < patience => continue,
                folder => folder.map_err(fail("open folder", root))?,
            };
            match retry_on_intr(|| flock(&folder, FlockOperation::NonBlockingLockExclusive)) {
                Ok(()) if is_at(&folder, root).map_err(fail("lock", root))? => {
                    return Ok(Self { _locked: folder, made: made.then(|| root.to_owned()) });
                }
                // It was removed, and perhaps made anew, before we had it.
                Ok(()) => continue,
                Err(Errno::WOULDBLOCK) if start.elapsed() < patience => {
                    if let Some(waits) = waits.take() {
                        waits();
                    }
                    std::thread::sleep(PAUSE);
                }
                Err(Errno::WOULDBLOCK) => {
                    let why = format!("another run of kmodgen has been using it for {} s", patience.as_secs());
                    return Err(Inaccessible { verb: "lock", path: root.display().to_string(), why });
                }
                // Some network file systems have no locks; each file is still old or new.
                Err(error) if has_no_locks(error) => {
                    return Ok(Self { _locked: folder, made: None });
                }
                Err(error) => return Err(fail("lock", root)(error.into())),
            }
        }
    }
}

impl Drop for Guard {
    /// A folder that was made in vain goes again.
    fn drop(&mut self) {
        if let Some(root) = &self.made {
            let _: io::Result<()> = fs::remove_dir(root);
        }
    }
}

/// Returns whether an error means that the file system has no locks.
pub(super) fn has_no_locks(error: Errno) -> bool {
    matches!(error, Errno::NOTSUP | Errno::NOLCK | Errno::NOSYS)
}

/// Returns whether an open file is the one that is at a path now.
pub(super) fn is_at(open: &File, path: &Path) -> io::Result<bool> {
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let is = identity(again(|| open.metadata())?);
    match again(|| fs::metadata(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        there => Ok(identity(there?) == is),
    }
}
