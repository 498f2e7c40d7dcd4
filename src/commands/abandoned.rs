//! Folders of targets that the manifest does not have any more.

use std::path::Path;

use crate::adapters::fs;
use crate::previous;
use crate::tree::{Inaccessible, Kind, Outline, OutputFolder as _, View};

/// The folders in `root` that hold the Modules of a target whose name is not `known`. A cluster may
/// still follow them, so nobody but a person removes them.
pub(super) fn abandoned(root: &Path, known: impl Fn(&str) -> bool) -> Result<Vec<String>, Inaccessible> {
    let mut found = Vec::new();
    for (name, kind) in fs::Folder::new(root).names("")? {
        if kind == Kind::Folder && !known(&name) && has_modules(&root.join(&name))? {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

fn has_modules(target: &Path) -> Result<bool, Inaccessible> {
    let folder = fs::Folder::new(target);
    let outline = Outline::read(&folder, |_| None)?;
    let tree = View { folder: &folder, outline: &outline };
    for name in outline.modules() {
        if previous::module(name, &tree)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
