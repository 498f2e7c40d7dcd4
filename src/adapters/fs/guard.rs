//! One run at a time in an output folder.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use super::write::fail;
use crate::tree::Inaccessible;

/// How often a folder that is in use is asked for again.
const PAUSE: Duration = Duration::from_millis(20);

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
            let made = !root.exists();
            if made {
                fs::create_dir_all(root).map_err(fail("make folder", root))?;
            }
            let folder = File::open(root).map_err(fail("open folder", root))?;
            match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) if is_at(&folder, root) => {
                    return Ok(Self { _locked: folder, made: made.then(|| root.to_owned()) });
                }
                // It was removed, and perhaps made anew, before we had it.
                Ok(()) => continue,
                Err(rustix::io::Errno::WOULDBLOCK) if start.elapsed() < patience => {
                    if let Some(waits) = waits.take() {
                        waits();
                    }
                    std::thread::sleep(PAUSE);
                }
                Err(rustix::io::Errno::WOULDBLOCK) => {
                    let why = format!("another run of kmodgen has been at work in it for {} s", patience.as_secs());
                    return Err(Inaccessible { verb: "lock", path: root.display().to_string(), why });
                }
                // Some network file systems have no locks; each file is still old or new.
                Err(rustix::io::Errno::NOTSUP | rustix::io::Errno::NOLCK | rustix::io::Errno::NOSYS) => {
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

fn is_at(folder: &File, path: &Path) -> bool {
    let identity = |metadata: &fs::Metadata| (metadata.dev(), metadata.ino());
    matches!((folder.metadata(), fs::metadata(path)), (Ok(a), Ok(b)) if identity(&a) == identity(&b))
}
