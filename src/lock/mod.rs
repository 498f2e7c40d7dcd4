//! The lock: the commit that each ref of a repository stands for, the checksum of each file that is downloaded, the
//! digest of each image, and the version of the built-in templates.
//!
//! The file is canonical (the same content has the same bytes) and has one entry for each item in sorted order, so
//! that two branches that add sources merge.

mod images;
mod pins;
mod read;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use images::ImagePins;
pub use pins::{PinChange, Pins};

use crate::manifest::{Git, Pinnable};
use crate::template;
use crate::vocabulary::{Diagnostic, Digest, GitOid, GitUrl, ImageRef, PinGroup, Span, Timestamp};

/// The name of the lock's file, beside the manifest.
pub const FILE_NAME: &str = "kmodgen.lock";

/// Version of the file's form that is written. Version 1, which has no dates and no images, is read, too.
const FORM: &str = "2";

/// Pinned versions of the built-in templates, of git refs, files and images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// The version of the built-in templates.
    pub templates: u32,
    /// Pins of the clusters that are in no group.
    shared: Arc<Pins>,
    /// Pins of the clusters in groups.
    groups: BTreeMap<PinGroup, Arc<Pins>>,
    /// The digests that images were pushed with, by image name.
    pushed: BTreeMap<String, Digest>,
}

/// Pinned commit of a ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The commit.
    pub id: GitOid,
    /// Date of the commit; `None` if the entry is of a lock of version 1.
    pub date: Option<Timestamp>,
}

impl Default for Lock {
    /// The lock of a new project: the newest templates, and nothing pinned.
    fn default() -> Self {
        Self { templates: template::NEWEST, shared: Arc::default(), groups: BTreeMap::new(), pushed: BTreeMap::new() }
    }
}

impl Lock {
    /// Returns the pins of a group; without one, those of the clusters that are in none.
    pub fn pins(&self, group: Option<&PinGroup>) -> &Pins {
        match group {
            None => &self.shared,
            Some(group) => self.groups.get(group).map_or(&pins::NONE, |pins| pins),
        }
    }

    /// Sets pins of a group.
    pub fn pin(&mut self, group: Option<&PinGroup>, pins: &Pins) {
        let new = pins.beyond(self.pins(group));
        if !new.is_empty() {
            let own = match group {
                None => &mut self.shared,
                Some(group) => self.groups.entry(group.clone()).or_default(),
            };
            Arc::make_mut(own).take(&new);
        }
    }

    /// Returns the digest that an image was pushed with, given its repository and tag.
    pub fn pushed(&self, image: &str) -> Option<Digest> {
        self.pushed.get(image).copied()
    }

    /// Notes the digest that an image was pushed with.
    pub fn note_pushed(&mut self, image: String, digest: Digest) {
        self.pushed.insert(image, digest);
    }

    /// Drops all pins but those of these items of each group.
    pub fn retain_used(&mut self, used: &BTreeMap<Option<&PinGroup>, Pinnable<'_>>) {
        self.groups.retain(|group, _| used.contains_key(&Some(group)));
        let groups = self.groups.iter_mut().map(|(group, pins)| (Some(group), pins));
        for (group, pins) in std::iter::once((None, &mut self.shared)).chain(groups) {
            *pins = Arc::new(used.get(&group).map(|items| pins.select(items)).unwrap_or_default());
        }
    }

    /// Drops the digests of pushed images whose names `is_used` does not know.
    pub fn retain_pushed(&mut self, is_used: impl Fn(&str) -> bool) {
        self.pushed.retain(|image, _| is_used(image));
    }
}

/// Refs by their repository.
pub fn by_url<'m>(gits: impl Iterator<Item = &'m Git>) -> BTreeMap<&'m GitUrl, Vec<&'m Git>> {
    let mut by_url: BTreeMap<&GitUrl, Vec<&Git>> = BTreeMap::new();
    for git in gits {
        by_url.entry(&git.url.value).or_default().push(git);
    }
    by_url
}

/// Returns an error for each item that is not pinned; `advice` is how to pin them here.
pub fn not_pinned(items: &Pinnable<'_>, advice: &str) -> Vec<Diagnostic> {
    let Pinnable { gits, files, images } = items;
    let refs = gits.values().map(|git| {
        let reference = &git.reference;
        Diagnostic::error("not-locked", format!("`{}` is not pinned in {FILE_NAME}", reference.value))
            .at(reference.span, "")
            .help(format!("{advice}, or write a full commit ID"))
    });
    let files = files.iter().map(|(url, place)| {
        Diagnostic::error("not-locked", format!("the checksum of {url} is not in {FILE_NAME}"))
            .at(*place, "")
            .help(format!("{advice}, or write its `sha256`"))
    });
    let images = images.iter().map(|(image, used)| image_not_pinned(image, used.place, advice));
    refs.chain(files).chain(images).collect()
}

/// Returns the error for an image that is not pinned; `advice` is how to pin it here.
pub fn image_not_pinned(image: &ImageRef, place: Span, advice: &str) -> Diagnostic {
    Diagnostic::error("not-locked", format!("the digest of `{image}` is not in {FILE_NAME}"))
        .at(place, "")
        .help(format!("{advice}, write `{image}@sha256:…`, or write `pin: false` beside it"))
}
