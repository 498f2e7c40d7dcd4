//! Files of the cache. They only save time: whatever goes wrong with one, a run does without.

use std::fs::{Metadata, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::fs::OFlags;

use super::again::{again, make_private_folder};
use super::replace::replace_lightly;
use crate::checksum::ChecksumKey;
use crate::tree::Inaccessible;

/// A file beyond this is none of ours: it would be of millions of mappings.
const LARGEST: u64 = 1 << 30;

/// Reads a file of the cache; `None` if it cannot be read.
pub fn read_cache_file(path: &Path) -> Option<Vec<u8>> {
    // No pipe is waited for, and nothing read that has no end.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).ok()?;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
    let length = again(|| file.metadata()).ok().filter(Metadata::is_file)?.len();
    if length > LARGEST {
        return None;
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).ok()? + 1);
    file.take(LARGEST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Writes a file of the cache, and makes its folder if it is absent.
pub fn write_cache_file(path: &Path, bytes: &[u8]) {
    let folder = path.parent().map(make_private_folder);
    if matches!(folder, Some(Ok(()))) {
        // Someone who writes the same file has done so after a run of their own.
        let _: Result<(), Inaccessible> = replace_lightly(path, Duration::ZERO, |file| file.write_all(bytes));
    }
}

/// Makes a key that nobody can guess.
pub fn random_checksum_key() -> ChecksumKey {
    // What the standard library takes from the system, so that nobody can guess its hashes.
    let chance = RandomState::new();
    ChecksumKey::new([0_u8, 1, 2, 3].map(|number| chance.hash_one(number)))
}
