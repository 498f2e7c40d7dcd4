//! SHA-256 digests.

use std::fmt;
use std::io::{self, Read};

use bitcode::{Decode, Encode};
use sha2::{Digest as _, Sha256};
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// A SHA-256 digest; shown as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Returns the digest of what a reader gives.
    ///
    /// # Errors
    /// What the reader fails with.
    pub fn of_reader(mut reader: impl Read) -> io::Result<Self> {
        let (mut hasher, mut part) = (Sha256::new(), [0; 16 << 10]);
        loop {
            match reader.read(&mut part) {
                Ok(0) => return Ok(Self(hasher.finalize().into())),
                Ok(read) => hasher.update(&part[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The digest that 64 lower-case hexadecimal digits stand for.
    pub fn parse(hex: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return None;
        }
        for (byte, digits) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// A digest that was computed elsewhere.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first `digits` hexadecimal digits, at most 64.
    pub fn short(&self, digits: usize) -> String {
        self.behind(&[], digits)
    }

    /// Returns a text that begins with these parts and ends with the first `digits` hexadecimal digits, at most 64.
    pub fn behind(&self, start: &[&str], digits: usize) -> String {
        hex_behind(start, &self.0, digits)
    }
}

/// Returns a text that begins with these parts and ends with the first `digits` lower-case hexadecimal digits of bytes,
/// which have two each.
pub fn hex_behind(start: &[&str], bytes: &[u8], digits: usize) -> String {
    let mut text = String::with_capacity(start.iter().map(|part| part.len()).sum::<usize>() + digits);
    text.extend(start.iter().copied());
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).take(digits);
    text.extend(halves.map(|half| char::from(b"0123456789abcdef"[usize::from(half)])));
    text
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short(64))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_standard_test_vector() {
        // FIPS 180-4's example message.
        let digest = Digest::of(b"abc");
        assert_eq!(digest.short(16), "ba7816bf8f01cfea");
        assert_eq!(digest.behind(&["a", "-"], 3), "a-ba7");
        assert_eq!(digest.short(100), digest.to_string());
    }
}
