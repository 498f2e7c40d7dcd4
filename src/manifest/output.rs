//! Output folder of a manifest, and options for the files in it.

use std::collections::BTreeMap;

use kmodgen_yaml::Node;

use super::decode::{self, Fields};
use super::schema::{Field, Record, Shape};
use super::source::Source;
use crate::vocabulary::{Diagnostic, Diagnostics, FolderPath, RelPath, SourceName};

/// The output folder where nothing names another.
pub const OUTPUT_FOLDER: &str = "gitops";

pub(super) static OUTPUT: Record = Record {
    name: "`output`",
    fields: &[
        Field { key: "dir", takes: Shape::Text, says: "the output folder; `gitops` where absent, and `--output` wins" },
        Field { key: "namespace", takes: Shape::Bool, says: "write the namespace, too" },
        Field {
            key: "syncWaves",
            takes: Shape::Bool,
            says: "tell Argo CD the order: the namespace, ConfigMaps, Modules",
        },
    ],
};

/// Output folder, and options for the files in it.
#[derive(Debug, Clone, Default)]
pub struct Output {
    /// The folder, relative to the manifest's.
    pub dir: Option<RelPath>,
    /// Set if kmodgen also writes the namespace.
    pub namespace: bool,
    /// Set if the objects carry Argo CD's sync waves, which order them.
    pub sync_waves: bool,
}

impl Output {
    pub(super) fn decode(node: &Node, faults: &mut Diagnostics) -> Self {
        let Some(mut fields) = Fields::open(&OUTPUT, node, faults) else { return Self::default() };
        let dir =
            fields.take("dir", faults).and_then(|node| decode::text(node, "`dir`", faults, FolderPath::parse_below));
        let mut flag = |key, faults: &mut Diagnostics| {
            fields.take(key, faults).and_then(|node| decode::flag(node, key, faults)).unwrap_or_default()
        };
        let (namespace, sync_waves) = (flag("namespace", faults), flag("syncWaves", faults));
        fields.finish(faults);
        Self { dir: dir.map(|dir| dir.value), namespace, sync_waves }
    }
}

/// Outputs in a folder that decides them would never come to rest.
pub(super) fn refuse_in_sources(output: &Output, sources: &BTreeMap<SourceName, Source>, faults: &mut Diagnostics) {
    let dir = output.dir.as_ref().map_or(OUTPUT_FOLDER, RelPath::as_str);
    for path in sources.values().filter_map(Source::local) {
        if dir.strip_prefix(path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            faults.push(
                Diagnostic::error("source-folder", format!("the output folder `{dir}` is in this folder"))
                    .at(path.span, "")
                    .help("every run would change what the next one starts from: move one of them"),
            );
        }
    }
}
