//! Folders of clusters that the manifest does not have any more.

use crate::header::Owner;
use crate::ownership::{Claim, TakeOver};
use crate::previous;
use crate::tree::{Kind, Outline, OutputFolder, View};

/// The folders that hold the `owner`'s Modules of a cluster whose name is not `known`; `at` is the folder of all
/// clusters and, by their names, those in it. A cluster may still follow them, so nobody but a person removes
/// them.
pub(super) fn orphan_clusters(
    at: &dyn Fn(&str) -> anyhow::Result<Box<dyn OutputFolder>>,
    known: impl Fn(&str) -> bool,
    owner: Owner<'_>,
) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for (name, kind) in at("")?.names("")? {
        if kind == Kind::Folder && !known(&name) && has_modules(&*at(&name)?, owner)? {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

fn has_modules(folder: &dyn OutputFolder, owner: Owner<'_>) -> anyhow::Result<bool> {
    let outline = Outline::read(folder, |_| None)?;
    let tree = View { folder, outline: &outline };
    let others = Claim { owner, take_over: TakeOver::Modules(&[]) }.left(outline.modules(), &tree)?;
    for name in outline.modules().filter(|name| !others.contains_key(*name)) {
        if previous::module(name, &tree)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
