//! The proof of a merge: what was written is read again, and has to say what it should.

use std::collections::HashMap;

use super::matching::merged_labels;
use super::{Fate, Item};
use crate::kernels::{Found, Import};
use crate::manifest::{Kernel, read_kernel_file};
use crate::vocabulary::{Diagnostics, SourceId};

/// Checks a merged text: each kernel that stays has all its old facts, and more
/// only of what inputs know.
pub(super) fn is_merged(source: SourceId, text: &str, items: &[Item<'_>], new: &[&Found], import: &Import) -> bool {
    let Ok(Some(node)) = kmodgen_yaml::read(source, text) else { return false };
    let mut faults = Diagnostics::default();
    let kernels = read_kernel_file(&node, &mut faults);
    let mut merged: HashMap<&str, Vec<&Kernel>> = HashMap::with_capacity(kernels.len());
    for kernel in &kernels {
        merged.entry(kernel.release.as_str()).or_default().push(kernel);
    }
    // Each kernel of the text is that of one item.
    let mut take = |release: &str, is_it: &dyn Fn(&Kernel) -> bool| {
        let Some(kernels) = merged.get_mut(release) else { return false };
        let at = kernels.iter().position(|kernel| is_it(kernel));
        at.map(|at| kernels.swap_remove(at)).is_some()
    };
    let staying: Vec<&Item<'_>> = items.iter().filter(|item| item.fate != Fate::Dropped).collect();
    let images = |kernel: &Kernel| {
        let builder = kernel.images.builder.as_ref().map(|builder| builder.value.clone());
        (builder, kernel.images.runtime.as_ref().map(|runtime| runtime.value.clone()))
    };
    let are_kept = staying.iter().all(|item| {
        let old = &item.kernel;
        let found = item.found();
        let pin = old.dtk.as_ref().map(|dtk| &dtk.value).or_else(|| Some(&found?.dtk.as_ref()?.image));
        let labels = merged_labels(old, found);
        let nodes = match old.nodes {
            Some(nodes) => Some(item.count(import).unwrap_or(nodes)),
            None => found.map(|found| found.nodes).filter(|nodes| *nodes > 0),
        };
        take(old.release.as_str(), &|now| {
            now.labels == labels
                && images(old) == images(now)
                && now.dtk.as_ref().map(|dtk| &dtk.value) == pin
                && now.nodes == nodes
        })
    });
    let are_new = new.iter().all(|found| {
        take(found.release.as_str(), &|now| {
            now.labels == found.labels
                && now.dtk.as_ref().map(|dtk| &dtk.value) == found.dtk.as_ref().map(|pin| &pin.image)
        })
    });
    faults.is_empty() && kernels.len() == staying.len() + new.len() && are_kept && are_new
}
