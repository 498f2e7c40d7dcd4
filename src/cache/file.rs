//! A cached run as a file: a header with what it read and wrote, then its mappings in blocks of equal size.
//!
//! A block has the files of its mappings, then their results, each with a checksum behind it. So threads read blocks
//! independently of each other, and a run with nothing to do reads no results.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Read as _, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::{CachedFiles, CachedMapping, CachedResult, CachedRun, FileEntry};
use crate::checksum::{Checksum, ChecksumKey};
use crate::vocabulary::Digest;

/// First bytes of a file; the number goes up with every change of the format.
const MAGIC: &[u8; 16] = b"kmodgen cache  9";

/// Number of mappings in a block.
const BLOCK: usize = 125;

/// Size of the files of a mapping in bytes.
const FILES: usize = size_of::<[FileEntry; 2]>();

/// Size of the result of a mapping in bytes.
const RESULT: usize = size_of::<CachedResult>();

/// Size of a checksum in bytes.
const CHECKSUM: usize = size_of::<Checksum>();

/// Number of bytes that are written in one go.
const BUFFER: usize = 1 << 16;

/// Largest header and largest table that are read: a larger one would be of millions of mappings.
const LARGEST: usize = 1 << 30;

/// Access to a file by position, from several threads at once.
pub trait ReadAt: Send + Sync {
    /// Fills `buffer` with the bytes from `position` on.
    ///
    /// # Errors
    /// Errors of the file, or a file that is too short.
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()>;
}

impl ReadAt for File {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        self.read_exact_at(buffer, position)
    }
}

impl ReadAt for &[u8] {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        let rest = usize::try_from(position).ok().and_then(|start| self.get(start..));
        rest.unwrap_or_default().read_exact(buffer)
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        self.as_slice().read_at(buffer, position)
    }
}

/// A cached run whose mappings are still in its file.
pub struct CachedRunFile {
    /// Files, but for those of mappings.
    pub files: CachedFiles,
    file: Box<dyn ReadAt>,
    /// Position of the first mapping.
    table: usize,
}

impl CachedRunFile {
    /// Opens a file; `None` if it is no cached run, is damaged, or is not for the program that `program` identifies.
    pub fn open(file: Box<dyn ReadAt>, program: &str) -> Option<Self> {
        let mut start = [0; MAGIC.len() + 32 + 8];
        file.read_at(&mut start, 0).ok()?;
        let (program_digest, length) = start.strip_prefix(MAGIC)?.split_at(32);
        if program_digest != Digest::of(program.as_bytes()).as_bytes() {
            return None;
        }
        let length = usize::try_from(u64::from_ne_bytes(length.try_into().ok()?)).ok()?;
        let mut header = vec![0; (length <= LARGEST).then_some(length)?];
        read_verified(&*file, &mut header, start.len())?;
        let files: CachedFiles = bitcode::decode(&header).ok()?;
        let table = start.len() + length + CHECKSUM;
        (files.mapping_count() * (FILES + RESULT) <= LARGEST).then_some(Self { files, file, table })
    }

    /// Reads the files of the mappings with these numbers; `None` if they are damaged.
    pub fn mapping_files(&self, numbers: Range<usize>) -> Option<Vec<[FileEntry; 2]>> {
        self.rows(numbers, |rows| 0..rows * FILES)
    }

    /// Reads the rest of the run, given the files of its mappings; `None` if it is damaged or a mapping is missing.
    pub fn complete(self, mut mapping_files: impl Iterator<Item = [FileEntry; 2]>) -> Option<CachedRun> {
        let mut mappings = Vec::with_capacity(self.files.mapping_count());
        for numbers in self.blocks() {
            for result in self.results(numbers)? {
                mappings.push(CachedMapping { files: mapping_files.next()?, result });
            }
        }
        Some(CachedRun { files: self.files, mappings })
    }

    /// Reads the whole run; `None` if it is damaged.
    pub fn read(self) -> Option<CachedRun> {
        let mut mappings = Vec::with_capacity(self.files.mapping_count());
        for numbers in self.blocks() {
            let rows = self.mapping_files(numbers.clone())?.into_iter().zip(self.results(numbers)?);
            mappings.extend(rows.map(|(files, result)| CachedMapping { files, result }));
        }
        Some(CachedRun { files: self.files, mappings })
    }

    /// Reads the results of the mappings with these numbers; `None` if they are damaged.
    fn results(&self, numbers: Range<usize>) -> Option<Vec<CachedResult>> {
        self.rows(numbers, |rows| rows * FILES + CHECKSUM..rows * (FILES + RESULT) + CHECKSUM)
    }

    /// Returns the numbers of the mappings in each block.
    fn blocks(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let count = self.files.mapping_count();
        (0..count).step_by(BLOCK).map(move |first| first..count.min(first + BLOCK))
    }

    /// Reads rows of one of the two tables; `part` is its part of a block with some rows.
    fn rows<T: FromBytes + IntoBytes + Immutable>(
        &self,
        numbers: Range<usize>,
        part: fn(usize) -> Range<usize>,
    ) -> Option<Vec<T>> {
        let count = self.files.mapping_count();
        let first = numbers.start / BLOCK * BLOCK;
        let end = numbers.end.next_multiple_of(BLOCK).min(count);
        let mut rows = T::new_vec_zeroed(end.checked_sub(first)?).ok()?;
        let mut start = self.table + first / BLOCK * (BLOCK * (FILES + RESULT) + 2 * CHECKSUM);
        for block in rows.chunks_mut(BLOCK) {
            let part = part(block.len());
            read_verified(&*self.file, block.as_mut_bytes(), start + part.start)?;
            start += block.len() * (FILES + RESULT) + 2 * CHECKSUM;
        }
        rows.truncate(numbers.end.checked_sub(first)?);
        rows.drain(..(numbers.start - first).min(rows.len()));
        (rows.len() == numbers.len()).then_some(rows)
    }
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
    let (mut entries, mut results) = (Vec::with_capacity(BLOCK), Vec::with_capacity(BLOCK));
    let mut mappings = mappings.peekable();
    while let Some(mapping) = mappings.next() {
        let CachedMapping { files, result } = mapping.ok_or(ErrorKind::InvalidData)?;
        entries.push(files);
        results.push(result);
        if entries.len() == BLOCK || mappings.peek().is_none() {
            for rows in [entries.as_bytes(), results.as_bytes()] {
                file.write_all(rows)?;
                file.write_all(ChecksumKey::PUBLIC.checksum(rows).as_bytes())?;
            }
            entries.clear();
            results.clear();
        }
    }
    file.flush()
}

/// Returns the first bytes of a file with this header.
pub fn with_header(header: &[u8], program: &str) -> Vec<u8> {
    let (program, length) = (Digest::of(program.as_bytes()), header.len() as u64);
    let checksum = ChecksumKey::PUBLIC.checksum(header);
    [MAGIC, program.as_bytes().as_slice(), length.as_bytes(), header, checksum.as_bytes()].concat()
}

/// Fills a buffer with bytes of a file that have their checksum behind them.
fn read_verified(file: &dyn ReadAt, bytes: &mut [u8], position: usize) -> Option<()> {
    let mut checksum = Checksum::default();
    file.read_at(bytes, position as u64).ok()?;
    file.read_at(checksum.as_mut_bytes(), (position + bytes.len()) as u64).ok()?;
    (ChecksumKey::PUBLIC.checksum(bytes) == checksum).then_some(())
}
