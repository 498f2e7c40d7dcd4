//! Which of the kernels that inputs name each item of a list is. A release alone does not tell: it can be
//! that of several architectures and distributions.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::kernels::Found;
use crate::kernels::systems::distribution_of;
use crate::manifest::Kernel;

/// Labels that hold several values of `kernels`, with commas between them.
const LISTS: [&str; 2] = ["distribution", "os"];

/// The kernel of each item, by number; `None` if inputs do not name it.
///
/// Each kernel is that of the item that agrees best with it. Items that agree as well as that one, and so
/// are told apart by labels of a person, are the same kernel.
pub(super) fn matched(items: &[Kernel], found: &[Found]) -> Vec<Option<usize>> {
    let mut by_release: HashMap<&str, Vec<usize>> = HashMap::with_capacity(found.len());
    for (at, found) in found.iter().enumerate() {
        by_release.entry(found.release.as_str()).or_default().push(at);
    }
    let mut rows: HashMap<&str, Vec<usize>> = HashMap::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        rows.entry(item.release.as_str()).or_default().push(at);
    }
    let mut matches = vec![None; items.len()];
    for (release, rows) in rows {
        let Some(kernels) = by_release.get(release) else { continue };
        let mut pairs: Vec<(u32, usize, usize)> = rows
            .iter()
            .flat_map(|row| kernels.iter().map(move |kernel| (*row, *kernel)))
            .filter_map(|(row, kernel)| Some((agreement(&items[row], &found[kernel])?, row, kernel)))
            .collect();
        pairs.sort_by_key(|(agreement, row, kernel)| (std::cmp::Reverse(*agreement), *row, *kernel));
        let mut taken: BTreeMap<usize, u32> = BTreeMap::new();
        for (agreement, row, kernel) in &pairs {
            if matches[*row].is_none() && !taken.contains_key(kernel) {
                matches[*row] = Some(*kernel);
                taken.insert(*kernel, *agreement);
            }
        }
        for (agreement, row, kernel) in &pairs {
            if matches[*row].is_none() && taken.get(kernel) == Some(agreement) {
                matches[*row] = Some(*kernel);
            }
        }
    }
    matches
}

/// Scores how well an item agrees with a kernel of its release; `None` if it is another kernel.
fn agreement(item: &Kernel, found: &Found) -> Option<u32> {
    let mut agreement = 0;
    match (item.architecture(), found.architecture) {
        (Some(own), Some(other)) if own != other => return None,
        (Some(_), Some(_)) => agreement += 4,
        _ => {}
    }
    if let Some(own) = item.labels.get("distribution") {
        let own = values(own);
        let others: BTreeSet<&str> = found.systems.iter().chain(&found.distributions).map(String::as_str).collect();
        if own.iter().any(|own| others.contains(own)) {
            agreement += 2;
        } else if own.iter().all(|own| others.iter().any(|other| excludes(own, other))) {
            return None;
        }
    }
    if let Some(own) = item.labels.get("os") {
        let own = values(own);
        if found.labels.get("os").is_some_and(|others| !own.is_disjoint(&values(others))) {
            agreement += 1;
        }
        let are_others = own.iter().map(|os| distribution_of(os, item.release.as_str())).all(|system| {
            system.is_some_and(|system| {
                !found.systems.contains(&system) && found.systems.iter().any(|other| excludes(&system, other))
            })
        });
        if are_others {
            return None;
        }
    }
    Some(agreement)
}

/// The values of a label that holds several.
fn values(label: &str) -> BTreeSet<&str> {
    label.split(", ").collect()
}

/// Checks whether two distributions exclude each other: both have a version, and their names are the same.
fn excludes(one: &str, other: &str) -> bool {
    fn is_version(text: &str) -> bool {
        text.starts_with(|c: char| c.is_ascii_digit())
    }
    match (one.rsplit_once(' '), other.rsplit_once(' ')) {
        (Some((name, version)), Some((other_name, other_version))) => {
            name == other_name && version != other_version && is_version(version) && is_version(other_version)
        }
        _ => false,
    }
}

/// The labels of an item that stood for several kernels and is one of them now, each with the values that
/// are the kernel's.
pub(super) fn narrowed<'f>(item: &Kernel, found: &'f Found) -> Vec<(&'static str, &'f str)> {
    if !found.is_split {
        return Vec::new();
    }
    let narrower = LISTS.into_iter().filter_map(|key| {
        let (old, new) = (item.labels.get(key)?, found.labels.get(key)?);
        let is_part = values(new).is_subset(&values(old)) && old != new;
        is_part.then_some((key, new.as_str()))
    });
    narrower.collect()
}

/// The labels of an item with what inputs know of its kernel.
pub(super) fn merged_labels(item: &Kernel, found: Option<&Found>) -> BTreeMap<String, String> {
    let mut labels = found.map(|found| found.labels.clone()).unwrap_or_default();
    labels.extend(item.labels.clone());
    let narrowed = found.map(|found| narrowed(item, found)).unwrap_or_default();
    labels.extend(narrowed.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())));
    labels
}
