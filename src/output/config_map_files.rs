//! Files with the ConfigMaps of a module, in each layout.

use crate::bundle;
use crate::manifest::Layout;
use crate::shared_files::ContentHash;

/// Files with the ConfigMaps of a module.
#[derive(Debug, Clone)]
pub enum ConfigMapFiles {
    /// One for each mapping, in its folder.
    Own,
    /// This number of files, with all of them.
    Bundle(usize),
    /// One for each mapping, with these contents, which clusters share.
    Shared(Vec<ContentHash>),
}

/// ConfigMap of a mapping, as far as its file depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentFacts<'m> {
    /// The kernel release.
    pub release: &'m str,
    /// The length of its text in bytes.
    pub length: usize,
    /// Its content.
    pub hash: ContentHash,
}

impl<'m> DocumentFacts<'m> {
    /// Returns the facts about the text of a ConfigMap.
    pub fn of(release: &'m str, text: &str) -> Self {
        Self { release, length: text.len(), hash: ContentHash::of(text) }
    }
}

impl ConfigMapFiles {
    /// Returns the files of ConfigMaps, which are in the order of the mappings, in a layout.
    pub fn of(layout: Layout, mut documents: Vec<DocumentFacts<'_>>) -> Self {
        match layout {
            Layout::Files => Self::Own,
            Layout::Bundle => {
                documents.sort_unstable();
                let lengths = documents.into_iter().map(|document| document.length);
                Self::Bundle(bundle::parts(lengths, bundle::LARGEST_FILE).len())
            }
            Layout::Shared => Self::Shared(documents.into_iter().map(|document| document.hash).collect()),
        }
    }
}
