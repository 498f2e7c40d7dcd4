//! Objects as packs and loose files hold them: compressed with zlib, behind a header.

use std::cell::RefCell;

use flate2::{Compress, Compression, FlushCompress, Status};

use super::object::ObjectKind;

/// Length in bytes below which data is stored uncompressed: a compressor takes longer to set up than it would save.
const SHORT: usize = 192;

/// The number of an entry that is a difference from one before it in the pack.
pub(super) const OFFSET_DELTA: u8 = 6;

thread_local! {
    static COMPRESS: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), true));
}

/// Bytes in zlib's form (RFC 1950).
pub(super) fn deflated(bytes: &[u8]) -> Vec<u8> {
    if bytes.len() < SHORT { stored(bytes) } else { compressed(bytes).unwrap_or_else(|| stored(bytes)) }
}

fn compressed(bytes: &[u8]) -> Option<Vec<u8>> {
    COMPRESS.with_borrow_mut(|compress| {
        compress.reset();
        let mut out = Vec::with_capacity(bytes.len() / 2 + 64);
        loop {
            let rest = bytes.get(usize::try_from(compress.total_in()).ok()?..)?;
            match compress.compress_vec(rest, &mut out, FlushCompress::Finish).ok()? {
                Status::StreamEnd => return Some(out),
                Status::Ok | Status::BufError => out.reserve(bytes.len() / 2 + 64),
            }
        }
    })
}

/// Blocks that hold their bytes as they are (RFC 1951, 3.2.4).
fn stored(bytes: &[u8]) -> Vec<u8> {
    const LONGEST: usize = 0xffff;
    let mut out = Vec::with_capacity(bytes.len() + 11);
    out.extend_from_slice(&[0x78, 0x01]);
    let mut rest = bytes;
    loop {
        let (part, after) = rest.split_at(rest.len().min(LONGEST));
        let length = part.len() as u16;
        out.push(u8::from(after.is_empty()));
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(part);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    out.extend_from_slice(&adler32(bytes).to_be_bytes());
    out
}

fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % MODULUS;
        (low, (high + low) % MODULUS)
    });
    high << 16 | low
}

/// Header of an entry of a pack: its kind, and its length before it was compressed.
pub(super) fn entry_header(kind: u8, length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(4);
    let mut rest = length >> 4;
    let first = kind << 4 | (length & 0x0f) as u8;
    out.push(if rest > 0 { first | 0x80 } else { first });
    while rest > 0 {
        let low = (rest & 0x7f) as u8;
        rest >>= 7;
        out.push(if rest > 0 { low | 0x80 } else { low });
    }
    out
}

/// Encodes the distance from an entry back to the base of its delta.
pub(super) fn offset_back(distance: u64) -> Vec<u8> {
    let mut out = vec![(distance & 0x7f) as u8];
    let mut rest = distance >> 7;
    while rest > 0 {
        rest -= 1;
        out.push(0x80 | (rest & 0x7f) as u8);
        rest >>= 7;
    }
    out.reverse();
    out
}

/// A whole object as an entry.
pub(super) fn whole(kind: ObjectKind, bytes: &[u8]) -> Vec<u8> {
    let mut entry = entry_header(kind as u8, bytes.len());
    entry.extend_from_slice(&deflated(bytes));
    entry
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn inflated(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        flate2::read::ZlibDecoder::new(bytes).read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn what_is_deflated_comes_back() {
        for length in [0, 1, SHORT - 1, SHORT, 5000, 200_000] {
            let bytes: Vec<u8> = (0..length).map(|n| (n * n % 251) as u8).collect();
            assert_eq!(inflated(&deflated(&bytes)), bytes, "{length}");
            assert_eq!(inflated(&stored(&bytes)), bytes, "{length}");
        }
    }

    #[test]
    fn numbers_are_written_as_packs_have_them() {
        assert_eq!(entry_header(3, 15), [0x3f]);
        assert_eq!(entry_header(3, 16), [0xb0, 0x01]);
        assert_eq!(entry_header(3, 1 << 11), [0xb0, 0x80, 0x01]);
        assert_eq!(offset_back(0x7f), [0x7f]);
        assert_eq!(offset_back(0x80), [0x80, 0x00]);
        assert_eq!(offset_back(0x407f), [0xff, 0x7f]);
        assert_eq!(offset_back(0x4080), [0x80, 0x80, 0x00]);
    }
}
