//! The shapes of KMM's fields, so that what is passed through has the types that the API wants
//! and a misspelt field is caught here rather than dropped in the cluster.

use std::collections::BTreeMap;

use super::decode::{self, Fields};
use crate::vocabulary::{Diagnostic, Diagnostics, Invalid};
use crate::yaml::{Node, Yaml};

/// What a field holds.
pub(super) enum Shape {
    /// A string: any scalar, as written.
    Text,
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// A list.
    List(&'static Shape),
    /// A mapping of strings to strings.
    TextMap,
    /// An object with these fields.
    Object(&'static str, &'static [(&'static str, Shape)]),
    /// Anything: Kubernetes' own types, which the API server checks.
    Any,
}

/// `{name: …}`, a reference to an object of the Module's namespace.
const REFERENCE: Shape = Shape::Object("a reference", &[("name", Shape::Text)]);
const TEXTS: Shape = Shape::List(&Shape::Text);
const TLS: Shape = Shape::Object("TLS settings", &[("insecure", Shape::Bool), ("insecureSkipTLSVerify", Shape::Bool)]);
const LOAD_UNLOAD: Shape = Shape::Object("arguments", &[("load", TEXTS), ("unload", TEXTS)]);

/// Fields of `spec` (Module, kmm.sigs.x-k8s.io/v1beta1).
pub(super) const SPEC: &[(&str, Shape)] = &[
    ("selector", Shape::TextMap),
    ("imageRepoSecret", REFERENCE),
    ("imageRebuildTriggerGeneration", Shape::Int),
    ("tolerations", Shape::List(&Shape::Any)),
    ("devicePlugin", Shape::Any),
    ("dra", Shape::Any),
];

/// Fields of `spec.moduleLoader`.
pub(super) const LOADER: &[(&str, Shape)] = &[("serviceAccountName", Shape::Text)];

/// Fields of `spec.moduleLoader.container`.
pub(super) const CONTAINER: &[(&str, Shape)] = &[
    ("imagePullPolicy", Shape::OneOf(&["Always", "IfNotPresent", "Never"])),
    ("inTreeModulesToRemove", TEXTS),
    ("modprobe", MODPROBE),
    ("registryTLS", TLS),
];

const MODPROBE: Shape = Shape::Object("`modprobe`", MODPROBE_FIELDS);

const MODPROBE_FIELDS: &[(&str, Shape)] = &[
    ("args", LOAD_UNLOAD),
    ("dirName", Shape::Text),
    ("firmwarePath", Shape::Text),
    ("moduleName", Shape::Text),
    ("modulesLoadingOrder", TEXTS),
    ("parameters", TEXTS),
    ("rawArgs", LOAD_UNLOAD),
];

/// Whether `modprobe` has a field of this name.
pub(super) fn is_modprobe_key(key: &str) -> bool {
    MODPROBE_FIELDS.iter().any(|(name, _)| *name == key)
}

/// Fields of a mapping's `build` besides its ConfigMap.
pub(super) const BUILD: Shape = Shape::Object(
    "`kmm.build`",
    &[
        ("baseImageRegistryTLS", TLS),
        (
            "buildArgs",
            Shape::List(&Shape::Object("a build argument", &[("name", Shape::Text), ("value", Shape::Text)])),
        ),
        ("kanikoParams", Shape::Object("`kanikoParams`", &[("tag", Shape::Text)])),
        ("secrets", Shape::List(&REFERENCE)),
        ("selector", Shape::TextMap),
    ],
);

/// Fields of a mapping's `sign`, and `rotation`, which is kmodgen's own.
pub(super) const SIGN: Shape = Shape::Object(
    "`kmm.sign`",
    &[
        ("certSecret", REFERENCE),
        ("filesToSign", TEXTS),
        ("keySecret", REFERENCE),
        ("rotation", Shape::Int),
        ("unsignedImage", Shape::Text),
        ("unsignedImageRegistryTLS", TLS),
    ],
);

/// Converts a node, noting where it does not have the shape.
pub(super) fn convert(name: &'static str, node: &Node, shape: &Shape, faults: &mut Diagnostics) -> Option<Yaml> {
    let what = format!("`{name}`");
    match shape {
        Shape::Any => Some(node.to_yaml()),
        Shape::Text => decode::text(node, &what, faults, |text| Ok(Yaml::Text(text.to_owned()))).map(|y| y.value),
        Shape::OneOf(choices) => decode::text(node, &what, faults, |text| {
            if choices.contains(&text) {
                return Ok(Yaml::Text(text.to_owned()));
            }
            Err(Invalid::new(format!("`{}` is not a value of `{name}`", text.escape_debug()))
                .help(format!("write one of {}", decode::list(choices))))
        })
        .map(|y| y.value),
        Shape::Bool => verbatim(node, name, "`true` or `false`", faults, |text| matches!(text, "true" | "false")),
        Shape::Int => verbatim(node, name, "a whole number", faults, |text| text.parse::<i64>().is_ok()),
        Shape::List(inner) => {
            node.as_sequence().or_else(|| {
                faults.push(decode::wrong_kind(node, &format!("{what} is a list")));
                None
            })?;
            let items = node.as_sequence().unwrap_or_default();
            Some(Yaml::Seq(items.iter().filter_map(|item| convert(name, item, inner, faults)).collect()))
        }
        Shape::TextMap => {
            let entries = decode::entries(node, &what, faults).iter();
            let pairs = entries.filter_map(|entry| {
                let value = convert(name, &entry.value, &Shape::Text, faults)?;
                Some((entry.key.value.clone(), value))
            });
            // Sorted, so that the order of keys in the manifest changes no byte.
            Some(Yaml::Map(pairs.collect::<BTreeMap<_, _>>().into_iter().collect()))
        }
        Shape::Object(called, shapes) => {
            let mut fields = Fields::open(called, node, faults)?;
            let converted = convert_fields(&mut fields, shapes, faults);
            fields.finish(faults);
            Some(Yaml::Map(converted))
        }
    }
}

/// Takes the fields that have shapes out of `fields`, in the order of the table.
pub(super) fn convert_fields(
    fields: &mut Fields<'_>,
    shapes: &[(&'static str, Shape)],
    faults: &mut Diagnostics,
) -> Vec<(String, Yaml)> {
    shapes
        .iter()
        .filter_map(|(key, shape)| {
            let node = fields.take(key, faults)?;
            convert(key, node, shape, faults).map(|value| ((*key).to_owned(), value))
        })
        .collect()
}

fn verbatim(
    node: &Node,
    name: &str,
    expected: &str,
    faults: &mut Diagnostics,
    legal: impl Fn(&str) -> bool,
) -> Option<Yaml> {
    match node.as_scalar() {
        Some(scalar) if scalar.plain && legal(&scalar.text) => Some(Yaml::Verbatim(scalar.text.clone())),
        _ => {
            faults.push(
                Diagnostic::error("wrong-kind", format!("`{name}` is {expected}"))
                    .at(node.span, "")
                    .help(format!("write {expected}, without quotes")),
            );
            None
        }
    }
}
