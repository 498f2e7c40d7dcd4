//! Metadata that shows whether a file or folder changed without reading it.

use bitcode::{Decode, Encode};
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Metadata of a file or folder: what git's index compares, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct FileStat {
    /// Inode number; 0 if nothing is known.
    pub inode: u64,
    /// Length in bytes.
    pub size: u64,
    /// Time of the last change of its content, in nanoseconds since 1970.
    pub modified: i64,
    /// Time of the last change of its content or name, in nanoseconds since 1970.
    pub changed: i64,
}

impl FileStat {
    /// Metadata of a file that has to be read.
    pub const NONE: Self = Self { inode: 0, size: 0, modified: 0, changed: 0 };

    /// Returns this if any later change would show in it, and otherwise none: a change within the same tick of the
    /// clock leaves the times as they are. `now` is a time before the file was looked at, by the clock that stamps
    /// files, in nanoseconds since 1970.
    #[must_use]
    pub fn settled(self, now: i64) -> Self {
        // File systems with times in whole seconds may count them by twos.
        let coarse = self.modified % 1_000_000_000 == 0;
        let margin = if coarse { 2_000_000_000 } else { 0 };
        let newest = self.modified.max(self.changed);
        if newest.saturating_add(margin) < now { self } else { Self { inode: 0, ..self } }
    }

    /// Returns whether anything is known.
    pub fn is_some(self) -> bool {
        self.inode != 0
    }

    /// Returns the metadata of a git object with `size` bytes, whose id changes with its content.
    pub fn of_object(id: [u8; 20], size: u64) -> Self {
        let part = |from: usize, count: usize| {
            let bytes = id.iter().skip(from).take(count);
            bytes.fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        };
        // Times long past count as settled.
        let time = |from| i64::MIN + (part(from, 6) as i64);
        Self { inode: part(0, 8), size, modified: time(8), changed: time(14) }
    }

    /// Returns the id of the git object that this is the metadata of; `None` if it is of a file.
    pub fn object(self) -> Option<[u8; 20]> {
        let mut id = [0; 20];
        id[..8].copy_from_slice(&self.inode.to_be_bytes());
        for (part, time) in id[8..].chunks_exact_mut(6).zip([self.modified, self.changed]) {
            let bytes = time.wrapping_sub(i64::MIN).to_be_bytes();
            part.copy_from_slice(bytes.strip_prefix(&[0, 0])?);
        }
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_known_by_its_id() {
        let id: [u8; 20] = std::array::from_fn(|at| 255 - at as u8);
        let stat = FileStat::of_object(id, 7);
        assert_eq!(stat.object(), Some(id));
        assert_eq!(stat.settled(5_000_000_000), stat);
        assert_ne!(stat, FileStat::of_object([7; 20], 7));
        assert_eq!(FileStat { inode: 1, size: 2, modified: 3, changed: 4 }.object(), None);
    }

    #[test]
    fn a_file_as_new_as_the_clock_is_not_settled() {
        let stat = FileStat { inode: 1, size: 2, modified: 5_000_000_001, changed: 6_000_000_001 };
        assert!(stat.settled(6_000_000_002).is_some());
        assert!(!stat.settled(6_000_000_001).is_some());
        let coarse = FileStat { modified: 5_000_000_000, changed: 5_000_000_000, ..stat };
        assert!(!coarse.settled(7_000_000_000).is_some());
        assert!(coarse.settled(7_000_000_001).is_some());
    }
}
