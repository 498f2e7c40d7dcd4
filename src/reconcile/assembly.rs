//! Files of bundles, put together from new documents and from those that are there.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hasher as _;
use std::sync::{Mutex, PoisonError};

use super::old_bundle::{KnownBundle, OldBundle, OldDocument};
use super::{Action, Change, TextParts, TextSink};
use crate::bundle::{LARGEST_FILE, document_of, document_path, file_name, module_of, name_line, parts};
use crate::cache::FileEntry;
use crate::checksum::{Checksum, ChecksumKey};
use crate::file_stat::FileStat;
use crate::header::{Ownership, SEPARATOR, ownership_of_one};
use crate::tree::{Inaccessible, OutputFolder};
use crate::vocabulary::RelPath;

/// Number of bytes of a file that are put together at a time.
const PART: usize = 1 << 16;

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

    fn put_parts(
        &self,
        path: &RelPath,
        text: (TextParts<'_>, Option<&str>),
        action: &Action,
    ) -> Result<FileStat, Inaccessible> {
        self.sink.put_parts(path, text, action)
    }
}

/// Documents of a planned bundle.
pub struct PlannedBundle<'p> {
    /// Name and checksum of each, in ascending order.
    pub documents: Vec<(&'p str, Checksum)>,
    /// The bundle that is there, if it is as the previous run wrote it.
    pub known: Option<&'p KnownBundle>,
}

/// Changes of files.
#[derive(Default)]
pub struct Assembly {
    /// Changes, in an order that is safe to apply.
    pub changes: Vec<Box<Change>>,
    /// Files without documents that Modules on disk may name.
    pub replacing: BTreeSet<RelPath>,
    /// Files of the bundles that changed, by module.
    pub bundles: BTreeMap<String, Vec<FileEntry>>,
}

