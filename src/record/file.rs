//! A record as a file: rows of values, each sealed, and at the end an index that tells where they are.
//! Any change to the index, or to the program, makes it no record at all; any other one damages a row.

use std::sync::Arc;

use super::pack::{Pack, fields};
use super::packed::Section;
use super::{
    Evidence, FileRecord, InputRecord, KernelKey, Key, ModuleOutcomes, ModuleRecord, Outcomes, Packed, Record, Seal,
    SealKey, Sealing, Source,
};
use crate::vocabulary::Digest;

/// What tells a file with a record; the number goes up with every change of form.
const MAGIC: &[u8; 16] = b"kmodgen record 4";

/// How many bytes a file ends with that tell what it is: its name, the program's digest, the length of
/// the index, and the seal of that and of all these.
const END: u64 = 16 + 32 + 8 + 16;

/// How many bytes are read at first: the index of a fleet fits.
const FIRST: u64 = 128 << 10;

/// All of a record but its mappings.
struct Index {
    inputs: [Option<Digest>; 2],
    files: Vec<InputRecord>,
    templates: Vec<InputRecord>,
    key: SealKey,
    root: String,
    said: Vec<String>,
    releases: Vec<String>,
    folder: Evidence,
    top: Vec<FileRecord>,
    modules: Vec<Module>,
    strangers: Vec<(String, Evidence)>,
    foreign: Vec<(String, Evidence)>,
    outcomes: Section,
}
fields!(Index {
    inputs,
    files,
    templates,
    key,
    root,
    said,
    releases,
    folder,
    top,
    modules,
    strangers,
    foreign,
    outcomes
});

struct Module {
    name: String,
    folder: Evidence,
    files: Vec<FileRecord>,
    count: u64,
    mappings: Section,
}
fields!(Module { name, folder, files, count, mappings });

/// All of the outcomes but the mappings'.
struct OutcomesIndex {
    kernels: Vec<KernelKey>,
    modules: Vec<Came>,
}
fields!(OutcomesIndex { kernels, modules });

/// What a module came to.
struct Came {
    image: String,
    version: Option<String>,
    groups: Vec<Key>,
    count: u64,
    mappings: Section,
}
fields!(Came { image, version, groups, count, mappings });

/// The outcomes of a record that are not read yet.
pub struct Unread {
    source: Arc<dyn Source>,
    section: Section,
}

impl Unread {
    /// Reads them; `None` where they are damaged.
    pub fn read(self) -> Option<Outcomes> {
        let Self { source, section } = self;
        let OutcomesIndex { kernels, modules } = whole(&section.read(&*source)?)?;
        let modules = modules.into_iter().map(|Came { image, version, groups, count, mappings }| {
            let mappings = Packed::stored(usize::try_from(count).ok()?, source.clone(), mappings);
            Some(Arc::new(ModuleOutcomes { image, version, groups, mappings }))
        });
        Some(Outcomes { kernels, modules: modules.collect::<Option<_>>()? })
    }
}

impl Record {
    /// The record in a file of `length` bytes, and what it came to; `None` where it is none, damaged,
    /// or not good for the program that `program` tells apart from all others.
    pub fn open(source: Arc<dyn Source>, length: u64, program: &str) -> Option<(Self, Unread)> {
        let first = source.read(length.saturating_sub(FIRST)..length)?;
        let (before, end) = first.split_at_checked(first.len().checked_sub(usize::try_from(END).ok()?)?)?;
        let (told, mut seal) = end.split_at_checked(end.len() - 16)?;
        let mut rest = told.strip_prefix(MAGIC)?;
        if Digest::take(&mut rest)? != Digest::of(program.as_bytes()) {
            return None;
        }
        let index_length = u64::take(&mut rest)?;
        let start = length.checked_sub(END)?.checked_sub(index_length)?;
        let more = source.read(start..start.max(length - (first.len() as u64)))?;
        let before = before.get(before.len().saturating_sub(usize::try_from(index_length).ok()?)..)?;
        let mut sealing = Sealing::new(SealKey::PUBLIC);
        [&more, before, told].iter().for_each(|bytes| sealing.append(bytes));
        if Seal::take(&mut seal)? != sealing.finish() {
            return None;
        }
        let index: Index = if more.is_empty() { whole(before)? } else { whole(&[&more, before].concat())? };
        let section = index.outcomes;
        Some((index.into_record(&source)?, Unread { source, section }))
    }

