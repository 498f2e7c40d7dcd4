//! A cached run as a file: a header, and the run in the encoding of the crate bitcode.

use super::CachedRun;
use crate::checksum::{Checksum, ChecksumKey};
use crate::vocabulary::Digest;

/// First bytes of a file; the number goes up with every change of the header.
const MAGIC: &[u8; 16] = b"kmodgen cache  1";

/// Reads a cached run from the bytes of a file; `None` if it is none, is damaged, or is not for the program that
/// `program` identifies.
pub fn read(bytes: &[u8], program: &str) -> Option<CachedRun> {
    let rest = bytes.strip_prefix(MAGIC)?.strip_prefix(Digest::of(program.as_bytes()).as_bytes())?;
    let (checksum, body) = rest.split_first_chunk()?;
    if ChecksumKey::PUBLIC.checksum(body) != Checksum::from_bytes(*checksum) {
        return None;
    }
    bitcode::decode(body).ok()
}

/// Returns the bytes of a file that only the program that `program` identifies will read.
pub fn write(run: &CachedRun, program: &str) -> Vec<u8> {
    with_header(&bitcode::encode(run), program)
}

/// Returns the bytes of a file with this body.
pub fn with_header(body: &[u8], program: &str) -> Vec<u8> {
    let (program, checksum) = (Digest::of(program.as_bytes()), ChecksumKey::PUBLIC.checksum(body).to_bytes());
    [MAGIC.as_slice(), program.as_bytes(), &checksum, body].concat()
}
