//! A cached run as a file: a header with what it read and wrote, then a table of mappings.

use std::hash::Hasher as _;
use std::io::{self, BufWriter, ErrorKind, Read, Write};

use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::{CachedFiles, CachedMapping, CachedRun};
use crate::checksum::{Checksum, ChecksumKey};
use crate::vocabulary::Digest;

/// First bytes of a file; the number goes up with every change of the format.
const MAGIC: &[u8; 16] = b"kmodgen cache  4";

/// Number of bytes that are written in one go.
const BUFFER: usize = 1 << 16;

/// Largest part of a file that is read: a larger one would be of millions of mappings.
const LARGEST: usize = 1 << 30;

/// Reads a cached run from a file; `None` if it is none, is damaged, or is not for the program that `program`
/// identifies.
pub fn read(mut file: impl Read, program: &str) -> Option<CachedRun> {
    let mut start = [0; MAGIC.len() + 32];
    file.read_exact(&mut start).ok()?;
    if start.strip_prefix(MAGIC)? != Digest::of(program.as_bytes()).as_bytes() {
        return None;
    }
    let mut length = 0_u64;
    file.read_exact(length.as_mut_bytes()).ok()?;
    let header: Vec<u8> = read_table(&mut file, usize::try_from(length).ok()?)?;
    let files: CachedFiles = bitcode::decode(&header).ok()?;
    let mappings = read_table(&mut file, files.mapping_count())?;
    Some(CachedRun { files, mappings })
}

/// Writes a file that only the program that `program` identifies will read. Mappings are written as they are made:
/// those of a fleet are megabytes.
///
/// # Errors
/// Errors of `file`, or a mapping that is `None`.
pub fn write(
    files: &CachedFiles,
    mappings: impl Iterator<Item = Option<CachedMapping>>,
    program: &str,
    file: &mut impl Write,
) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(BUFFER, file);
    file.write_all(&with_header(&bitcode::encode(files), program))?;
    let mut hasher = ChecksumKey::PUBLIC.hasher();
    for mapping in mappings {
        let mapping = mapping.ok_or(ErrorKind::InvalidData)?;
        hasher.write(mapping.as_bytes());
        file.write_all(mapping.as_bytes())?;
    }
    file.write_all(hasher.checksum().as_bytes())?;
    file.flush()
}

/// Returns the first bytes of a file with this header.
pub fn with_header(header: &[u8], program: &str) -> Vec<u8> {
    let (program, length) = (Digest::of(program.as_bytes()), header.len() as u64);
    let checksum = ChecksumKey::PUBLIC.checksum(header);
    [MAGIC, program.as_bytes().as_slice(), length.as_bytes(), header, checksum.as_bytes()].concat()
}

/// Reads rows and the checksum behind them.
fn read_table<T: FromBytes + IntoBytes + Immutable>(file: &mut impl Read, count: usize) -> Option<Vec<T>> {
    if count.checked_mul(size_of::<T>())? > LARGEST {
        return None;
    }
    let mut rows = T::new_vec_zeroed(count).ok()?;
    let mut checksum = Checksum::default();
    file.read_exact(rows.as_mut_bytes()).ok()?;
    file.read_exact(checksum.as_mut_bytes()).ok()?;
    (ChecksumKey::PUBLIC.checksum(rows.as_bytes()) == checksum).then_some(rows)
}
