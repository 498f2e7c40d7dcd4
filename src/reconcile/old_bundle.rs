//! Documents of a bundle that is there, of which those that stay are copied.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::ops::Range;

use crate::bundle::{Bundle, BundleDocument, LARGEST_FILE, file_name, parts};
use crate::cache::{FileEntry, ReadAt};
use crate::checksum::{Checksum, ChecksumKey};
use crate::header::{Ownership, SEPARATOR};
use crate::tree::OutputFolder;
use crate::vocabulary::RelPath;

/// A bundle that is as the previous run wrote it.
#[derive(Debug, Clone)]
pub struct KnownBundle {
    /// Its files.
    pub files: Vec<FileEntry>,
    /// Its documents in their order.
    pub documents: Vec<FileEntry>,
}

/// A bundle before it is written.
#[derive(Default)]
pub(super) struct OldBundle<'o> {
    files: Vec<OldFile<'o>>,
    /// Its documents in their order.
    documents: Vec<OldDocument>,
    by_checksum: HashMap<Checksum, usize>,
    /// Numbers of files that cannot be read.
    obstacles: Vec<usize>,
}

struct OldFile<'o> {
    number: usize,
    /// Set if any document in it is kmodgen's.
    is_own: bool,
    /// Its metadata and checksum, if it has nothing but its documents.
    entry: Option<FileEntry>,
    /// Positions of its documents.
    documents: Range<usize>,
    bytes: Box<dyn ReadAt + 'o>,
}

/// A document of a bundle before it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct OldDocument {
    pub(super) checksum: Checksum,
    pub(super) length: usize,
    /// Number of its file.
    pub(super) file: usize,
    /// Position of its first byte in the file.
    start: usize,
}

impl<'o> OldBundle<'o> {
    /// Opens the files of a bundle whose documents are known; `None` if the files do not have these.
    pub(super) fn open(module: &str, known: &KnownBundle, folder: &'o dyn OutputFolder) -> Option<Self> {
        let lengths = known.documents.iter().map(|document| document.stat.size as usize);
        let parts = parts(lengths, LARGEST_FILE);
        if parts.len() != known.files.len() {
            return None;
        }
        let mut old = Self::default();
        for (number, (range, entry)) in parts.into_iter().zip(&known.files).enumerate() {
            let mut start = 0;
            for FileEntry { stat, checksum } in known.documents.get(range.clone()).unwrap_or_default() {
                let length = stat.size as usize;
                old.add(OldDocument { checksum: *checksum, length, file: number, start });
                start += length + SEPARATOR.len();
            }
            // A checkout with other line ends is longer.
            if start != entry.stat.size as usize + SEPARATOR.len() {
                return None;
            }
            let bytes = folder.open(&RelPath::parse(&format!("{module}/{}", file_name(number))).ok()?)?;
            old.files.push(OldFile { number, is_own: true, entry: Some(*entry), documents: range, bytes });
        }
        Some(old)
    }

    /// Takes over a bundle that was read.
    pub(super) fn of(bundle: &'o Bundle, key: &ChecksumKey) -> Self {
        let obstacles = bundle.obstacles.iter().map(|(number, _)| *number).collect();
        let mut old = Self { obstacles, ..Self::default() };
        for file in &bundle.files {
            let (first, mut length, mut is_own) = (old.documents.len(), 0, false);
            for document in bundle.documents().filter(|document| document.file == file.number) {
                let BundleDocument { text, start, .. } = document;
                is_own = is_own || document.ownership() != Ownership::Foreign;
                length += text.len() + SEPARATOR.len();
                old.add(OldDocument { checksum: key.checksum(text), length: text.len(), file: file.number, start });
            }
            let is_exact = !bundle.is_unmerged() && length == file.bytes.len() + SEPARATOR.len();
            let entry = is_exact.then(|| FileEntry { stat: file.stat, checksum: key.checksum(&file.bytes) });
            let documents = first..old.documents.len();
            old.files.push(OldFile { number: file.number, is_own, entry, documents, bytes: Box::new(file.unix()) });
        }
        old
    }

    fn add(&mut self, document: OldDocument) {
        self.by_checksum.insert(document.checksum, self.documents.len());
        self.documents.push(document);
    }

    /// Returns the position of a document with this checksum.
    pub(super) fn find(&self, checksum: Checksum) -> Option<usize> {
        self.by_checksum.get(&checksum).copied()
    }

    /// Returns the document at a position.
    pub(super) fn document(&self, at: usize) -> Option<&OldDocument> {
        self.documents.get(at)
    }

    /// Returns all documents in their order, each once.
    pub(super) fn documents(&self) -> impl Iterator<Item = &OldDocument> {
        let documents = self.documents.iter().enumerate();
        documents.filter(|(at, document)| self.find(document.checksum) == Some(*at)).map(|(_, document)| document)
    }

