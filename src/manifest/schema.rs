//! Schema of the manifest: its records, their fields and the values that each field takes.
//!
//! Each record stands beside the code that decodes it. The decoder opens nothing but
//! records, so a field that is decoded is described here, and one that is described is decoded: the
//! manual's tables and the JSON Schema are made of these and cannot drift.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::structure_json;
use crate::vocabulary::quoted_list;

/// A mapping with keys that the schema chooses.
#[derive(Debug)]
pub struct Record {
    /// Name in messages and in the manual, such as "a module".
    pub name: &'static str,
    /// Its fields, in the order of the manual.
    pub fields: &'static [Field],
}

/// One field of a record.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its key.
    pub key: &'static str,
    /// Values that the field takes.
    pub takes: Shape,
    /// Description for the manual: a phrase without a full stop.
    pub says: &'static str,
}

/// Values that a field takes.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Any scalar, as written.
    Text,
    /// Any scalar, in which variables expand.
    Expanding(Variables),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// A list.
    List(&'static Shape),
    /// One such thing, or a list of them.
    OneOrList(&'static Shape),
    /// Texts by names of the user's choice.
    TextMap,
    /// Such things by names of the user's choice.
    Named(&'static Shape),
    /// A record.
    Record(&'static Record),
    /// A text, or a record that says more.
    TextOr(&'static Record),
    /// One of several shapes.
    Either(&'static [Shape]),
    /// Some fields of a record, which are laid over those of another such.
    PartOf(&'static Record),
    /// A record of the structure of KMM's API, which describes Kubernetes' own types.
    Kubernetes(&'static str),
}

/// Variables that expand in a field, and what expands them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variables {
    /// Variables of a build.
    Build,
    /// Variables of a build, in the environment of a script.
    Script,
    /// Variables that KMM has for a kernel.
    Kernel,
    /// Variables that KMM has for a kernel and its Module.
    Image,
}

/// Joins lists of fields, so that records share them.
macro_rules! joined {
    ($($fields:expr),+ $(,)?) => {{
        const JOINED: [$crate::manifest::schema::Field; 0 $(+ $fields.len())+] =
            $crate::manifest::schema::join([$($fields),+]);
        &JOINED
    }};
}

pub(crate) use joined;

/// Joins lists whose fields are `N` together.
///
/// # Panics
/// If they are not; the compiler reports it for a constant.
pub(crate) const fn join<const N: usize, const LISTS: usize>(lists: [&[Field]; LISTS]) -> [Field; N] {
    let mut all = [Field { key: "", takes: Shape::Text, says: "" }; N];
    let (mut at, mut list) = (0, 0);
    while list < lists.len() {
        let mut index = 0;
        while index < lists[list].len() {
            all[at] = lists[list][index];
            (at, index) = (at + 1, index + 1);
        }
        list += 1;
    }
    assert!(at == N);
    all
}

/// Begin of the default value at the end of a field's description.
const DEFAULT: &str = "; default: ";

impl Record {
    /// The field of that key.
    pub fn field(&self, key: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// The keys of its fields.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().map(|field| field.key)
    }

    /// The keys of its fields, for messages.
    pub fn quoted_keys(&self) -> String {
        quoted_list(&self.keys().collect::<Vec<_>>())
    }

    /// The manual's table of its fields.
    pub fn table(&self) -> String {
        let mut table = String::from("| Field | Type | Default | Description |\n| --- | --- | --- | --- |\n");
        for Field { key, takes, says } in self.fields {
            let (description, default) = says.rsplit_once(DEFAULT).unwrap_or((says, ""));
            let description = description.replace('|', "\\|");
            let _ = writeln!(table, "| `{key}` | {} | {default} | {description} |", takes.words());
        }
        table
    }

    /// Returns the record's name in a table; a record that belongs to one field needs no name there.
    fn words(&self) -> String {
        match self.name.split_once(' ') {
            Some(("a" | "an" | "the", name)) => name.to_owned(),
            _ => "object".into(),
        }
    }

    /// The records that its fields lead to, itself the first, each once.
    pub fn all(&'static self) -> Vec<&'static Self> {
        let mut found: Vec<&'static Self> = vec![self];
        let mut next = 0;
        while let Some(record) = found.get(next) {
            for field in record.fields {
                field.takes.gather(&mut found);
            }
            next += 1;
        }
        found
    }
}

impl Shape {
    /// The shapes that it is made of.
    fn parts(&'static self) -> (&'static [Self], Option<&'static Record>) {
        match self {
            Self::List(inner) | Self::OneOrList(inner) | Self::Named(inner) => (std::slice::from_ref(*inner), None),
            Self::Either(shapes) => (shapes, None),
            Self::Record(record) | Self::TextOr(record) => (&[], Some(record)),
            Self::Text
            | Self::Expanding(_)
            | Self::OneOf(_)
            | Self::Bool
            | Self::Int
            | Self::TextMap
            | Self::PartOf(_)
            | Self::Kubernetes(_) => (&[], None),
        }
    }

    /// Describes the values in words.
    fn words(&self) -> String {
        match self {
            Self::Text => "string".into(),
            Self::Expanding(_) => "string with variables".into(),
            Self::OneOf(choices) => choices.iter().map(|choice| format!("`{choice}`")).collect::<Vec<_>>().join(" or "),
            Self::Bool => "boolean".into(),
            Self::Int => "integer".into(),
            Self::List(inner) => format!("list of {}", inner.words()),
            Self::OneOrList(inner) => format!("{0}, or list of {0}", inner.words()),
            Self::TextMap => "map of strings".into(),
            Self::Named(inner) => format!("map of {}", inner.words()),
            Self::Record(record) => record.words(),
            Self::TextOr(record) => format!("string or {}", record.words()),
            Self::Either(shapes) => shapes.iter().map(Self::words).collect::<Vec<_>>().join(", or "),
            Self::PartOf(record) => format!("fields of {}", record.name),
            Self::Kubernetes(_) => "as in Kubernetes".into(),
        }
    }

    fn gather(&'static self, found: &mut Vec<&'static Record>) {
        let (shapes, record) = self.parts();
        if let Some(record) = record.filter(|record| !found.iter().any(|other| std::ptr::eq(*other, *record))) {
            found.push(record);
        }
        shapes.iter().for_each(|shape| shape.gather(found));
    }

    /// The records of KMM's API that it leads to.
    fn gather_kubernetes(&'static self, found: &mut Vec<&'static str>) {
        if let Self::Kubernetes(record) = self {
            found.push(record);
        }
        self.parts().0.iter().for_each(|shape| shape.gather_kubernetes(found));
    }

    fn json_schema(&self) -> Value {
        match self {
            // What YAML reads as a number or a truth value is text here, as it is written.
            Self::Text | Self::Expanding(_) => json!({"type": ["string", "number", "boolean"]}),
            Self::OneOf(choices) => json!({"enum": choices}),
            Self::Bool => json!({"type": "boolean"}),
            Self::Int => json!({"type": "integer"}),
            Self::List(inner) => json!({"type": "array", "items": inner.json_schema()}),
            Self::OneOrList(inner) => {
                json!({"anyOf": [inner.json_schema(), {"type": "array", "items": inner.json_schema()}]})
            }
            Self::TextMap => json!({"type": "object", "additionalProperties": Self::Text.json_schema()}),
            Self::Named(inner) => json!({"type": "object", "additionalProperties": inner.json_schema()}),
            Self::Record(record) => reference(record),
            Self::TextOr(record) => json!({"anyOf": [Self::Text.json_schema(), reference(record)]}),
            Self::Either(shapes) => json!({"anyOf": shapes.iter().map(Self::json_schema).collect::<Vec<_>>()}),
            // Any of them may be `~`, at any depth.
            Self::PartOf(record) => {
                let keys: Vec<&str> = record.keys().collect();
                json!({"type": "object", "propertyNames": {"enum": keys}})
            }
            Self::Kubernetes(record) => structure_json::reference(record),
        }
    }
}

/// The JSON Schema (draft 2020-12) of what `top` may say, for editors and other programs. It knows
/// kinds and keys; patterns, names and what goes with what are for [`super::Manifest::read`].
pub fn json_schema(top: &'static Record) -> Value {
    let mut records: BTreeMap<String, Value> =
        top.all().into_iter().map(|record| (anchor(record.name), record_schema(record))).collect();
    let mut kubernetes = Vec::new();
    let fields = top.all().into_iter().flat_map(|record| record.fields);
    fields.for_each(|field| field.takes.gather_kubernetes(&mut kubernetes));
    records.extend(structure_json::definitions(&kubernetes));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": format!("#/$defs/{}", anchor(top.name)),
        "$defs": records,
    })
}

fn reference(record: &Record) -> Value {
    json!({"$ref": format!("#/$defs/{}", anchor(record.name))})
}

fn record_schema(record: &Record) -> Value {
    let properties: Map<String, Value> = record
        .fields
        .iter()
        .map(|field| {
            let mut schema = field.takes.json_schema();
            schema["description"] = field.says.into();
            (field.key.to_owned(), schema)
        })
        .collect();
    json!({"title": record.name, "type": "object", "properties": properties, "additionalProperties": false})
}

/// A record's name as a word of its own.
fn anchor(name: &str) -> String {
    let word: String = name.chars().filter(|c| *c != '`').map(|c| if c == ' ' { '-' } else { c }).collect();
    ["a-", "an-", "the-"].iter().find_map(|article| word.strip_prefix(article)).unwrap_or(&word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::MANIFEST;

    #[test]
    fn records_have_names_and_keys_of_their_own() {
        let records = MANIFEST.all();
        for (at, record) in records.iter().enumerate() {
            let others = records[..at].iter().map(|other| anchor(other.name));
            assert!(others.into_iter().all(|other| other != anchor(record.name)), "{}", record.name);
            for (at, field) in record.fields.iter().enumerate() {
                assert!(
                    record.fields[..at].iter().all(|other| other.key != field.key),
                    "{} {}",
                    record.name,
                    field.key
                );
                assert!(!field.says.is_empty() && !field.says.ends_with('.'), "{} {}", record.name, field.key);
            }
        }
        assert!(records.len() > 10);
    }
}
