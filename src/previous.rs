//! What an earlier run left, read from the files alone, so that a fresh clone knows as much as
//! the machine that wrote them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fingerprint::Explanation;
use crate::output::{CONFIG_MAP, DOCKERFILE, MODULE};
use crate::reconcile::{Found, Tree};
use crate::render::configmap::{CONTENT_HASH, INPUTS};
use crate::render::header::{Ownership, ownership, to_unix};
use crate::vocabulary::{RelPath, SourceMap};
use crate::yaml::{self, Node};

/// A Module as an earlier run left it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OldModule {
    /// Its version; `None` where it has none.
    pub version: Option<String>,
    /// The image of each kernel.
    pub images: BTreeMap<String, String>,
}

/// A mapping as an earlier run left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldMapping {
    /// Its content hash.
    pub hash: String,
    /// What the hash was over.
    pub explanation: Explanation,
    /// Its Dockerfile, where it is there.
    pub dockerfile: Option<String>,
}

/// The Modules of a tree that kmodgen wrote, by the name of their folder; one that cannot be read
/// counts as having no mappings.
pub fn modules(tree: &Tree) -> BTreeMap<String, OldModule> {
    let modules = tree.iter().filter(|(path, _)| path.file_name() == MODULE && !path.parent().is_empty());
    modules
        .filter(|(_, found)| matches!(found, Found::File(bytes) if ownership(bytes) != Ownership::Foreign))
        .map(|(path, _)| (path.parent().to_owned(), module(path, tree).unwrap_or_default()))
        .collect()
}

fn module(path: &RelPath, tree: &Tree) -> Option<OldModule> {
    module_text(&file(path, tree)?)
}

/// What the text of a Module says; `None` where it is none.
pub fn module_text(text: &str) -> Option<OldModule> {
    let node = read(text)?;
    let container = node.get("spec")?.get("moduleLoader")?.get("container")?;
    let mappings = container.get("kernelMappings")?.as_sequence()?;
    let images = mappings.iter().filter_map(|m| Some((scalar(m, "literal")?, scalar(m, "containerImage")?))).collect();
    Some(OldModule { version: scalar(container, "version"), images })
}

/// One mapping of a tree; `None` where its ConfigMap is absent or not readable as ours.
pub fn mapping(module: &str, release: &str, tree: &Tree) -> Option<OldMapping> {
    let path = |file: &str| RelPath::parse(&format!("{module}/{release}/{file}")).ok();
    let node = document(&path(CONFIG_MAP)?, tree)?;
    let annotations = node.get("metadata")?.get("annotations")?;
    Some(OldMapping {
        hash: scalar(annotations, CONTENT_HASH)?,
        explanation: Explanation::from_lines(&scalar(annotations, INPUTS).unwrap_or_default()),
        dockerfile: path(DOCKERFILE).and_then(|path| file(&path, tree)),
    })
}

fn document(path: &RelPath, tree: &Tree) -> Option<Arc<Node>> {
    read(&file(path, tree)?)
}

fn read(text: &str) -> Option<Arc<Node>> {
    let source = SourceMap::default().add("", text);
    yaml::read(source, text).ok()?
}

fn file(path: &RelPath, tree: &Tree) -> Option<String> {
    match tree.get(path)? {
        Found::File(bytes) => String::from_utf8(to_unix(bytes).into_owned()).ok(),
        _ => None,
    }
}

fn scalar(node: &Node, key: &str) -> Option<String> {
    Some(node.get(key)?.as_scalar()?.text.clone())
}
