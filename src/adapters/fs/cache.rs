//! Files that only save time: whatever goes wrong with one, a run does without.

use std::fs::{File, Metadata, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use rustix::fs::OFlags;

use super::again::{again, make_private_folder};
use super::replace::replace_lightly;
use crate::record::{SealKey, Source};
use crate::tree::Inaccessible;

/// A file beyond this is none of ours: it would be of millions of mappings.
const LARGEST: u64 = 1 << 30;

/// A cached file, which is read where it is asked for.
#[derive(Debug)]
pub struct Cached {
    file: File,
    /// How many bytes it has.
    pub length: u64,
}

impl Cached {
    /// Opens one; `None` where there is none that can be read.
    pub fn open(path: &Path) -> Option<Self> {
        // Nothing is waited for, and nothing read that has no end.
        let flags = i32::try_from(OFlags::NONBLOCK.bits()).ok()?;
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
        let length = again(|| file.metadata()).ok().filter(Metadata::is_file)?.len();
        (length <= LARGEST).then_some(Self { file, length })
    }
}

impl Source for Cached {
    fn read(&self, range: Range<u64>) -> Option<Vec<u8>> {
        let length = range.end.checked_sub(range.start).filter(|_| range.end <= self.length)?;
        let mut bytes = vec![0; usize::try_from(length).ok()?];
        self.file.read_exact_at(&mut bytes, range.start).ok()?;
        Some(bytes)
    }
}

/// Writes a cached file whole, making its folder where it is not there. `write` gives its bytes to what
/// it is given, piece by piece.
pub fn write_cached(path: &Path, write: impl FnOnce(&mut dyn FnMut(&[u8]))) {
    let fill = |file: &mut File| {
        let mut written = Ok(());
        write(&mut |piece| {
            if written.is_ok() {
                written = file.write_all(piece);
            }
        });
        written
    };
    let folder = path.parent().map(make_private_folder);
    if matches!(folder, Some(Ok(()))) {
        // Someone who writes the same file has done so after a run of their own.
        let _: Result<(), Inaccessible> = replace_lightly(path, Duration::ZERO, fill);
    }
}

/// A key that nobody can guess.
pub fn seal_key() -> SealKey {
    // What the standard library takes from the system, so that nobody can guess its hashes.
    let chance = RandomState::new();
    SealKey::new([0_u8, 1, 2, 3].map(|number| chance.hash_one(number)))
}
