//! One file: its head, and more of it only where it matters.

use std::cell::Cell;
use std::io::{self, BufReader, Cursor, Read};

use super::budget::Budget;
use super::unpack;
use super::words::broken;
use crate::facts::{Facts, FileKind, HEAD, Interest};
use crate::secrets::Secret;

/// Looks at a file of an image.
///
/// # Errors
/// Whatever reading fails with. A module that cannot be unpacked is no error, but what it is.
pub(super) fn look(
    path: &str,
    mode: u32,
    size: u64,
    mut reader: impl Read,
    budget: &Budget,
) -> io::Result<(Facts, Option<Secret>)> {
    let mut head = Vec::new();
    reader.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    let secret = Secret::of(path, size, &head);
    let facts = match Interest::of(path, mode, &head) {
        Interest::Settled(facts) => facts,
        Interest::Whole { limit, .. } if size > limit => too_large(limit),
        Interest::Whole { kind: FileKind::Module, limit } => {
            let whole = BufReader::new(Cursor::new(head.clone()).chain(reader));
            let parts = Cell::new(0);
            match unpack::counted(whole, budget, &parts).and_then(|unpacked| bytes(unpacked, limit)) {
                Ok(Some(bytes)) => Facts::of_module(path, &head, &bytes, parts.get() > 1),
                Ok(None) => too_large(limit),
                Err(error) => Facts::Unread(format!("cannot be unpacked: {}", broken(&error))),
            }
        }
        Interest::Whole { kind, limit } => match bytes(Cursor::new(head).chain(reader), limit)? {
            Some(bytes) => Facts::of(kind, path, bytes),
            None => too_large(limit),
        },
    };
    Ok((facts, secret))
}

/// Reads all bytes; returns `None` if there are more than `limit`.
pub(super) fn bytes(mut reader: impl Read, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let most = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    while bytes.len() < most {
        // By itself a vector takes up to twice what it needs.
        let more = bytes.len().max(1 << 16).min(most - bytes.len());
        bytes.try_reserve_exact(more)?;
        if reader.by_ref().take(more as u64).read_to_end(&mut bytes)? < more {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

fn too_large(limit: u64) -> Facts {
    Facts::Unread(format!("is larger than {} MiB and was not read", limit >> 20))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::testing::kmod_file;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_module_in_several_parts_is_read_whole_and_has_a_fault() {
        let module = kmod_file(62, "name=a\0");
        let (first, second) = module.split_at(module.len() / 2);
        for (bytes, is_whole) in [(gzip(&module), true), ([gzip(first), gzip(second)].concat(), false)] {
            let (facts, _) = look("a.ko.gz", 0o644, bytes.len() as u64, &bytes[..], &Budget::default()).unwrap();
            let Facts::Module(Ok(kmod)) = facts else { panic!("{facts:?}") };
            assert_eq!(kmod.info.unwrap().name.as_deref(), Some("a"));
            assert_eq!(kmod.packing.is_none(), is_whole, "{:?}", kmod.packing);
        }
    }
}
