//! A pack and its index, written as git writes them (gitformat-pack): to a temporary file first,
//! the index last, since an object is there for others from then on.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sha1::{Digest as _, Sha1};
use tempfile::NamedTempFile;

use super::object::ObjectId;

/// Prefix of files that `git gc` takes for left over.
pub(super) const TEMPORARY: &str = "tmp_pack_kmodgen_";

/// Length of the header in bytes.
const HEADER: u64 = 12;

/// An object of the pack, as the index has it.
struct Indexed {
    id: ObjectId,
    checksum: u32,
    offset: u64,
}

/// A pack that is being written.
pub(super) struct Pack {
    file: BufWriter<NamedTempFile>,
    folder: PathBuf,
    length: u64,
    index: Vec<Indexed>,
}

impl Pack {
    /// An empty one, which is to come into `folder`.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder)?;
        let mut pack =
            Self { file: BufWriter::with_capacity(1 << 18, file), folder: folder.to_owned(), length: 0, index: vec![] };
        pack.write(&header(0))?;
        Ok(pack)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    /// Returns the offset of the next entry.
    pub(super) fn end(&self) -> u64 {
        self.length
    }

    /// Adds an object as the pieces of its entry.
    pub(super) fn add(&mut self, id: ObjectId, pieces: &[&[u8]]) -> io::Result<()> {
        let offset = self.length;
        let mut checksum = crc32fast::Hasher::new();
        for piece in pieces {
            checksum.update(piece);
            self.write(piece)?;
        }
        self.index.push(Indexed { id, checksum: checksum.finalize(), offset });
        Ok(())
    }

    /// Makes it a pack of the repository.
    pub(super) fn finish(self) -> io::Result<()> {
        let Self { file, folder, length, mut index } = self;
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        let count = u32::try_from(index.len()).map_err(io::Error::other)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&header(count))?;
        let sum = checksum(file.as_file_mut(), length)?;
        file.seek(SeekFrom::End(0))?;
        file.write_all(&sum)?;
        index.sort_unstable_by_key(|object| object.id);
        let listed = index_bytes(&index, &sum);
        let name = ObjectId(sum);
        put(file, &folder.join(format!("pack-{name}.pack")))?;
        let mut index_file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(&folder)?;
        index_file.write_all(&listed)?;
        put(index_file, &folder.join(format!("pack-{name}.idx")))
    }
}

fn header(count: u32) -> [u8; HEADER as usize] {
    let mut header = *b"PACK\0\0\0\x02\0\0\0\0";
    header[8..].copy_from_slice(&count.to_be_bytes());
    header
}

fn checksum(file: &mut File, length: u64) -> io::Result<[u8; 20]> {
    file.seek(SeekFrom::Start(0))?;
    let mut hash = Sha1::new();
    let mut buffer = vec![0; 1 << 18];
    let mut rest = file.take(length);
    loop {
        match rest.read(&mut buffer)? {
            0 => return Ok(hash.finalize().into()),
            count => hash.update(&buffer[..count]),
        }
    }
}

/// A whole file, in its place and on the disk.
fn put(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().set_permissions(fs::Permissions::from_mode(0o444))?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Version 2 of the index.
fn index_bytes(index: &[Indexed], pack_sum: &[u8; 20]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1100 + index.len() * 28);
    bytes.extend_from_slice(b"\xfftOc\0\0\0\x02");
    for first in 0..=u8::MAX {
        let count = index.partition_point(|object| object.id.0[0] <= first) as u32;
        bytes.extend_from_slice(&count.to_be_bytes());
    }
    index.iter().for_each(|object| bytes.extend_from_slice(&object.id.0));
    index.iter().for_each(|object| bytes.extend_from_slice(&object.checksum.to_be_bytes()));
    // An offset of more than 31 bits is in a table of its own.
    let mut far = Vec::new();
    for Indexed { offset, .. } in index {
        let number = match u32::try_from(*offset) {
            Ok(near) if near < 1 << 31 => near,
            _ => {
                far.extend_from_slice(&offset.to_be_bytes());
                1 << 31 | (far.len() / 8 - 1) as u32
            }
        };
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    bytes.extend_from_slice(&far);
    bytes.extend_from_slice(pack_sum);
    let sum = Sha1::digest(&bytes);
    bytes.extend_from_slice(&sum);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_offsets_have_a_table() {
        let objects = [(0, 12), (3, 1 << 31), (255, 1 << 40)];
        let index = objects.map(|(first, offset)| Indexed { id: ObjectId([first; 20]), checksum: 7, offset });
        let bytes = index_bytes(&index, &[9; 20]);
        let counts = [0, 2, 3, 255].map(|first| u32::from_be_bytes(bytes[8 + first * 4..][..4].try_into().unwrap()));
        assert_eq!(counts, [1, 1, 2, 3]);
        let offsets = &bytes[8 + 1024 + 3 * 24..];
        assert_eq!(offsets[..12], *b"\0\0\0\x0c\x80\0\0\0\x80\0\0\x01");
        assert_eq!(offsets[12..28], *b"\0\0\0\0\x80\0\0\0\0\0\x01\0\0\0\0\0");
        assert_eq!(bytes.len(), 8 + 1024 + 3 * 28 + 2 * 8 + 40);
    }
}
