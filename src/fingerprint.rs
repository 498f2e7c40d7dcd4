//! The identity of a mapping: its content hash, and the same told to a person.
//!
//! One traversal of what decides an image feeds both, so they cannot disagree.

use sha2::{Digest as _, Sha256};

use crate::vocabulary::Digest;

/// Receiver of the fields of a traversal.
pub trait Sink {
    /// One field that decides the image.
    fn field(&mut self, name: &str, value: &[u8]);

    /// One field that is a line of text.
    fn line(&mut self, name: &str, value: &str) {
        self.field(name, value.as_bytes());
    }

    /// A whole text that decides the image, by its digest, which others need too.
    fn text(&mut self, name: &str, digest: &Digest, bytes: usize);
}

/// Two sinks of one traversal.
impl<A: Sink, B: Sink> Sink for (A, B) {
    fn field(&mut self, name: &str, value: &[u8]) {
        self.0.field(name, value);
        self.1.field(name, value);
    }

    fn text(&mut self, name: &str, digest: &Digest, bytes: usize) {
        self.0.text(name, digest, bytes);
        self.1.text(name, digest, bytes);
    }
}

/// The content hash: SHA-256 over all fields, names and values prefixed with their lengths so
/// that no two different lists of fields run together into the same bytes.
#[derive(Default)]
pub struct HashSink(Sha256);

impl HashSink {
    /// The hash of all fields so far.
    pub fn finish(self) -> Digest {
        Digest::from_bytes(self.0.finalize().into())
    }
}

impl Sink for HashSink {
    fn field(&mut self, name: &str, value: &[u8]) {
        for part in [name.as_bytes(), value] {
            self.0.update((part.len() as u64).to_be_bytes());
            self.0.update(part);
        }
    }

    fn text(&mut self, name: &str, digest: &Digest, _: usize) {
        self.field(name, digest.as_bytes());
    }
}

/// Inputs that decided an image, one `name: value` a line, as an annotation has them: a short value itself, a long one
/// by its digest.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Explanation(String);

/// Longer values are told by digest.
const READABLE: usize = 160;

impl Sink for Explanation {
    fn field(&mut self, name: &str, value: &[u8]) {
        match std::str::from_utf8(value) {
            Ok(text) if text.len() <= READABLE && !text.contains(char::is_control) => self.line(&[name, ": ", text]),
            _ => self.text(name, &Digest::of(value), value.len()),
        }
    }

    fn text(&mut self, name: &str, digest: &Digest, bytes: usize) {
        self.line(&[name, ": sha256:", &digest.short(12), " (", &bytes.to_string(), " bytes)"]);
    }
}

impl Explanation {
    /// Creates the explanation from the lines of an annotation. Comparisons ignore lines of another form.
    pub fn from_lines(lines: String) -> Self {
        Self(lines)
    }

    /// Its lines.
    pub fn as_lines(&self) -> &str {
        &self.0
    }

    fn line(&mut self, parts: &[&str]) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.0.extend(parts.iter().copied());
    }

    /// Returns the names and values of all inputs.
    pub fn pairs(&self) -> Vec<(&str, &str)> {
        self.0.lines().filter_map(|line| line.split_once(": ")).collect()
    }

    /// Returns the names of the inputs that are as in `old`.
    pub fn unchanged_from(&self, old: &Self) -> Vec<String> {
        let (new, old) = (self.pairs(), old.pairs());
        let same = new.iter().filter(|(name, _)| value(&old, name).is_some() && value(&old, name) == value(&new, name));
        same.map(|(name, _)| (*name).to_owned()).collect()
    }

    /// Returns the inputs that differ from `old`: name, old value and new value, `None` if absent.
    pub fn changes_from(&self, old: &Self) -> Vec<InputChange> {
        let (new, old) = (self.pairs(), old.pairs());
        let gone = old.iter().filter(|(name, _)| value(&new, name).is_none());
        new.iter()
            .chain(gone)
            .map(|(name, _)| InputChange { input: (*name).to_owned(), from: value(&old, name), to: value(&new, name) })
            .filter(|change| change.from != change.to)
            .collect()
    }
}

fn value(pairs: &[(&str, &str)], name: &str) -> Option<String> {
    pairs.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
}

/// One input that changed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct InputChange {
    /// Its name, as in "runtime image".
    pub input: String,
    /// Old value; `None` if the input is new.
    pub from: Option<String>,
    /// New value; `None` if the input is gone.
    pub to: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(fields: &[(&str, &[u8])]) -> Digest {
        let mut sink = HashSink::default();
        fields.iter().for_each(|(name, value)| sink.field(name, value));
        sink.finish()
    }

    #[test]
    fn fields_do_not_run_together() {
        assert_ne!(hash(&[("a", b"bc")]), hash(&[("ab", b"c")]));
        assert_ne!(hash(&[("a", b"b"), ("c", b"d")]), hash(&[("a", b"bcd")]));
        assert_ne!(hash(&[("a", b"")]), hash(&[]));
    }

    #[test]
    fn explanations_survive_their_annotation() {
        let mut old = Explanation::default();
        old.field("runtime image", b"ubi:9.4");
        old.field("patch a: b", &[0xff; 300]);
        assert_eq!(old.as_lines().lines().count(), 2);
        let mut new = Explanation::default();
        new.field("runtime image", b"ubi:9.5");
        let changes = new.changes_from(&old);
        assert_eq!(changes.len(), 2);
        assert_eq!(changes[0].to.as_deref(), Some("ubi:9.5"));
        assert_eq!(changes[1].to, None);
        new.field("kmods", b"a");
        old.field("kmods", b"a");
        assert_eq!(new.unchanged_from(&old), ["kmods"]);
    }
}
