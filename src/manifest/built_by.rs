//! Builders of a module's images.

use kmodgen_yaml::Node;

use super::decode::{self, Fields};
use super::schema::{Field, Shape};
use crate::vocabulary::{Diagnostics, Invalid};

/// Builder of a module's images.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum BuiltBy {
    /// KMM, in the cluster.
    #[default]
    Cluster,
    /// `kmodgen build --push`, so that nodes only pull.
    Ci,
}

const WORDS: &[&str] = &["cluster", "ci"];

/// Field of a module, a version and a cluster.
pub(super) const FIELD: Field = Field {
    key: "builtBy",
    takes: Shape::OneOf(WORDS),
    says: "who builds the images: KMM in the `cluster` (the default), or `ci` with `kmodgen build --push`, so that nodes only pull them",
};

impl BuiltBy {
    pub(super) fn take(fields: &mut Fields<'_>, faults: &mut Diagnostics) -> Self {
        let node: Option<&Node> = fields.take(FIELD.key, faults).map(|node| &**node);
        let word = node.and_then(|node| decode::text(node, "`builtBy`", faults, word));
        word.map(|word| word.value).unwrap_or_default()
    }
}

fn word(text: &str) -> Result<BuiltBy, Invalid> {
    match text {
        "cluster" => Ok(BuiltBy::Cluster),
        "ci" => Ok(BuiltBy::Ci),
        _ => Err(Invalid::new(format!("`{}` cannot build images", text.escape_debug()))
            .help("write `builtBy: cluster`, or `builtBy: ci`")),
    }
}
