//! Kernels that have the same digests of images.

use std::collections::HashMap;

use crate::lock::ImagePins;
use crate::manifest::Kernel;
use crate::vocabulary::{Digest, ImageRef};

/// Numbers of the kernels of a manifest: kernels with the same number have the same digests of all images.
pub(super) struct PinGroups(Vec<usize>);

impl PinGroups {
    pub(super) fn of(kernels: &[Kernel], pins: &ImagePins) -> Self {
        let mut kept: HashMap<&str, Vec<(&ImageRef, Digest)>> = HashMap::new();
        for (image, release, digest) in pins.kept() {
            kept.entry(release.as_str()).or_default().push((image, digest));
        }
        let mut known = HashMap::from([(Vec::new(), 0)]);
        let groups = kernels.iter().map(|kernel| {
            let next = known.len();
            let pins = kept.get(kernel.release.as_str()).cloned().unwrap_or_default();
            *known.entry(pins).or_insert(next)
        });
        Self(groups.collect())
    }

    /// Returns the number of the kernel with this number in the manifest.
    pub(super) fn of_kernel(&self, kernel: usize) -> usize {
        self.0[kernel]
    }
}