/// Turns changes of documents, and of files that clusters share, into changes of files on disk. Files with documents that
/// stay are written with their bytes.
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
        if change.stored.is_some() {
            assembly.changes.extend(change.at_content());
            continue;
        }
        match module_of(path).or_else(|| document_of(path).map(|(module, _)| module)) {
            None => assembly.changes.push(change.clone()),
            Some(module) if !matches!(change.action, Action::Conflict(_)) && done.insert(module) => {
                let planned = planned.get(module);
                let documents = planned.map(|planned| planned.documents.as_slice()).unwrap_or_default();
                let known = planned.and_then(|planned| OldBundle::open(module, planned.known?, folder));
                let bundle = if known.is_none() { folder.bundle(module)? } else { None }.unwrap_or_default();
                let old = known.unwrap_or_else(|| OldBundle::of(&bundle, key));
                Assembler { module, old: &old, key, sink }.assemble(documents, change, &mut assembly)?;
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
    old: &'a OldBundle<'a>,
    key: &'a ChecksumKey,
    sink: &'a BundleSink<'a>,
}

/// Text of a document.
#[derive(Clone, Copy)]
enum Source<'b> {
    Stored((u64, usize)),
    /// A document that is there, and its position.
    There(usize, &'b OldDocument),
}

impl Source<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Stored((_, length)) => *length,
            Self::There(_, document) => document.length,
        }
    }

    /// Returns the position of a document that is there.
    fn position(&self) -> Option<usize> {
        match self {
            Self::Stored(_) => None,
            Self::There(at, _) => Some(*at),
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
        let mut sources = Vec::with_capacity(documents.len());
        for (name, checksum) in documents {
            let stored = self.sink.place(&document_path(self.module, name)).map(Source::Stored);
            let source = stored.or_else(|| {
                let at = self.old.find(*checksum)?;
                self.old.document(at).map(|document| Source::There(at, document))
            });
            sources.push(source.ok_or_else(|| self.changed())?);
        }
        let replaced = self.replaced(documents, &sources)?;
        let parts = parts(sources.iter().map(Source::len), LARGEST_FILE);
        let count = parts.len();
        let mut files = Vec::new();
        for (number, part) in parts.into_iter().enumerate() {
            let sources = sources.get(part).unwrap_or_default();
            if let Some(file) = self.old.unchanged(number, sources.iter().map(Source::position)) {
                files.push(file);
                continue;
            }
            let action = if self.old.has_file(number) { Action::Update } else { Action::Create };
            let path = self.path(number)?;
            let replaced = replaced.get(&number).map(String::as_str);
            let written = self.write(&path, sources, (&action, replaced))?;
            if replaced.is_some() {
                assembly.replacing.insert(path.clone());
            }
            files.push(written);
            assembly.changes.push(change(path, action, cause, Some(written)));
        }
        for number in self.old.own_files().filter(|number| *number >= count) {
            assembly.changes.push(change(self.path(number)?, Action::Remove, cause, None));
        }
        assembly.bundles.insert(self.module.to_owned(), files);
        Ok(())
    }

    /// Returns the documents that go, by the number of their file, as far as they are of objects that the new documents
    /// do not have.
    fn replaced(
        &self,
        documents: &[(&str, Checksum)],
        sources: &[Source<'_>],
    ) -> Result<BTreeMap<usize, String>, Inaccessible> {
        let stay: HashSet<&Checksum> = documents.iter().map(|(_, checksum)| checksum).collect();
        let mut gone = Vec::new();
        for document in self.old.documents().filter(|document| !stay.contains(&document.checksum)) {
            let text = self.text(&Source::There(0, document))?;
            if ownership_of_one(&text) == Ownership::Intact {
                gone.push((document.file, text));
            }
        }
        let mut replaced = BTreeMap::new();
        if gone.is_empty() {
            return Ok(replaced);
        }
        let mut names = HashSet::new();
        for source in sources.iter().filter(|source| source.position().is_none()) {
            names.extend(name_line(&self.text(source)?).map(<[u8]>::to_vec));
        }
        gone.retain(|(_, text)| name_line(text).is_some_and(|name| !names.contains(name)));
        for (file, text) in gone {
            let texts: &mut String = replaced.entry(file).or_default();
            texts.push_str(SEPARATOR);
            texts.push_str(&String::from_utf8_lossy(&text));
        }
        Ok(replaced)
    }

    /// Writes a file in parts, so that no text of one is ever in memory.
    fn write(
        &self,
        path: &RelPath,
        sources: &[Source<'_>],
        (action, replaced): (&Action, Option<&str>),
    ) -> Result<FileEntry, Inaccessible> {
        let mut hasher = self.key.hasher();
        let mut left = sources.iter();
        let parts: TextParts<'_> = &mut |buffer| {
            while buffer.len() < PART
                && let Some(source) = left.next()
            {
                self.read(source, buffer)?;
                if left.len() > 0 {
                    buffer.extend_from_slice(SEPARATOR.as_bytes());
                }
            }
            hasher.write(buffer);
            Ok(!buffer.is_empty())
        };
        let stat = self.sink.put_parts(path, (parts, replaced), action)?;
        Ok(FileEntry { stat, checksum: hasher.checksum() })
    }

    fn text(&self, source: &Source<'_>) -> Result<Vec<u8>, Inaccessible> {
        let mut text = Vec::with_capacity(source.len());
        self.read(source, &mut text)?;
        Ok(text)
    }

    /// Appends a text to a buffer.
    fn read(&self, source: &Source<'_>, buffer: &mut Vec<u8>) -> Result<(), Inaccessible> {
        match source {
            Source::Stored(place) => buffer.extend(self.sink.read(*place)?),
            Source::There(_, document) => {
                self.old.read(document, self.key, buffer).map_err(|_| self.changed())?;
            }
        }
        Ok(())
    }

    fn path(&self, number: usize) -> Result<RelPath, Inaccessible> {
        let path = format!("{}/{}", self.module, file_name(number));
        RelPath::parse(&path).map_err(|invalid| Inaccessible { verb: "write", path, why: invalid.on_one_line() })
    }

    fn changed(&self) -> Inaccessible {
        let path = format!("{}/{}", self.module, file_name(0));
        Inaccessible { verb: "read", path, why: "it changed during the run".to_owned() }
    }
}

fn change(path: RelPath, action: Action, cause: &Change, written: Option<FileEntry>) -> Box<Change> {
    Box::new(Change {
        path,
        object: None,
        stored: None,
        action,
        origin: cause.origin,
        written,
        unmerged: cause.unmerged,
    })
}
