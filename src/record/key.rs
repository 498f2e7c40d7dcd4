//! Keys of values: what two runs compare instead of the values themselves.

use std::hash::{Hash, Hasher};

use sha2::{Digest as _, Sha256};

/// The key of a value: values that differ have different keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(pub(super) [u8; 16]);

impl Key {
    /// The key of `value`. It is the same for one build of the program only.
    pub fn of(value: &impl Hash) -> Self {
        let mut digest = Feed(Sha256::default());
        value.hash(&mut digest);
        let whole: [u8; 32] = digest.0.finalize().into();
        let mut key = [0; 16];
        key.copy_from_slice(&whole[..16]);
        Self(key)
    }
}

/// Takes a value's bytes into a digest.
struct Feed(Sha256);

impl Hasher for Feed {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_differ_have_different_keys() {
        assert_eq!(Key::of(&("a", "b")), Key::of(&("a", "b")));
        assert_ne!(Key::of(&("a", "b")), Key::of(&("ab", "")));
        assert_ne!(Key::of(&vec![1, 2]), Key::of(&vec![1]));
        assert_ne!(Key::of(&Some(0)), Key::of(&None::<i32>));
    }
}
