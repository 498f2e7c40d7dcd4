//! Errors about values of the wrong kind, with the corrected line wherever it can be computed.

use kmodgen_yaml::{Entry, Node, Scalar, Value};

use super::schema::{Record, Shape};
use crate::vocabulary::Diagnostic;

/// Longest correction that is printed: a longer one hides what changed.
const LONGEST: usize = 100;

/// The kind of value that a field takes.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    String,
    Integer,
    Boolean,
    List,
    /// A map whose keys the user chooses.
    Map,
    /// A map with the keys of a record.
    Record(&'static Record),
}

impl Kind {
    fn noun(self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Integer => "an integer",
            Self::Boolean => "a boolean",
            Self::List => "a list",
            Self::Map | Self::Record(_) => "a map",
        }
    }

    /// Advice for a value that no correction can be computed from.
    fn advice(self) -> String {
        match self {
            Self::String => "write one string".into(),
            Self::Integer => "write a whole number, without quotes".into(),
            Self::Boolean => "write `true` or `false`, without quotes".into(),
            Self::List => "write one item on each line, after `- `".into(),
            Self::Map => "write one `key: value` on each line".into(),
            Self::Record(record) => format!("it takes {}", record.quoted_keys()),
        }
    }
}

/// The error of a node that is not of the kind that `what` takes: a key in backticks, whose corrected
/// line the help shows, or a noun such as "a patch".
pub(crate) fn wrong_kind(node: &Node, what: &str, kind: Kind) -> Diagnostic {
    let message = format!("expected {} for {what}, found {}", kind.noun(), node.kind_name());
    let key = what.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')).filter(|key| !key.contains(['`', '.']));
    let corrected = corrected(node, kind).map(|value| match key {
        Some(key) => format!("{key}: {value}"),
        None => value,
    });
    let help = match corrected.filter(|line| line.chars().count() <= LONGEST) {
        Some(line) => format!("write `{line}`"),
        None => kind.advice(),
    };
    Diagnostic::error("wrong-kind", message).at(node.span, "").help(help)
}

/// The value that was meant, as YAML on one line.
fn corrected(node: &Node, kind: Kind) -> Option<String> {
    let is_empty = match &node.value {
        Value::Scalar(scalar) => scalar.is_null(),
        Value::Sequence(items) => items.is_empty(),
        Value::Mapping(entries) => entries.is_empty(),
    };
    if is_empty {
        return None;
    }
    if let (Some([item]), Kind::String | Kind::Integer | Kind::Boolean) = (node.as_sequence(), kind) {
        return corrected(item, kind);
    }
    match (kind, &node.value) {
        (Kind::String, Value::Scalar(scalar)) => Some(flow_string(scalar)),
        (Kind::String, Value::Mapping(entries)) => match entries.as_slice() {
            [entry] if entry.value.is_null() => Some(flow_key(entry)),
            [entry] => entry.value.as_scalar().map(flow_string),
            _ => None,
        },
        (Kind::Integer, Value::Scalar(scalar)) => integer(&scalar.text),
        (Kind::Boolean, Value::Scalar(scalar)) => boolean(&scalar.text).map(str::to_owned),
        (Kind::List, Value::Scalar(scalar)) => Some(flow_list(&items_of(scalar)?)),
        (Kind::List, Value::Mapping(entries)) if entries.iter().all(|entry| entry.value.is_null()) => {
            Some(flow_list(&entries.iter().map(flow_key).collect::<Vec<_>>()))
        }
        (Kind::List, Value::Mapping(_)) => Some(format!("[{}]", flow(node))),
        (Kind::Map, Value::Scalar(scalar)) => map_of(&[scalar]),
        (Kind::Map, Value::Sequence(items)) => {
            let scalars: Option<Vec<&Scalar>> = items.iter().map(|item| item.as_scalar()).collect();
            scalars.map_or_else(|| merged(items.iter().map(|item| &**item), true), |scalars| map_of(&scalars))
        }
        (Kind::Record(record), Value::Scalar(scalar)) => {
            let key = first_key(record, &scalar.text)?;
            Some(format!("{{{key}: {}}}", kmodgen_yaml::flow(&scalar.text, scalar.plain)))
        }
        (Kind::Record(record), Value::Sequence(items)) => {
            let merged = merged(items.iter().map(|item| &**item), false)?;
            items.iter().all(|item| has_no_other_keys(item, record)).then_some(merged)
        }
        _ => None,
    }
}

fn has_no_other_keys(item: &Node, record: &Record) -> bool {
    item.as_mapping().is_some_and(|entries| entries.iter().all(|entry| record.field(&entry.key).is_some()))
}

/// The field that a scalar in place of a record is likely for: the first one, if that takes a string.
fn first_key(record: &Record, text: &str) -> Option<&'static str> {
    let first = record.fields.first().filter(|field| match field.takes {
        Shape::Text | Shape::Expanding(_) => true,
        Shape::OneOf(choices) => choices.contains(&text),
        _ => false,
    })?;
    let is_folder = first.key == "git" && !text.contains(':');
    Some(if is_folder { "path" } else { first.key })
}

/// A whole number that is written with quotes, underscores or in base 8 or 16, as YAML reads it.
fn integer(text: &str) -> Option<String> {
    let text = text.trim().replace('_', "");
    let number = match text.as_str() {
        hex if hex.starts_with("0x") => i64::from_str_radix(&hex[2..], 16),
        octal if octal.starts_with("0o") => i64::from_str_radix(&octal[2..], 8),
        octal if octal.len() > 1 && octal.starts_with('0') => i64::from_str_radix(octal, 8),
        decimal => decimal.parse(),
    };
    number.ok().map(|number| number.to_string())
}

fn boolean(text: &str) -> Option<&'static str> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "on" | "1" => Some("true"),
        "false" | "no" | "n" | "off" | "0" => Some("false"),
        _ => None,
    }
}

/// The items of a list that is written as one string: words, or what commas separate.
fn items_of(scalar: &Scalar) -> Option<Vec<String>> {
    let text = scalar.text.trim();
    if text.is_empty() {
        return None;
    }
    if text.starts_with('[') && text.ends_with(']') {
        let inner = text[1..text.len() - 1].split(',').map(|item| item.trim().trim_matches(['"', '\'']));
        return Some(inner.filter(|item| !item.is_empty()).map(|item| kmodgen_yaml::flow(item, true)).collect());
    }
    let mut parts: Vec<&str> = text.split(|c: char| c == ',' || (c.is_whitespace() && scalar.plain)).collect();
    if text.contains(['"', '\'', '(', '{', '[']) || parts.len() == 1 {
        return Some(vec![flow_string(scalar)]);
    }
    parts.retain(|part| !part.trim().is_empty());
    Some(parts.into_iter().map(|part| kmodgen_yaml::flow(part.trim(), true)).collect())
}

/// The map that `KEY=VALUE` or `KEY:VALUE` strings stand for; `None` if one is neither.
fn map_of(scalars: &[&Scalar]) -> Option<String> {
    let pairs: Option<Vec<String>> = scalars.iter().map(|scalar| pair(&scalar.text)).collect();
    pairs.filter(|pairs| !pairs.is_empty()).map(|pairs| format!("{{{}}}", pairs.join(", ")))
}

fn pair(text: &str) -> Option<String> {
    let (key, value) = text.split_once(['=', ':'])?;
    let (key, value) = (key.trim(), value.trim());
    let is_key = !key.is_empty() && !key.contains(char::is_whitespace) && !value.starts_with("//");
    is_key.then(|| format!("{}: {}", kmodgen_yaml::flow(key, true), kmodgen_yaml::flow(value, true)))
}

/// One map of the maps of a list. With `named`, items that have a `name` become its values, as with the
/// environment of a container.
fn merged<'n>(items: impl Iterator<Item = &'n Node>, named: bool) -> Option<String> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for item in items {
        let entries = item.as_mapping()?;
        let name = entries.iter().find(|entry| named && *entry.key == "name").and_then(|entry| entry.value.as_scalar());
        let rest: Vec<&Entry> = entries.iter().filter(|entry| *entry.key != "name").collect();
        match (name, rest.as_slice()) {
            (Some(name), [value]) if *value.key == "value" => pairs.push((flow_string(name), flow(&value.value))),
            (Some(name), rest) => pairs.push((flow_string(name), flow_map(rest.iter().copied()))),
            (None, _) => pairs.extend(entries.iter().map(|entry| (flow_key(entry), flow(&entry.value)))),
        }
    }
    let repeats = pairs.iter().enumerate().any(|(at, (key, _))| pairs[..at].iter().any(|(other, _)| other == key));
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}: {value}")).collect();
    (!pairs.is_empty() && !repeats).then(|| format!("{{{}}}", pairs.join(", ")))
}

/// A node as YAML on one line.
pub(crate) fn flow(node: &Node) -> String {
    match &node.value {
        Value::Scalar(scalar) => kmodgen_yaml::flow(&scalar.text, scalar.plain),
        Value::Sequence(items) => flow_list(&items.iter().map(|item| flow(item)).collect::<Vec<_>>()),
        Value::Mapping(entries) => flow_map(entries.iter()),
    }
}

fn flow_list(items: &[String]) -> String {
    format!("[{}]", items.join(", "))
}

fn flow_map<'n>(entries: impl Iterator<Item = &'n Entry>) -> String {
    let pairs: Vec<String> = entries.map(|entry| format!("{}: {}", flow_key(entry), flow(&entry.value))).collect();
    format!("{{{}}}", pairs.join(", "))
}

fn flow_key(entry: &Entry) -> String {
    kmodgen_yaml::flow(&entry.key, true)
}

/// A scalar that readers of YAML take for a string: numbers, booleans and null get quotes.
fn flow_string(scalar: &Scalar) -> String {
    kmodgen_yaml::flow(&scalar.text, scalar.plain && scalar.kind_name() == "a string")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::manifest::schema::Field;
    use crate::vocabulary::SourceMap;

    fn node(text: &str) -> std::sync::Arc<Node> {
        let document = kmodgen_yaml::read(SourceMap::default().add("", text), text).unwrap().unwrap();
        document.get("x").unwrap().clone()
    }

    fn told(value: &str, kind: Kind) -> String {
        let error = wrong_kind(&node(&format!("x: {value}\n")), "`x`", kind);
        format!("{}: {}", error.message, error.help[0])
    }

    static RECORD: Record =
        Record { name: "a thing", fields: &[Field { key: "name", takes: Shape::Text, says: "its name" }] };

    #[test]
    fn a_wrong_kind_is_answered_by_the_corrected_line() {
        let cases = [
            ("driver", Kind::List, "found a string: write `x: [driver]`"),
            ("a, b", Kind::List, "found a string: write `x: [a, b]`"),
            ("gcc make", Kind::List, "found a string: write `x: [gcc, make]`"),
            ("'a b'", Kind::List, "found a string: write `x: [\"a b\"]`"),
            ("'[\"a\", b]'", Kind::List, "found a string: write `x: [a, b]`"),
            ("'-'", Kind::List, "found a string: write `x: [\"-\"]`"),
            ("-,", Kind::List, "found a string: write `x: [\"-\"]`"),
            (". -", Kind::List, "found a string: write `x: [., \"-\"]`"),
            ("-g -O2", Kind::List, "found a string: write `x: [-g, -O2]`"),
            ("a=-", Kind::Map, "found a string: write `x: {a: \"-\"}`"),
            ("-=-", Kind::Map, "found a string: write `x: {\"-\": \"-\"}`"),
            ("5.14", Kind::List, "found a number: write `x: [\"5.14\"]`"),
            ("{a: b}", Kind::List, "found a map: write `x: [{a: b}]`"),
            ("{a: , b: }", Kind::List, "found a map: write `x: [a, b]`"),
            ("[a]", Kind::String, "found a list: write `x: a`"),
            ("[a, b]", Kind::String, "found a list: write one string"),
            ("{name: a}", Kind::String, "found a map: write `x: a`"),
            ("1", Kind::String, "found an integer: write `x: \"1\"`"),
            ("true", Kind::String, "found a boolean: write `x: \"true\"`"),
            ("1.50", Kind::String, "found a number: write `x: \"1.50\"`"),
            ("yes", Kind::Boolean, "found a string: write `x: true`"),
            ("'false'", Kind::Boolean, "found a string: write `x: false`"),
            ("maybe", Kind::Boolean, "found a string: write `true` or `false`, without quotes"),
            ("'80'", Kind::Integer, "found a string: write `x: 80`"),
            ("0644", Kind::Integer, "found a number: write `x: 420`"),
            ("[3]", Kind::Integer, "found a list: write `x: 3`"),
            ("many", Kind::Integer, "found a string: write a whole number, without quotes"),
            ("A=1", Kind::Map, "found a string: write `x: {A: 1}`"),
            ("[A=1, B=x]", Kind::Map, "found a list: write `x: {A: 1, B: x}`"),
            ("[{a: 1}, {b: 2}]", Kind::Map, "found a list: write `x: {a: 1, b: 2}`"),
            ("[{name: A, value: 1}]", Kind::Map, "found a list: write `x: {A: 1}`"),
            ("[{name: d, git: u, ref: v}]", Kind::Map, "found a list: write `x: {d: {git: u, ref: v}}`"),
            ("word", Kind::Map, "found a string: write one `key: value` on each line"),
            ("[{name: a}]", Kind::Record(&RECORD), "found a list: write `x: {name: a}`"),
            ("[{a: 1}]", Kind::Record(&RECORD), "found a list: it takes `name`"),
            ("a", Kind::Record(&RECORD), "found a string: write `x: {name: a}`"),
            ("{}", Kind::List, "found a map: write one item on each line, after `- `"),
        ];
        for (value, kind, expected) in cases {
            let told = told(value, kind);
            assert!(told.ends_with(expected), "{value}: {told}");
        }
    }

    #[test]
    fn a_long_correction_is_left_out() {
        let told = told(&"word ".repeat(40), Kind::List);
        assert!(told.ends_with("write one item on each line, after `- `"), "{told}");
    }

    proptest! {
        #[test]
        fn a_correction_is_yaml_of_the_kind(value in r#"[a-z0-9"'\[\]{}=:,. $#&*!|>-]{1,20}"#) {
            let text = format!("x: {value}\n");
            let Ok(Some(document)) = kmodgen_yaml::read(SourceMap::default().add("", text.as_str()), &text) else { return Ok(()) };
            let Some(node) = document.get("x") else { return Ok(()) };
            for kind in [Kind::String, Kind::Integer, Kind::Boolean, Kind::List, Kind::Map] {
                let Some(corrected) = corrected(node, kind) else { continue };
                let again = format!("x: {corrected}\n");
                let read = kmodgen_yaml::read(SourceMap::default().add("", again.as_str()), &again);
                let read = read.unwrap_or_else(|problems| panic!("{text}{again}{problems:?}")).unwrap();
                let value = read.get("x").unwrap();
                let fits = match kind {
                    Kind::List => value.as_sequence().is_some(),
                    Kind::Map => value.as_mapping().is_some(),
                    _ => value.kind_name() == kind.noun(),
                };
                prop_assert!(fits, "{text}{again}");
            }
        }
    }
}
