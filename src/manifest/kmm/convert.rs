//! What is passed through to KMM: nodes as they are written out, held to their shapes.

use std::collections::BTreeMap;

use crate::manifest::decode::{self, Fields, Kind};
use crate::manifest::schema::Shape;
use crate::vocabulary::{Diagnostics, Invalid};
use crate::yaml::{Node, Pair, Yaml};

/// Converts a node, noting where it does not have the shape.
pub(super) fn convert(
    name: &'static str,
    node: &Node,
    shape: &Shape,
    faults: &mut Diagnostics,
) -> Option<Yaml<'static>> {
    let what = format!("`{name}`");
    match shape {
        Shape::Any => {
            decode::refuse_secrets_below(node, faults);
            Some(node.to_yaml())
        }
        Shape::Text => decode::text(node, &what, faults, |text| Ok(Yaml::text(text.to_owned()))).map(|y| y.value),
        Shape::OneOf(choices) => decode::text(node, &what, faults, |text| {
            if choices.contains(&text) {
                return Ok(Yaml::text(text.to_owned()));
            }
            Err(Invalid::new(format!("`{}` is not a value of `{name}`", text.escape_debug()))
                .help(format!("write one of {}", decode::list(choices))))
        })
        .map(|y| y.value),
        Shape::Bool => verbatim(node, name, Kind::Boolean, faults, |text| matches!(text, "true" | "false")),
        Shape::Int => verbatim(node, name, Kind::Integer, faults, |text| text.parse::<i64>().is_ok()),
        Shape::List(inner) => {
            node.as_sequence().or_else(|| {
                faults.push(decode::wrong_kind(node, &what, Kind::List));
                None
            })?;
            let items = node.as_sequence().unwrap_or_default();
            Some(Yaml::Seq(items.iter().filter_map(|item| convert(name, item, inner, faults)).collect()))
        }
        Shape::TextMap => {
            let entries = decode::entries(node, &what, faults).iter();
            let pairs = entries.filter_map(|entry| {
                let value = convert(name, &entry.value, &Shape::Text, faults)?;
                Some((entry.key.value.clone().into(), value))
            });
            // Sorted, so that the order of keys in the manifest changes no byte.
            Some(Yaml::Map(pairs.collect::<BTreeMap<_, _>>().into_iter().collect()))
        }
        Shape::Record(record) => {
            let mut fields = Fields::open(record, node, faults)?;
            // In the alphabet's order, so that the manual's changes no byte.
            let mut keys: Vec<&str> = record.keys().collect();
            keys.sort_unstable();
            let converted = convert_fields(&mut fields, &keys, faults);
            fields.finish(faults);
            Some(Yaml::Map(converted))
        }
        // No field of KMM's is of these shapes.
        Shape::OneOrList(_) | Shape::Named(_) | Shape::TextOr(_) | Shape::Either(_) | Shape::PartOf(_) => {
            Some(node.to_yaml())
        }
    }
}

/// Takes fields that are passed through, in the order of `keys`.
pub(super) fn convert_fields(
    fields: &mut Fields<'_>,
    keys: &[&'static str],
    faults: &mut Diagnostics,
) -> Vec<Pair<'static>> {
    keys.iter()
        .filter_map(|key| {
            let shape = &fields.record().field(key)?.takes;
            let node = fields.take(key, faults)?;
            convert(key, node, shape, faults).map(|value| ((*key).into(), value))
        })
        .collect()
}

fn verbatim(
    node: &Node,
    name: &str,
    kind: Kind,
    faults: &mut Diagnostics,
    legal: impl Fn(&str) -> bool,
) -> Option<Yaml<'static>> {
    match node.as_scalar() {
        Some(scalar) if scalar.plain && legal(&scalar.text) => Some(Yaml::verbatim(scalar.text.clone())),
        _ => {
            faults.push(decode::wrong_kind(node, &format!("`{name}`"), kind));
            None
        }
    }
}
