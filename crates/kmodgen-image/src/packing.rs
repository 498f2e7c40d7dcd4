//! Compression of a module's file, as its name and its first bytes tell it, and what the kernel's own
//! decompression refuses (kernel, kernel/module/decompress.c, for `CONFIG_MODULE_DECOMPRESS`; kmod
//! passes the file on as it is where the kernel can unpack).

/// A codec that module files are compressed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Codec {
    Gzip,
    Xz,
    Zstd,
}

impl Codec {
    /// Codecs, with the suffix of their files and the first bytes of their data.
    const ALL: [(Self, &'static str, &'static [u8]); 3] = [
        (Self::Gzip, ".gz", &[0x1f, 0x8b]),
        (Self::Xz, ".xz", b"\xfd7zXZ\0"),
        (Self::Zstd, ".zst", &[0x28, 0xb5, 0x2f, 0xfd]),
    ];

    /// Returns the codec that a file's name states.
    fn of_name(path: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, suffix, _)| path.ends_with(suffix)).map(|(codec, ..)| *codec)
    }

    fn of_data(head: &[u8]) -> Option<Self> {
        Self::ALL.iter().find(|(.., magic)| head.starts_with(magic)).map(|(codec, ..)| *codec)
    }
}

impl std::fmt::Display for Codec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
        })
    }
}

/// The largest window of zstd that the kernel and libzstd unpack by default (zstd,
/// `ZSTD_WINDOWLOG_LIMIT_DEFAULT`).
const LARGEST_WINDOW: u64 = 128 << 20;

/// Compares a module's name with the first bytes of its file, and those with what the kernel unpacks.
/// Returns what is wrong, completing "it …", and the command that makes it right.
pub(crate) fn fault(path: &str, head: &[u8]) -> Option<(String, &'static str)> {
    let (named, found) = (Codec::of_name(path), Codec::of_data(head));
    match (named, found) {
        (Some(named), None) if !is_skippable(head) => {
            let message = format!("has the extension of {named} data, but is not compressed");
            return Some((message, "remove the extension, or compress the file, and run depmod again"));
        }
        (None, Some(found)) => {
            let message = format!("is {found} data, but does not have its extension");
            return Some((message, "use the extension of its compression, and run depmod again"));
        }
        (Some(named), Some(found)) if named != found => {
            let message = format!("has the extension of {named} data, but is {found} data");
            return Some((message, "use the extension of its compression, and run depmod again"));
        }
        _ => {}
    }
    match named? {
        Codec::Gzip => gzip(head).map(|why| (why, "compress it with `gzip -n`")),
        Codec::Xz => xz(head).map(|why| (why, "compress it with `xz --check=crc32 --lzma2=dict=1MiB`")),
        Codec::Zstd => {
            zstd(head).map(|why| (why, "compress it with `zstd -19`, without --long and without a dictionary"))
        }
    }
}

/// The message for data of more than one member, stream or frame.
pub(crate) const SEVERAL: &str = "is compressed data in several parts, but the kernel decompresses only the first one";

/// The kernel skips a file's name in gzip's header and no other field (RFC 1952, section 2.3).
fn gzip(head: &[u8]) -> Option<String> {
    const NAME: u8 = 1 << 3;
    let flags = *head.get(3)?;
    (flags & !(NAME | 1) != 0)
        .then(|| "has a gzip header with extra fields, which the kernel does not support".to_owned())
}

/// The kernel knows no check beyond CRC32, and no filters but LZMA2 and those of machine code
/// (the .xz file format, sections 2.1.1.2 and 3.1; kernel, lib/xz).
fn xz(head: &[u8]) -> Option<String> {
    let check = head.get(7)? & 0x0f;
    if check > 1 {
        let name = match check {
            4 => "CRC64",
            10 => "SHA-256",
            _ => "an unknown kind",
        };
        return Some(format!("is xz data with a {name} check, but the kernel supports only CRC32 or none"));
    }
    filters(head.get(12..)?)
        .is_some_and(|ids| ids.iter().any(|id| !matches!(id, 0x04..=0x0b | 0x21)))
        .then(|| "is xz data with a filter that the kernel does not support".to_owned())
}

/// Takes a number of an xz stream, of 7 bits in each byte, from the start of these bytes.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// The filters of the first block of an xz stream.
fn filters(block: &[u8]) -> Option<Vec<u64>> {
    let flags = *block.get(1)?;
    let mut rest = block.get(2..)?;
    for _ in 0..(flags >> 6).count_ones() {
        number(&mut rest)?;
    }
    let mut ids = Vec::new();
    let mut skipped = 0;
    for _ in 0..=(flags & 3) {
        for _ in 0..skipped {
            number(&mut rest)?;
        }
        ids.push(number(&mut rest)?);
        // Properties are bytes; those below 0x80 read as numbers of one byte, and so do all that xz writes.
        skipped = number(&mut rest)?.min(64);
    }
    Some(ids)
}

