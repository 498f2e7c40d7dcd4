//! Versions of a module: each is a module of its own.

use std::sync::Arc;

use kmodgen_yaml::Node;

use super::decode::{self, Fields};
use super::kmm;
use super::overlay::{self, overlaid, without};
use super::recipe::{OVERRIDE, Recipe};
use super::schema::{Field, Record, Shape, Variables, joined};
use super::selection::Selection;
use crate::vocabulary::{Diagnostic, Diagnostics, Invalid};

/// Fields of a module and a version alike, before those of a recipe.
pub(super) const IMAGE: Field =
    Field { key: "image", takes: Shape::Text, says: "the repository of its images, without a tag" };

/// Fields of a module and a version alike, after those of a recipe and of a selection.
pub(super) const VARIANTS: &[Field] = &[
    Field { key: "overrides", takes: Shape::List(&Shape::Record(&OVERRIDE)), says: "changes for some kernels" },
    Field { key: "clusters", takes: Shape::List(&Shape::Text), says: "the clusters that it is for; default: all" },
    Field {
        key: "aliases",
        takes: Shape::List(&Shape::Expanding(Variables::Build)),
        says: "additional tags of each image, such as `${KERNEL_FULL_VERSION}`, which `kmodgen build --push` moves to the newest image; in no hash",
    },
    Field {
        key: "versionInTag",
        takes: Shape::Bool,
        says: "put the `version` in front of tags: `<version>-<release>-<hash>`; default: `false`",
    },
];

const HEAD: &[Field] = &[
    Field { key: "version", takes: Shape::Text, says: "version of the KMM Module" },
    Field { key: "name", takes: Shape::Text, says: "its KMM Module; default: `<module>-<version>`" },
    IMAGE,
];

/// Schema of one of a module's `versions`, whose fields are laid over those of the module.
pub(super) static VERSION: Record =
    Record { name: "a version", fields: joined![HEAD, Recipe::FIELDS, Selection::FIELDS, VARIANTS, kmm::FIELDS] };

/// A module as it is, or one for each of its `versions`.
pub(super) fn expand(module: &Arc<Node>, faults: &mut Diagnostics) -> Vec<Arc<Node>> {
    let Some(versions) = module.get("versions").filter(|versions| versions.as_sequence().is_some()) else {
        return vec![module.clone()];
    };
    let base = without(module, &["versions"]);
    let items = decode::items(versions, "`versions`", faults);
    items.iter().filter_map(|item| one(&base, item, faults)).collect()
}

fn one(base: &Arc<Node>, item: &Arc<Node>, faults: &mut Diagnostics) -> Option<Arc<Node>> {
    let mut fields = Fields::open(&VERSION, item, faults)?;
    let version = fields
        .need("version", "write KMM's version, such as `version: \"1.2\"`", faults)
        .and_then(|node| decode::text(node, "`version`", faults, label_value));
    let Some(version) = version else {
        VERSION.keys().for_each(|key| {
            fields.take(key, faults);
        });
        fields.finish(faults);
        return None;
    };
    // The module that the others are laid over reports them; of all its fields it may not have this one.
    if let Some(entry) = fields.take_refused("versions", faults) {
        let fault = Diagnostic::error("unknown-key", "a version cannot contain `versions`").at(entry.key.span, "");
        faults.push(fault.help("list it beside this one"));
    }
    let module = overlaid(&without_other_pin(base, item, faults), item);
    let name = base.get("name").and_then(|name| name.as_scalar().map(|scalar| scalar.text.as_str()));
    match name.filter(|_| item.get("name").is_none()) {
        Some(name) => {
            let name = format!("{name}-{}", as_label(&version.value));
            Some(overlay::with(&module, overlay::field("name", overlay::text(name, version.span))))
        }
        None => Some(module),
    }
}

/// Returns the module without its `baseImages` if these have another `pin` than those of a version: laid over each other,
/// they would have one. The version must name all of them then.
fn without_other_pin(module: &Arc<Node>, version: &Node, faults: &mut Diagnostics) -> Arc<Node> {
    let [Some(own), Some(over)] = [module.get("baseImages"), version.get("baseImages")] else { return module.clone() };
    if is_pinned(own) == is_pinned(over) {
        return module.clone();
    }
    let left =
        ["builder", "runtime", "fetch"].into_iter().find(|key| own.get(key).is_some() && over.get(key).is_none());
    if let Some(key) = left {
        faults.push(
            Diagnostic::error("pin", format!("`pin` of the module's `{key}` differs from the images of this version"))
                .at(over.span, "this version")
                .context(own.span, "the module")
                .help(format!("write `{key}` here as well, or the same `pin` in both")),
        );
    }
    without(module, &["baseImages"])
}

fn is_pinned(images: &Node) -> bool {
    images.get("pin").and_then(|pin| pin.as_scalar()).is_none_or(|pin| pin.text != "false")
}

/// A version as a part of a name.
fn as_label(version: &str) -> String {
    version.to_ascii_lowercase().replace(['.', '_'], "-")
}

/// Checks a version, which becomes the value of a label: at most 63 characters, alphanumeric at both ends.
pub(super) fn label_value(text: &str) -> Result<String, Invalid> {
    if text.len() <= 63 && decode::has_only_within(text, "._-") {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(format!("`{}` is not a valid version for KMM", text.escape_debug())).help(
        "it becomes a label value: write at most 63 letters, digits, `.`, `_`, `-`, with a letter or digit at both ends",
    ))
}
