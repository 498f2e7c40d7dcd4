//! What is known of Driver Toolkit images, by image, once all inputs have been read.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Toolkit;
use crate::vocabulary::{Diagnostic, Diagnostics, ImageRef, KernelRelease, by_version};

/// All images that inputs name.
#[derive(Debug, Default)]
pub(super) struct Toolkits<'f> {
    by_digest: BTreeMap<&'f str, Image<'f>>,
    /// The versions of OpenShift that an OS image is from.
    openshift_of_os: BTreeMap<&'f str, BTreeSet<&'f str>>,
}

/// One image.
#[derive(Debug)]
pub(super) struct Image<'f> {
    /// Its name; where inputs know several, the one that sorts first.
    pub(super) reference: &'f ImageRef,
    /// The versions of OpenShift that it is from.
    pub(super) openshift: BTreeSet<&'f str>,
    /// The kernels that it has the headers of; empty where nothing says so.
    pub(super) kernels: BTreeSet<&'f str>,
    /// What was said about it.
    said: Vec<&'f Toolkit>,
}

impl<'f> Toolkits<'f> {
    pub(super) fn of(toolkits: &'f [Toolkit], faults: &mut Diagnostics) -> Self {
        let mut all = Self::default();
        for toolkit in toolkits {
            if let (Some(os), Some(openshift)) = (&toolkit.os, &toolkit.openshift) {
                all.openshift_of_os.entry(os).or_default().insert(openshift);
            }
            if let Some((image, digest)) = toolkit.image.as_ref().and_then(|image| Some((image, image.digest()?))) {
                all.note(image, digest, toolkit);
            }
        }
        all.take_unnamed(toolkits, faults);
        all
    }

    fn note(&mut self, image: &'f ImageRef, digest: &'f str, toolkit: &'f Toolkit) {
        let known = self.by_digest.entry(digest).or_insert_with(|| Image {
            reference: image,
            openshift: BTreeSet::new(),
            kernels: BTreeSet::new(),
            said: Vec::new(),
        });
        known.reference = known.reference.min(image);
        known.openshift.extend(toolkit.openshift.as_deref());
        known.kernels.extend(toolkit.kernels.iter().map(KernelRelease::as_str));
        known.said.push(toolkit);
    }

    /// A driver-toolkit-release.json does not say of which image it is. Where there is one image and
    /// one such file, they belong together.
    fn take_unnamed(&mut self, toolkits: &'f [Toolkit], faults: &mut Diagnostics) {
        let unnamed: Vec<&Toolkit> = toolkits.iter().filter(|toolkit| toolkit.image.is_none()).collect();
        let alike = unnamed.windows(2).all(|pair| pair[0].kernels == pair[1].kernels);
        if let ([toolkit, ..], true, 1) = (&*unnamed, alike, self.by_digest.len()) {
            let digests: Vec<&str> = self.by_digest.keys().copied().collect();
            if let Some(image) = digests.first().and_then(|digest| self.by_digest.get_mut(digest)) {
                image.kernels.extend(toolkit.kernels.iter().map(KernelRelease::as_str));
                image.said.push(toolkit);
            }
        } else if !self.by_digest.is_empty() {
            faults.extend(unnamed.into_iter().map(|toolkit| {
                Diagnostic::warning("unnamed-dtk", "nothing says of which Driver Toolkit image this is")
                    .at(toolkit.span, "")
                    .help("name the image before the file: `REPOSITORY@sha256:…=FILE`")
            }));
        }
    }

    /// Whether any input knows which image goes with which OS image.
    pub(super) fn know_os_images(&self) -> bool {
        self.by_digest.values().any(|image| image.said.iter().any(|said| said.os.is_some()))
    }

    /// The images that a kernel may be built with: those of its OS images, and those that have its
    /// headers.
    pub(super) fn candidates(
        &self,
        release: &str,
        os_images: &BTreeSet<&str>,
        architecture: Option<&str>,
    ) -> Vec<&Image<'f>> {
        let goes_with = |image: &&Image<'f>| {
            image.kernels.contains(release) || image.said.iter().any(|said| said.is_of(os_images, architecture))
        };
        self.by_digest.values().filter(goes_with).collect()
    }

    /// The versions of OpenShift that an OS image is from.
    pub(super) fn openshift_of_os(&self, os: &str) -> impl Iterator<Item = &'f str> {
        self.openshift_of_os.get(os).into_iter().flatten().copied()
    }
}

impl<'f> Image<'f> {
    /// The newest of these OS images that it goes with.
    pub(super) fn newest_os<'o>(&self, os_images: &BTreeSet<&'o str>, architecture: Option<&str>) -> Option<&'o str> {
        let own = |os: &&&str| self.said.iter().any(|said| said.is_of(&BTreeSet::from([**os]), architecture));
        os_images.iter().filter(own).copied().max_by(|one, other| by_version(one, other))
    }

    /// What said that it goes with these OS images or kernels, for a comment.
    pub(super) fn origins(&self, release: &str, os_images: &BTreeSet<&str>) -> BTreeSet<&'f str> {
        let matters = |said: &&&'f Toolkit| {
            let os = said.os.as_deref();
            os.is_none_or(|os| os_images.contains(os))
                && (said.kernels.is_empty() || said.kernels.iter().any(|kernel| kernel.as_str() == release))
        };
        self.said.iter().filter(matters).map(|said| said.origin.as_str()).collect()
    }
}

impl Toolkit {
    /// Whether it goes with one of these OS images on this architecture.
    fn is_of(&self, os_images: &BTreeSet<&str>, architecture: Option<&str>) -> bool {
        let fits = |own: &str| architecture.is_none_or(|other| own == other);
        self.os.as_deref().is_some_and(|os| os_images.contains(os)) && self.architecture.is_none_or(fits)
    }
}
