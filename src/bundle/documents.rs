//! Reading of bundles.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::{LARGEST_FILE, parts};
use crate::file_stat::FileStat;
use crate::header::{Owner, Ownership, SEPARATOR, documents, owners, ownership_of_one, to_unix};
use crate::vocabulary::KernelRelease;

/// First line of the inputs that a ConfigMap has in an annotation.
const RELEASE: &str = "      kernel release: ";

/// Number of lines in which the release of a document has to be.
const FIRST_LINES: usize = 200;

/// A file of a bundle as it was read.
#[derive(Debug, Clone)]
pub struct BundleFile {
    /// Its number.
    pub number: usize,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its metadata.
    pub stat: FileStat,
    /// The same bytes with LF line ends, if the file has others.
    unix: Option<Vec<u8>>,
}

impl BundleFile {
    /// Creates a file with these bytes.
    pub fn new(number: usize, bytes: Vec<u8>, stat: FileStat) -> Self {
        let unix = match to_unix(&bytes) {
            Cow::Owned(unix) => Some(unix),
            Cow::Borrowed(_) => None,
        };
        Self { number, bytes, stat, unix }
    }

    /// Returns its text, with LF line ends.
    pub fn unix(&self) -> &[u8] {
        self.unix.as_deref().unwrap_or(&self.bytes)
    }
}

/// Reason why the documents of a bundle cannot be read or replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// A folder is in place of a file.
    Folder,
    /// Something else that is no file, such as "a symbolic link".
    Other(&'static str),
    /// Git could not merge the file, for this reason.
    Unmerged(String),
}

/// Files of a bundle, and the documents in them.
#[derive(Debug, Default)]
pub struct Bundle {
    /// Files that were read, in the order of their numbers.
    pub files: Vec<BundleFile>,
    /// Files that could not be read, by number.
    pub obstacles: Vec<(usize, Obstacle)>,
    /// Other versions of files that git could not merge; the documents are those of our side.
    pub other_sides: Vec<Vec<u8>>,
    places: Vec<DocumentPlace>,
    /// The first document of each name.
    by_name: HashMap<String, usize>,
}

/// Place of a document.
#[derive(Debug)]
struct DocumentPlace {
    /// Position of its file.
    file: usize,
    range: Range<usize>,
    name: String,
    is_named_by_release: bool,
}

/// Document of a bundle.
#[derive(Debug, Clone, Copy)]
pub struct BundleDocument<'b> {
    /// The kernel release, or its number if the document does not have one of its own.
    pub name: &'b str,
    /// Its text, with LF line ends.
    pub text: &'b [u8],
    /// Number of its file.
    pub file: usize,
    /// Position of its first byte in the file.
    pub start: usize,
    /// Set if it is the document of a mapping.
    pub has_release: bool,
}

impl BundleDocument<'_> {
    /// Returns who wrote it.
    pub fn ownership(&self) -> Ownership {
        ownership_of_one(self.text)
    }
}

impl Bundle {
    /// Reads the documents of files.
    pub fn new(files: Vec<BundleFile>, obstacles: Vec<(usize, Obstacle)>, other_sides: Vec<Vec<u8>>) -> Self {
        let mut bundle = Self { files, obstacles, other_sides, ..Self::default() };
        for (at, file) in bundle.files.iter().enumerate() {
            let unix = file.unix();
            let mut start = 0;
            for text in documents(unix) {
                let range = start..start + text.len();
                start = range.end + SEPARATOR.len();
                if text.trim_ascii().is_empty() {
                    continue;
                }
                let release = release_of(text).filter(|release| !bundle.by_name.contains_key(*release));
                let name = release.map_or_else(|| format!("document {}", bundle.places.len() + 1), str::to_owned);
                bundle.by_name.entry(name.clone()).or_insert(bundle.places.len());
                bundle.places.push(DocumentPlace { file: at, range, name, is_named_by_release: release.is_some() });
            }
        }
        bundle
    }

