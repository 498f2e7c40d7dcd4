//! Nodes of a manifest in the making. Each has the place of the input that it comes from, so that an error of the
//! manifest is shown there.

use std::sync::Arc;

use kmodgen_yaml::{Entry, Node, Scalar, Value};
use serde_json::Value as Json;

use crate::vocabulary::{Span, Spanned};

/// A string.
pub(super) fn text(span: Span, text: impl Into<String>) -> Arc<Node> {
    Arc::new(Node { span, value: Value::Scalar(Scalar { text: text.into(), plain: false }) })
}

/// A boolean or a number.
fn plain(span: Span, text: impl Into<String>) -> Arc<Node> {
    Arc::new(Node { span, value: Value::Scalar(Scalar { text: text.into(), plain: true }) })
}

/// `true`.
pub(super) fn truth(span: Span) -> Arc<Node> {
    plain(span, "true")
}

/// A list.
pub(super) fn list(span: Span, items: Vec<Arc<Node>>) -> Arc<Node> {
    Arc::new(Node { span, value: Value::Sequence(items) })
}

/// A map, in the order of its entries.
pub(super) fn map<'k>(span: Span, entries: impl IntoIterator<Item = (&'k str, Arc<Node>)>) -> Arc<Node> {
    let entries = entries.into_iter().map(|(key, value)| entry(key, value));
    Arc::new(Node { span, value: Value::Mapping(entries.collect()) })
}

fn entry(key: &str, value: Arc<Node>) -> Entry {
    Entry { key: Spanned::new(key.to_owned(), value.span.at_start()), value }
}

/// Returns a map without some of its keys.
pub(super) fn without(node: &Arc<Node>, keys: &[&str]) -> Arc<Node> {
    let entries = node.as_mapping().unwrap_or_default().iter();
    let kept = entries.filter(|entry| !keys.contains(&entry.key.value.as_str())).cloned();
    Arc::new(Node { span: node.span, value: Value::Mapping(kept.collect()) })
}

/// Returns a map with a value under a key, instead of the one that it has.
pub(super) fn with(node: &Arc<Node>, key: &str, value: Arc<Node>) -> Arc<Node> {
    let mut entries = node.as_mapping().unwrap_or_default().to_vec();
    match entries.iter_mut().find(|entry| entry.key.value == key) {
        Some(entry) => entry.value = value,
        None => entries.push(entry(key, value)),
    }
    Arc::new(Node { span: node.span, value: Value::Mapping(entries) })
}

/// Returns a value of merged sections, all of it at one place.
pub(super) fn of_json(span: Span, value: &Json) -> Arc<Node> {
    match value {
        Json::Null => plain(span, "null"),
        Json::Bool(_) | Json::Number(_) => plain(span, value.to_string()),
        Json::String(string) => text(span, string.as_str()),
        Json::Array(items) => list(span, items.iter().map(|item| of_json(span, item)).collect()),
        Json::Object(fields) => map(span, fields.iter().map(|(key, value)| (key.as_str(), of_json(span, value)))),
    }
}
