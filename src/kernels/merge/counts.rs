//! Numbers of nodes after a merge, in all clusters or in each.

use std::collections::{BTreeMap, BTreeSet};

use super::{Fate, Item};
use crate::kernels::Import;
use crate::manifest::{Kernel, NodeCount};
use crate::vocabulary::{ClusterName, Diagnostic};

/// Returns an error if the list counts the nodes of each cluster, and the inputs do not name the cluster of theirs.
pub(super) fn uncounted(kernels: &[Kernel], import: &Import) -> Option<Diagnostic> {
    if !import.has_nodes || import.cluster.is_some() {
        return None;
    }
    let counts = kernels.iter().filter_map(|kernel| kernel.nodes.as_ref());
    let (span, cluster) = counts.filter_map(|nodes| Some((nodes.span, nodes.clusters().next()?))).next()?;
    let message = "the list counts the nodes of each cluster, and the inputs contain nodes of an unnamed one";
    let help = format!("merge the nodes of one cluster at a time, with its name: `--cluster {cluster}`");
    Some(Diagnostic::error("no-cluster", message).at(span, "").help(help))
}

/// Counts the nodes that run each kernel after the merge.
pub(super) fn count_nodes(items: &mut [Item<'_>], import: &Import) {
    let counts = items.iter().filter_map(|item| item.kernel.nodes.as_ref());
    let clusters: BTreeSet<ClusterName> = counts.flat_map(|nodes| nodes.clusters()).cloned().collect();
    for item in items {
        item.count = match &import.cluster {
            Some(cluster) => in_cluster(item, cluster, &clusters, import),
            None => total(item, import),
        };
    }
}

fn total(item: &Item<'_>, import: &Import) -> Option<NodeCount> {
    match (item.written_count(), item.fate) {
        (None, Fate::Found(found)) => found.count(),
        (Some(NodeCount::Total(_)), Fate::Found(found) | Fate::Left(found)) if import.has_nodes => {
            Some(NodeCount::Total(found.nodes))
        }
        (Some(NodeCount::Total(_)), Fate::Vanished) if import.has_nodes => Some(NodeCount::Total(0)),
        (old, _) => old.cloned(),
    }
}

/// Counts the nodes of one cluster; `clusters` are those that the list names.
fn in_cluster(
    item: &Item<'_>,
    cluster: &ClusterName,
    clusters: &BTreeSet<ClusterName>,
    import: &Import,
) -> Option<NodeCount> {
    let mut counts = match (item.written_count(), item.fate) {
        (Some(NodeCount::PerCluster(counts)), _) => counts.clone(),
        // The kernel was for all clusters, and stays so until each is counted.
        (_, Fate::Found(found)) if found.nodes > 0 => clusters.iter().map(|other| (other.clone(), 0)).collect(),
        (old, _) => return old.cloned(),
    };
    let count = match item.fate {
        Fate::Found(found) | Fate::Left(found) if import.has_nodes && counts.contains_key(cluster) => Some(found.nodes),
        Fate::Found(found) if found.nodes > 0 || (found.is_listed && !counts.contains_key(cluster)) => {
            Some(found.nodes)
        }
        Fate::Vanished | Fate::Elsewhere => Some(0),
        _ => None,
    };
    counts.extend(count.map(|count| (cluster.clone(), count)));
    if item.fate == Fate::DroppedHere {
        counts.remove(cluster);
    }
    Some(NodeCount::PerCluster(counts))
}

/// Number of nodes in a cluster before and after a merge.
pub(super) struct Recount<'c> {
    pub(super) cluster: &'c ClusterName,
    pub(super) old: Option<u64>,
    pub(super) new: Option<u64>,
}

/// Returns the clusters whose number differs.
pub(super) fn recounts<'c>(
    old: &'c BTreeMap<ClusterName, u64>,
    new: &'c BTreeMap<ClusterName, u64>,
) -> Vec<Recount<'c>> {
    let clusters: BTreeSet<&ClusterName> = old.keys().chain(new.keys()).collect();
    let counts = clusters.into_iter().map(|cluster| Recount {
        cluster,
        old: old.get(cluster).copied(),
        new: new.get(cluster).copied(),
    });
    counts.filter(|count| count.old != count.new).collect()
}
