//! Compression: told by the first bytes, whatever the media type says, and unpacked in a stream
//! of bounded memory.

use std::cell::Cell;
use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::budget::Budget;

/// The memory that unpacking xz may take, in KiB; `xz -9` needs 65 MiB.
const XZ_MEMORY: u32 = 128 << 10;

/// First bytes of a gzip stream (RFC 1952).
const GZIP: &[u8] = &[0x1f, 0x8b];

/// First bytes of an xz stream (the .xz file format, section 2.1.1.1).
const XZ: &[u8] = b"\xfd7zXZ\0";

/// Checks whether a stream with these first bytes is compressed.
pub(super) fn is_packed(head: &[u8]) -> bool {
    head.starts_with(GZIP) || head.starts_with(XZ) || is_zstd(head)
}

/// Unpacks what is packed, as far as the budget goes, and reads anything else as it is.
pub(super) fn stream<'r>(reader: impl BufRead + 'r, budget: &'r Budget) -> io::Result<Box<dyn Read + 'r>> {
    Ok(Box::new(budget.unpacked(unlimited(budget.packed(reader), None)?)))
}

/// Unpacks as [`stream`] does, and counts the parts of what is packed: gzip's members, xz's streams or
/// zstd's frames.
pub(super) fn counted<'r>(
    reader: impl BufRead + 'r,
    budget: &'r Budget,
    parts: &'r Cell<usize>,
) -> io::Result<Box<dyn Read + 'r>> {
    Ok(Box::new(budget.unpacked(unlimited(budget.packed(reader), Some(parts))?)))
}

fn unlimited<'r>(mut reader: impl BufRead + 'r, parts: Option<&'r Cell<usize>>) -> io::Result<Box<dyn Read + 'r>> {
    let head = reader.fill_buf()?;
    Ok(if head.starts_with(GZIP) {
        Box::new(Parts { decoder: Some(GzDecoder::new(reader)), parts })
    } else if is_zstd(head) {
        Box::new(Zstd { source: reader, decoder: Box::default(), in_frame: false, parts })
    } else if head.starts_with(XZ) {
        Box::new(Parts { decoder: Some(XzReader::new_mem_limit(reader, false, XZ_MEMORY)), parts })
    } else {
        Box::new(reader)
    })
}

/// A decoder of one part, which hands its source on to that of the next.
trait Part: Read + Sized {
    type Source: BufRead;

    fn start(source: Self::Source) -> Self;

    fn source(self) -> Self::Source;
}

impl<R: BufRead> Part for GzDecoder<R> {
    type Source = R;

    fn start(source: R) -> Self {
        Self::new(source)
    }

    fn source(self) -> R {
        self.into_inner()
    }
}

impl<R: BufRead> Part for XzReader<R> {
    type Source = R;

    fn start(source: R) -> Self {
        Self::new_mem_limit(source, false, XZ_MEMORY)
    }

    fn source(self) -> R {
        self.into_inner()
    }
}

/// Reader of a stream's parts, one after the other.
struct Parts<'p, D> {
    decoder: Option<D>,
    parts: Option<&'p Cell<usize>>,
}

impl<D: Part> Read for Parts<'_, D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while let Some(decoder) = &mut self.decoder {
            let count = decoder.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            count_part(self.parts);
            let Some(decoder) = self.decoder.take() else { break };
            let mut source = decoder.source();
            skip_zeros(&mut source)?;
            if !source.fill_buf()?.is_empty() {
                self.decoder = Some(D::start(source));
            }
        }
        Ok(0)
    }
}

fn count_part(parts: Option<&Cell<usize>>) {
    if let Some(parts) = parts {
        parts.set(parts.get() + 1);
    }
}

/// Padding follows xz's streams, and gzip's members on tapes.
fn skip_zeros(source: &mut impl BufRead) -> io::Result<()> {
    loop {
        let ahead = source.fill_buf()?;
        let zeros = ahead.iter().take_while(|byte| **byte == 0).count();
        if zeros == 0 {
            return Ok(());
        }
        source.consume(zeros);
    }
}

