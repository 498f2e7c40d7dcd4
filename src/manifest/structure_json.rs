//! JSON Schema of the types of KMM's API.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::structure::{Type, structure};

/// Key of a record under `$defs`.
fn anchor(record: &str) -> String {
    format!("kmm.{record}")
}

/// Reference to the definition of a record.
pub(super) fn reference(record: &str) -> Value {
    json!({"$ref": format!("#/$defs/{}", anchor(record))})
}

/// Schema of a type.
pub(super) fn schema(takes: &Type) -> Value {
    match takes {
        Type::String => json!({"type": "string"}),
        Type::Boolean => json!({"type": "boolean"}),
        Type::Integer(i64::MIN, i64::MAX) => json!({"type": "integer"}),
        Type::Integer(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Type::Quantity => json!({"type": ["string", "integer"]}),
        Type::Any => json!({"type": "object"}),
        Type::List { of, least, most, .. } => {
            let mut list = json!({"type": "array", "items": schema(of)});
            if *least > 0 {
                list["minItems"] = (*least).into();
            }
            if *most < usize::MAX {
                list["maxItems"] = (*most).into();
            }
            list
        }
        Type::Map(of) => json!({"type": "object", "additionalProperties": schema(of)}),
        Type::Record(name) => reference(name),
    }
}

/// Definitions of some records and of those that they lead to.
pub(super) fn definitions(records: &[&'static str]) -> BTreeMap<String, Value> {
    let mut found: Vec<&'static str> = Vec::new();
    let mut next = records.to_vec();
    while let Some(record) = next.pop() {
        if !found.contains(&record) {
            found.push(record);
            next.extend(structure().fields(record).iter().filter_map(|field| field.takes.record()));
        }
    }
    found.into_iter().map(|record| (anchor(record), definition(record))).collect()
}

fn definition(record: &str) -> Value {
    let fields = structure().fields(record);
    let properties: Map<String, Value> =
        fields.iter().map(|field| (field.key.to_owned(), schema(&field.takes))).collect();
    let mut definition = json!({"type": "object", "properties": properties, "additionalProperties": false});
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.key).collect();
    if !required.is_empty() {
        definition["required"] = required.into();
    }
    definition
}
