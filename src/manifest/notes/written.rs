//! The records of a manifest as they are written, before clusters and versions are laid over them.

use std::sync::Arc;

use kmodgen_yaml::{Node, Value};

use crate::manifest::schema::{Record, Shape};

/// A record as it is written.
pub(super) struct Written<'n> {
    pub(super) record: &'static Record,
    pub(super) node: &'n Arc<Node>,
    /// The number of the record that it is in.
    pub(super) parent: Option<usize>,
}

impl<'n> Written<'n> {
    /// Finds the records of `node`, which is a `record` itself, each after the one that it is in.
    pub(super) fn all(record: &'static Record, node: &'n Arc<Node>) -> Vec<Self> {
        let mut found = Vec::new();
        gather(&Shape::Record(record), node, None, &mut found);
        found
    }

    /// The text under a key.
    pub(super) fn text(&self, key: &str) -> Option<(&'n str, &'n Arc<Node>)> {
        let node = self.node.get(key)?;
        Some((node.as_scalar()?.text.as_str(), node))
    }
}

/// The records that the record with this number is in, from the inside out, itself the first.
pub(super) fn around<'w, 'n>(all: &'w [Written<'n>], at: usize) -> impl Iterator<Item = &'w Written<'n>> {
    std::iter::successors(all.get(at), |written| all.get(written.parent?))
}

fn gather<'n>(shape: &Shape, node: &'n Arc<Node>, parent: Option<usize>, found: &mut Vec<Written<'n>>) {
    match (shape, &node.value) {
        (Shape::List(inner) | Shape::OneOrList(inner), Value::Sequence(items)) => {
            items.iter().for_each(|item| gather(inner, item, parent, found));
        }
        (Shape::OneOrList(inner), _) => gather(inner, node, parent, found),
        (Shape::Named(inner), Value::Mapping(entries)) => {
            entries.iter().for_each(|entry| gather(inner, &entry.value, parent, found));
        }
        (Shape::Either(shapes), _) => shapes.iter().for_each(|shape| gather(shape, node, parent, found)),
        (Shape::Record(record) | Shape::TextOr(record), Value::Mapping(entries)) => {
            let at = found.len();
            found.push(Written { record, node, parent });
            for entry in entries {
                if let Some(field) = record.field(&entry.key.value) {
                    gather(&field.takes, &entry.value, Some(at), found);
                }
            }
        }
        _ => {}
    }
}
