//! Keyed checksums of bytes and values, at a fraction of the time that SHA-256 takes.
//!
//! A checksum is `HighwayHash` with 128 bits. Its key is random and stays in the local cache, so that
//! nobody can make other bytes with the same checksum.

use std::hash::{Hash, Hasher};

use bitcode::{Decode, Encode};
use highway::{HighwayHash as _, HighwayHasher, Key};
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Key of the checksums of one cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ChecksumKey([u64; 4]);

/// Checksum of bytes or of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct Checksum([u64; 2]);

impl Hash for Checksum {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.as_bytes());
    }
}

impl ChecksumKey {
    /// Key that everybody knows: its checksums detect damage, not malice.
    pub const PUBLIC: Self = Self([0; 4]);

    /// Makes a key of numbers that nobody can guess.
    pub fn new(numbers: [u64; 4]) -> Self {
        Self(numbers)
    }

    /// Returns the checksum of bytes.
    pub fn checksum(&self, bytes: &[u8]) -> Checksum {
        let mut hasher = self.hasher();
        hasher.write(bytes);
        hasher.checksum()
    }

    /// Returns the checksum of a value, which is the same for one build of the program only.
    pub fn checksum_of(&self, value: &(impl Hash + ?Sized)) -> Checksum {
        let mut hasher = self.hasher();
        value.hash(&mut hasher);
        hasher.checksum()
    }

    /// Starts a checksum of parts that come one after the other.
    pub fn hasher(&self) -> ChecksumHasher {
        ChecksumHasher(HighwayHasher::new(Key(self.0)))
    }
}

/// Checksum in the making.
#[derive(Debug, Clone)]
pub struct ChecksumHasher(HighwayHasher);

impl ChecksumHasher {
    /// Returns the checksum of all parts.
    pub fn checksum(self) -> Checksum {
        Checksum(self.0.finalize128())
    }
}

impl Hasher for ChecksumHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.append(bytes);
    }

    fn finish(&self) -> u64 {
        self.0.clone().finalize64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_bytes_and_other_keys_have_other_checksums() {
        let checksum = |numbers, bytes: &[u8]| ChecksumKey::new(numbers).checksum(bytes);
        assert_eq!(checksum([1, 2, 3, 4], b"text"), checksum([1, 2, 3, 4], b"text"));
        for other in
            [checksum([1, 2, 3, 5], b"text"), checksum([1, 2, 3, 4], b"texu"), checksum([1, 2, 3, 4], b"text\0")]
        {
            assert_ne!(other, checksum([1, 2, 3, 4], b"text"));
        }
    }

    #[test]
    fn values_that_differ_have_different_checksums() {
        let key = ChecksumKey::PUBLIC;
        assert_eq!(key.checksum_of(&("a", "b")), key.checksum_of(&("a", "b")));
        assert_ne!(key.checksum_of(&("a", "b")), key.checksum_of(&("ab", "")));
        assert_ne!(key.checksum_of(&vec![1, 2]), key.checksum_of(&vec![1]));
        assert_ne!(key.checksum_of(&Some(0)), key.checksum_of(&None::<i32>));
    }
}
