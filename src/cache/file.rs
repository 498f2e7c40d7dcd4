//! A cached run as a file: a header with what it read and wrote, then a table of metadata and a table of results. A run
//! with nothing to do does not read the last one.

use std::hash::Hasher as _;
use std::io::{self, Read, Write};

use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::{CachedFiles, CachedRun, MappingResult, MappingRow, MappingStats};
use crate::checksum::{Checksum, ChecksumKey};
use crate::vocabulary::Digest;

/// First bytes of a file; the number goes up with every change of the format.
const MAGIC: &[u8; 16] = b"kmodgen cache  2";

/// Number of rows that are written in one go.
const BLOCK: usize = 512;

/// Largest part of a file that is read: a larger one would be of millions of mappings.
const LARGEST: usize = 1 << 30;

/// A cached run whose results are not read yet.
pub struct UnreadRun<R> {
    /// Tables that are compared with files.
    pub tables: Tables,
    /// Table of results.
    pub results: UnreadResults<R>,
}

impl<R: Read> UnreadRun<R> {
    /// Reads the results, too; `None` if they are damaged.
    pub fn complete(self) -> Option<CachedRun> {
        Some(self.tables.with(self.results.read()?))
    }
}

/// Table of results that is not read yet.
pub struct UnreadResults<R> {
    file: R,
    count: usize,
}

impl<R: Read> UnreadResults<R> {
    /// Reads the table; `None` if it is damaged.
    pub fn read(mut self) -> Option<Vec<MappingResult>> {
        read_table(&mut self.file, self.count)
    }
}

/// Files of a run, with the metadata of each.
pub struct Tables {
    /// Files, but for the metadata of those of mappings.
    pub files: CachedFiles,
    /// Metadata of the files of each mapping.
    pub stats: Vec<MappingStats>,
}

impl Tables {
    /// Returns the run with these results.
    pub fn with(self, results: Vec<MappingResult>) -> CachedRun {
        CachedRun { files: self.files, stats: self.stats, results }
    }
}

/// Reads a cached run from a file; `None` if it is none, is damaged, or is not for the program that `program`
/// identifies.
pub fn read<R: Read>(mut file: R, program: &str) -> Option<UnreadRun<R>> {
    let mut start = [0; MAGIC.len() + 32];
    file.read_exact(&mut start).ok()?;
    if start.strip_prefix(MAGIC)? != Digest::of(program.as_bytes()).as_bytes() {
        return None;
    }
    let mut length = 0_u64;
    file.read_exact(length.as_mut_bytes()).ok()?;
    let header: Vec<u8> = read_table(&mut file, usize::try_from(length).ok()?)?;
    let files: CachedFiles = bitcode::decode(&header).ok()?;
    let count = files.mapping_count();
    let stats = read_table(&mut file, count)?;
    Some(UnreadRun { tables: Tables { files, stats }, results: UnreadResults { file, count } })
}

/// Writes a file that only the program that `program` identifies will read.
///
/// # Errors
/// Errors of `file`.
pub fn write(
    files: &CachedFiles,
    mappings: impl Iterator<Item = MappingRow> + Clone,
    program: &str,
    file: &mut impl Write,
) -> io::Result<()> {
    file.write_all(&with_header(&bitcode::encode(files), program))?;
    write_table(mappings.clone().map(|(stats, _)| stats), file)?;
    write_table(mappings.map(|(_, result)| result), file)
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

/// Writes rows and a checksum behind them. Few are held at a time: all of a fleet's are megabytes.
fn write_table<T: IntoBytes + Immutable>(mut rows: impl Iterator<Item = T>, file: &mut impl Write) -> io::Result<()> {
    let mut hasher = ChecksumKey::PUBLIC.hasher();
    let mut block = Vec::with_capacity(BLOCK);
    loop {
        block.extend(rows.by_ref().take(BLOCK));
        if block.is_empty() {
            return file.write_all(hasher.checksum().as_bytes());
        }
        hasher.write(block.as_bytes());
        file.write_all(block.as_bytes())?;
        block.clear();
    }
}
