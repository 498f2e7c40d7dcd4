//! Fields laid over fields, before anything is decoded: what comes of it is held to the same rules
//! as what is written out, and each message still points at the line that a value is from.

use std::sync::Arc;

use kmodgen_yaml::{Entry, Node, Scalar, Value};

use crate::vocabulary::{Span, Spanned};

/// `base` with the fields of `over` in the place of its own; those of `kmm` each on its own. What is
/// no mapping has no fields, and is left for its decoder to refuse.
pub(super) fn overlaid(base: &Arc<Node>, over: &Node) -> Arc<Node> {
    let mut node = base.clone();
    for entry in over.as_mapping().unwrap_or_default() {
        let value = match node.get("kmm") {
            Some(own) if entry.key.value == "kmm" && entry.value.as_mapping().is_some() => {
                let fields = entry.value.as_mapping().unwrap_or_default();
                match own.as_sequence() {
                    Some(items) => {
                        let items = items.iter().map(|item| with_all(item, fields)).collect();
                        Arc::new(Node { span: own.span, value: Value::Sequence(items) })
                    }
                    None => with_all(own, fields),
                }
            }
            _ => entry.value.clone(),
        };
        node = with(&node, Entry { key: entry.key.clone(), value });
    }
    node
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

fn with_all(node: &Arc<Node>, fields: &[Entry]) -> Arc<Node> {
    fields.iter().fold(node.clone(), |node, field| with(&node, field.clone()))
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
