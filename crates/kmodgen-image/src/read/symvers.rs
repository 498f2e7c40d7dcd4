//! Files of exported symbols, which may be compressed.

use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use super::budget::Budget;
use super::error::ReadError;
use super::unpack;
use super::words::broken;
use crate::symvers::{Symvers, SymversError};

/// Largest size, unpacked, that is read. Kernels of distributions have less than 4 MiB.
const LARGEST: u64 = 64 << 20;

/// Reason why a file of exported symbols cannot be read, completing "it …".
#[derive(Debug, thiserror::Error)]
pub enum SymversFileError {
    /// The content is not that of a Module.symvers.
    #[error(transparent)]
    Content(#[from] SymversError),
    /// The file was not read.
    #[error("{0}")]
    Unread(String),
}

/// Reads exported symbols from the bytes of a file.
pub(crate) fn parse(bytes: &[u8]) -> Result<Symvers, SymversFileError> {
    let text =
        unpacked(bytes).map_err(|error| SymversFileError::Unread(format!("cannot be unpacked: {}", broken(&error))))?;
    if text.len() as u64 > LARGEST {
        return Err(SymversFileError::Unread(format!("is larger than {} MiB and was not read", LARGEST >> 20)));
    }
    Ok(Symvers::parse(&text)?)
}

/// Unpacks up to one byte more than is read.
fn unpacked(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    unpack::stream(bytes, &Budget::default())?.take(LARGEST + 1).read_to_end(&mut text)?;
    Ok(text)
}

/// Reads exported symbols from a file.
pub(super) fn file(path: &Path) -> Result<Symvers, ReadError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| BufReader::new(file).take(LARGEST + 1).read_to_end(&mut bytes));
    read.map_err(|error| ReadError::File { path: path.to_owned(), error })?;
    parse(&bytes).map_err(|error| ReadError::Layout { path: path.to_owned(), why: format!("it {error}") })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn files_may_be_compressed() {
        let text = b"0x00000001\ta\tvmlinux\tEXPORT_SYMBOL\t\n";
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text).unwrap();
        let zstd = ruzstd::encoding::compress_to_vec(&text[..], ruzstd::encoding::CompressionLevel::Fastest);
        for bytes in [text.to_vec(), gzip.finish().unwrap(), zstd] {
            assert!(parse(&bytes).unwrap().get("a").is_some());
        }
        assert!(parse(b"text").unwrap_err().to_string().contains("line 1 is not"));
        assert!(parse(b"\x1f\x8bx").unwrap_err().to_string().starts_with("cannot be unpacked: "));
    }
}
