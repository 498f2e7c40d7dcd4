//! Variables in fields in which nothing expands them.

use std::collections::BTreeMap;

use kmodgen_yaml::{Node, Value};

use super::MANIFEST;
use super::schema::{Record, Shape};
use super::variables::IMAGE;
use crate::vocabulary::{Diagnostic, Span};

/// A variable, with the place of its text and the key of its field.
type Misplaced = (Span, &'static str, &'static str);

/// Section of a mapping that kmodgen passes to KMM as it is.
const OF_KMM: &str = "build";

/// Values of build arguments in that section, which may contain any text.
const ARGUMENT_VALUES: &str = "build.buildArgs";

/// The faults of variables in a map with the fields of `record`, each at its text.
pub(super) fn find(node: &Node, record: &'static Record) -> Vec<Diagnostic> {
    let mut found: Vec<Misplaced> = Vec::new();
    in_record(node, record, &mut found);
    let mut places = BTreeMap::new();
    let faults = found.into_iter().map(|(span, variable, key)| {
        if key == ARGUMENT_VALUES {
            let message = format!("KMM does not expand `${{{variable}}}` in `{key}`: it takes the text as it is");
            return Diagnostic::warning("misplaced-variable", message).at(span, "");
        }
        let places = places.entry(variable).or_insert_with(|| MANIFEST.places_of(variable));
        Diagnostic::error("misplaced-variable", format!("`${{{variable}}}` does not expand in `{key}`"))
            .at(span, "")
            .help(format!("it expands in {places}"))
    });
    faults.collect()
}

fn in_record(node: &Node, record: &'static Record, found: &mut Vec<Misplaced>) {
    for entry in node.as_mapping().unwrap_or_default() {
        if let Some(field) = record.field(&entry.key.value) {
            in_shape(&entry.value, &field.takes, field.key, found);
        }
    }
}

fn in_shape(node: &Node, shape: &'static Shape, key: &'static str, found: &mut Vec<Misplaced>) {
    match shape {
        Shape::Text | Shape::TextMap | Shape::Kubernetes(_) => in_texts(node, key, found),
        Shape::List(inner) | Shape::OneOrList(inner) if node.as_sequence().is_some() => {
            node.as_sequence().unwrap_or_default().iter().for_each(|item| in_shape(item, inner, key, found));
        }
        Shape::OneOrList(inner) => in_shape(node, inner, key, found),
        Shape::Named(inner) => {
            let entries = node.as_mapping().unwrap_or_default().iter();
            entries.for_each(|entry| in_shape(&entry.value, inner, key, found));
        }
        // A text alone is the first field of the record.
        Shape::TextOr(record) if node.as_scalar().is_some() => in_shape(node, &record.fields[0].takes, key, found),
        Shape::Record(record) | Shape::TextOr(record) => in_record(node, record, found),
        Shape::Either(shapes) => {
            if let Some(shape) = shapes.iter().find(|shape| fits(node, shape)) {
                in_shape(node, shape, key, found);
            }
        }
        // Other kinds of values are told apart from variables by their decoders.
        Shape::List(_) | Shape::Expanding(_) | Shape::OneOf(_) | Shape::Bool | Shape::Int | Shape::PartOf(_) => {}
    }
}

/// Checks all strings below a node.
fn in_texts(node: &Node, key: &'static str, found: &mut Vec<Misplaced>) {
    match &node.value {
        Value::Scalar(scalar) => found.extend(variable(&scalar.text).map(|variable| (node.span, variable, key))),
        Value::Sequence(items) => items.iter().for_each(|item| in_texts(item, key, found)),
        Value::Mapping(entries) => {
            entries.iter().for_each(|entry| in_texts(&entry.value, key_below(key, &entry.key.value), found));
        }
    }
}

/// Returns the key for an entry of a map in a field with this key.
fn key_below(key: &'static str, entry: &str) -> &'static str {
    match (key, entry) {
        (OF_KMM, "buildArgs") | (ARGUMENT_VALUES, "value") => ARGUMENT_VALUES,
        (ARGUMENT_VALUES, _) => OF_KMM,
        _ => key,
    }
}

/// The first variable of a text.
fn variable(text: &str) -> Option<&'static str> {
    text.split("${").skip(1).find_map(|rest| {
        let (name, _) = rest.split_once('}')?;
        IMAGE.iter().find(|variable| **variable == name).copied()
    })
}

/// Checks whether a node is of a shape, as far as its kind and keys tell.
fn fits(node: &Node, shape: &'static Shape) -> bool {
    match (&node.value, shape) {
        (Value::Sequence(_), Shape::List(_)) | (Value::Scalar(_), Shape::TextOr(_)) => true,
        (Value::Mapping(_), Shape::Named(_)) => true,
        (Value::Mapping(entries), Shape::Record(record) | Shape::TextOr(record)) => {
            entries.iter().all(|entry| record.field(&entry.key.value).is_some())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::World;

    #[test]
    fn a_variable_is_one_error_with_what_to_write() {
        let faults = World::small().with("ref: main", "ref: 'v${KERNEL_FULL_VERSION}'").faults();
        assert!(
            faults.len() == 1 && faults[0].contains("`${KERNEL_FULL_VERSION}` does not expand in `ref`"),
            "{faults:?}"
        );
        let faults = World::small().with("kmods/first", "kmods/first:${KERNEL_VERSION}").faults();
        assert!(
            faults.len() == 1 && faults[0].contains("only the repository") && faults[0].contains("`aliases`"),
            "{faults:?}"
        );
    }

    #[test]
    fn a_secret_beside_a_variable_is_not_shown() {
        let url = "https://user:hunter2secret@example.com/${KERNEL_VERSION}.git";
        let faults = World::small().with("https://example.com/code.git", url).faults();
        assert!(faults.len() == 1 && faults[0].contains(" secret: "), "{faults:?}");
    }

    #[test]
    fn files_of_kernels_expand_nothing() {
        let fleet = "apiVersion: kmodgen/v1\nkernels:\n  - {release: 5.14.0-9.x86_64, labels: {a: '${KERNEL_XYZ}'}}\n";
        let world = World::small().with("kernels:\n", "kernels:\n  - file: fleet.yaml\n").file("fleet.yaml", fleet);
        let faults = world.faults();
        assert!(faults.len() == 1 && faults[0].starts_with("fleet.yaml:3"), "{faults:?}");
        assert!(faults[0].contains("does not expand in `labels`"), "{faults:?}");
    }
}
