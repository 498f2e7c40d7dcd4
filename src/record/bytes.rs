//! A record as bytes. Any change to them, or to the program, makes them no record at all.

use std::sync::Arc;

use super::{
    Evidence, FileRecord, Identity, Key, MappingRecord, ModuleOutcomes, ModuleRecord, Outcome, Outcomes, Record, Seal,
    SealKey, Sealing,
};
use crate::vocabulary::Digest;

/// What a file with a record begins with; the number goes up with every change of form.
const MAGIC: &[u8; 16] = b"kmodgen record 2";

/// How many bytes tell what the file is: its name, the program's digest, the length of the record.
pub const HEAD: usize = 16 + 32 + 8;

/// How many bytes seal each of the parts.
const SEAL: usize = 16;

/// How many bytes the record takes, its head and seal included, in a file that begins with `head`;
/// `None` where it is no record, or another program's.
pub fn record_length(head: &[u8], program: &str) -> Option<usize> {
    let mut rest = head.strip_prefix(MAGIC)?;
    let ours = Digest::take(&mut rest)? == Digest::of(program.as_bytes());
    let body = usize::try_from(u64::take(&mut rest)?).ok()?;
    if ours { HEAD.checked_add(body)?.checked_add(SEAL) } else { None }
}

impl Record {
    /// Gives both parts to `out`, piece by piece, good for the program that `program` tells apart from
    /// all others.
    pub fn write(&self, outcomes: &Outcomes, program: &str, out: &mut dyn FnMut(&[u8])) {
        let mut length = Length(0);
        self.put(&mut length);
        let mut pieces = Pieces::new(out);
        pieces.take_in(&Self::head(program, length.0));
        self.put(&mut pieces);
        let seal = pieces.seal();
        // The second part is sealed with what seals the first one, so that it is known whose it is.
        pieces.seal.append(&seal.to_bytes());
        outcomes.put(&mut pieces);
        pieces.seal();
    }

    /// The same as one text.
    pub fn to_bytes(&self, outcomes: &Outcomes, program: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(outcomes, program, &mut |piece| bytes.extend_from_slice(piece));
        bytes
    }

    /// What a file begins with whose record takes `length` bytes, its head and seal left out.
    pub fn head(program: &str, length: usize) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        Digest::of(program.as_bytes()).put(&mut bytes);
        (length as u64).put(&mut bytes);
        bytes
    }

    /// The record that the first [`record_length`] bytes of a file hold, and what the part that
    /// follows has to begin with; `None` where they are cut off or changed.
    pub fn from_bytes(bytes: &[u8]) -> Option<(Self, Seal)> {
        let (body, mut sum) = bytes.split_at_checked(bytes.len().checked_sub(SEAL)?)?;
        let seal = Seal::take(&mut sum)?;
        if seal != SealKey::PUBLIC.seal(body) {
            return None;
        }
        let mut rest = body.get(HEAD..)?;
        let record = Self::take(&mut rest)?;
        rest.is_empty().then_some((record, seal))
    }
}

impl Outcomes {
    /// The outcomes that the rest of a file holds, which go with the record of this seal; `None`
    /// where they are cut off, changed, or another record's.
    pub fn from_bytes(rest: &[u8], of: Seal) -> Option<Self> {
        let (body, mut sum) = rest.split_at_checked(rest.len().checked_sub(SEAL)?)?;
        let mut seal = Sealing::new(SealKey::PUBLIC);
        seal.append(&of.to_bytes());
        seal.append(body);
        if Seal::take(&mut sum)? != seal.finish() {
            return None;
        }
        let mut rest = body;
        let outcomes = Self::take(&mut rest)?;
        rest.is_empty().then_some(outcomes)
    }
}

