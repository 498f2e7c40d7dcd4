//! Pins: what the refs, files and images of a manifest stand for.

use std::collections::BTreeMap;
use std::fmt;

use super::{Commit, ImagePins, image_not_pinned};
use crate::manifest::{Git, NamedImage, Pinnable};
use crate::vocabulary::{Diagnostics, Digest, GitOid, GitRef, GitUrl, ImageRef, KernelRelease, Timestamp};

/// No pins.
pub(super) static NONE: Pins = Pins { images: ImagePins::NONE, commits: BTreeMap::new(), files: BTreeMap::new() };

/// Pins of the clusters that share them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pins {
    /// Pinned digests of images.
    pub images: ImagePins,
    pub(super) commits: BTreeMap<(GitUrl, GitRef), Commit>,
    /// The checksums of files, by URL.
    pub(super) files: BTreeMap<String, Digest>,
}

/// Change of a pin, for people.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PinChange {
    /// Ref with its repository, URL or image.
    pub item: String,
    from: Option<String>,
    to: String,
}

impl fmt::Display for PinChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { item, from, to } = self;
        match from {
            Some(from) => writeln!(f, "{item} {from} -> {to}"),
            None => writeln!(f, "{item} pinned to {to}"),
        }
    }
}

impl Pins {
    /// The commit that a repository's ref stands for: its own where it is a full commit id already.
    pub fn commit(&self, git: &Git) -> Option<GitOid> {
        git.reference.value.as_commit().or_else(|| self.pin_of(git).map(|commit| commit.id.clone()))
    }

    /// Returns the date of the commit that a repository's ref stands for, if it is known.
    pub fn date(&self, git: &Git) -> Option<Timestamp> {
        self.pin_of(git)?.date
    }

    fn pin_of(&self, git: &Git) -> Option<&Commit> {
        self.commits.get(&(git.url.value.clone(), git.reference.value.clone()))
    }

    /// The checksum of the file at a URL.
    pub fn checksum(&self, url: &str) -> Option<Digest> {
        self.files.get(url).copied()
    }

    /// Returns an image with its digest for a kernel, or as it is written if nothing pins it; `None` if the digest is
    /// not known.
    pub fn image(&self, image: &NamedImage, release: &KernelRelease) -> Option<ImageRef> {
        let Some(tag) = image.tag() else { return Some(image.name.value.clone()) };
        Some(tag.with_digest(self.images.digest(&tag, release)?))
    }

    /// Returns an image with its digest for a kernel, as [`Self::image`] does; an image that is not pinned is noted in
    /// `faults`.
    pub fn pinned_image(
        &self,
        image: &NamedImage,
        release: &KernelRelease,
        faults: &mut Diagnostics,
    ) -> Option<ImageRef> {
        let pinned = self.image(image, release);
        if let (None, Some(tag)) = (&pinned, image.tag()) {
            faults.push(image_not_pinned(&tag, tag.span, "run `kmodgen lock`"));
        }
        pinned
    }

    /// Pins a ref.
    pub fn pin(&mut self, url: GitUrl, reference: GitRef, commit: Commit) {
        self.commits.insert((url, reference), commit);
    }

    /// Pins a file.
    pub fn pin_file(&mut self, url: String, checksum: Digest) {
        self.files.insert(url, checksum);
    }

    /// Returns the items that are not pinned.
    pub fn missing<'m>(&self, mut items: Pinnable<'m>) -> Pinnable<'m> {
        items.gits.retain(|_, git| self.commit(git).is_none());
        items.files.retain(|url, _| !self.files.contains_key(url));
        items.images.retain(|image, _| self.images.newest(image).is_none());
        items
    }

    /// Returns the pins of these items.
    pub fn select(&self, items: &Pinnable<'_>) -> Self {
        let mut pins = self.clone();
        pins.commits.retain(|(url, reference), _| items.gits.contains_key(&(url, reference)));
        pins.files.retain(|url, _| items.files.contains_key(url));
        pins.images.retain(
            |image| items.images.contains_key(image),
            |image, release| items.images[image].kernels.iter().any(|kernel| kernel.release.value == *release),
        );
        pins
    }

    /// Takes all pins of `other`, also in place of its own.
    pub fn take(&mut self, other: &Self) {
        let Self { images, commits, files } = other;
        self.images.take(images);
        self.commits.extend(commits.iter().map(|(key, commit)| (key.clone(), commit.clone())));
        self.files.extend(files.iter().map(|(url, checksum)| (url.clone(), *checksum)));
    }

    /// Returns the pins that `base` does not have, or has with another value.
    #[must_use]
    pub fn beyond(&self, base: &Self) -> Self {
        let Self { images, commits, files } = self;
        let commits = commits.iter().filter(|(key, commit)| base.commits.get(key) != Some(commit));
        let files = files.iter().filter(|(url, checksum)| base.files.get(*url) != Some(checksum));
        Self {
            images: images.beyond(&base.images),
            commits: commits.map(|(key, commit)| (key.clone(), commit.clone())).collect(),
            files: files.map(|(url, checksum)| (url.clone(), *checksum)).collect(),
        }
    }

    /// Returns the changes of pins since `old`, in the order of the lock's file.
    pub fn changes_from(&self, old: &Self) -> Vec<PinChange> {
        let before: BTreeMap<String, String> = old.values().into_iter().collect();
        let changes =
            self.values().into_iter().map(|(item, to)| PinChange { from: before.get(&item).cloned(), item, to });
        changes.filter(|change| change.from.as_ref() != Some(&change.to)).collect()
    }

    /// Returns whether the item of a change is pinned.
    pub fn has(&self, change: &PinChange) -> bool {
        self.values().iter().any(|(item, _)| *item == change.item)
    }

    /// Returns all items with the texts of their pins.
    fn values(&self) -> Vec<(String, String)> {
        let commits = self.commits.iter();
        let commits =
            commits.map(|((url, reference), commit)| (format!("{} {reference}", url.as_str()), commit.id.to_string()));
        let files = self.files.iter().map(|(url, checksum)| (url.clone(), format!("sha256:{checksum}")));
        let mut images: BTreeMap<String, String> = BTreeMap::new();
        for (image, digest, kernels) in self.images.entries() {
            let pin = match kernels.len() {
                0 => format!("sha256:{digest}"),
                1 => format!("sha256:{digest} for 1 kernel"),
                number => format!("sha256:{digest} for {number} kernels"),
            };
            let pins = images.entry(image.to_string()).or_default();
            pins.push_str(if pins.is_empty() { "" } else { ", " });
            pins.push_str(&pin);
        }
        commits.chain(files).chain(images).collect()
    }

    /// Returns whether nothing is pinned.
    pub fn is_empty(&self) -> bool {
        *self == NONE
    }
}
