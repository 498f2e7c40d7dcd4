//! From bytes to text.

use std::str;

use thiserror::Error;

/// Reason why bytes are no Dockerfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// A NUL byte, which no text has.
    #[error("binary data: byte {offset} is NUL")]
    Binary {
        /// Offset of the NUL byte.
        offset: usize,
    },
    /// Bytes that are not UTF-8.
    #[error("not UTF-8: invalid bytes at offset {offset}")]
    NotUtf8 {
        /// Offset of the first invalid byte.
        offset: usize,
    },
}

/// Returns the text of a file's bytes, with its byte order mark if there is one, for [`read`](crate::read()).
///
/// # Errors
///
/// Returns [`DecodeError`] if there is a NUL byte or the bytes are not UTF-8.
pub fn decode(bytes: &[u8]) -> Result<&str, DecodeError> {
    if let Some(offset) = memchr::memchr(0, bytes) {
        return Err(DecodeError::Binary { offset });
    }
    str::from_utf8(bytes).map_err(|error| DecodeError::NotUtf8 { offset: error.valid_up_to() })
}
