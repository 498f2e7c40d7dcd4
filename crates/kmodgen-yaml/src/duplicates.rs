//! Keys that a map has twice.

use std::collections::HashMap;

use crate::{Entry, Error, ErrorKind, Span, Spanned};

/// Reports every key that is there a second time, with the place of the first.
pub(crate) fn report_duplicates(entries: &[Entry], problems: &mut Vec<Error>) {
    /// Up to here comparing all pairs is faster than hashing.
    const FEW: usize = 12;
    if entries.len() <= FEW {
        for (at, entry) in entries.iter().enumerate() {
            if let Some(first) = entries[..at].iter().find(|first| *first.key == *entry.key) {
                problems.push(duplicate(first.key.span, &entry.key));
            }
        }
        return;
    }
    let mut seen: HashMap<&str, Span> = HashMap::with_capacity(entries.len());
    for Entry { key, .. } in entries {
        match seen.get(key.as_str()) {
            Some(first) => problems.push(duplicate(*first, key)),
            None => drop(seen.insert(key, key.span)),
        }
    }
}

pub(crate) fn duplicate(first: Span, second: &Spanned<String>) -> Error {
    let message = format!("duplicate key `{}`", second.escape_debug());
    Error::new(ErrorKind::DuplicateKey, message, second.span).label("here again").context(first, "first here")
}
