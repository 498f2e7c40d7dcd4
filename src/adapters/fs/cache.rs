//! Files that only save time: whatever goes wrong with one, a run does without.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::again::{again, make_folder};
use super::replace::replace;

/// The bytes of a cached file; `None` where there is none that can be read.
pub fn read_cached(path: &Path) -> Option<Vec<u8>> {
    again(|| fs::read(path)).ok()
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
