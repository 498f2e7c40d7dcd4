//! Origin of a module's images.

use kmodgen_yaml::Node;

use crate::vocabulary::{Diagnostic, Diagnostics};

/// The origin of a module's images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// They are built.
    Built,
    /// Somebody else builds them.
    Prebuilt,
    /// No images: a device plugin, or a driver for dynamic resource allocation, alone.
    Plugin,
}

impl Kind {
    /// Finds the kind of a module as it is written. One that builds nothing and has a `fallback` is prebuilt.
    pub(super) fn of(node: &Node) -> Self {
        let says = |key: &str| node.get(key).is_some();
        let overrides = node.get("overrides").and_then(|list| list.as_sequence()).unwrap_or_default();
        let kmm = node.get("kmm");
        let items = kmm.and_then(|kmm| kmm.as_sequence()).unwrap_or_default();
        let plugs = |key: &str| kmm.into_iter().chain(items).any(|kmm| kmm.get(key).is_some());
        let names_image = says("prebuilt") || overrides.iter().any(|over| over.get("prebuilt").is_some());
        let builds = BUILDING.iter().chain(&["kmods"]).any(|key| says(key));
        if names_image || has_fallbacks(node) && !builds {
            Self::Prebuilt
        } else if !says("image") && !says("source") && !says("kmods") && (plugs("devicePlugin") || plugs("dra")) {
            Self::Plugin
        } else {
            Self::Built
        }
    }
}

/// Checks whether the manifest has to list kernels for a module: it builds for them, or only they have an image.
pub(super) fn needs_kernels(node: &Node) -> bool {
    match Kind::of(node) {
        Kind::Built => true,
        Kind::Prebuilt => !has_fallbacks(node),
        Kind::Plugin => false,
    }
}

/// Checks whether each Module of a module has a `fallback`.
fn has_fallbacks(node: &Node) -> bool {
    let falls_back = |kmm: &Node| kmm.get("fallback").is_some();
    node.get("kmm").is_some_and(|kmm| match kmm.as_sequence() {
        Some(items) => !items.is_empty() && items.iter().all(|item| falls_back(item)),
        None => falls_back(kmm),
    })
}

/// The keys of a build.
const BUILDING: [&str; 9] = ["image", "source", "build", "template", "images", "install", "packages", "labels", "user"];

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
