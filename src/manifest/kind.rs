//! Origin of a module's images.

use kmodgen_yaml::Node;

use crate::vocabulary::{Diagnostic, Diagnostics};

/// The origin of a module's images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModuleKind {
    /// They are built.
    Built,
    /// Somebody else builds them.
    Prebuilt,
    /// No images: a device plugin, or a driver for dynamic resource allocation, alone.
    Plugin,
}

impl ModuleKind {
    /// Finds the kind of a module as it is written. One that builds nothing and has a `fallback` is prebuilt.
    pub(super) fn of(node: &Node) -> Self {
        let overrides = node.get("overrides").and_then(|list| list.as_sequence()).unwrap_or_default();
        let mut specs = additional(node).chain([node]).filter_map(|module| module.get("moduleSpec"));
        let is_plugin = specs.any(|spec| has(spec, "devicePlugin") || has(spec, "dra"));
        let names_image = has(node, "prebuilt") || overrides.iter().any(|over| has(over, "prebuilt"));
        let builds = BUILDING.iter().chain(&["kmods"]).any(|key| has(node, key));
        if names_image || has_fallbacks(node) && !builds {
            Self::Prebuilt
        } else if is_plugin && !is_written_as_built(node) {
            Self::Plugin
        } else {
            Self::Built
        }
    }
}

fn has(node: &Node, key: &str) -> bool {
    node.get(key).is_some()
}

/// Checks whether the manifest has to list kernels for a module: it builds for them, or only they have an image.
pub(super) fn needs_kernels(node: &Node) -> bool {
    match ModuleKind::of(node) {
        ModuleKind::Built => true,
        ModuleKind::Prebuilt => !has_fallbacks(node),
        ModuleKind::Plugin => false,
    }
}

/// Checks whether a module has a field that only images which are built need.
pub(super) fn is_written_as_built(node: &Node) -> bool {
    ["source", "kmods", "image"].iter().any(|key| has(node, key))
}

/// Checks whether each Module of a module has a `fallback`.
fn has_fallbacks(node: &Node) -> bool {
    has(node, "fallback") && additional(node).all(|module| has(module, "fallback"))
}

/// Returns the further Modules of a module.
fn additional(node: &Node) -> impl Iterator<Item = &Node> {
    let list = node.get("additionalModules").and_then(|list| list.as_sequence());
    list.unwrap_or_default().iter().map(|module| &**module)
}

/// The keys of a build.
const BUILDING: [&str; 11] = [
    "image",
    "aliases",
    "versionInTag",
    "source",
    "steps",
    "template",
    "baseImages",
    "install",
    "packages",
    "imageLabels",
    "user",
];

/// Refuses `mapping` of a module whose images kmodgen builds.
pub(super) fn refuse_mapping(node: &Node, faults: &mut Diagnostics) {
    let overrides = node.get("overrides").and_then(|list| list.as_sequence()).unwrap_or_default();
    for part in overrides.iter().map(|over| &**over).chain([node]) {
        let entries = part.as_mapping().unwrap_or_default().iter();
        for entry in entries.filter(|entry| entry.key.value == "mapping") {
            faults.push(
                Diagnostic::error(
                    "prebuilt",
                    "`mapping` is for prebuilt images, but kmodgen builds those of this module",
                )
                .at(entry.key.span, "")
                .help("write its fields in `moduleSpec.moduleLoader.container`, or write `prebuilt`"),
            );
        }
    }
}

/// Fields of a build, where nothing is built.
pub(super) fn refuse_building(node: &Node, faults: &mut Diagnostics) {
    for entry in node.as_mapping().unwrap_or_default() {
        let key = entry.key.value.as_str();
        if BUILDING.contains(&key) {
            faults.push(
                Diagnostic::error(
                    "prebuilt",
                    format!("`{key}` is for images that kmodgen builds, but this module's images are prebuilt"),
                )
                .at(entry.key.span, "")
                .help("remove it, or remove `prebuilt`"),
            );
        }
    }
}
