//! Mappings that several clusters of a run have, found by the key of their inputs, so that each is rendered once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use crate::cache::{FileEntry, InputRecord};
use crate::checksum::Checksum;
use crate::commands::project::Project;
use crate::file_stat::FileStat;
use crate::manifest::Layout;
use crate::plan::Identity;
use crate::reconcile::Verdict;
use crate::shared_files::ContentHash;
use crate::tree::Content;

/// Largest size of all texts that are kept, in bytes. Mappings beyond it are rendered for each cluster.
const LARGEST: usize = 32 << 20;

/// Mappings of the clusters of a run, rendered so far.
#[derive(Default)]
pub(in crate::commands) struct SharedMappings {
    earlier: RwLock<EarlierMappings>,
    added: Mutex<Added>,
}

/// Mappings of earlier clusters, which threads read without waiting for each other.
#[derive(Default)]
pub(super) struct EarlierMappings {
    mappings: HashMap<Checksum, SharedMapping>,
    /// Files that clusters share, by content.
    stored: HashMap<ContentHash, [Option<FileEntry>; 2]>,
}

/// What comes with a cluster, for later ones.
#[derive(Default)]
struct Added {
    mappings: Vec<(Checksum, SharedMapping)>,
    stored: Vec<(ContentHash, StoredFile)>,
    /// Size of the texts of all mappings in bytes, of earlier clusters, too.
    size: usize,
    /// Templates that all mappings were rendered from.
    templates: Vec<InputRecord>,
}

/// File in the folder of a content.
pub(in crate::commands) enum StoredFile {
    Kustomization(FileEntry),
    ConfigMap(FileEntry),
}

/// A mapping that was rendered.
pub(super) struct SharedMapping {
    pub(super) identity: Identity,
    /// The file beside its ConfigMap, if the layout has one.
    pub(super) beside: Option<SharedFile>,
    pub(super) config_map: SharedFile,
    /// The content of its ConfigMap.
    pub(super) hash: ContentHash,
}

/// A file of such a mapping.
pub(super) struct SharedFile {
    /// Checksum of its text.
    pub(super) checksum: Checksum,
    text: SharedText,
}

/// Text of such a file.
enum SharedText {
    Kept(Box<str>),
    /// Dropped: a git object or a file that clusters share has it.
    Object(FileStat),
}

impl SharedFile {
    /// Returns a file whose text was compared with this result; `None` if the run is not about it.
    fn of(text: &str, verdict: &Verdict, layout: Layout) -> Option<Self> {
        let entry: FileEntry = match verdict {
            Verdict::Right(file) => **file,
            Verdict::Change(change) => change.written?,
            Verdict::NotAsked | Verdict::Absent => return None,
        };
        // An object with other line ends is as good for the branch that has it, and longer.
        let is_object = entry.stat.object().is_some() && entry.stat.size == text.len() as u64;
        let text = if is_object || layout == Layout::Shared {
            SharedText::Object(entry.stat)
        } else {
            SharedText::Kept(text.into())
        };
        Some(Self { checksum: entry.checksum, text })
    }

    pub(super) fn content(&self) -> Content<'_> {
        match &self.text {
            SharedText::Kept(text) => Content::Text(text),
            SharedText::Object(stat) => Content::Object(*stat),
        }
    }

    fn size(&self) -> usize {
        match &self.text {
            SharedText::Kept(text) => text.len(),
            SharedText::Object(_) => 0,
        }
    }
}

impl EarlierMappings {
    /// Returns the mapping with this key, if it was rendered.
    pub(super) fn get(&self, key: Checksum) -> Option<&SharedMapping> {
        self.mappings.get(&key)
    }

    /// Returns those of the kustomization and the ConfigMap of a content that this run wrote for other clusters, or found
    /// as they should be.
    pub(super) fn stored(&self, content: ContentHash) -> [Option<FileEntry>; 2] {
        self.stored.get(&content).copied().unwrap_or_default()
    }

    fn extend(&mut self, added: &mut Added) {
        self.mappings.extend(added.mappings.drain(..));
        for (content, file) in added.stored.drain(..) {
            let stored = self.stored.entry(content).or_default();
            match file {
                StoredFile::Kustomization(entry) => stored[0] = Some(entry),
                StoredFile::ConfigMap(entry) => stored[1] = Some(entry),
            }
        }
    }
}

impl SharedMappings {
    /// Returns the mappings of earlier clusters.
    pub(super) fn earlier(&self) -> RwLockReadGuard<'_, EarlierMappings> {
        self.earlier.write().unwrap_or_else(PoisonError::into_inner).extend(&mut self.added());
        self.earlier.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a mapping with the texts of the file beside its ConfigMap, if the layout has one, and of its ConfigMap, which
    /// were compared with these results.
    pub(super) fn add(
        &self,
        key: Checksum,
        (identity, hash): (Identity, ContentHash),
        (beside, config_map): (Option<&str>, &str),
        verdicts: &[Verdict; 2],
        layout: Layout,
    ) {
        let Some(config_map) = SharedFile::of(config_map, &verdicts[1], layout) else { return };
        let beside = match beside {
            Some(text) => match SharedFile::of(text, &verdicts[0], layout) {
                Some(file) => Some(file),
                None => return,
            },
            None => None,
        };
        let size = config_map.size() + beside.as_ref().map_or(0, SharedFile::size);
        let mut added = self.added();
        if added.size + size <= LARGEST {
            added.size += size;
            added.mappings.push((key, SharedMapping { identity, beside, config_map, hash }));
        }
    }

    /// Notes shared files that are as they should be: the content, and the kustomization or the ConfigMap.
    pub(in crate::commands) fn note_stored(&self, files: impl IntoIterator<Item = (ContentHash, StoredFile)>) {
        self.added().stored.extend(files);
    }

    /// Notes the templates that the mappings of a project were rendered from.
    pub(super) fn note_templates(&self, project: &Project) {
        let [_, templates] = project.read();
        let mut added = self.added();
        for template in templates {
            if !added.templates.contains(&template) {
                added.templates.push(template);
            }
        }
    }

    /// Returns the templates that the mappings were rendered from.
    pub(super) fn templates(&self) -> Vec<InputRecord> {
        self.added().templates.clone()
    }

    fn added(&self) -> MutexGuard<'_, Added> {
        self.added.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
