//! Files that only save time: whatever goes wrong with one, a run does without.

use std::fs::{Metadata, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::fs::OFlags;

use super::again::{again, make_folder};
use super::replace::replace;

/// A file beyond this is none of ours: it would be of millions of mappings.
const LARGEST: u64 = 1 << 30;

/// The bytes of a cached file; `None` where there is none that can be read.
pub fn read_cached(path: &Path) -> Option<Vec<u8>> {
    // Nothing is waited for, and nothing read that has no end.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).ok()?;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
    let metadata = again(|| file.metadata()).ok().filter(Metadata::is_file)?;
    if metadata.len() > LARGEST {
        return None;
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).ok()?);
    file.take(metadata.len()).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Writes a cached file whole, making its folder where it is not there.
pub fn write_cached(path: &Path, bytes: &[u8]) {
    let write = || -> Option<()> {
        let folder = path.parent()?;
        make_folder(folder).ok()?;
        // Someone who writes the same file has done so after a run of their own.
        replace(path, bytes, Duration::ZERO).ok()
    };
    let _: Option<()> = write();
}
