//! The proof of a merge: what was written is read again, and has to say what it should.

use std::collections::BTreeMap;

use super::{Fate, Item};
use crate::kernels::{Found, Import};
use crate::manifest::{Kernel, read_kernel_file};
use crate::vocabulary::{Diagnostics, SourceId};
use crate::yaml;

/// Whether a merged text says what it has to: each kernel that stays with all that it said, and more
/// only of what inputs know.
pub(super) fn is_merged(source: SourceId, text: &str, items: &[Item<'_>], new: &[&Found], import: &Import) -> bool {
    let Ok(Some(node)) = yaml::read(source, text) else { return false };
    let mut faults = Diagnostics::default();
    let kernels = read_kernel_file(&node, &mut faults);
    let merged: BTreeMap<&str, &Kernel> = kernels.iter().map(|kernel| (kernel.release.as_str(), kernel)).collect();
    let staying: Vec<&Item<'_>> = items.iter().filter(|item| item.fate != Fate::Dropped).collect();
    let is_kept = |item: &&Item<'_>| {
        let (old, Some(now)) = (&item.kernel, merged.get(item.kernel.release.as_str())) else { return false };
        let images = |kernel: &Kernel| {
            let builder = kernel.images.builder.as_ref().map(|builder| builder.value.clone());
            (builder, kernel.images.runtime.as_ref().map(|runtime| runtime.value.clone()))
        };
        let found = match item.fate {
            Fate::Found(found) => Some(found),
            _ => None,
        };
        let counted = import.count(old.release.as_str());
        let pin = old.dtk.as_ref().map(|dtk| &dtk.value).or_else(|| Some(&found?.dtk.as_ref()?.image));
        let mut labels = found.map(|found| found.labels.clone()).unwrap_or_default();
        labels.extend(old.labels.clone());
        now.labels == labels
            && images(old) == images(now)
            && now.dtk.as_ref().map(|dtk| &dtk.value) == pin
            && now.nodes
                == old.nodes.map(|nodes| counted.unwrap_or(nodes)).or(found.map(|found| found.nodes).filter(|n| *n > 0))
    };
    let is_new = |found: &&&Found| {
        merged.get(found.release.as_str()).is_some_and(|now| {
            now.labels == found.labels
                && now.dtk.as_ref().map(|dtk| &dtk.value) == found.dtk.as_ref().map(|pin| &pin.image)
        })
    };
    faults.is_empty()
        && kernels.len() == staying.len() + new.len()
        && staying.iter().all(is_kept)
        && new.iter().filter(is_new).count() == new.len()
}
