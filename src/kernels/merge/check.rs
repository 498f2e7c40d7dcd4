//! The proof of a merge: what was written is read again, and has to say what it should.

use std::collections::HashMap;

use super::matching::merged_labels;
use super::{Fate, Item};
use crate::kernels::Found;
use crate::manifest::{BaseImages, Kernel, read_kernel_file};
use crate::vocabulary::{Diagnostics, SourceId};

/// Checks a merged text: each kernel that stays has all its old facts, and more
/// only of what inputs know.
pub(super) fn is_merged(source: SourceId, text: &str, items: &[Item<'_>], new: &[&Found]) -> bool {
    let Ok(Some(node)) = kmodgen_yaml::read(source, text) else { return false };
    let mut faults = Diagnostics::default();
    let kernels = read_kernel_file(&node, &mut faults);
    let mut merged = KernelsByRelease::of(&kernels);
    let staying: Vec<&Item<'_>> = items.iter().filter(|item| item.fate != Fate::Dropped).collect();
    let are_kept = staying.iter().all(|item| {
        let old = &item.kernel;
        let found = item.found();
        let pin = old.dtk.as_ref().map(|dtk| &dtk.value).or_else(|| Some(&found?.dtk.as_ref()?.image));
        let labels = merged_labels(old, found);
        merged.take(old.release.as_str(), |now| {
            now.labels == labels
                && have_same_images(old, now)
                && now.dtk.as_ref().map(|dtk| &dtk.value) == pin
                && now.pin == old.pin
                && now.nodes.as_ref().map(|nodes| &nodes.value) == item.count.as_ref()
        })
    });
    let are_new = new.iter().all(|found| {
        merged.take(found.release.as_str(), |now| {
            now.labels == found.labels
                && now.dtk.as_ref().map(|dtk| &dtk.value) == found.dtk.as_ref().map(|pin| &pin.image)
                && now.nodes.as_ref().map(|nodes| &nodes.value) == found.count().as_ref()
        })
    });
    faults.is_empty() && kernels.len() == staying.len() + new.len() && are_kept && are_new
}

fn have_same_images(one: &Kernel, other: &Kernel) -> bool {
    let [own, others] = [one, other].map(|kernel| {
        let BaseImages { builder, runtime, fetch } = &kernel.base_images;
        let [runtime, fetch] = [runtime, fetch].map(|image| image.as_ref().map(|image| (&image.name.value, image.pin)));
        (builder.as_ref().map(|builder| (&builder.name.value, builder.pin)), runtime, fetch)
    });
    own == others
}

/// Kernels of a merged text that no item was found for yet.
struct KernelsByRelease<'k>(HashMap<&'k str, Vec<&'k Kernel>>);

impl<'k> KernelsByRelease<'k> {
    fn of(kernels: &'k [Kernel]) -> Self {
        let mut by_release: HashMap<_, Vec<_>> = HashMap::with_capacity(kernels.len());
        for kernel in kernels {
            by_release.entry(kernel.release.as_str()).or_default().push(kernel);
        }
        Self(by_release)
    }

    /// Removes the first kernel of a release that fits; false if there is none.
    fn take(&mut self, release: &str, fits: impl Fn(&Kernel) -> bool) -> bool {
        let Some(kernels) = self.0.get_mut(release) else { return false };
        let at = kernels.iter().position(|kernel| fits(kernel));
        at.map(|at| kernels.swap_remove(at)).is_some()
    }
}
