//! Fields laid over fields, before anything is decoded: what comes of it is held to the same rules
//! as what is written out, and each message still points at the line that a value is from.

use std::sync::Arc;

use kmodgen_yaml::{Entry, Node, Scalar, Value};

use super::kmm::LAID_OVER;
use crate::vocabulary::{Span, Spanned};

/// Keys of conditions, each of which is one value: two of them merged would select other kernels than either.
const CONDITIONS: [&str; 2] = ["when", "unless"];

/// `base` with what `over` says: maps are merged, and all else is replaced. What has to be a map and is none is left
/// for its decoder to refuse.
pub(super) fn overlaid(base: &Arc<Node>, over: &Node) -> Arc<Node> {
    let mut node = base.clone();
    for entry in over.as_mapping().unwrap_or_default() {
        let key = entry.key.value.as_str();
        let value = match node.get(key) {
            Some(own) if own.as_mapping().is_none() && LAID_OVER.iter().any(|field| field.key == key) => continue,
            Some(own) if are_maps([own, &entry.value]) && !CONDITIONS.contains(&key) => overlaid(own, &entry.value),
            _ => entry.value.clone(),
        };
        node = with(&node, Entry { key: entry.key.clone(), value });
    }
    node
}

fn are_maps(nodes: [&Node; 2]) -> bool {
    nodes.iter().all(|node| node.as_mapping().is_some())
}

/// A field that stands where its value does.
pub(super) fn field(key: &str, value: Arc<Node>) -> Entry {
    Entry { key: Spanned::new(key.to_owned(), value.span), value }
}

/// A mapping with a field in the place of the one of that key, or as its last.
pub(super) fn with(node: &Arc<Node>, field: Entry) -> Arc<Node> {
    let Some(entries) = node.as_mapping() else { return node.clone() };
    let mut entries = entries.to_vec();
    match entries.iter_mut().find(|entry| entry.key.value == field.key.value) {
        Some(entry) => entry.value = field.value,
        None => entries.push(field),
    }
    Arc::new(Node { span: node.span, value: Value::Mapping(entries) })
}

/// A mapping with a field whose list has each of its items changed.
pub(super) fn with_items(node: &Arc<Node>, key: &str, change: impl Fn(&Arc<Node>) -> Arc<Node>) -> Arc<Node> {
    let Some((span, items)) = node.get(key).and_then(|list| Some((list.span, list.as_sequence()?))) else {
        return node.clone();
    };
    let items = items.iter().map(change).collect();
    with(node, field(key, Arc::new(Node { span, value: Value::Sequence(items) })))
}

/// A mapping without some of its fields.
pub(super) fn without(node: &Arc<Node>, keys: &[&str]) -> Arc<Node> {
    let Some(entries) = node.as_mapping() else { return node.clone() };
    let entries = entries.iter().filter(|entry| !keys.contains(&entry.key.value.as_str())).cloned().collect();
    Arc::new(Node { span: node.span, value: Value::Mapping(entries) })
}

/// A text that stands for what is written at `span`.
pub(super) fn text(text: impl Into<String>, span: Span) -> Arc<Node> {
    Arc::new(Node { span, value: Value::Scalar(Scalar { text: text.into(), plain: false }) })
}
