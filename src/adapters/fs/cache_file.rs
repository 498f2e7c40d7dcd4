//! Files of the cache. They only save time: whatever goes wrong with one, a run does without.

use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::fs::OFlags;

use super::again::{again, make_private_folder};
use super::replace::replace_lightly;
use crate::checksum::ChecksumKey;
use crate::tree::Inaccessible;

/// Opens a file of the cache; `None` if there is none that can be read.
pub fn open_cache_file(path: &Path) -> Option<File> {
    // No pipe is waited for.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).ok()?;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
    again(|| file.metadata()).is_ok_and(|metadata| metadata.is_file()).then_some(file)
}

/// Writes a file of the cache with `write`, and makes its folder if it is absent.
pub fn write_cache_file(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) {
    let folder = path.parent().map(make_private_folder);
    if matches!(folder, Some(Ok(()))) {
        // Someone who writes the same file has done so after a run of their own.
        let _: Result<(), Inaccessible> = replace_lightly(path, Duration::ZERO, write);
    }
}

/// Makes a key that nobody can guess.
pub fn random_checksum_key() -> ChecksumKey {
    // What the standard library takes from the system, so that nobody can guess its hashes.
    let chance = RandomState::new();
    ChecksumKey::new([0_u8, 1, 2, 3].map(|number| chance.hash_one(number)))
}
