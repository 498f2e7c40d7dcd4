//! Files of the same repository that a manifest takes clusters, kernels and base images from.

use std::sync::Arc;

use kmodgen_yaml::{Entry, Node, Value};

use super::api_version::{API_VERSION, check_api_version, other_version};
use super::base_images::{BASE_IMAGES, BaseImages};
use super::cluster::CLUSTER;
use super::decode::{self, Fields};
use super::schema::{Field, Record, Shape};
use super::{document, kernel, misplaced, overlay};
use crate::vocabulary::{
    ClusterName, Diagnostic, Diagnostics, InputFiles, RelPath, SourceMap, Span, Spanned, not_utf8,
};

/// Schema of a file that a manifest includes.
pub static INCLUDED: Record = Record {
    name: "an included file",
    fields: &[
        Field { key: "apiVersion", takes: Shape::OneOf(&[API_VERSION]), says: "`kmodgen/v1`" },
        Field {
            key: "baseImages",
            takes: Shape::Record(&BASE_IMAGES),
            says: "base images, unless the manifest has the same image",
        },
        Field { key: "kernels", takes: Shape::List(&kernel::ITEM), says: "kernels, before those of the manifest" },
        Field {
            key: "clusters",
            takes: Shape::Named(&Shape::Record(&CLUSTER)),
            says: "clusters by name, before those of the manifest",
        },
    ],
};

/// Number of files that one manifest includes at most.
const MOST_FILES: usize = 100;

/// Files that a manifest includes, in its order.
#[derive(Default)]
pub(super) struct Includes {
    files: Vec<Included>,
    /// Base images of all files, of which the later win.
    pub(super) base_images: BaseImages,
    /// Errors about variables at places that do not expand them.
    pub(super) misplaced: Vec<Diagnostic>,
}

/// A file that a manifest includes.
struct Included {
    path: RelPath,
    kernels: Option<Arc<Node>>,
    clusters: Option<Arc<Node>>,
}

impl Includes {
    /// Reads the files that the manifest `node` includes.
    pub(super) fn read(node: &Node, files: &dyn InputFiles, sources: &mut SourceMap, faults: &mut Diagnostics) -> Self {
        let mut all = Self::default();
        for path in paths(node, faults) {
            if let Some(first) = all.files.iter().find(|file| file.path == path.value) {
                let message = format!("`{}` is included twice", first.path);
                faults.push(Diagnostic::error("include", message).at(path.span, "").help("remove it"));
                continue;
            }
            let Some((node, may_have_variables)) = read_document(&path, files, sources, faults) else { continue };
            if may_have_variables {
                all.misplaced.extend(misplaced::find(&node, &INCLUDED));
            }
            all.add(path.value, &node, faults);
        }
        all
    }

    fn add(&mut self, path: RelPath, node: &Arc<Node>, faults: &mut Diagnostics) {
        if let Some(fault) = other_version(node) {
            faults.push(fault);
            return;
        }
        if let Some(nested) = node.get("include") {
            faults.push(
                Diagnostic::error("include", "an included file cannot include others")
                    .at(nested.span, "")
                    .help("list these files in `include` of the manifest"),
            );
        }
        let node = overlay::without(node, &["include"]);
        let Some(mut fields) = Fields::open(&INCLUDED, &node, faults) else { return };
        check_api_version(&mut fields, faults);
        let images = fields.take("baseImages", faults).and_then(|node| BaseImages::read(node, faults));
        self.base_images = self.base_images.overridden_by(&images.unwrap_or_default());
        let kernels = fields.take("kernels", faults).cloned();
        let clusters = fields.take("clusters", faults).cloned();
        fields.finish(faults);
        self.files.push(Included { path, kernels, clusters });
    }

    /// Returns the lists of kernels of all files, each with the folder that its paths are relative to.
    pub(super) fn kernels(&self) -> impl Iterator<Item = (Option<&str>, &Node)> {
        self.files.iter().filter_map(|file| Some((Some(file.path.parent()), &**file.kernels.as_ref()?)))
    }

    /// Returns the manifest with the clusters of all files, and with the items of their kernels, which are decoded
    /// from the files.
    pub(super) fn merged(&self, node: &Arc<Node>, faults: &mut Diagnostics) -> Arc<Node> {
        let mut node = node.clone();
        let mut clusters: Vec<Entry> = Vec::new();
        let mut kernels = Vec::new();
        let mut places: [Option<Span>; 2] = [None; 2];
        for file in &self.files {
            if let Some(own) = &file.clusters {
                places[0] = Some(own.span);
                add_clusters(&mut clusters, decode::entries(own, "`clusters`", faults), faults);
            }
            if let Some(own) = &file.kernels {
                places[1] = Some(own.span);
                kernels.extend(own.as_sequence().unwrap_or_default().iter().cloned());
            }
        }
        if let Some(span) = places[0] {
            let own = node.get("clusters").cloned();
            // What is no map is for its decoder to refuse.
            if own.as_ref().is_none_or(|own| own.as_mapping().is_some()) {
                let entries = own.as_ref().and_then(|own| own.as_mapping()).unwrap_or_default();
                add_clusters(&mut clusters, entries, faults);
                let span = own.map_or(span, |own| own.span);
                let value = Arc::new(Node { span, value: Value::Mapping(clusters) });
                node = overlay::with(&node, overlay::field("clusters", value));
            }
        }
        if let Some(span) = places[1] {
            let own = node.get("kernels").cloned();
            if own.as_ref().is_none_or(|own| own.as_sequence().is_some()) {
                kernels.extend(own.iter().filter_map(|own| own.as_sequence()).flatten().cloned());
                let span = own.map_or(span, |own| own.span);
                let value = Arc::new(Node { span, value: Value::Sequence(kernels) });
                node = overlay::with(&node, overlay::field("kernels", value));
            }
        }
        node
    }
}