    /// Appends the text of a document to a buffer; fails if it is not what it was.
    pub(super) fn read(&self, document: &OldDocument, key: &ChecksumKey, buffer: &mut Vec<u8>) -> io::Result<()> {
        let file = self.files.iter().find(|file| file.number == document.file).ok_or(ErrorKind::NotFound)?;
        let start = buffer.len();
        buffer.resize(start + document.length, 0);
        let text = buffer.get_mut(start..).unwrap_or_default();
        file.bytes.read_at(text, document.start as u64)?;
        if key.checksum(text) == document.checksum { Ok(()) } else { Err(ErrorKind::InvalidData.into()) }
    }

    /// Returns whether there is anything at the path of a file.
    pub(super) fn has_file(&self, number: usize) -> bool {
        self.files.iter().any(|file| file.number == number) || self.obstacles.contains(&number)
    }

    /// Returns the file with a number if it has exactly these documents.
    pub(super) fn unchanged(&self, number: usize, documents: impl Iterator<Item = Option<usize>>) -> Option<FileEntry> {
        let file = self.files.iter().find(|file| file.number == number)?;
        documents.eq(file.documents.clone().map(Some)).then_some(file.entry)?
    }

    /// Returns the numbers of files that have documents of kmodgen.
    pub(super) fn own_files(&self) -> impl Iterator<Item = usize> {
        self.files.iter().filter(|file| file.is_own).map(|file| file.number)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::bundle::BundleFile;
    use crate::file_stat::FileStat;
    use crate::header::with_header;
    use crate::tree::Found;

    const KEY: ChecksumKey = ChecksumKey::PUBLIC;

    fn entry(bytes: &str) -> FileEntry {
        let stat = FileStat { inode: 1, size: bytes.len() as u64, ..FileStat::NONE };
        FileEntry { stat, checksum: KEY.checksum(bytes.as_bytes()) }
    }

    fn folder(text: &str) -> BTreeMap<RelPath, Found> {
        let path = RelPath::parse("driver/configmaps.yaml").unwrap();
        [(path, Found::File(text.as_bytes().to_vec()))].into()
    }

    fn texts(old: &OldBundle<'_>) -> Vec<Option<String>> {
        let read = |document| {
            let mut text = Vec::new();
            old.read(document, &KEY, &mut text).ok().map(|()| String::from_utf8(text).unwrap())
        };
        old.documents.iter().map(read).collect()
    }

    #[test]
    fn known_documents_are_read_at_their_places() {
        let documents = ["a\n", "bb\n", "ccc\n"].map(with_header);
        let whole = documents.join(SEPARATOR);
        let known =
            KnownBundle { files: vec![entry(&whole)], documents: documents.iter().map(|one| entry(one)).collect() };
        let there = folder(&whole);
        let old = OldBundle::open("driver", &known, &there).unwrap();
        assert_eq!(texts(&old), documents.clone().map(Some));
        assert_eq!(old.unchanged(0, [0, 1, 2].map(Some).into_iter()), Some(entry(&whole)));
        for other in [vec![Some(0), Some(1)], vec![Some(0), None, Some(2)], vec![Some(1), Some(0), Some(2)]] {
            assert_eq!(old.unchanged(0, other.into_iter()), None);
        }

        // Someone edits the file after it was compared.
        let there = folder(&whole.replacen("\nbb\n", "\nbx\n", 1));
        let old = OldBundle::open("driver", &known, &there).unwrap();
        assert_eq!(texts(&old), [Some(documents[0].clone()), None, Some(documents[2].clone())]);
        let there = folder(&documents[0]);
        let old = OldBundle::open("driver", &known, &there).unwrap();
        assert_eq!(texts(&old), [Some(documents[0].clone()), None, None]);
        assert!(OldBundle::open("other", &known, &there).is_none());

        // A checkout with other line ends is read as a whole.
        let known = KnownBundle { files: vec![entry(&whole.replace('\n', "\r\n"))], ..known };
        assert!(OldBundle::open("driver", &known, &there).is_none());
    }

    #[test]
    fn a_file_with_more_than_its_documents_is_written_again() {
        let documents = ["a\n", "bb\n"].map(with_header);
        let whole = documents.join(SEPARATOR);
        for (text, is_exact) in [
            (whole.clone(), true),
            (whole.replace('\n', "\r\n"), false),
            (format!("{whole}---\n"), false),
            (format!("\n---\n{whole}"), false),
        ] {
            let bundle = Bundle::new(vec![BundleFile::new(0, text.clone().into(), FileStat::NONE)], vec![], vec![]);
            let old = OldBundle::of(&bundle, &KEY);
            let unchanged = old.unchanged(0, [0, 1].map(Some).into_iter());
            assert_eq!(unchanged.is_some(), is_exact, "{text}");
            assert!(texts(&old).iter().all(Option::is_some), "{text}");
        }
    }
}
