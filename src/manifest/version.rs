//! Versions of a module: each is a module of its own.

use std::sync::Arc;

use kmodgen_yaml::Node;

use super::decode::{self, Fields};
use super::module::{self, label_value};
use super::overlay::{self, overlaid, without};
use super::recipe;
use super::schema::{Field, Record, Shape};
use crate::vocabulary::Diagnostics;

/// What one of a module's `versions` says instead of the module.
pub(super) static VERSION: Record = Record {
    name: "a version",
    fields: &[
        Field { key: "version", takes: Shape::Text, says: "KMM's version" },
        Field { key: "name", takes: Shape::Text, says: "its KMM Module; `<module>-<version>` where absent" },
        module::IMAGE,
        recipe::SOURCE,
        recipe::PREBUILT,
        recipe::KMODS,
        recipe::BUILD,
        recipe::TEMPLATE,
        recipe::OWN_IMAGES,
        recipe::INSTALL,
        recipe::PACKAGES,
        recipe::LABELS,
        recipe::USER,
        module::KERNELS,
        module::OVERRIDES,
        module::TARGETS,
        module::KMM_FIELD,
    ],
};

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
    VERSION.fields.iter().skip(1).for_each(|field| {
        fields.take(field.key, faults);
    });
    fields.finish(faults);
    let version = version?;
    let module = overlaid(base, item);
    let name = base.get("name").and_then(|name| name.as_scalar().map(|scalar| scalar.text.as_str()));
    match name.filter(|_| item.get("name").is_none()) {
        Some(name) => {
            let name = format!("{name}-{}", as_label(&version.value));
            Some(overlay::with(&module, overlay::field("name", overlay::text(name, version.span))))
        }
        None => Some(module),
    }
}

/// A version as a part of a name.
fn as_label(version: &str) -> String {
    version.to_ascii_lowercase().replace(['.', '_'], "-")
}
