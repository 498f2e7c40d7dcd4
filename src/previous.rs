//! Output of an earlier run, read from the files alone, so that a fresh clone knows as much as the machine that wrote
//! them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use kmodgen_yaml::Node;

use crate::bundle::document_path;
use crate::fingerprint::Explanation;
use crate::header::{Ownership, ownership, to_unix};
use crate::output::{CONFIG_MAP, DOCKERFILE, MODULE};
use crate::render::configmap::{CONTENT_HASH, INPUTS};
use crate::render::module::NODES;
use crate::shared_files;
use crate::tree::{Found, Inaccessible, View};
use crate::vocabulary::{RelPath, SourceMap};

/// A Module as an earlier run left it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OldModule {
    /// Its version; `None` where it has none.
    pub version: Option<String>,
    /// Number of its mappings.
    pub mappings: usize,
    /// Image of each kernel; empty if the cache was read instead of the Module.
    pub images: HashMap<String, String>,
    /// The kernels that nodes were known to run.
    pub nodes: BTreeSet<String>,
    /// The same of each further Module on its images, by name.
    pub others: BTreeMap<String, HashMap<String, String>>,
}

/// A mapping as an earlier run left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldMapping {
    /// Its content hash.
    pub hash: String,
    /// Inputs of the content hash.
    pub explanation: Explanation,
    /// Its Dockerfile, where it is there.
    pub dockerfile: Option<String>,
}

/// The Module in a folder, where kmodgen wrote one; one that cannot be read counts as having no
/// mappings.
///
/// # Errors
/// A file that cannot be read.
pub fn module(name: &str, tree: &View<'_>) -> Result<Option<OldModule>, Inaccessible> {
    let Ok(path) = RelPath::parse(&format!("{name}/{MODULE}")) else { return Ok(None) };
    let found = tree.find(&path)?;
    let ours = found.as_ref().and_then(Found::bytes).filter(|bytes| ownership(bytes) != Ownership::Foreign);
    Ok(ours.map(|bytes| text(bytes).and_then(|text| module_text(&text)).unwrap_or_default()))
}

/// Separator between the objects of a module.
const BETWEEN: &str = "\n---\n";

/// Returns whether the file of a module in a folder has further Modules on the module's images.
///
/// # Errors
/// A file that cannot be read.
pub fn has_others(name: &str, tree: &View<'_>) -> Result<bool, Inaccessible> {
    let Ok(path) = RelPath::parse(&format!("{name}/{MODULE}")) else { return Ok(false) };
    let found = tree.find(&path)?;
    let bytes = found.as_ref().and_then(Found::bytes);
    Ok(bytes.is_some_and(|bytes| memchr::memmem::find(&to_unix(bytes), BETWEEN.as_bytes()).is_some()))
}

/// Reads the text of a Module; `None` if it is not a Module.
pub fn module_text(text: &str) -> Option<OldModule> {
    // The first object is the one that builds.
    let mut objects = text.split(BETWEEN);
    let node = read(objects.next()?)?;
    let container = container(&node)?;
    let images = images(container)?;
    let others = objects.filter_map(|text| {
        let node = read(text)?;
        Some((scalar(node.get("metadata")?, "name")?, self::images(self::container(&node)?)?))
    });
    Some(OldModule {
        version: scalar(container, "version"),
        mappings: images.len(),
        images,
        nodes: nodes_in(text),
        others: others.collect(),
    })
}

/// The kernels that nodes were known to run when kmodgen wrote the Module in a folder.
///
/// # Errors
/// A file that cannot be read.
pub fn nodes(name: &str, tree: &View<'_>) -> Result<BTreeSet<String>, Inaccessible> {
    let Ok(path) = RelPath::parse(&format!("{name}/{MODULE}")) else { return Ok(BTreeSet::new()) };
    let found = tree.find(&path)?;
    let text = found.as_ref().and_then(Found::bytes).and_then(text);
    Ok(text.map(|text| nodes_in(&text)).unwrap_or_default())
}

/// Reads one line, since a Module has as many as a fleet has kernels.
fn nodes_in(module: &str) -> BTreeSet<String> {
    let mut values = module
        .lines()
        .take_while(|line| *line != "spec:")
        .filter_map(|line| line.trim_start().strip_prefix(NODES)?.strip_prefix(':'));
    let value = values.next().unwrap_or_default();
    value.trim().trim_matches('"').split_whitespace().map(str::to_owned).collect()
}

fn container(object: &Node) -> Option<&Node> {
    let spec = object.get("spec")?;
    // That of a hub has the Module's inside.
    Some(spec.get("moduleSpec").unwrap_or(spec).get("moduleLoader")?.get("container")?)
}

fn images(container: &Node) -> Option<HashMap<String, String>> {
    let mappings = container.get("kernelMappings")?.as_sequence()?;
    let images = mappings.iter().filter_map(|m| Some((scalar(m, "literal")?, scalar(m, "containerImage")?)));
    Some(images.filter(|(release, image)| !release.contains('\n') && !image.contains('\n')).collect())
}

/// One mapping of a tree; `None` where its ConfigMap is absent or not readable as ours.
///
/// # Errors
/// A file that cannot be read.
pub fn mapping(module: &str, release: &str, tree: &View<'_>) -> Result<Option<OldMapping>, Inaccessible> {
    let Some(config_map) = config_map(module, release, tree)? else { return Ok(None) };
    let dockerfile = text_in(&format!("{module}/{release}"), DOCKERFILE, tree)?;
    Ok(read(&config_map).and_then(|node| {
        let dockerfile = dockerfile.or_else(|| scalar(node.get("data")?, "dockerfile"));
        let annotations = node.get("metadata")?.get("annotations")?;
        let explanation = Explanation::from_lines(scalar(annotations, INPUTS).unwrap_or_default());
        Some(OldMapping { hash: scalar(annotations, CONTENT_HASH)?, explanation, dockerfile })
    }))
}

fn text_in(folder: &str, file: &str, tree: &View<'_>) -> Result<Option<String>, Inaccessible> {
    let Ok(path) = RelPath::parse(&format!("{folder}/{file}")) else { return Ok(None) };
    Ok(tree.find(&path)?.as_ref().and_then(Found::bytes).and_then(text))
}

/// Returns the text of a mapping's ConfigMap, in a file of its own, in a bundle, or in one that clusters share.
///
/// # Errors
/// A file that cannot be read.
pub fn config_map(module: &str, release: &str, tree: &View<'_>) -> Result<Option<String>, Inaccessible> {
    let Ok(path) = RelPath::parse(&format!("{module}/{release}/{CONFIG_MAP}")) else { return Ok(None) };
    let mut found = tree.find(&path)?;
    if found.is_none() {
        found = tree.find(&document_path(module, release))?;
    }
    if found.is_none()
        && let Some(hash) = tree.folder.listed(module)?.get(release)
    {
        found = tree.find(&shared_files::stored_path(module, release, *hash, CONFIG_MAP))?;
    }
    Ok(found.as_ref().and_then(Found::bytes).and_then(text))
}

fn read(text: &str) -> Option<Arc<Node>> {
    let source = SourceMap::default().add("", text);
    kmodgen_yaml::read(source, text).ok()?
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(to_unix(bytes).into_owned()).ok()
}

/// Returns the text of a field without control characters: it is printed, and files of the output folder may be
/// anyone's.
fn scalar(node: &Node, key: &str) -> Option<String> {
    let text = &node.get(key)?.as_scalar()?.text;
    Some(text.replace(|c: char| c.is_control() && c != '\n', "\u{fffd}"))
}
