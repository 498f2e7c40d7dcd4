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
fn bytes(mut reader: impl Read, limit: u64) -> io::Result<Option<Vec<u8>>> {
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
    Facts::Unread(format!("is larger than {} MiB, and so is not read", limit >> 20))
}
