//! The lock: the commit that each ref of a repository stands for, the checksum of each file that is downloaded, the
//! digest of each image, and the version of the built-in templates.
//!
//! The file is canonical (the same content has the same bytes) and has one entry for each item in sorted order, so
//! that two branches that add sources merge.

mod images;
mod read;
mod write;

use std::collections::BTreeMap;

pub use images::ImagePins;

use crate::manifest::{Git, Manifest, NamedImage, Source, TagUse};
use crate::template;
use crate::vocabulary::{
    Diagnostic, Diagnostics, Digest, GitOid, GitRef, GitUrl, ImageRef, KernelRelease, Span, Timestamp,
};

/// The name of the lock's file, beside the manifest.
pub const FILE_NAME: &str = "kmodgen.lock";

/// Version of the file's form that is written. Version 1, which has no dates and no images, is read, too.
const FORM: &str = "2";

/// Pinned versions of the built-in templates, of git refs, files and images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// The version of the built-in templates.
    pub templates: u32,
    /// Pinned digests of images.
    pub images: ImagePins,
    commits: BTreeMap<(GitUrl, GitRef), Commit>,
    /// The checksums of files, by URL.
    files: BTreeMap<String, Digest>,
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
        Self {
            templates: template::NEWEST,
            images: ImagePins::default(),
            commits: BTreeMap::new(),
            files: BTreeMap::new(),
            pushed: BTreeMap::new(),
        }
    }
}

impl Lock {
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

    /// Returns the digest that an image was pushed with, given its repository and tag.
    pub fn pushed(&self, image: &str) -> Option<Digest> {
        self.pushed.get(image).copied()
    }

    /// Pins a ref.
    pub fn pin(&mut self, url: GitUrl, reference: GitRef, commit: Commit) {
        self.commits.insert((url, reference), commit);
    }

    /// Pins a file.
    pub fn pin_file(&mut self, url: String, checksum: Digest) {
        self.files.insert(url, checksum);
    }

    /// Notes the digest that an image was pushed with.
    pub fn note_pushed(&mut self, image: String, digest: Digest) {
        self.pushed.insert(image, digest);
    }

    /// The manifest's repositories whose refs are not pinned, each with its refs.
    pub fn missing<'m>(&self, manifest: &'m Manifest) -> BTreeMap<&'m GitUrl, Vec<&'m Git>> {
        unpinned(manifest.sources.values().filter_map(Source::git).filter(|git| self.commit(git).is_none()))
    }

    /// Of the URLs of files, those whose checksums are not pinned.
    pub fn missing_files(&self, mut urls: BTreeMap<String, Span>) -> BTreeMap<String, Span> {
        urls.retain(|url, _| !self.files.contains_key(url));
        urls
    }

    /// Returns the images of `tags` whose digests are not pinned.
    pub fn missing_images<'m>(&self, mut tags: BTreeMap<ImageRef, TagUse<'m>>) -> BTreeMap<ImageRef, TagUse<'m>> {
        tags.retain(|image, _| self.images.newest(image).is_none());
        tags
    }

    /// Drops what no source of the manifest asks for, files that are none of `urls`, and images that are none of `tags`.
    pub fn retain_used(
        &mut self,
        manifest: &Manifest,
        urls: &BTreeMap<String, Span>,
        tags: &BTreeMap<ImageRef, TagUse<'_>>,
    ) {
        self.commits.retain(|(url, reference), _| {
            let mut gits = manifest.sources.values().filter_map(Source::git);
            gits.any(|git| git.url.value == *url && git.reference.value == *reference)
        });
        self.files.retain(|url, _| urls.contains_key(url));
        self.images.retain(
            |image| tags.contains_key(image),
            |image, release| tags[image].kernels.iter().any(|kernel| kernel.release.value == *release),
        );
    }

    /// Drops the digests of pushed images whose names `is_used` does not know.
    pub fn retain_pushed(&mut self, is_used: impl Fn(&str) -> bool) {
        self.pushed.retain(|image, _| is_used(image));
    }
}

/// Refs that a repository has to be asked for, by repository.
pub fn unpinned<'m>(gits: impl Iterator<Item = &'m Git>) -> BTreeMap<&'m GitUrl, Vec<&'m Git>> {
    let mut by_url: BTreeMap<&GitUrl, Vec<&Git>> = BTreeMap::new();
    for git in gits.filter(|git| git.reference.as_commit().is_none()) {
        by_url.entry(&git.url.value).or_default().push(git);
    }
    by_url
}

/// Returns an error for each ref, file and image that is not pinned; `advice` is how to pin them here.
pub fn not_pinned<'m>(
    gits: impl IntoIterator<Item = &'m Git>,
    files: &BTreeMap<String, Span>,
    images: &BTreeMap<ImageRef, TagUse<'_>>,
    advice: &str,
) -> Vec<Diagnostic> {
    let refs = gits.into_iter().map(|git| {
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
