//! Merging kernels into a list that is there, as an edit of its text.

mod check;
mod counts;
mod edits;
mod matching;
mod writing;

#[cfg(test)]
mod cluster_tests;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};

use kmodgen_yaml::Node;

use super::{Changes, Found, Import};
use crate::manifest::{Kernel, NodeCount, read_kernel_file};
use crate::vocabulary::{Diagnostic, Diagnostics, SourceId, by_version};
use check::is_merged;
use counts::{count_nodes, uncounted};
use matching::matched;
use writing::Writing;

/// Number of the newest kernels to keep that no input names any more; `None` keeps all.
pub type Keep = Option<usize>;

/// An item of the list.
struct Item<'n> {
    kernel: Kernel,
    node: &'n Node,
    fate: Fate<'n>,
    /// Number of nodes after the merge.
    count: Option<NodeCount>,
}

/// The fate of an item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate<'f> {
    /// An input names it.
    Found(&'f Found),
    /// No input names it any more, and it stays.
    Vanished,
    /// No node of the inputs' cluster runs it any more, and those of others do.
    Elsewhere,
    /// No input is about it.
    Unasked,
    /// Nodes run it, and it is not selected.
    Left(&'f Found),
    Dropped,
    /// Kept for other clusters only.
    DroppedHere,
}

impl<'f> Item<'f> {
    /// Returns the number of nodes before the merge.
    fn written_count(&self) -> Option<&NodeCount> {
        self.kernel.nodes.as_ref().map(|nodes| &nodes.value)
    }

    fn found(&self) -> Option<&'f Found> {
        match self.fate {
            Fate::Found(found) => Some(found),
            _ => None,
        }
    }
}

/// Implements [`Import::merge_into`].
pub(super) fn merge(
    import: &Import,
    source: SourceId,
    text: &str,
    keep: Keep,
    faults: &mut Diagnostics,
) -> Option<(String, Changes)> {
    let node = match kmodgen_yaml::read(source, text) {
        Ok(Some(node)) => node,
        Ok(None) => {
            let help = "remove `--merge` to create a new list";
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
    if let Some(fault) = uncounted(&kernels, import) {
        faults.push(fault);
        return None;
    }
    let list = node.as_mapping()?.iter().find(|entry| entry.key.value == "kernels")?;
    let nodes = list.value.as_sequence().unwrap_or_default();
    let matches = matched(&kernels, &import.found);
    let mut items: Vec<Item<'_>> = kernels
        .into_iter()
        .zip(nodes)
        .zip(&matches)
        .map(|((kernel, node), found)| {
            let fate = fate(&kernel, found.map(|at| &import.found[at]), import);
            Item { kernel, node, fate, count: None }
        })
        .collect();
    drop_old(&mut items, import, keep);
    count_nodes(&mut items, import);
    warn_of_pins(&items, faults);
    let mut merge = Writing::of(text);
    let known: BTreeSet<usize> = matches.iter().flatten().copied().collect();
    let new = import.found.iter().enumerate().filter(|(at, found)| found.is_wanted() && !known.contains(at));
    let new: Vec<&Found> = new.map(|(_, found)| found).collect();
    warn_of_splits(&items, &new, faults);
    let start = list.key.span.end;
    merge.update(&items, start);
    merge.drop_and_add(&items, &new, &list.value, start);
    let (merged, changes) = merge.finish();
    let merged = merged.filter(|merged| is_merged(source, merged, &items, &new));
    if merged.is_none() {
        let message = "cannot edit this list without losing parts of it";
        let help = "write each kernel as an item, without anchors and aliases, as `kmodgen kernels` does";
        faults.push(Diagnostic::error("unmergeable", message).at(list.key.span, "").help(help));
    }
    Some((merged?, changes))
}

/// Decides the fate of a kernel of the list, of which the inputs found this.
fn fate<'f>(kernel: &Kernel, found: Option<&'f Found>, import: &Import) -> Fate<'f> {
    match found {
        Some(found) if found.selected => return Fate::Found(found),
        Some(found) if found.nodes > 0 => return Fate::Left(found),
        _ => {}
    }
    match (&import.cluster, kernel.nodes.as_ref().map(|nodes| &nodes.value)) {
        // A kernel that no node ran yet came from a list, and only lists tell whether it is still wanted.
        (None, nodes) if !import.has_lists && (nodes.is_none() || !import.has_nodes) => Fate::Unasked,
        (None, _) => Fate::Vanished,
        (Some(cluster), Some(NodeCount::PerCluster(counts))) if import.has_nodes && counts.contains_key(cluster) => {
            let runs_elsewhere = counts.iter().any(|(other, count)| other != cluster && *count > 0);
            if runs_elsewhere { Fate::Elsewhere } else { Fate::Vanished }
        }
        (Some(_), _) => Fate::Unasked,
    }
}

/// Chooses which of the vanished kernels go. One that nodes run, as far as anyone knows, stays: the
/// module would be unloaded there.
fn drop_old(items: &mut [Item<'_>], import: &Import, keep: Keep) {
    let Some(keep) = keep else { return };
    let mut old: Vec<&mut Item<'_>> = items
        .iter_mut()
        .filter(|item| {
            let may_run = !import.has_nodes && item.kernel.is_in_use();
            matches!(item.fate, Fate::Vanished | Fate::Elsewhere) && !may_run
        })
        .collect();
    old.sort_by(|one, other| by_version(other.kernel.release.as_str(), one.kernel.release.as_str()));
    for item in old.into_iter().skip(keep) {
        let clusters = item.kernel.nodes.as_ref().map_or(0, |nodes| nodes.clusters().count());
        item.fate = if import.cluster.is_some() && clusters > 1 { Fate::DroppedHere } else { Fate::Dropped };
    }
}

/// Tells of items that stood for several kernels, of which others are added now.
fn warn_of_splits(items: &[Item<'_>], new: &[&Found], faults: &mut Diagnostics) {
    let mut added: HashMap<&str, Vec<String>> = HashMap::new();
    for found in new.iter().filter(|found| found.is_split) {
        let labels = ["arch", "distribution"].into_iter().filter_map(|key| found.labels.get(key));
        let described = labels.map(String::as_str).collect::<Vec<_>>().join(", ");
        added.entry(found.release.as_str()).or_default().push(described);
    }
    for item in items {
        let (Some(_), Some(others)) = (item.found(), added.get(item.kernel.release.as_str())) else { continue };
        let release = &item.kernel.release;
        let message = format!("added other kernels with the release `{}`: {}", release.value, others.join("; "));
        let warning = Diagnostic::warning("split-kernel", message).at(release.span, "this item is one of them");
        faults.push(warning.help(
            "KMM cannot distinguish them by release: write a module for each, with a selector for its nodes and \
             `when: {labels: …}`",
        ));
    }
}

/// Tells of kernels whose pinned image is not the one that inputs name.
fn warn_of_pins(items: &[Item<'_>], faults: &mut Diagnostics) {
    for item in items {
        let (Fate::Found(Found { dtk: Some(pin), .. }), Some(own)) = (item.fate, &item.kernel.dtk) else { continue };
        if own.digest() != pin.image.digest() {
            let message = format!(
                "the Driver Toolkit image of kernel `{}` differs between the list and the inputs",
                item.kernel.release.value
            );
            let warning = Diagnostic::warning("pin-differs", message).at(own.span, "this stays");
            faults.push(warning.help(format!("the inputs name {}", pin.image)));
        }
    }
}
