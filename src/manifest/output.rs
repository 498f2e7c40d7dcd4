//! Output folder of a manifest, and options for the files in it.

use std::collections::BTreeMap;

use super::declare::declare;
use super::decode;
use super::layout::{self, Layout};
use super::schema::Shape;
use super::source::Source;
use crate::vocabulary::{Diagnostic, Diagnostics, FolderPath, RelPath, SourceName, is_within};
use kmodgen_yaml::Node;

/// The output folder where nothing names another.
pub const OUTPUT_FOLDER: &str = "gitops";

declare! {
    /// Output folder, and options for the files in it.
    #[derive(Debug, Clone, Default)]
    pub struct Output: OUTPUT, "`output`" {
        optional dir: RelPath {
            takes: Shape::Text,
            says: "the output folder, unless `--output` is given; default: `gitops`",
            decode: decode::parsed(FolderPath::parse_below),
        }
        default layout: Layout {
            takes: layout::SHAPE,
            says: "`files`, a folder for each kernel; `bundle`, one file with all ConfigMaps of a module; or `shared`, \
                   one folder for the ConfigMaps of all clusters; default: `files`",
            decode: decode::parsed(layout::parse),
        }
        default namespace: bool {
            takes: Shape::Bool,
            says: "write the namespace too, which Argo CD and Flux then never delete",
            decode: decode::flag,
        }
        default sync_waves: bool {
            key: "syncWaves",
            takes: Shape::Bool,
            says: "annotate objects for Argo CD, in this order: the namespace, ConfigMaps, Modules",
            decode: decode::flag,
        }
        default git_attributes: bool {
            key: "gitAttributes",
            takes: Shape::Bool,
            says: "write a `.gitattributes`, so that GitHub and GitLab collapse generated files in reviews",
            decode: decode::flag,
        }
    }
}

/// Refuses a layout for clusters in a manifest without clusters.
pub(super) fn refuse_shared(output: &Output, manifest: &Node, faults: &mut Diagnostics) {
    let written = manifest.get("output").and_then(|output| output.get("layout"));
    if let (Layout::Shared, Some(written)) = (output.layout, written) {
        faults.push(
            Diagnostic::error("shared-layout", "`layout: shared` is for manifests with `clusters`")
                .at(written.span, "")
                .help("write `layout: files` or `layout: bundle`, or list the clusters that share the files in `clusters`"),
        );
    }
}

/// Outputs in a folder that decides them would never come to rest.
pub(super) fn refuse_in_sources(output: &Output, sources: &BTreeMap<SourceName, Source>, faults: &mut Diagnostics) {
    let dir = output.dir.as_ref().map_or(OUTPUT_FOLDER, RelPath::as_str);
    for path in sources.values().filter_map(Source::local) {
        if is_within(dir, path.as_str()) {
            faults.push(
                Diagnostic::error("source-folder", format!("the output folder `{dir}` is in this folder"))
                    .at(path.span, "")
                    .help("each run would change the input of the next one: move one of them"),
            );
        }
    }
}
