//! Values of KMM's fields, checked against the structure of its API and converted to output.

use std::collections::BTreeMap;

use kmodgen_yaml::{Entry, Node, Pair, Yaml};

use super::place::{At, refuse_repeats};
use super::{records, scalars, values};
use crate::manifest::decode::{self, Fields, Kind};
use crate::manifest::structure::{Field, Type, structure};
use crate::vocabulary::{Diagnostic, Diagnostics, nearest, quoted_list};

/// Fields of Kubernetes' own types.
const KUBERNETES: [&str; 6] = ["tolerations", "volumes", "env", "resources", "volumeMounts", "deviceClasses"];

/// Checks all fields of the spec of a Module against the structure of KMM's API.
pub(crate) fn check_fields(spec: &Node) -> Vec<Diagnostic> {
    let mut faults = Diagnostics::default();
    record(At { record: "module", key: "spec", item: false, kubernetes: false }, "module", spec, &mut faults);
    faults.into_sorted()
}

/// Takes fields of a record, in the order of `keys`, and converts those that are right.
pub(super) fn convert_fields(
    fields: &mut Fields<'_>,
    record: &'static str,
    keys: &[&'static str],
    faults: &mut Diagnostics,
) -> Vec<Pair<'static>> {
    keys.iter()
        .filter_map(|key| {
            let node = fields.take(key, faults)?;
            convert(record, key, node, faults).map(|value| ((*key).into(), value))
        })
        .collect()
}

/// Converts the value of one field of a record; reports what KMM or the API server would refuse.
pub(super) fn convert(record: &'static str, key: &str, node: &Node, faults: &mut Diagnostics) -> Option<Yaml<'static>> {
    let field = structure().field(record, key);
    debug_assert!(field.is_some(), "{record} has no field `{key}`");
    let field = field?;
    let at = At { record, key: field.key, item: false, kubernetes: KUBERNETES.contains(&field.key) };
    value(at, node, &field.takes, faults)
}

fn value(at: At, node: &Node, takes: &Type, faults: &mut Diagnostics) -> Option<Yaml<'static>> {
    if node.is_null() {
        faults.push(
            Diagnostic::error("no-value", format!("{} has no value", at.name()))
                .at(node.span, "")
                .help("write a value, or remove it"),
        );
        return None;
    }
    match takes {
        Type::String => {
            let text = scalars::string(at, node, faults)?;
            values::check(at, &text, node.span, faults)?;
            Some(if at.kubernetes && text.contains('\n') { Yaml::block(text) } else { Yaml::text(text) })
        }
        Type::Boolean => scalars::boolean(at, node, faults),
        Type::Integer(least, most) => {
            let (least, most) = values::range(at).unwrap_or((*least, *most));
            scalars::integer(at, node, (least, most), faults)
        }
        Type::Quantity => scalars::quantity(at, node, faults),
        Type::Any => {
            if node.as_mapping().is_none() {
                faults.push(decode::wrong_kind(node, &at.name(), Kind::Map));
                return None;
            }
            scalars::any(node, faults)
        }
        Type::List { of, least, most, unique } => list(at, node, (of, *least, *most, *unique), faults),
        Type::Map(of) => map(at, node, of, faults),
        Type::Record(name) => record(at, name, node, faults),
    }
}

fn list(
    at: At,
    node: &Node,
    (of, least, most, unique): (&Type, usize, usize, Option<&str>),
    faults: &mut Diagnostics,
) -> Option<Yaml<'static>> {
    let Some(items) = node.as_sequence() else {
        faults.push(decode::wrong_kind(node, &at.name(), Kind::List));
        return None;
    };
    if items.len() < least {
        faults.push(
            Diagnostic::error("too-few", format!("{} is empty", at.name()))
                .at(node.span, "")
                .help(format!("add an item, or remove `{}`", at.key)),
        );
        return None;
    }
    if items.len() > most {
        faults.push(
            Diagnostic::error(
                "too-many",
                format!("{} has {} items; at most {most} are allowed", at.name(), items.len()),
            )
            .at(node.span, ""),
        );
        return None;
    }
    let item = At { item: true, ..at };
    let converted: Vec<_> = items.iter().map(|node| value(item, node, of, faults)).collect();
    let converted: Option<Vec<_>> = converted.into_iter().collect();
    if let Some(key) = unique {
        let keys = items
            .iter()
            .filter_map(|item| item.get(key))
            .filter_map(|node| Some((node.as_scalar()?.text.as_str(), node.span)));
        refuse_repeats(&format!("`{key}`"), keys, faults);
    }
    converted.map(Yaml::Seq)
}