/// The header of a zstd frame (RFC 8878, section 3.1.1.1).
fn zstd(head: &[u8]) -> Option<String> {
    if is_skippable(head) {
        return Some("starts with a skippable zstd frame, which the kernel does not support".to_owned());
    }
    let descriptor = *head.get(4)?;
    let is_single = descriptor & 0x20 != 0;
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    if dictionary > 0 && head.get(5 + usize::from(!is_single)..)?.iter().take(dictionary).any(|byte| *byte != 0) {
        return Some("is zstd data that requires a dictionary, but the kernel has none".to_owned());
    }
    let window = if is_single {
        let at = 5 + dictionary;
        let length = [1, 2, 4, 8][usize::from(descriptor >> 6)];
        let bytes = head.get(at..at + length)?;
        let size = bytes.iter().rev().fold(0u64, |size, byte| size << 8 | u64::from(*byte));
        if length == 2 { size + 256 } else { size }
    } else {
        let byte = u64::from(*head.get(5)?);
        let base = 1u64 << (10 + (byte >> 3));
        base + base / 8 * (byte & 7)
    };
    (window > LARGEST_WINDOW)
        .then(|| format!("is zstd data with a window of {} MiB; the kernel supports at most 128 MiB", window >> 20))
}

/// Tells a frame of zstd that readers skip.
fn is_skippable(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The start of an xz stream with this check, and a block with these filters.
    fn xz_head(check: u8, filters: &[(u8, &[u8])]) -> Vec<u8> {
        let mut head = b"\xfd7zXZ\0\0".to_vec();
        head.extend([check, 0, 0, 0, 0, 2, u8::try_from(filters.len() - 1).unwrap()]);
        for (id, properties) in filters {
            head.extend([*id, u8::try_from(properties.len()).unwrap()]);
            head.extend(*properties);
        }
        head
    }

    fn said(path: &str, head: &[u8]) -> String {
        fault(path, head).map(|(message, _)| message).unwrap_or_default()
    }

    #[test]
    fn names_and_data_agree() {
        let gzip = [0x1f, 0x8b, 8, 0];
        assert_eq!(said("a.ko.gz", &gzip), "");
        assert_eq!(said("a.ko", b"\x7fELF"), "");
        assert_eq!(said("a.ko", &gzip), "is gzip data, but does not have its extension");
        assert_eq!(said("a.ko.xz", &gzip), "has the extension of xz data, but is gzip data");
        assert_eq!(said("a.ko.zst", b"\x7fELF"), "has the extension of zstd data, but is not compressed");
        assert_eq!(said("a.ko.zst", b""), "has the extension of zstd data, but is not compressed");
    }

    fn said_of_zstd(rest: &[u8]) -> String {
        said("a.ko.zst", &[&[0x28, 0xb5, 0x2f, 0xfd], rest].concat())
    }

    #[test]
    fn what_the_kernel_does_not_unpack_is_told() {
        let lzma2: (u8, &[u8]) = (0x21, &[0x10]);
        assert_eq!(said("a.ko.xz", &xz_head(1, &[lzma2])), "");
        assert_eq!(said("a.ko.xz", &xz_head(0, &[(0x04, &[]), lzma2])), "");
        assert!(said("a.ko.xz", &xz_head(4, &[lzma2])).contains("a CRC64 check"));
        assert!(said("a.ko.xz", &xz_head(10, &[lzma2])).contains("a SHA-256 check"));
        assert!(said("a.ko.xz", &xz_head(1, &[(0x03, &[0]), lzma2])).contains("a filter"));
        assert_eq!(said("a.ko.gz", &[0x1f, 0x8b, 8, 8]), "");
        assert!(said("a.ko.gz", &[0x1f, 0x8b, 8, 4]).contains("extra fields"));
        assert_eq!(said_of_zstd(&[0x00, 0x88]), "");
        assert_eq!(said_of_zstd(&[0xa0, 0, 0, 0, 4]), "");
        assert!(said_of_zstd(&[0x00, 0xa0]).contains("a window of 1024 MiB"));
        assert!(said_of_zstd(&[0xa0, 0, 0, 0, 16]).contains("a window of 256 MiB"));
        assert!(said_of_zstd(&[0x01, 0x88, 7]).contains("a dictionary"));
        assert!(said("a.ko.zst", &[0x50, 0x2a, 0x4d, 0x18]).contains("skippable"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(noise in proptest::collection::vec(any::<u8>(), 0..80)) {
            for magic in [&b"\xfd7zXZ\0"[..], &[0x28, 0xb5, 0x2f, 0xfd], &[0x1f, 0x8b]] {
                for path in ["a.ko", "a.ko.gz", "a.ko.xz", "a.ko.zst"] {
                    let _ = fault(path, &[magic, &noise].concat());
                }
            }
        }
    }
}
