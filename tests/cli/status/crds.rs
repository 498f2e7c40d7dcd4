//! The recorded objects are what KMM's own schemas allow.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kmodgen::objects::json;
use kmodgen::vocabulary::SourceMap;
use serde_json::Value;

use super::recordings;

/// Structural schemas by kind; `None` if the folder with KMM's CustomResourceDefinitions is absent.
fn schemas() -> Option<BTreeMap<String, Value>> {
    let shared = std::env::var("KMODGEN_SHARED").unwrap_or_else(|_| "../shared".to_owned());
    let folder = Path::new(&shared).join("data/crds");
    let Ok(files) = fs::read_dir(&folder) else {
        eprintln!("SKIPPED: {} is absent: name the folder in $KMODGEN_SHARED", folder.display());
        return None;
    };
    let mut schemas = BTreeMap::new();
    for file in files {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let source = SourceMap::default().add("crd", text.as_str());
        let definition = json(&kmodgen_yaml::read(source, text.trim_start_matches("---\n")).unwrap().unwrap());
        let versions = definition["spec"]["versions"].as_array().unwrap();
        let version = versions.iter().find(|version| version["name"] == "v1beta1").or(versions.first()).unwrap();
        let kind = definition["spec"]["names"]["kind"].as_str().unwrap().to_owned();
        schemas.insert(kind, version["schema"]["openAPIV3Schema"].clone());
    }
    Some(schemas)
}

/// Checks a value against a structural schema, unknown fields refused; returns the faults.
fn faults(value: &Value, schema: &Value, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    let is_type = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64(),
        Some("boolean") => value.is_boolean(),
        _ => true,
    };
    if !is_type {
        return vec![format!("{path} is no {}", schema["type"])];
    }
    if let Some(values) = schema["enum"].as_array().filter(|values| !values.contains(value)) {
        found.push(format!("{path} is none of {values:?}"));
    }
    for (at, item) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(faults(item, &schema["items"], &format!("{path}[{at}]")));
    }
    for (key, field) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        match (schema["properties"].get(key), schema.get("additionalProperties")) {
            // The API server's own, which a definition only names.
            _ if path == "metadata" || path.ends_with(": .metadata") => {}
            (Some(inner), _) | (None, Some(inner)) => found.extend(faults(field, inner, &path)),
            (None, None) => found.push(format!("{path} is unknown")),
        }
    }
    for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(required).is_none() {
            found.push(format!("{path} lacks {required}"));
        }
    }
    found
}

#[test]
fn recordings_fit_the_schemas_of_kmm() {
    let Some(schemas) = schemas() else { return };
    let mut checked = BTreeMap::new();
    for (name, path) in recordings() {
        let list: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        for object in list["items"].as_array().unwrap() {
            let kind = object["kind"].as_str().unwrap();
            let Some(schema) = schemas.get(kind) else { continue };
            *checked.entry(kind.to_owned()).or_insert(0) += 1;
            assert_eq!(faults(object, schema, &format!("{name} {kind}: ")), [""; 0]);
        }
    }
    let kinds: Vec<&str> = checked.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["Module", "ModuleBuildSignConfig", "ModuleImagesConfig", "NodeModulesConfig"], "{checked:?}");
    assert!(
        !faults(&serde_json::json!({"spec": {"images": [{"image": 5}]}}), &schemas["ModuleImagesConfig"], "")
            .is_empty()
    );
}
