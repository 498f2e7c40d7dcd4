//! `kmodgen update --images`: moves the pins of images.

use std::collections::BTreeSet;

use super::effect::Effect;
use super::{moved, written};
use crate::adapters::ui;
use crate::commands::Exit;
use crate::commands::image_digests::image_digests;
use crate::commands::pin_clusters::PinClusters;
use crate::commands::project::Project;
use crate::lock::ImagePins;
use crate::manifest::{Kernel, Pinnable, TagUse};
use crate::settings::Network;
use crate::vocabulary::{Diagnostics, ImageRef, KernelRelease};

/// Moves the pins of all images of clusters; with `new_kernels_only`, those of kernels that run stay.
pub(super) fn run(
    mut project: Project,
    clusters: &PinClusters,
    network: Network,
    new_kernels_only: bool,
) -> anyhow::Result<Exit> {
    let group = clusters.group.as_ref();
    let mut tags = Pinnable::of(clusters.manifests()).images;
    if new_kernels_only {
        // No other kernel has such an image.
        tags.retain(|_, used| !used.is_by_kernel || !used.kernels.iter().all(|kernel| runs(kernel)));
    }
    let mut faults = Diagnostics::default();
    let digests = image_digests(&tags, network.timeout, &mut faults);
    project.report(faults)?;
    let mut text = String::new();
    let mut pins = project.lock.pins(group).clone();
    for (image, digest) in digests {
        let used = &tags[&image];
        let kept_before = keeping(&pins.images, &image, used);
        let before = pins.images.newest(&image);
        let running = used.kernels.iter().filter(|kernel| new_kernels_only && runs(kernel));
        pins.images.pin_for_others(image.clone(), digest, running.map(|kernel| &kernel.release.value));
        let kept = keeping(&pins.images, &image, used);
        let kernels = match (kept, kept_before) {
            (0, 0) => String::new(),
            (0, before) => format!("; {} kept an earlier digest until now", ui::count(before, "kernel")),
            (kept, _) => format!("; {} with an earlier digest", ui::count(kept, "kernel")),
        };
        let line = moved(&image.to_string(), before.map(written), Some(written(digest)));
        text.push_str(&format!("{}{kernels}\n", line.trim_end()));
    }
    project.lock.pin(group, &pins);
    project.complete_lock(network)?;
    project.tidy_lock();
    let effect = Effect::of(&project)?;
    project.save_lock()?;
    ui::result(&text);
    ui::talk(&format!("images: {effect}\n"));
    Ok(Exit::Success)
}

/// Returns whether nodes may run a kernel.
fn runs(kernel: &Kernel) -> bool {
    kernel.node_count() != Some(0)
}

/// Counts the kernels that keep an earlier digest of an image.
fn keeping(pins: &ImagePins, image: &ImageRef, used: &TagUse<'_>) -> usize {
    let releases: BTreeSet<&KernelRelease> = used.kernels.iter().map(|kernel| &kernel.release.value).collect();
    let newest = pins.newest(image);
    releases.into_iter().filter(|release| pins.digest(image, release) != newest).count()
}