    /// Returns all documents in their order.
    pub fn documents(&self) -> impl Iterator<Item = BundleDocument<'_>> {
        self.places.iter().map(|place| self.document(place))
    }

    /// Returns the document with a name.
    pub fn get(&self, name: &str) -> Option<BundleDocument<'_>> {
        self.by_name.get(name).and_then(|at| self.places.get(*at)).map(|place| self.document(place))
    }

    fn document<'b>(&'b self, place: &'b DocumentPlace) -> BundleDocument<'b> {
        let file = self.files.get(place.file);
        let text = file.and_then(|file| file.unix().get(place.range.clone())).unwrap_or_default();
        let file = file.map_or(0, |file| file.number);
        let start = place.range.start;
        BundleDocument { name: &place.name, text, file, start, has_release: place.is_named_by_release }
    }

    /// Returns whether there is no file of a bundle.
    pub fn is_absent(&self) -> bool {
        self.files.is_empty() && self.obstacles.is_empty()
    }

    /// Returns whether git could not merge a file.
    pub fn is_unmerged(&self) -> bool {
        !self.other_sides.is_empty()
    }

    /// Returns the owners that the documents name, on both sides of a merge.
    pub fn owners(&self) -> impl Iterator<Item = Owner<'_>> {
        let texts = self.documents().map(|document| document.text).chain(self.other_sides.iter().map(Vec::as_slice));
        texts.flat_map(owners)
    }

    /// Returns whether any document is kmodgen's.
    pub fn has_ours(&self) -> bool {
        self.documents().any(|document| document.ownership() != Ownership::Foreign)
    }

    /// Returns the documents that are of no mapping that is `planned`, and that nobody but their author may remove.
    pub fn foreign<'b>(&'b self, planned: impl Fn(&str) -> bool + 'b) -> impl Iterator<Item = BundleDocument<'b>> {
        self.documents().filter(move |document| !planned(document.name)).filter(|document| match document.ownership() {
            Ownership::Intact => false,
            // Another one with its release is removed as that of a mapping is.
            Ownership::Edited => !document.has_release,
            Ownership::Foreign => true,
        })
    }

    /// Returns whether the files are what a run that has these documents, in order of their names, would write.
    pub fn is_in_order<'n>(&self, names: impl Iterator<Item = &'n str>) -> bool {
        if self.is_unmerged() || !self.obstacles.is_empty() || !self.documents().map(|one| one.name).eq(names) {
            return false;
        }
        let expected = parts(self.documents().map(|document| document.text.len()), LARGEST_FILE);
        let sizes = expected.iter().map(|part| {
            let lengths = self.places.get(part.clone()).unwrap_or_default().iter().map(|place| place.range.len());
            lengths.sum::<usize>() + SEPARATOR.len() * (part.len() - 1)
        });
        let numbers = self.files.iter().map(|file| file.number);
        numbers.eq(0..expected.len()) && self.files.iter().map(|file| file.unix().len()).eq(sizes)
    }
}

/// Returns the line with the name of the object in a document.
pub fn name_line(text: &[u8]) -> Option<&[u8]> {
    text.split(|byte| *byte == b'\n').take(FIRST_LINES).find(|line| line.starts_with(b"  name: "))
}

/// Returns the kernel release of a document; `None` if it has none.
fn release_of(text: &[u8]) -> Option<&str> {
    let lines = text.split(|byte| *byte == b'\n').take(FIRST_LINES);
    let mut lines = lines.take_while(|line| *line != b"data:");
    let release = std::str::from_utf8(lines.find_map(|line| line.strip_prefix(RELEASE.as_bytes()))?).ok()?;
    KernelRelease::parse(release).ok().map(|_| release)
}

/// Returns the kind and name of the object in a document, for people.
pub fn object_of(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    Some(format!("{} {}", value_of(&text, "kind: ")?, value_of(&text, "  name: ")?))
}

fn value_of(text: &str, key: &str) -> Option<String> {
    let value = text.lines().take(FIRST_LINES).find_map(|line| line.strip_prefix(key))?;
    Some(value.trim().trim_matches(['"', '\'']).escape_debug().to_string())
}