/// Adds the clusters of one file to those of others.
fn add_clusters(all: &mut Vec<Entry>, own: &[Entry], faults: &mut Diagnostics) {
    for entry in own {
        match all.iter().find(|other| other.key.value == entry.key.value) {
            Some(first) => faults.push(
                Diagnostic::error("include", format!("cluster `{}` is in two files", entry.key.value.escape_debug()))
                    .at(entry.key.span, "again here")
                    .context(first.key.span, "first here")
                    .help("keep one of them, or rename it"),
            ),
            None => all.push(entry.clone()),
        }
    }
}

/// Returns the paths that a manifest includes, relative to its folder.
fn paths(node: &Node, faults: &mut Diagnostics) -> Vec<Spanned<RelPath>> {
    let Some(list) = node.get("include").filter(|list| !list.is_null()) else { return Vec::new() };
    let items = decode::items(list, "`include`", faults);
    if items.len() > MOST_FILES {
        let message = format!("`include` lists {} files; at most {MOST_FILES} are allowed", items.len());
        faults.push(Diagnostic::error("too-many", message).at(list.span, "").help("join some of them"));
        return Vec::new();
    }
    let paths = items
        .iter()
        .filter_map(|item| decode::text(item, "an item of `include`", faults, |text| RelPath::parse_input("", text)));
    paths.collect()
}

/// Reads an included file, and returns whether it may have variables.
fn read_document(
    path: &Spanned<RelPath>,
    files: &dyn InputFiles,
    sources: &mut SourceMap,
    faults: &mut Diagnostics,
) -> Option<(Arc<Node>, bool)> {
    let unreadable = format!("cannot read `{}`", path.value);
    let bytes = match files.read(&path.value) {
        Ok(bytes) => bytes,
        Err(why) => {
            faults.push(
                Diagnostic::error("unreadable-file", format!("{unreadable}: {why}"))
                    .at(path.span, "")
                    .help("include files of the manifest's git repository, by paths from the manifest's folder"),
            );
            return None;
        }
    };
    match std::str::from_utf8(&bytes) {
        Ok(text) => {
            let source = sources.add(path.value.as_str(), text);
            Some((document::read(source, text, "the included file", faults)?, text.contains("${")))
        }
        Err(error) => {
            let why = not_utf8(&bytes, error.valid_up_to());
            faults.push(
                Diagnostic::error("unreadable-file", format!("{unreadable}: {why}"))
                    .at(path.span, "")
                    .help("save the file as UTF-8"),
            );
            None
        }
    }
}

/// The names of a manifest's clusters, those of the files that it includes first, if it is YAML and has any.
pub fn cluster_names(text: &str, files: &dyn InputFiles) -> Vec<ClusterName> {
    // Most manifests have none, and need not be read here.
    let has_any = |text: &str| text.contains("clusters") || text.contains("include");
    if !has_any(text) || !text.lines().any(|line| has_any(line) && !line.trim_start().starts_with('#')) {
        return Vec::new();
    }
    let node = kmodgen_yaml::read(SourceMap::default().add("", ""), text).ok().flatten();
    let Some(node) = node else { return Vec::new() };
    let entries = node.get("clusters").and_then(|clusters| clusters.as_mapping()).unwrap_or_default();
    let own = entries.iter().map(|entry| entry.key.value.clone());
    let all = included_clusters(&node, files).into_iter().chain(own);
    all.filter_map(|name| ClusterName::parse(&name).ok()).collect()
}

/// Returns the names of the clusters that the files which a manifest includes have, as far as they can be read.
fn included_clusters(node: &Node, files: &dyn InputFiles) -> Vec<String> {
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let mut names: Vec<String> = Vec::new();
    for path in paths(node, &mut faults) {
        let Some((node, _)) = read_document(&path, files, &mut sources, &mut faults) else { continue };
        let clusters = node.get("clusters").and_then(|clusters| clusters.as_mapping()).unwrap_or_default();
        names.extend(clusters.iter().map(|entry| entry.key.value.clone()));
    }
    names
}