fn map(at: At, node: &Node, of: &Type, faults: &mut Diagnostics) -> Option<Yaml<'static>> {
    let entries = decode::entries(node, &at.name(), faults);
    node.as_mapping()?;
    let item = At { item: true, ..at };
    let mut pairs: Vec<Pair<'static>> = Vec::new();
    for entry in entries {
        let key = values::check_key(at, &entry.key, faults);
        let value = value(item, &entry.value, of, faults);
        pairs.extend(key.and(value).map(|value| (entry.key.value.clone().into(), value)));
    }
    if pairs.len() < entries.len() {
        return None;
    }
    Some(Yaml::Map(if at.kubernetes { pairs } else { sorted(pairs) }))
}

/// In the alphabet's order, so that the order of keys in the manifest changes no byte.
fn sorted(pairs: Vec<Pair<'static>>) -> Vec<Pair<'static>> {
    pairs.into_iter().collect::<BTreeMap<_, _>>().into_iter().collect()
}

fn record(at: At, name: &'static str, node: &Node, faults: &mut Diagnostics) -> Option<Yaml<'static>> {
    let Some(entries) = node.as_mapping() else {
        faults.push(decode::wrong_kind(node, &at.name(), Kind::Map));
        return None;
    };
    let fields = structure().fields(name);
    let mut own = Diagnostics::default();
    let mut misspelt = Vec::new();
    let mut pairs: Vec<Pair<'static>> = Vec::new();
    for entry in entries {
        match fields.iter().find(|field| field.key == entry.key.value) {
            Some(field) => {
                let kubernetes = at.kubernetes || KUBERNETES.contains(&field.key);
                let at = At { record: name, key: field.key, item: false, kubernetes };
                pairs.extend(value(at, &entry.value, &field.takes, &mut own).map(|value| (field.key.into(), value)));
            }
            None => misspelt.extend(unknown(at, entry, fields, &mut own)),
        }
    }
    let missing = fields.iter().filter(|field| field.required || values::is_required(name, field.key));
    for field in missing.filter(|field| node.get(field.key).is_none() && !misspelt.contains(&field.key)) {
        own.push(
            Diagnostic::error("missing-key", format!("{} has no `{}`", at.name(), field.key))
                .at(node.span.at_start(), "")
                .help(format!("write `{}: {}`", field.key, example(field))),
        );
    }
    let right = !own.has_errors();
    faults.extend(own.into_sorted());
    if !right || !records::check(name, node, faults) {
        return None;
    }
    Some(Yaml::Map(if at.kubernetes { pairs } else { sorted(pairs) }))
}

fn example(field: &Field) -> &'static str {
    match field.takes {
        Type::List { .. } => "[…]",
        Type::Map(_) | Type::Record(_) | Type::Any => "{…}",
        _ => "…",
    }
}

/// Reports an unknown key; returns the field that was meant.
fn unknown(at: At, entry: &Entry, fields: &[Field], faults: &mut Diagnostics) -> Option<&'static str> {
    let key = entry.key.value.as_str();
    let keys: Vec<&'static str> = fields.iter().map(|field| field.key).collect();
    let fault = Diagnostic::error("unknown-key", format!("{} has no key `{}`", at.name(), key.escape_debug()))
        .at(entry.key.span, "");
    let near = nearest(key, keys.iter().copied());
    faults.push(match near {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None if keys.is_empty() => fault.help("remove it: KMM ignores it here"),
        None => fault.help(format!("it takes {}", quoted_list(&keys))),
    });
    near
}
