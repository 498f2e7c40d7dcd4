//! Nodes of a cluster, as `oc get nodes -o json` prints them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kmodgen_yaml::Node;

use crate::vocabulary::{Diagnostic, Diagnostics, SourceId, Span};

/// Node of a cluster.
#[derive(Debug, Clone)]
pub struct ClusterNode {
    /// Its name, which is a DNS name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its kernel release, without the `+` at its end, as KMM compares it.
    pub release: String,
    /// Its taints that keep Pods away.
    pub(super) taints: Vec<Taint>,
    /// Set if it runs Windows.
    pub is_windows: bool,
}

/// Taint that keeps Pods away from a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taint {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) effect: String,
}

/// Number of nodes that are planned; Kubernetes supports 5,000.
const MOST: usize = 20_000;

/// Fault of an input, with its place.
type Fault = (Span, String);

/// Reads nodes; in any order, in a list or by themselves.
///
/// # Errors
/// `None` if anything is wrong; `faults` then has one message.
pub fn read_nodes(source: SourceId, text: &str, faults: &mut Diagnostics) -> Option<Vec<ClusterNode>> {
    const HELP: &str = "print the nodes with `oc get nodes -o json`";
    let start = Span::new(source, 0, 0);
    let found = match kmodgen_yaml::read(source, text) {
        Ok(Some(node)) => nodes(&node),
        Ok(None) => Err((start, "the input has no nodes".to_owned())),
        Err(errors) => {
            faults.extend(errors.into_iter().next().map(|error| Diagnostic::from(error).help(HELP)));
            return None;
        }
    };
    match found {
        Ok(nodes) if nodes.is_empty() => {
            faults.push(Diagnostic::error("invalid-input", "the input has no nodes").at(start, "").help(HELP));
            None
        }
        Ok(nodes) => Some(nodes),
        Err((span, message)) => {
            faults.push(Diagnostic::error("invalid-input", message).at(span, "").help(HELP));
            None
        }
    }
}

fn nodes(node: &Arc<Node>) -> Result<Vec<ClusterNode>, Fault> {
    let items = match node.as_sequence().or_else(|| node.get("items").and_then(|items| items.as_sequence())) {
        Some(items) => items,
        None => std::slice::from_ref(node),
    };
    if items.len() > MOST {
        return Err((node.span.at_start(), format!("the input has {} nodes; at most {MOST} are allowed", items.len())));
    }
    let mut names = BTreeSet::new();
    let mut nodes = Vec::with_capacity(items.len());
    for item in items {
        let node = one(item)?;
        if !names.insert(node.name.clone()) {
            return Err((item.span.at_start(), format!("node `{}` is in the input twice", node.name)));
        }
        nodes.push(node);
    }
    Ok(nodes)
}

fn one(node: &Node) -> Result<ClusterNode, Fault> {
    let start = node.span.at_start();
    if node.as_mapping().is_none() {
        return Err((start, "this is not a node".to_owned()));
    }
    if let Some(kind) = node.get("kind").and_then(|kind| kind.as_scalar()).filter(|kind| kind.text != "Node") {
        return Err((start, format!("`{}` is not a node", kind.text.escape_debug())));
    }
    let Some(name) = at(node, &["metadata", "name"]) else {
        return Err((start, "a node has no `metadata.name`".to_owned()));
    };
    let name = match name.as_scalar().map(|name| name.text.as_str()) {
        Some(text) if is_dns_name(text) => text.to_owned(),
        text => {
            return Err((
                name.span,
                format!("`{}` is not the name of a node", text.unwrap_or_default().escape_debug()),
            ));
        }
    };
    let Some(release) = at(node, &["status", "nodeInfo", "kernelVersion"]) else {
        return Err((start, format!("node `{name}` has no `status.nodeInfo.kernelVersion`")));
    };
    let release = text(release, "a kernel release")?;
    let system = at(node, &["status", "nodeInfo", "operatingSystem"]).map(|system| text(system, "an operating system"));
    let taints = at(node, &["spec", "taints"])
        .map(|taints| taints.as_sequence().ok_or_else(|| (taints.span, "`spec.taints` is not a list".to_owned())));
    let taints = taints.transpose()?.unwrap_or_default().iter().map(|taint| self::taint(taint));
    let labels = match at(node, &["metadata", "labels"]) {
        None => BTreeMap::new(),
        Some(labels) => {
            let entries =
                labels.as_mapping().ok_or_else(|| (labels.span, "`metadata.labels` is not a map".to_owned()))?;
            let pairs =
                entries.iter().map(|entry| Ok((entry.key.value.clone(), text(&entry.value, "the value of a label")?)));
            pairs.collect::<Result<_, Fault>>()?
        }
    };
    Ok(ClusterNode {
        name,
        labels,
        release: release.strip_suffix('+').map(str::to_owned).unwrap_or(release),
        taints: taints.collect::<Result<_, _>>()?,
        is_windows: system.transpose()?.is_some_and(|system| system == "windows"),
    })
}

fn taint(taint: &Node) -> Result<Taint, Fault> {
    Ok(Taint { key: field(taint, "key")?, value: field(taint, "value")?, effect: field(taint, "effect")? })
}

fn field(taint: &Node, key: &str) -> Result<String, Fault> {
    at(taint, &[key]).map_or(Ok(String::new()), |value| text(value, "a taint"))
}

fn text(node: &Node, what: &str) -> Result<String, Fault> {
    let scalar = node.as_scalar().ok_or_else(|| (node.span, format!("{what} is not a string")))?;
    Ok(scalar.text.clone())
}

fn at<'n>(node: &'n Node, path: &[&str]) -> Option<&'n Node> {
    path.iter().try_fold(node, |node, key| node.get(key).map(|value| &**value).filter(|value| !value.is_null()))
}

/// Returns whether a text is a DNS name, as the API server requires of the names of nodes.
fn is_dns_name(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_dns_label)
}

fn is_dns_label(label: &str) -> bool {
    !label.is_empty()
        && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}