    /// Gives a file's bytes to `out`, piece by piece, good for the program that `program` tells apart
    /// from all others.
    pub fn write(&self, outcomes: &Outcomes, program: &str, out: &mut dyn FnMut(&[u8])) {
        let mut file = Writing { at: 0, out };
        let modules = self.modules.iter().map(|module| {
            let ModuleRecord { name, folder, files, mappings } = &**module;
            let (name, files, count) = (name.clone(), files.clone(), mappings.len() as u64);
            Module { name, folder: *folder, files, count, mappings: file.section(mappings.bytes(), mappings.seal()) }
        });
        let modules = modules.collect();
        let came = outcomes.modules.iter().map(|module| {
            let ModuleOutcomes { image, version, groups, mappings } = &**module;
            let (image, version, groups) = (image.clone(), version.clone(), groups.clone());
            let section = file.section(mappings.bytes(), mappings.seal());
            Came { image, version, groups, count: mappings.len() as u64, mappings: section }
        });
        let came = OutcomesIndex { modules: came.collect(), kernels: outcomes.kernels.clone() };
        let index = Index {
            inputs: self.inputs,
            files: self.files.clone(),
            templates: self.templates.clone(),
            key: self.key,
            root: self.root.clone(),
            said: self.said.clone(),
            releases: self.releases.clone(),
            folder: self.folder,
            top: self.top.clone(),
            modules,
            strangers: self.strangers.clone(),
            foreign: self.foreign.clone(),
            outcomes: file.section(&bytes_of(&came), None),
        };
        let index = bytes_of(&index);
        (file.out)(&index);
        (file.out)(&Self::end_of(&index, program));
    }

    /// What a file ends with that has this index before.
    pub fn end_of(index: &[u8], program: &str) -> Vec<u8> {
        let mut end = MAGIC.to_vec();
        Digest::of(program.as_bytes()).put(&mut end);
        (index.len() as u64).put(&mut end);
        let mut sealing = Sealing::new(SealKey::PUBLIC);
        [index, &end].iter().for_each(|bytes| sealing.append(bytes));
        sealing.finish().put(&mut end);
        end
    }

    /// The same as one text.
    pub fn to_bytes(&self, outcomes: &Outcomes, program: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(outcomes, program, &mut |piece| bytes.extend_from_slice(piece));
        bytes
    }
}

impl Index {
    fn into_record(self, source: &Arc<dyn Source>) -> Option<Record> {
        let modules = self.modules.into_iter().map(|Module { name, folder, files, count, mappings }| {
            let mappings = Packed::stored(usize::try_from(count).ok()?, source.clone(), mappings);
            Some(Arc::new(ModuleRecord { name, folder, files, mappings }))
        });
        Some(Record {
            modules: modules.collect::<Option<_>>()?,
            inputs: self.inputs,
            files: self.files,
            templates: self.templates,
            key: self.key,
            root: self.root,
            said: self.said,
            releases: self.releases,
            folder: self.folder,
            top: self.top,
            strangers: self.strangers,
            foreign: self.foreign,
        })
    }
}

/// A file that is being written.
struct Writing<'o> {
    at: u64,
    out: &'o mut dyn FnMut(&[u8]),
}

impl Writing<'_> {
    /// Puts bytes, whose seal may be known.
    fn section(&mut self, bytes: &[u8], seal: Option<Seal>) -> Section {
        (self.out)(bytes);
        let seal = seal.unwrap_or_else(|| SealKey::PUBLIC.seal(bytes));
        let section = Section { at: self.at, length: bytes.len() as u64, seal };
        self.at += section.length;
        section
    }
}

fn bytes_of(value: &impl Pack) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.put(&mut bytes);
    bytes
}

