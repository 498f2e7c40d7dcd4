//! Files of bundles, put together from new documents and from those that are there.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::{Action, Change, TextSink};
use crate::bundle::{
    Bundle, BundleDocument, BundleFile, LARGEST_FILE, document_of, document_path, file_name, file_number, module_of,
    name_line, parts,
};
use crate::cache::FileEntry;
use crate::checksum::{Checksum, ChecksumKey};
use crate::file_stat::FileStat;
use crate::header::{Ownership, SEPARATOR};
use crate::tree::{Inaccessible, OutputFolder};
use crate::vocabulary::RelPath;

/// Storage of documents until their files are put together.
pub trait DocumentStore: Sync {
    /// Adds a text, and returns its position.
    ///
    /// # Errors
    /// What hinders.
    fn append(&self, text: &str) -> Result<u64, Inaccessible>;

    /// Reads the text at a position, with this length in bytes.
    ///
    /// # Errors
    /// What hinders.
    fn read(&self, position: u64, length: usize) -> Result<Vec<u8>, Inaccessible>;
}

/// A sink that keeps documents, and passes all other texts on.
pub struct BundleSink<'s> {
    sink: &'s dyn TextSink,
    /// `None` if nothing is written.
    store: Option<&'s dyn DocumentStore>,
    /// Position and length of each document, by path.
    places: Mutex<HashMap<RelPath, (u64, usize)>>,
}

impl<'s> BundleSink<'s> {
    /// Creates a sink that passes on to `sink`; documents are dropped without a store.
    pub fn new(sink: &'s dyn TextSink, store: Option<&'s dyn DocumentStore>) -> Self {
        Self { sink, store, places: Mutex::default() }
    }

    fn place(&self, path: &RelPath) -> Option<(u64, usize)> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).get(path).copied()
    }

    /// Reads the text with this position and length.
    fn read(&self, (position, length): (u64, usize)) -> Result<Vec<u8>, Inaccessible> {
        self.store.map_or_else(|| Ok(Vec::new()), |store| store.read(position, length))
    }
}

impl TextSink for BundleSink<'_> {
    fn put(&self, path: &RelPath, text: &str, action: &Action) -> Result<FileStat, Inaccessible> {
        if document_of(path.as_str()).is_none() {
            return self.sink.put(path, text, action);
        }
        if let (Action::Create | Action::Update, Some(store)) = (action, self.store) {
            let place = (store.append(text)?, text.len());
            self.places.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone(), place);
        }
        Ok(FileStat::NONE)
    }
}

/// Documents of a planned bundle.
pub struct PlannedBundle<'p> {
    /// Name and checksum of each, in ascending order.
    pub documents: Vec<(&'p str, Checksum)>,
}

/// Changes of files.
#[derive(Default)]
pub struct Assembly {
    /// Changes, in an order that is safe to apply.
    pub changes: Vec<Box<Change>>,
    /// Documents that Modules on disk may name, by the file that is to be without them.
    pub replaced: BTreeMap<RelPath, String>,
    /// Files of the bundles that changed, by module.
    pub bundles: BTreeMap<String, Vec<FileEntry>>,
}

/// Turns changes of documents into changes of files. Files with documents that stay are written with their bytes.
///
/// # Errors
/// A file that cannot be read, or has changed meanwhile, or a text that the sink cannot take.
pub fn assemble(
    changes: &[Box<Change>],
    planned: &BTreeMap<&str, PlannedBundle<'_>>,
    folder: &dyn OutputFolder,
    key: &ChecksumKey,
    sink: &BundleSink<'_>,
) -> Result<Assembly, Inaccessible> {
    let mut assembly = Assembly::default();
    let mut done = BTreeSet::new();
    for change in changes {
        let path = change.path.as_str();
        match module_of(path).or_else(|| document_of(path).map(|(module, _)| module)) {
            None => assembly.changes.push(change.clone()),
            Some(module) if !matches!(change.action, Action::Conflict(_)) && done.insert(module) => {
                let documents = planned.get(module).map(|planned| planned.documents.as_slice()).unwrap_or_default();
                let bundle = folder.bundle(module)?.unwrap_or_default();
                let assembler = Assembler { module, bundle: &bundle, key, sink };
                assembler.assemble(documents, change, &mut assembly)?;
            }
            Some(_) => {}
        }
    }
    Ok(assembly)
}

/// One bundle on its way.
struct Assembler<'a> {
    module: &'a str,
    /// The bundle that is there.
    bundle: &'a Bundle,
    key: &'a ChecksumKey,
    sink: &'a BundleSink<'a>,
}

/// Text of a document.
enum Source<'b> {
    Stored((u64, usize)),
    There(&'b [u8]),
}

impl Source<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Stored((_, length)) => *length,
            Self::There(text) => text.len(),
        }
    }
}