/// Checks whether a stream starts as zstd does: with a frame, or with one to skip, which zstd:chunked
/// puts first at times (RFC 8878, section 3.1).
fn is_zstd(head: &[u8]) -> bool {
    matches!(head, [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// Reader of a zstd stream's frames, one after the other. The decoder refuses windows of more than
/// 100 MiB by itself.
struct Zstd<'p, R> {
    source: R,
    decoder: Box<FrameDecoder>,
    in_frame: bool,
    parts: Option<&'p Cell<usize>>,
}

impl<R: BufRead> Zstd<'_, R> {
    /// Starts the next frame; `false` at the end of the stream.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    io::copy(&mut self.source.by_ref().take(length.into()), &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error.to_string())),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for Zstd<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.in_frame {
                if !self.next_frame()? {
                    return Ok(0);
                }
                count_part(self.parts);
                self.in_frame = true;
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let decoded = self.decoder.decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1));
                decoded.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
            }
            match self.decoder.read(buffer)? {
                0 => self.in_frame = false,
                count => return Ok(count),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn unpacked(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        stream(bytes, &Budget::default())?.take(1 << 20).read_to_end(&mut out)?;
        Ok(out)
    }

    fn part_count(bytes: &[u8]) -> usize {
        let parts = Cell::new(0);
        io::copy(&mut counted(bytes, &Budget::default(), &parts).unwrap(), &mut io::sink()).unwrap();
        parts.get()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
    }

    /// "hello\n", as xz 5.4 packs it.
    const HELLO: [u8; 64] = [
        0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x0, 0x0, 0x4, 0xe6, 0xd6, 0xb4, 0x46, 0x2, 0x0, 0x21, 0x1, 0x1c, 0x0, 0x0, 0x0,
        0x10, 0xcf, 0x58, 0xcc, 0x1, 0x0, 0x5, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0xa, 0x0, 0x0, 0x0, 0xa5, 0x60, 0x97,
        0xf1, 0x94, 0xf6, 0xfd, 0xe0, 0x0, 0x1, 0x1e, 0x6, 0xc1, 0x2f, 0xa4, 0x1d, 0x1f, 0xb6, 0xf3, 0x7d, 0x1, 0x0,
        0x0, 0x0, 0x0, 0x4, 0x59, 0x5a,
    ];

    #[test]
    fn streams_of_several_parts_are_read_whole() {
        let skipped = [&[0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"xyz"].concat();
        for (packed, parts) in [
            (b"onetwo".to_vec(), 0),
            (gzip(b"onetwo"), 1),
            ([gzip(b"onetwo"), vec![0; 512]].concat(), 1),
            ([gzip(b"one"), gzip(b"two")].concat(), 2),
            ([zstd(b"one"), skipped.clone(), zstd(b"two"), skipped.clone()].concat(), 2),
            ([skipped, zstd(b"onetwo")].concat(), 1),
        ] {
            assert_eq!((unpacked(&packed).unwrap().as_slice(), part_count(&packed)), (&b"onetwo"[..], parts));
        }
        assert_eq!((unpacked(&HELLO).unwrap().as_slice(), part_count(&HELLO)), (&b"hello\n"[..], 1));
        assert_eq!(part_count(&[&HELLO[..], &[0; 4], &HELLO].concat()), 2);
        assert_eq!(unpacked(b"").unwrap(), b"");
        let cut = zstd(&[7; 1000]);
        unpacked(&cut[..cut.len() - 5]).unwrap_err();
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(noise in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..400, cut in 0usize..40) {
            let text: Vec<u8> = (0..500u32).flat_map(|n| (n * n).to_le_bytes()).collect();
            for packed in [gzip(&text), zstd(&text), HELLO.to_vec()] {
                let _ = unpacked(&[&packed[..packed.len().min(6)], &noise].concat());
                let mut packed = packed;
                for (offset, byte) in noise.iter().take(4).enumerate() {
                    let at = (at + offset) % packed.len();
                    packed[at] = *byte;
                }
                packed.truncate(packed.len() - cut);
                let _ = unpacked(&packed);
            }
        }
    }
}
