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
        let kmm = node.get("kmm");
        let items = kmm.and_then(|kmm| kmm.as_sequence()).unwrap_or_default();
        let is_plugin = kmm.into_iter().chain(items).any(|kmm| has(kmm, "devicePlugin") || has(kmm, "dra"));
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
    node.get("kmm").is_some_and(|kmm| match kmm.as_sequence() {
        Some(items) => !items.is_empty() && items.iter().all(|item| has(item, "fallback")),
        None => has(kmm, "fallback"),
    })
}

/// The keys of a build.
const BUILDING: [&str; 9] =
    ["image", "source", "steps", "template", "baseImages", "install", "packages", "imageLabels", "user"];

/// Fields of a build, where nothing is built.
pub(super) fn refuse_building(node: &Node, faults: &mut Diagnostics) {
    for entry in node.as_mapping().unwrap_or_default() {
        let key = entry.key.value.as_str();
        if BUILDING.contains(&key) {
            faults.push(
                Diagnostic::error(
                    "prebuilt",
                    format!("`{key}` is for images that are built, and this module's are not"),
                )
                .at(entry.key.span, "")
                .help("take it out, or `prebuilt`"),
            );
        }
    }
}
