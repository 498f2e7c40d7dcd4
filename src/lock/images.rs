//! Pinned digests of images.

use std::collections::BTreeMap;

use crate::vocabulary::{Digest, ImageRef, KernelRelease};

/// Digests of images that the manifest names by tag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImagePins(BTreeMap<ImageRef, Pin>);

/// Digests of one image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Pin {
    /// The digest for all kernels that have none of their own.
    newest: Option<Digest>,
    /// Digests for the kernels that keep an earlier one.
    kept: BTreeMap<KernelRelease, Digest>,
}

impl ImagePins {
    /// No digests.
    pub(super) const NONE: Self = Self(BTreeMap::new());

    /// Returns the digest of an image for a kernel.
    pub fn digest(&self, image: &ImageRef, release: &KernelRelease) -> Option<Digest> {
        let pin = self.0.get(image)?;
        pin.kept.get(release).copied().or(pin.newest)
    }

    /// Returns the digest of an image for the kernels that have none of their own.
    pub fn newest(&self, image: &ImageRef) -> Option<Digest> {
        self.0.get(image)?.newest
    }

    /// Pins an image for all kernels.
    pub fn pin(&mut self, image: ImageRef, digest: Digest) {
        self.0.insert(image, Pin { newest: Some(digest), kept: BTreeMap::new() });
    }

    /// Pins an image for all kernels but `kernels`, which keep the digests that they have.
    pub fn pin_for_others<'k>(
        &mut self,
        image: ImageRef,
        digest: Digest,
        kernels: impl IntoIterator<Item = &'k KernelRelease>,
    ) {
        let kernels = kernels.into_iter();
        let kept = kernels.filter_map(|kernel| Some((kernel.clone(), self.digest(&image, kernel)?)));
        let kept = kept.filter(|(_, kept)| *kept != digest).collect();
        self.0.insert(image, Pin { newest: Some(digest), kept });
    }

    /// Takes an entry of the lock's file: a digest for `kernels`, or for all others if there are none; returns whether
    /// nothing was pinned for them.
    pub(super) fn add(&mut self, image: ImageRef, digest: Digest, kernels: Vec<KernelRelease>) -> bool {
        let pin = self.0.entry(image).or_default();
        if kernels.is_empty() {
            return pin.newest.replace(digest).is_none();
        }
        kernels.into_iter().all(|kernel| pin.kept.insert(kernel, digest).is_none())
    }

    /// Drops the images that are not used, and the digests of kernels that do not use them.
    pub(super) fn retain(
        &mut self,
        is_used: impl Fn(&ImageRef) -> bool,
        is_used_on: impl Fn(&ImageRef, &KernelRelease) -> bool,
    ) {
        self.0.retain(|image, _| is_used(image));
        for (image, pin) in &mut self.0 {
            pin.kept.retain(|release, _| is_used_on(image, release));
        }
    }

    /// Takes the digests of all images of `other`, also in place of its own.
    pub(super) fn take(&mut self, other: &Self) {
        self.0.extend(other.0.iter().map(|(image, pin)| (image.clone(), pin.clone())));
    }

    /// Returns the images that `base` does not have, or has with other digests.
    pub(super) fn beyond(&self, base: &Self) -> Self {
        let others = self.0.iter().filter(|(image, pin)| base.0.get(*image) != Some(pin));
        Self(others.map(|(image, pin)| (image.clone(), pin.clone())).collect())
    }

    /// Returns the digests that kernels keep, each with its image and kernel.
    pub fn kept(&self) -> impl Iterator<Item = (&ImageRef, &KernelRelease, Digest)> {
        let pins = self.0.iter();
        pins.flat_map(|(image, pin)| pin.kept.iter().map(move |(release, digest)| (image, release, *digest)))
    }

    /// Returns the entries of the lock's file: each image and digest with the kernels that it is for, none for all
    /// others.
    pub(super) fn entries(&self) -> Vec<(&ImageRef, Digest, Vec<&KernelRelease>)> {
        let mut entries = Vec::new();
        for (image, Pin { newest, kept }) in &self.0 {
            entries.extend(newest.map(|digest| (image, digest, Vec::new())));
            let mut kernels: BTreeMap<Digest, Vec<&KernelRelease>> = BTreeMap::new();
            for (release, digest) in kept {
                kernels.entry(*digest).or_default().push(release);
            }
            entries.extend(kernels.into_iter().map(|(digest, kernels)| (image, digest, kernels)));
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> ImageRef {
        ImageRef::parse("quay.io/a/b:1").unwrap()
    }

    fn release(text: &str) -> KernelRelease {
        KernelRelease::parse(text).unwrap()
    }

    #[test]
    fn kernels_keep_their_digest_until_all_move() {
        let (old, new, newest) = (Digest::of(b"1"), Digest::of(b"2"), Digest::of(b"3"));
        let [running, added] = ["5.14.0-1", "5.14.0-2"].map(release);
        let mut pins = ImagePins::default();
        pins.pin(image(), old);
        pins.pin_for_others(image(), new, [&running]);
        assert_eq!((pins.digest(&image(), &running), pins.digest(&image(), &added)), (Some(old), Some(new)));
        pins.pin_for_others(image(), newest, [&running, &added]);
        assert_eq!((pins.digest(&image(), &running), pins.digest(&image(), &added)), (Some(old), Some(new)));
        assert_eq!(pins.newest(&image()), Some(newest));
        pins.pin(image(), newest);
        assert_eq!(pins.digest(&image(), &running), Some(newest));
        assert_eq!(pins.entries().len(), 1);
    }

    #[test]
    fn a_kernel_that_is_gone_is_dropped() {
        let mut pins = ImagePins::default();
        pins.pin(image(), Digest::of(b"1"));
        pins.pin_for_others(image(), Digest::of(b"2"), [&release("5.14.0-1")]);
        pins.retain(|_| true, |_, _| false);
        assert_eq!(pins.digest(&image(), &release("5.14.0-1")), Some(Digest::of(b"2")));
        pins.retain(|_| false, |_, _| true);
        assert_eq!(pins, ImagePins::default());
    }
}
