//! Reading fields of objects: a value of the wrong type is a problem and counts as absent, like null.

use std::sync::Arc;

use kmodgen_yaml::{Entry, Node, Scalar, Value};
use serde_json::{Map, Value as Json};

use super::problem::Problem;
use crate::vocabulary::Spanned;

/// Returns the value under a key, unless it is null.
pub(super) fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Arc<Node>> {
    node.get(key).filter(|value| !value.is_null())
}

/// Returns the node at a path of keys.
pub(super) fn at<'n>(node: &'n Arc<Node>, path: &[&str]) -> Option<&'n Arc<Node>> {
    path.iter().try_fold(node, |node, key| get(node, key))
}

/// Returns the string under a key.
pub(super) fn text(node: &Node, key: &str, problems: &mut Vec<Problem>) -> Option<Spanned<String>> {
    let value = get(node, key)?;
    match value.as_scalar() {
        Some(scalar) => Some(Spanned::new(scalar.text.clone(), value.span)),
        None => {
            problems.push(Problem::shape(value, key, "a string"));
            None
        }
    }
}

/// Returns the map under a key.
pub(super) fn map<'n>(node: &'n Node, key: &str, problems: &mut Vec<Problem>) -> Option<&'n Arc<Node>> {
    let value = get(node, key)?;
    if value.as_mapping().is_none() {
        problems.push(Problem::shape(value, key, "a map"));
        return None;
    }
    Some(value)
}

/// Returns the entries of the map under a key, none if it is absent.
pub(super) fn entries<'n>(node: &'n Node, key: &str, problems: &mut Vec<Problem>) -> &'n [Entry] {
    map(node, key, problems).and_then(|map| map.as_mapping()).unwrap_or_default()
}

/// Returns the items of the list under a key, none if it is absent.
pub(super) fn items<'n>(node: &'n Node, key: &str, problems: &mut Vec<Problem>) -> &'n [Arc<Node>] {
    let Some(value) = get(node, key) else { return &[] };
    value.as_sequence().unwrap_or_else(|| {
        problems.push(Problem::shape(value, key, "a list"));
        &[]
    })
}

/// Returns the strings of the list under a key.
pub(super) fn texts(node: &Node, key: &str, problems: &mut Vec<Problem>) -> Vec<Spanned<String>> {
    let mut found = Vec::new();
    for item in items(node, key, problems) {
        match item.as_scalar() {
            Some(scalar) => found.push(Spanned::new(scalar.text.clone(), item.span)),
            None => problems.push(Problem::shape(item, key, "strings")),
        }
    }
    found
}

/// Returns a value as the API server has it: unquoted booleans and integers keep their type, and keys have no order.
pub fn json(node: &Node) -> Json {
    match &node.value {
        Value::Scalar(scalar) => json_scalar(scalar),
        Value::Sequence(items) => Json::Array(items.iter().map(|item| json(item)).collect()),
        Value::Mapping(entries) => {
            let entries = entries.iter().filter(|entry| !entry.value.is_null());
            Json::Object(entries.map(|entry| (entry.key.value.clone(), json(&entry.value))).collect::<Map<_, _>>())
        }
    }
}

fn json_scalar(scalar: &Scalar) -> Json {
    let text = scalar.text.as_str();
    match text {
        _ if scalar.is_null() => Json::Null,
        "true" | "false" if scalar.plain => Json::Bool(text == "true"),
        _ if scalar.plain => match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => number.into(),
            _ => text.into(),
        },
        _ => text.into(),
    }
}
