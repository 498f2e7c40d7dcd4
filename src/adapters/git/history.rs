//! Texts that files of a repository had in the past.

use std::collections::BTreeSet;
use std::path::Path;

use git2::{ObjectType, Oid, Repository, Sort, TreeWalkMode, TreeWalkResult};

use super::work_tree::{WorkTree, WorkTreeError};

/// Reads the texts that every file called `name` below `folder` had in the commit `since` and in every
/// commit from there to the present one, each text once, with the folder of the file below `folder`.
///
/// # Errors
/// A `folder` in no repository, a revision that does not exist, or an error of git.
pub fn texts_since(folder: &Path, name: &str, since: &str) -> Result<Vec<(String, String)>, WorkTreeError> {
    let place = WorkTree::around(folder)?;
    let first = place.commit(since)?;
    let WorkTree { repository, below } = &place;
    let mut walk = repository.revwalk()?;
    walk.set_sorting(Sort::TOPOLOGICAL)?;
    walk.push_head()?;
    // The parents of the first commit, and with them all that is older, are left out.
    first.parent_ids().try_for_each(|parent| walk.hide(parent))?;
    let mut blobs = BTreeSet::new();
    for commit in walk {
        let tree = repository.find_commit(commit?)?.tree()?;
        collect(repository, &tree, below, name, &mut blobs)?;
    }
    let mut texts = Vec::with_capacity(blobs.len());
    for (folder, oid) in blobs {
        let blob = repository.find_blob(oid)?;
        texts.push((folder, String::from_utf8_lossy(blob.content()).into_owned()));
    }
    Ok(texts)
}

fn collect(
    repository: &Repository,
    tree: &git2::Tree<'_>,
    below: &Path,
    name: &str,
    blobs: &mut BTreeSet<(String, Oid)>,
) -> Result<(), git2::Error> {
    let folder = if below.as_os_str().is_empty() {
        Some(tree.clone())
    } else {
        match tree.get_path(below) {
            Ok(entry) => entry.to_object(repository)?.into_tree().ok(),
            Err(error) if error.code() == git2::ErrorCode::NotFound => None,
            Err(error) => return Err(error),
        }
    };
    let Some(folder) = folder else { return Ok(()) };
    folder.walk(TreeWalkMode::PreOrder, |path, entry| {
        if entry.kind() == Some(ObjectType::Blob) && entry.name_bytes() == name.as_bytes() {
            blobs.insert((path.trim_end_matches('/').to_owned(), entry.id()));
        }
        TreeWalkResult::Ok
    })
}
