//! Seals: whether bytes are those that were sealed, told in a fraction of the time that SHA-256
//! takes.
//!
//! A seal is a keyed hash, `HighwayHash` with 128 bits. Who does not know the key, which is made by
//! chance and stays in the local cache, cannot find other bytes for it.

use highway::{HighwayHash as _, HighwayHasher, Key};

/// What the seals of one record are made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealKey(pub(super) [u64; 4]);

/// What stands for bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal(pub(super) [u64; 2]);

impl Seal {
    /// Its 16 bytes.
    pub fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        for (bytes, number) in bytes.chunks_exact_mut(8).zip(self.0) {
            bytes.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }
}

impl SealKey {
    /// For what has to be told from damage, not from malice.
    pub const PUBLIC: Self = Self([0; 4]);

    /// A key of numbers that nobody can guess.
    pub fn new(numbers: [u64; 4]) -> Self {
        Self(numbers)
    }

    /// The seal of bytes.
    pub fn seal(&self, bytes: &[u8]) -> Seal {
        let mut sealing = Sealing::new(*self);
        sealing.append(bytes);
        sealing.finish()
    }
}

/// A seal of bytes that come one after the other.
pub(super) struct Sealing(HighwayHasher);

impl Sealing {
    pub(super) fn new(key: SealKey) -> Self {
        Self(HighwayHasher::new(Key(key.0)))
    }

    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.0.append(bytes);
    }

    pub(super) fn finish(self) -> Seal {
        Seal(self.0.finalize128())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_bytes_and_other_keys_have_other_seals() {
        let seal = |numbers, bytes: &[u8]| SealKey::new(numbers).seal(bytes);
        assert_eq!(seal([1, 2, 3, 4], b"text"), seal([1, 2, 3, 4], b"text"));
        for other in [seal([1, 2, 3, 5], b"text"), seal([1, 2, 3, 4], b"texu"), seal([1, 2, 3, 4], b"text\0")] {
            assert_ne!(other, seal([1, 2, 3, 4], b"text"));
        }
    }
}
