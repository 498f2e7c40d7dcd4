//! System calls that a signal interrupts.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// Does `call` until no signal interrupts it. The standard library does so for reading and
/// writing, and network file systems interrupt all the others, too.
pub(super) fn again<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// Makes a folder, and those that it is in, for this user alone. Those that are there stay as they are.
pub(super) fn make_private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    again(|| fs::DirBuilder::new().recursive(true).mode(0o700).create(path))
}

/// Makes a folder and those that it is in, where they are not there.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    match again(|| fs::create_dir_all(path)) {
        // It may have been looking at the one that is there which was interrupted.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && again(|| fs::metadata(path))?.is_dir() => Ok(()),
        made => made,
    }
}
