//! Numbers of nodes that run a kernel.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kmodgen_yaml::Node;

use super::decode;
use super::schema::Shape;
use crate::vocabulary::{ClusterName, Diagnostic, Diagnostics, Invalid, Spanned, nearest, quoted_list};

/// Number of nodes that run a kernel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NodeCount {
    /// Number in all clusters, which all get the kernel.
    Total(u64),
    /// Number in each cluster that gets the kernel.
    PerCluster(BTreeMap<ClusterName, u64>),
}

/// Values of the field.
pub(super) const NODE_COUNT: Shape = Shape::Either(&[Shape::Int, Shape::Named(&Shape::Int)]);

impl NodeCount {
    /// Returns the number of nodes in all clusters.
    pub fn total(&self) -> u64 {
        match self {
            Self::Total(count) => *count,
            Self::PerCluster(counts) => counts.values().fold(0, |sum, count| sum.saturating_add(*count)),
        }
    }

    /// Returns the clusters that it names.
    pub fn clusters(&self) -> impl Iterator<Item = &ClusterName> {
        match self {
            Self::Total(_) => None,
            Self::PerCluster(counts) => Some(counts.keys()),
        }
        .into_iter()
        .flatten()
    }

    /// Returns whether it names a cluster.
    pub fn names(&self, cluster: &ClusterName) -> bool {
        matches!(self, Self::PerCluster(counts) if counts.contains_key(cluster))
    }
}

/// Decodes the field.
pub(super) fn decode(node: &Arc<Node>, key: &str, faults: &mut Diagnostics) -> Option<Spanned<NodeCount>> {
    if node.as_mapping().is_none() {
        let total = decode::text(node, &format!("`{key}`"), faults, count)?;
        return Some(Spanned::new(NodeCount::Total(total.value), node.span));
    }
    let entries = decode::entries(node, &format!("`{key}`"), faults);
    if entries.is_empty() {
        let fault = Diagnostic::error("empty-list", format!("`{key}` names no cluster")).at(node.span, "");
        faults.push(fault.help(format!("write `{key}: {{CLUSTER: 0}}`, or remove it for all clusters")));
    }
    let mut counts = BTreeMap::new();
    for entry in entries {
        let name = match ClusterName::parse(&entry.key.value) {
            Ok(name) => name,
            Err(invalid) => {
                faults.push(Diagnostic::invalid("invalid-value", entry.key.span, invalid));
                continue;
            }
        };
        if let Some(count) = decode::text(&entry.value, "a number of nodes", faults, count) {
            counts.insert(name, count.value);
        }
    }
    Some(Spanned::new(NodeCount::PerCluster(counts), node.span))
}

fn count(text: &str) -> Result<u64, Invalid> {
    text.parse().map_err(|_| {
        Invalid::new(format!("`{}` is not a number of nodes", text.escape_debug()))
            .help("write `nodes: 3`, or a number for each cluster: `nodes: {east: 3}`")
    })
}

/// Warns of clusters that kernels name and the manifest does not have; `known` are its clusters.
pub(super) fn check_clusters<'n>(
    counts: impl Iterator<Item = &'n Spanned<NodeCount>>,
    known: &[&str],
    faults: &mut Diagnostics,
) {
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for nodes in counts {
        let unknown = nodes.clusters().map(ClusterName::as_str).filter(|name| !known.contains(name));
        let unknown: Vec<&str> = unknown.filter(|name| told.insert(name)).collect();
        let (Some(first), is_one) = (unknown.first(), unknown.len() == 1) else { continue };
        let message = match is_one {
            true => format!("`nodes` counts the nodes of cluster `{first}`, which the manifest does not have"),
            false => format!(
                "`nodes` counts the nodes of clusters that the manifest does not have: {}",
                quoted_list(&unknown)
            ),
        };
        let near = unknown.iter().find_map(|name| nearest(name, known.iter().copied()));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "without `clusters`, the numbers are added up; declare them there".to_owned(),
            None => format!("declare it under `clusters`, or remove it here; its clusters: {}", quoted_list(known)),
        };
        faults.push(Diagnostic::warning("unknown-cluster", message).at(nodes.span, "").help(help));
        if known.is_empty() {
            // One warning is enough if there are no clusters at all.
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::read_kernel_file;
    use crate::vocabulary::SourceMap;

    /// Reads the field of one kernel.
    fn read(nodes: &str) -> (Option<NodeCount>, Vec<String>) {
        let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
        let text = format!("apiVersion: kmodgen/v1\nkernels: [{{release: 6.1.0-1-amd64, nodes: {nodes}}}]\n");
        let node = kmodgen_yaml::read(sources.add("list", text.as_str()), &text).unwrap().unwrap();
        let kernels = read_kernel_file(&node, &mut faults);
        let nodes = kernels.first().and_then(|kernel| kernel.nodes.clone()).map(|nodes| nodes.value);
        (nodes, faults.into_sorted().into_iter().map(|fault| fault.message).collect())
    }

    #[test]
    fn numbers_are_for_all_clusters_or_for_each() {
        assert_eq!(read("3"), (Some(NodeCount::Total(3)), vec![]));
        let (nodes, faults) = read("{east: 3, west: 0}");
        let nodes = nodes.unwrap();
        assert_eq!((nodes.total(), nodes.clusters().count(), faults), (3, 2, vec![]));
        assert!(nodes.names(&ClusterName::parse("west").unwrap()));
        let huge = format!("{{east: {0}, west: {0}}}", u64::MAX);
        assert_eq!(read(&huge).0.unwrap().total(), u64::MAX);
    }

    #[test]
    fn every_other_value_is_an_error() {
        for (nodes, said) in [
            ("many", "`many` is not a number of nodes"),
            ("-1", "`-1` is not a number of nodes"),
            ("{}", "`nodes` names no cluster"),
            ("{east: many}", "`many` is not a number of nodes"),
            ("{east: [1]}", "expected a string for a number of nodes, found a list"),
            ("{East: 1}", "cluster name `East` contains 'E'"),
        ] {
            assert_eq!(read(nodes).1, [said], "{nodes}");
        }
    }
}
