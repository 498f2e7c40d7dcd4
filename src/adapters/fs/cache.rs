//! Files that only save time: whatever goes wrong with one, a run does without.

use std::fs::{File, Metadata, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::fs::OFlags;

use super::again::{again, make_folder};
use super::replace::replace_lightly;
use crate::record::SealKey;
use crate::tree::Inaccessible;

/// A file beyond this is none of ours: it would be of millions of mappings.
const LARGEST: u64 = 1 << 30;

/// A cached file that is read piece by piece, from its beginning to its end.
#[derive(Debug)]
pub struct Cached {
    file: File,
    /// How many bytes are left to read.
    left: u64,
}

impl Cached {
    /// Opens one; `None` where there is none that can be read.
    pub fn open(path: &Path) -> Option<Self> {
        // Nothing is waited for, and nothing read that has no end.
        let flags = i32::try_from(OFlags::NONBLOCK.bits()).ok()?;
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
        let left = again(|| file.metadata()).ok().filter(Metadata::is_file)?.len();
        (left <= LARGEST).then_some(Self { file, left })
    }

    /// Reads on into `bytes` until they are `length`; `None` where there are not as many.
    pub fn read_up_to(&mut self, length: usize, bytes: &mut Vec<u8>) -> Option<()> {
        let more = length.checked_sub(bytes.len())?;
        self.left = self.left.checked_sub(u64::try_from(more).ok()?)?;
        bytes.reserve_exact(more);
        (&self.file).take(more as u64).read_to_end(bytes).ok()?;
        (bytes.len() == length).then_some(())
    }

    /// Reads what is left.
    pub fn rest(mut self) -> Option<Vec<u8>> {
        let mut rest = Vec::new();
        self.read_up_to(usize::try_from(self.left).ok()?, &mut rest)?;
        Some(rest)
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
    let folder = path.parent().map(make_folder);
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