impl Assembler<'_> {
    fn assemble(
        &self,
        documents: &[(&str, Checksum)],
        cause: &Change,
        assembly: &mut Assembly,
    ) -> Result<(), Inaccessible> {
        let there: HashMap<Checksum, BundleDocument<'_>> =
            self.bundle.documents().map(|document| (self.key.checksum(document.text), document)).collect();
        let mut sources = Vec::with_capacity(documents.len());
        for (name, checksum) in documents {
            let stored = self.sink.place(&document_path(self.module, name)).map(Source::Stored);
            let source = stored.or_else(|| there.get(checksum).map(|document| Source::There(document.text)));
            sources.push(source.ok_or_else(|| self.failure("it changed during the run"))?);
        }
        self.note_replaced(documents, &there, &sources, assembly)?;
        let parts = parts(sources.iter().map(Source::len), LARGEST_FILE);
        let count = parts.len();
        let mut files = Vec::new();
        for (number, part) in parts.into_iter().enumerate() {
            let text = self.text(&sources, part)?;
            let checksum = self.key.checksum(text.as_bytes());
            let old = self.bundle.files.iter().find(|file| file.number == number);
            if let Some(BundleFile { stat, bytes, .. }) = old.filter(|_| !self.bundle.is_unmerged())
                && *bytes == *text.as_bytes()
            {
                files.push(FileEntry { stat: *stat, checksum });
                continue;
            }
            let is_there = old.is_some() || self.bundle.obstacles.iter().any(|(there, _)| *there == number);
            let action = if is_there { Action::Update } else { Action::Create };
            let path = self.path(number)?;
            let stat = self.sink.put(&path, &text, &action)?;
            let written = FileEntry { stat, checksum };
            files.push(written);
            assembly.changes.push(change(path, action, cause, Some(written)));
        }
        for name in self.bundle.own_files() {
            if let Some(number) = file_number(&name).filter(|number| *number >= count) {
                assembly.changes.push(change(self.path(number)?, Action::Remove, cause, None));
            }
        }
        assembly.bundles.insert(self.module.to_owned(), files);
        Ok(())
    }

    /// Notes the documents that go, as far as they are of objects that the new documents do not have.
    fn note_replaced(
        &self,
        documents: &[(&str, Checksum)],
        there: &HashMap<Checksum, BundleDocument<'_>>,
        sources: &[Source<'_>],
        assembly: &mut Assembly,
    ) -> Result<(), Inaccessible> {
        let stay: HashSet<&Checksum> = documents.iter().map(|(_, checksum)| checksum).collect();
        let gone = there.iter().filter(|(checksum, _)| !stay.contains(checksum)).map(|(_, document)| document);
        let mut gone: Vec<&BundleDocument<'_>> = gone.filter(|one| one.ownership() == Ownership::Intact).collect();
        if gone.is_empty() {
            return Ok(());
        }
        let mut names = HashSet::new();
        for source in sources {
            if let Source::Stored(place) = source {
                names.extend(name_line(&self.sink.read(*place)?).map(<[u8]>::to_vec));
            }
        }
        gone.retain(|document| name_line(document.text).is_some_and(|name| !names.contains(name)));
        gone.sort_unstable_by_key(|document| document.name);
        for document in gone {
            let texts = assembly.replaced.entry(self.path(document.file)?).or_default();
            if !texts.is_empty() {
                texts.push_str(SEPARATOR);
            }
            texts.push_str(&String::from_utf8_lossy(document.text));
        }
        Ok(())
    }

    fn text(&self, sources: &[Source<'_>], part: Range<usize>) -> Result<String, Inaccessible> {
        let sources = sources.get(part).unwrap_or_default();
        let length = sources.iter().map(|source| source.len() + SEPARATOR.len()).sum();
        let mut bytes = Vec::with_capacity(length);
        for source in sources {
            if !bytes.is_empty() {
                bytes.extend_from_slice(SEPARATOR.as_bytes());
            }
            match source {
                Source::Stored(place) => bytes.extend(self.sink.read(*place)?),
                Source::There(text) => bytes.extend_from_slice(text),
            }
        }
        String::from_utf8(bytes).map_err(|_| self.failure("it is not UTF-8"))
    }

    fn path(&self, number: usize) -> Result<RelPath, Inaccessible> {
        let path = format!("{}/{}", self.module, file_name(number));
        RelPath::parse(&path).map_err(|invalid| Inaccessible { verb: "write", path, why: invalid.on_one_line() })
    }

    fn failure(&self, why: &str) -> Inaccessible {
        Inaccessible { verb: "read", path: format!("{}/{}", self.module, file_name(0)), why: why.to_owned() }
    }
}

fn change(path: RelPath, action: Action, cause: &Change, written: Option<FileEntry>) -> Box<Change> {
    Box::new(Change { path, object: None, action, origin: cause.origin, written, unmerged: cause.unmerged })
}