/// The value that all of these bytes are.
fn whole<T: Pack>(mut bytes: &[u8]) -> Option<T> {
    let value = T::take(&mut bytes)?;
    bytes.is_empty().then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::{Identity, MappingRecord, Outcome};

    fn record() -> (Record, Outcomes) {
        let digest = |text: &str| Digest::of(text.as_bytes());
        let evidence = Evidence { inode: 7, size: 300, modified: -1, changed: i64::MAX };
        let file = FileRecord { evidence, seal: SealKey::PUBLIC.seal(b"file") };
        let mappings = (0..3).map(|release| MappingRecord { release, files: [file; 2] }).collect();
        let module = ModuleRecord { name: "alpha".into(), folder: evidence, files: vec![file; 2], mappings };
        let record = Record {
            inputs: [Some(digest("manifest")), None],
            files: vec![("fleet.yaml".into(), Some(digest("fleet"))), ("gone".into(), None)],
            templates: vec![],
            key: SealKey::new([1, 2, 3, 4]),
            root: "gitops".into(),
            said: vec!["warning: é\n".into()],
            releases: vec!["5.14.0-1.el9.x86_64".into()],
            folder: evidence,
            top: vec![file; 2],
            modules: vec![module.into()],
            strangers: vec![("notes".into(), evidence)],
            foreign: vec![("notes/module.yaml".into(), evidence)],
        };
        let identity =
            Identity { hash: digest("hash"), dockerfile: digest("dockerfile"), asks_for_dtk: true, is_long: false };
        let module = ModuleOutcomes {
            image: "registry.example.com/alpha".into(),
            version: Some("1".into()),
            groups: vec![Key::of(&2)],
            mappings: (0..3).map(|group| Outcome { group, identity }).collect(),
        };
        (
            record,
            Outcomes {
                kernels: vec![KernelKey { traits: Key::of(&1), toolkit: Key::of(&2) }],
                modules: vec![module.into()],
            },
        )
    }

    fn bytes() -> Vec<u8> {
        let (record, outcomes) = record();
        record.to_bytes(&outcomes, "kmodgen 1")
    }

    /// What a run reads.
    fn read(bytes: &[u8], program: &str) -> Option<(Record, Option<Outcomes>)> {
        let (record, unread) = Record::open(Arc::new(bytes.to_vec()), bytes.len() as u64, program)?;
        Some((record, unread.read()))
    }

    /// Whether all that can be read is what was written.
    fn is_true(read: Option<(Record, Option<Outcomes>)>) -> bool {
        let (record, outcomes) = record();
        let Some((mut read, came)) = read else { return true };
        let rows = read.modules.iter().all(|module| !module.mappings.is_whole() || *module == record.modules[0]);
        // The rows, which may be damaged, have been looked at.
        read.modules.clone_from(&record.modules);
        let came = came.is_none_or(|came| {
            let kept = |module: &Arc<ModuleOutcomes>| !module.mappings.is_whole() || *module == outcomes.modules[0];
            came.kernels == outcomes.kernels && came.modules.iter().all(kept)
        });
        rows && read == record && came
    }

    #[test]
    fn a_record_survives() {
        let (record, outcomes) = record();
        assert_eq!(read(&bytes(), "kmodgen 1"), Some((record, Some(outcomes))));
        assert_eq!(read(&bytes(), "kmodgen 2"), None);
        let (record, outcomes) = read(&bytes(), "kmodgen 1").unwrap();
        assert_eq!(record.to_bytes(&outcomes.unwrap(), "kmodgen 1"), bytes());
    }

    #[test]
    fn one_that_is_larger_than_what_is_read_at_first_survives() {
        let (mut record, outcomes) = record();
        record.releases = (0..20_000).map(|number| format!("5.14.0-{number}.el9.x86_64")).collect();
        let bytes = record.to_bytes(&outcomes, "kmodgen 1");
        assert!(bytes.len() as u64 > 2 * FIRST);
        assert_eq!(read(&bytes, "kmodgen 1"), Some((record, Some(outcomes))));
    }

    #[test]
    fn a_record_that_is_cut_off_is_none() {
        let bytes = bytes();
        for length in 0..bytes.len() {
            assert_eq!(read(&bytes[..length], "kmodgen 1"), None, "{length}");
            assert!(is_true(read(&bytes[length..], "kmodgen 1")), "{length}");
        }
    }

    #[test]
    fn a_row_of_another_record_is_none() {
        let (mut other, outcomes) = record();
        let module = Arc::make_mut(&mut other.modules[0]);
        module.mappings.set(0, &MappingRecord { release: 9, ..module.mappings.get(1).unwrap() });
        let mut mixed = other.to_bytes(&outcomes, "kmodgen 1");
        let row = other.modules[0].mappings.bytes().len();
        mixed[..row].copy_from_slice(&bytes()[..row]);
        let (read, outcomes) = read(&mixed, "kmodgen 1").unwrap();
        assert!(!read.modules[0].mappings.is_whole());
        assert!(outcomes.is_some());
    }

    proptest! {
        #[test]
        fn what_was_changed_is_not_there(at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
            let mut bytes = bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let read = read(&bytes, "kmodgen 1");
            prop_assert!(is_true(read.clone()));
            let parts = read.and_then(|(record, came)| {
                let rows = record.modules[0].mappings.is_whole();
                Some(rows && came?.modules[0].mappings.is_whole())
            });
            prop_assert_ne!(parts, Some(true));
        }

        /// Without the seals, too, nothing that bytes say leads astray.
        #[test]
        fn no_bytes_are_too_bad_to_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = whole::<Index>(&bytes);
            let _ = whole::<OutcomesIndex>(&bytes);
            let mut long = self::bytes();
            let at = long.len() / 2;
            long.splice(at..at, bytes);
            let _ = whole::<Index>(&long);
            let _ = Record::open(Arc::new(long.clone()), long.len() as u64, "kmodgen 1");
        }
    }
}
