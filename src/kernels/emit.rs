//! Writing kernels as a list has them: one field a line, always in the same order, so that a difference
//! says what changed.

use kmodgen_yaml::inline;

use super::Found;
use crate::manifest::{API_VERSION, NodeCount};
use crate::vocabulary::{ClusterName, ImageRef};

/// First lines of a list.
const HEADER: &str = "\
# Kernels, as `kmodgen kernels` found them. Edit the list as you like: `kmodgen kernels --merge` adds
# what is new, and leaves what it says.
";

/// A whole list.
pub(super) fn list<'f>(found: impl Iterator<Item = &'f Found>) -> String {
    let mut text = format!("{HEADER}apiVersion: {API_VERSION}\nkernels:\n");
    for kernel in found {
        text.push_str(&item(kernel, "  ", "\n"));
    }
    text
}

/// A kernel as an item of a list whose dashes follow `indent`.
pub(super) fn item(kernel: &Found, indent: &str, newline: &str) -> String {
    let lines = std::iter::once(commented(format!("release: {}", inline(kernel.release.as_str())), &kernel.origins));
    let mut text = String::new();
    for (at, line) in lines.chain(fields(kernel, kernel.count().as_ref())).enumerate() {
        let dash = if at == 0 { "- " } else { "  " };
        text.extend([indent, dash, &line, newline]);
    }
    text
}

/// A kernel with this number of nodes as an item of a list in brackets.
pub(super) fn flow_item(kernel: &Found, count: Option<&NodeCount>) -> String {
    let mut fields = vec![format!("release: {}", inline(kernel.release.as_str()))];
    fields.extend(kernel.dtk.as_ref().map(|pin| flow_dtk(&pin.image)));
    fields.extend(Some(labels(kernel)));
    fields.extend(count.map(nodes));
    format!("{{{}}}", fields.join(", "))
}

/// The fields beside the release, one a line, for a kernel with this number of nodes.
pub(super) fn fields(kernel: &Found, count: Option<&NodeCount>) -> Vec<String> {
    let dtk = kernel.dtk.as_ref().map(|pin| commented(dtk(&pin.image), &pin.origins));
    dtk.into_iter().chain([labels(kernel)]).chain(count.map(nodes)).collect()
}

/// The field `dtk`. The brackets of an IPv6 address would begin a list.
pub(super) fn dtk(image: &ImageRef) -> String {
    let image = image.to_string();
    format!("dtk: {}", if image.starts_with('[') { inline(&image) } else { image })
}

/// The field `dtk` within braces, where not every reader takes a `:` without quotes.
pub(super) fn flow_dtk(image: &ImageRef) -> String {
    format!("dtk: {}", inline(&image.to_string()))
}

/// The field `labels`.
pub(super) fn labels(kernel: &Found) -> String {
    let labels: Vec<String> = kernel.labels.iter().map(|(key, value)| label(key, value)).collect();
    format!("labels: {{{}}}", labels.join(", "))
}

/// One label.
pub(super) fn label(key: &str, value: &str) -> String {
    format!("{key}: {}", inline(value))
}

/// The field `nodes`.
pub(super) fn nodes(count: &NodeCount) -> String {
    format!("nodes: {}", node_count(count))
}

/// The value of the field `nodes`.
pub(super) fn node_count(count: &NodeCount) -> String {
    match count {
        NodeCount::Total(count) => count.to_string(),
        NodeCount::PerCluster(counts) => {
            let counts: Vec<String> = counts.iter().map(|(cluster, count)| cluster_count(cluster, *count)).collect();
            format!("{{{}}}", counts.join(", "))
        }
    }
}

/// The number of nodes of one cluster.
pub(super) fn cluster_count(cluster: &ClusterName, count: u64) -> String {
    format!("{}: {count}", inline(cluster.as_str()))
}

/// A line with what said so behind it.
pub(super) fn commented<'o>(line: String, origins: impl IntoIterator<Item = &'o String>) -> String {
    let origins: Vec<&str> = origins.into_iter().map(String::as_str).collect();
    format!("{line}  # {}", origins.join("; "))
}