/// What takes the bytes of values.
trait Sink {
    fn take_in(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn take_in(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Only counts them.
struct Length(usize);

impl Sink for Length {
    fn take_in(&mut self, bytes: &[u8]) {
        self.0 += bytes.len();
    }
}

/// Seals them, and hands them on in pieces: a fleet's are never held at once.
struct Pieces<'o> {
    piece: Vec<u8>,
    seal: Sealing,
    out: &'o mut dyn FnMut(&[u8]),
}

impl<'o> Pieces<'o> {
    /// How many bytes are handed on at once.
    const PIECE: usize = 64 << 10;

    fn new(out: &'o mut dyn FnMut(&[u8])) -> Self {
        Self { piece: Vec::with_capacity(Self::PIECE + 256), seal: Sealing::new(SealKey::PUBLIC), out }
    }

    /// Puts the seal of all since the last one.
    fn seal(&mut self) -> Seal {
        self.hand_on();
        let seal = std::mem::replace(&mut self.seal, Sealing::new(SealKey::PUBLIC)).finish();
        (self.out)(&seal.to_bytes());
        seal
    }

    fn hand_on(&mut self) {
        self.seal.append(&self.piece);
        (self.out)(&self.piece);
        self.piece.clear();
    }
}

impl Sink for Pieces<'_> {
    fn take_in(&mut self, bytes: &[u8]) {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= Self::PIECE {
            self.hand_on();
        }
    }
}

/// A value that is written as bytes and read back.
trait Pack: Sized {
    fn put(&self, out: &mut impl Sink);
    fn take(from: &mut &[u8]) -> Option<Self>;
}

macro_rules! integers {
    ($($type:ty),*) => { $(
        impl Pack for $type {
            fn put(&self, out: &mut impl Sink) {
                out.take_in(&self.to_le_bytes());
            }

            fn take(from: &mut &[u8]) -> Option<Self> {
                let (bytes, rest) = from.split_first_chunk()?;
                *from = rest;
                Some(Self::from_le_bytes(*bytes))
            }
        }
    )* };
}
integers!(u8, u32, u64, i64);

macro_rules! fields {
    ($type:ident { $($field:ident),* }) => {
        impl Pack for $type {
            fn put(&self, out: &mut impl Sink) {
                $(self.$field.put(out);)*
            }

            fn take(from: &mut &[u8]) -> Option<Self> {
                $(let $field = Pack::take(from)?;)*
                Some(Self { $($field),* })
            }
        }
    };
}
fields!(Evidence { inode, size, modified, changed });
fields!(FileRecord { evidence, seal });
fields!(MappingRecord { release, files });
fields!(ModuleRecord { name, folder, files, mappings });
fields!(Record { inputs, files, templates, key, root, said, releases, folder, top, modules, strangers, foreign });
fields!(Identity { hash, dockerfile, asks_for_dtk });
fields!(Outcome { group, identity });
fields!(ModuleOutcomes { image, version, groups, mappings });
fields!(Outcomes { kernels, modules });

impl Pack for Digest {
    fn put(&self, out: &mut impl Sink) {
        out.take_in(self.as_bytes());
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let (bytes, rest) = from.split_first_chunk()?;
        *from = rest;
        Some(Self::from_bytes(*bytes))
    }
}

macro_rules! numbers {
    ($($type:ident),*) => { $(
        impl Pack for $type {
            fn put(&self, out: &mut impl Sink) {
                self.0.iter().for_each(|number| number.put(out));
            }

            fn take(from: &mut &[u8]) -> Option<Self> {
                let mut numbers = Self([0; _]);
                for number in &mut numbers.0 {
                    *number = u64::take(from)?;
                }
                Some(numbers)
            }
        }
    )* };
}
numbers!(Seal, SealKey);

impl Pack for Key {
    fn put(&self, out: &mut impl Sink) {
        out.take_in(&self.0);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let (bytes, rest) = from.split_first_chunk()?;
        *from = rest;
        Some(Self(*bytes))
    }
}

impl Pack for bool {
    fn put(&self, out: &mut impl Sink) {
        u8::from(*self).put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        match u8::take(from)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Pack for String {
    fn put(&self, out: &mut impl Sink) {
        (self.len() as u64).put(out);
        out.take_in(self.as_bytes());
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let length = usize::try_from(u64::take(from)?).ok()?;
        let (bytes, rest) = from.split_at_checked(length)?;
        *from = rest;
        Self::from_utf8(bytes.to_vec()).ok()
    }
}

impl<T: Pack> Pack for Vec<T> {
    fn put(&self, out: &mut impl Sink) {
        (self.len() as u64).put(out);
        self.iter().for_each(|item| item.put(out));
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let length = usize::try_from(u64::take(from)?).ok()?;
        // No item is shorter than a byte: a length beyond that is no length.
        let mut items = Self::with_capacity(length.min(from.len() / size_of::<T>().max(1) + 1));
        for _ in 0..length {
            items.push(T::take(from)?);
        }
        Some(items)
    }
}

impl<T: Pack> Pack for Arc<T> {
    fn put(&self, out: &mut impl Sink) {
        (**self).put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        T::take(from).map(Self::new)
    }
}

impl<T: Pack> Pack for Option<T> {
    fn put(&self, out: &mut impl Sink) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Some(if bool::take(from)? { Some(T::take(from)?) } else { None })
    }
}

impl<T: Pack> Pack for [T; 2] {
    fn put(&self, out: &mut impl Sink) {
        self.iter().for_each(|item| item.put(out));
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Some([T::take(from)?, T::take(from)?])
    }
}

impl<A: Pack, B: Pack> Pack for (A, B) {
    fn put(&self, out: &mut impl Sink) {
        self.0.put(out);
        self.1.put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Some((A::take(from)?, B::take(from)?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record() -> (Record, Outcomes) {
        let digest = |text: &str| Digest::of(text.as_bytes());
        let evidence = Evidence { inode: 7, size: 300, modified: -1, changed: i64::MAX };
        let file = FileRecord { evidence, seal: SealKey::PUBLIC.seal(b"file") };
        let mapping = MappingRecord { release: 0, files: [file; 2] };
        let module =
            ModuleRecord { name: "alpha".into(), folder: evidence, files: vec![file; 2], mappings: vec![mapping; 3] };
        let record = Record {
            inputs: [Some(digest("manifest")), None],
            files: vec![("fleet.yaml".into(), Some(digest("fleet"))), ("gone".into(), None)],
            templates: vec![],
            key: SealKey::new([1, 2, 3, 4]),
            root: "gitops".into(),
            said: "warning: é\n".into(),
            releases: vec!["5.14.0-1.el9.x86_64".into()],
            folder: evidence,
            top: vec![file; 2],
            modules: vec![module.into()],
            strangers: vec![("notes".into(), evidence)],
            foreign: vec![("notes/module.yaml".into(), evidence)],
        };
        let identity = Identity { hash: digest("hash"), dockerfile: digest("dockerfile"), asks_for_dtk: true };
        let module = ModuleOutcomes {
            image: "registry.example.com/alpha".into(),
            version: Some("1".into()),
            groups: vec![Key::of(&2)],
            mappings: vec![Outcome { group: 0, identity }; 3],
        };
        (record, Outcomes { kernels: vec![Key::of(&1)], modules: vec![module.into()] })
    }

    fn bytes() -> Vec<u8> {
        let (record, outcomes) = record();
        record.to_bytes(&outcomes, "kmodgen 1")
    }

    /// Both parts, read as a run does.
    fn read(bytes: &[u8], program: &str) -> (Option<Record>, Option<Outcomes>) {
        let length = bytes.get(..HEAD).and_then(|head| record_length(head, program));
        let Some((first, rest)) = length.and_then(|length| bytes.split_at_checked(length)) else { return (None, None) };
        let Some((record, seal)) = Record::from_bytes(first) else { return (None, None) };
        (Some(record), Outcomes::from_bytes(rest, seal))
    }

    #[test]
    fn a_record_survives() {
        let (record, outcomes) = record();
        assert_eq!(read(&bytes(), "kmodgen 1"), (Some(record), Some(outcomes)));
        assert_eq!(read(&bytes(), "kmodgen 2"), (None, None));
    }

    #[test]
    fn a_record_that_is_cut_off_is_none() {
        let bytes = bytes();
        let first = record_length(&bytes[..HEAD], "kmodgen 1").unwrap();
        for length in 0..bytes.len() {
            let (record, outcomes) = read(&bytes[..length], "kmodgen 1");
            assert_eq!((record.is_some(), outcomes), (length >= first, None), "{length}");
        }
    }

    #[test]
    fn a_part_of_another_record_is_none() {
        let (mut other, outcomes) = record();
        other.said.clear();
        let other = other.to_bytes(&outcomes, "kmodgen 1");
        let [first, second] = [&bytes(), &other].map(|bytes| record_length(&bytes[..HEAD], "kmodgen 1").unwrap());
        let mixed = [&bytes()[..first], &other[second..]].concat();
        assert_eq!(read(&mixed, "kmodgen 1"), (Some(record().0), None));
    }

    proptest! {
        #[test]
        fn a_record_that_was_changed_is_none(at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
            let mut bytes = bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let (record, outcomes) = read(&bytes, "kmodgen 1");
            prop_assert!(record.is_none() || outcomes.is_none());
            prop_assert!(record.is_none_or(|record| record == self::record().0));
        }

        /// Without the seals, too, nothing that bytes say leads astray.
        #[test]
        fn no_bytes_are_too_bad_to_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Record::take(&mut bytes.as_slice());
            let _ = Outcomes::take(&mut bytes.as_slice());
            let mut long = self::bytes();
            let at = long.len() / 2;
            long.splice(at..at, bytes);
            let _ = Record::take(&mut &long[HEAD..]);
        }
    }
}
