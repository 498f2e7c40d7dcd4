//! Merging kernels into a list that is there, as an edit of its text.

mod check;
mod edits;
mod writing;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use super::{Changes, Found, Import};
use crate::manifest::{Kernel, read_kernel_file};
use crate::vocabulary::{Diagnostic, Diagnostics, SourceId, by_version};
use crate::yaml::{self, Node};
use check::is_merged;
use writing::Writing;

/// What becomes of kernels that no input names any more: all stay, or this many of the newest ones.
pub type Keep = Option<usize>;

/// An item of the list.
struct Item<'n> {
    kernel: Kernel,
    node: &'n Node,
    fate: Fate<'n>,
}

/// What becomes of an item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate<'f> {
    /// An input names it.
    Found(&'f Found),
    /// No input names it, and it stays.
    Vanished,
    /// Nodes run it, and it is not selected.
    Left,
    /// It goes.
    Dropped,
}

/// As [`Import::merge_into`].
pub(super) fn merge(
    import: &Import,
    source: SourceId,
    text: &str,
    keep: Keep,
    faults: &mut Diagnostics,
) -> Option<(String, Changes)> {
    let node = match yaml::read(source, text) {
        Ok(Some(node)) => node,
        Ok(None) => {
            let help = "leave `--merge` out to make a new list";
            faults.push(Diagnostic::error("empty-input", "the list to merge into is empty").help(help));
            return None;
        }
        Err(errors) => {
            faults.extend(errors);
            return None;
        }
    };
    let kernels = read_kernel_file(&node, faults);
    if faults.has_errors() {
        return None;
    }
    let list = node.as_mapping()?.iter().find(|entry| entry.key.value == "kernels")?;
    let found: HashMap<&str, &Found> = import.found.iter().map(|found| (found.release.as_str(), found)).collect();
    let nodes = list.value.as_sequence().unwrap_or_default();
    let mut items: Vec<Item<'_>> = kernels
        .into_iter()
        .zip(nodes)
        .map(|(kernel, node)| {
            let fate = match found.get(kernel.release.as_str()) {
                Some(found) => Fate::Found(found),
                None if import.runs(kernel.release.as_str()) => Fate::Left,
                None => Fate::Vanished,
            };
            Item { kernel, node, fate }
        })
        .collect();
    drop_old(&mut items, import, keep);
    warn_of_pins(&items, faults);
    let mut merge = Writing::of(text, import);
    let known: HashSet<&str> = items.iter().map(|item| item.kernel.release.as_str()).collect();
    let new: Vec<&Found> = import.found.iter().filter(|found| !known.contains(found.release.as_str())).collect();
    let start = list.key.span.end;
    merge.update(&items, start);
    merge.drop_and_add(&items, &new, &list.value, start);
    let (merged, changes) = merge.finish();
    let merged = merged.filter(|merged| is_merged(source, merged, &items, &new, import));
    if merged.is_none() {
        let message = "this list is written in a way in which it cannot be edited without loss";
        let help = "write one kernel an item, without anchors and aliases, as `kmodgen kernels` does";
        faults.push(Diagnostic::error("unmergeable", message).at(list.key.span, "").help(help));
    }
    Some((merged?, changes))
}

impl Import {
    fn runs(&self, release: &str) -> bool {
        self.running.as_ref().is_some_and(|running| running.contains_key(release))
    }

    /// How many nodes run a kernel, where inputs have nodes.
    fn count(&self, release: &str) -> Option<u64> {
        self.running.as_ref().map(|running| running.get(release).copied().unwrap_or(0))
    }
}

/// Chooses which of the vanished kernels go. One that nodes run, as far as anyone knows, stays: the
/// module would be unloaded there.
fn drop_old(items: &mut [Item<'_>], import: &Import, keep: Keep) {
    let Some(keep) = keep else { return };
    let may_run = |kernel: &Kernel| import.running.is_none() && kernel.nodes.is_some_and(|nodes| nodes > 0);
    let mut old: Vec<&mut Item<'_>> =
        items.iter_mut().filter(|item| item.fate == Fate::Vanished && !may_run(&item.kernel)).collect();
    old.sort_by(|one, other| by_version(other.kernel.release.as_str(), one.kernel.release.as_str()));
    old.into_iter().skip(keep).for_each(|item| item.fate = Fate::Dropped);
}

/// Tells of kernels whose pinned image is not the one that inputs name.
fn warn_of_pins(items: &[Item<'_>], faults: &mut Diagnostics) {
    for item in items {
        let (Fate::Found(Found { dtk: Some(pin), .. }), Some(own)) = (item.fate, &item.kernel.dtk) else { continue };
        if own.digest() != pin.image.digest() {
            let message = format!(
                "the list pins another Driver Toolkit image for kernel `{}` than the inputs name",
                item.kernel.release.value
            );
            let warning = Diagnostic::warning("pin-differs", message).at(own.span, "this stays");
            faults.push(warning.help(format!("the inputs name {}", pin.image)));
        }
    }
}
