//! A record as bytes. Any change to them, or to the program, makes them no record at all.

use super::{Evidence, FileRecord, Identity, Key, MappingRecord, ModuleRecord, Record};
use crate::vocabulary::Digest;

/// What a file with a record begins with; the number goes up with every change of form.
const MAGIC: &[u8; 16] = b"kmodgen record 1";

impl Record {
    /// The record as bytes, good for the program that `program` tells apart from all others.
    pub fn to_bytes(&self, program: &str) -> Vec<u8> {
        let mappings: usize = self.modules.iter().map(|module| module.mappings.len()).sum();
        let mut bytes = Vec::with_capacity((mappings + 64) * size_of::<MappingRecord>());
        bytes.extend_from_slice(MAGIC);
        Digest::of(program.as_bytes()).put(&mut bytes);
        self.put(&mut bytes);
        Digest::of(&bytes).put(&mut bytes);
        bytes
    }

    /// The record that bytes hold; `None` where they are cut off, changed, or another program's.
    pub fn from_bytes(bytes: &[u8], program: &str) -> Option<Self> {
        let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
        let mut rest = body.strip_prefix(MAGIC)?;
        let ours = Digest::take(&mut rest)? == Digest::of(program.as_bytes());
        if !ours || sum != Digest::of(body).as_bytes() {
            return None;
        }
        let record = Self::take(&mut rest)?;
        rest.is_empty().then_some(record)
    }
}

/// A value that is written as bytes and read back.
trait Pack: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn take(from: &mut &[u8]) -> Option<Self>;
}

macro_rules! integers {
    ($($type:ty),*) => { $(
        impl Pack for $type {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
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
            fn put(&self, out: &mut Vec<u8>) {
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
fields!(FileRecord { evidence, digest });
fields!(Identity { hash, dockerfile, asks_for_dtk });
fields!(MappingRecord { release, group, kernel, identity, files });
fields!(ModuleRecord { name, image, version, folder, files, groups, mappings });
fields!(Record { inputs, files, templates, root, said, releases, folder, top, modules, strangers, foreign });

impl Pack for Digest {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let (bytes, rest) = from.split_first_chunk()?;
        *from = rest;
        Some(Self::from_bytes(*bytes))
    }
}

impl Pack for Key {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let (bytes, rest) = from.split_first_chunk()?;
        *from = rest;
        Some(Self(*bytes))
    }
}

impl Pack for bool {
    fn put(&self, out: &mut Vec<u8>) {
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
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u64).put(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let length = usize::try_from(u64::take(from)?).ok()?;
        let (bytes, rest) = from.split_at_checked(length)?;
        *from = rest;
        Self::from_utf8(bytes.to_vec()).ok()
    }
}

impl<T: Pack> Pack for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
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

impl<T: Pack> Pack for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
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
    fn put(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|item| item.put(out));
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Some([T::take(from)?, T::take(from)?])
    }
}

impl<A: Pack, B: Pack> Pack for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
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

    fn record() -> Record {
        let digest = |text: &str| Digest::of(text.as_bytes());
        let evidence = Evidence { inode: 7, size: 300, modified: -1, changed: i64::MAX };
        let file = FileRecord { evidence, digest: digest("file") };
        let identity = Identity { hash: digest("hash"), dockerfile: digest("dockerfile"), asks_for_dtk: true };
        let mapping = MappingRecord { release: 0, group: 0, kernel: Key::of(&1), identity, files: [file; 2] };
        let module = ModuleRecord {
            name: "alpha".into(),
            image: "registry.example.com/alpha".into(),
            version: Some("1".into()),
            folder: evidence,
            files: vec![file; 2],
            groups: vec![Key::of(&2)],
            mappings: vec![mapping; 3],
        };
        Record {
            inputs: [Some(digest("manifest")), None],
            files: vec![("fleet.yaml".into(), Some(digest("fleet"))), ("gone".into(), None)],
            templates: vec![],
            root: "gitops".into(),
            said: "warning: é\n".into(),
            releases: vec!["5.14.0-1.el9.x86_64".into()],
            folder: evidence,
            top: vec![file; 2],
            modules: vec![module],
            strangers: vec![("notes".into(), evidence)],
            foreign: vec![("notes/module.yaml".into(), evidence)],
        }
    }

    #[test]
    fn a_record_survives() {
        let bytes = record().to_bytes("kmodgen 1");
        assert_eq!(Record::from_bytes(&bytes, "kmodgen 1"), Some(record()));
        assert_eq!(Record::from_bytes(&bytes, "kmodgen 2"), None);
    }

    #[test]
    fn a_record_that_is_cut_off_is_none() {
        let bytes = record().to_bytes("");
        for length in 0..bytes.len() {
            assert_eq!(Record::from_bytes(&bytes[..length], ""), None, "{length}");
        }
    }

    proptest! {
        #[test]
        fn a_record_that_was_changed_is_none(at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
            let mut bytes = record().to_bytes("");
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            prop_assert_eq!(Record::from_bytes(&bytes, ""), None);
        }

        /// Without the sum, too, nothing that bytes say leads astray.
        #[test]
        fn no_bytes_are_too_bad_to_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Record::take(&mut bytes.as_slice());
            let mut long = record().to_bytes("");
            let at = long.len() / 2;
            long.splice(at..at, bytes);
            let _ = Record::take(&mut &long[48..]);
        }
    }
}
