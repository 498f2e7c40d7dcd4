//! Texts that files of a repository had in the past.

use std::collections::BTreeSet;
use std::path::Path;

use git2::{ObjectType, Oid, Repository, Sort, TreeWalkMode, TreeWalkResult};

use super::work_tree::WorkTree;

/// Reads the texts that every file called `name` below `folder` had in the commit `since` and in every
/// commit from there to the present one, each text once, with the folder of the file below `folder`.
///
/// # Errors
/// A `folder` in no repository, that there is no such revision, or what git says.
pub fn texts_since(folder: &Path, name: &str, since: &str) -> Result<Vec<(String, String)>, String> {
    let fail = |error: git2::Error| error.message().to_owned();
    let place = WorkTree::around(folder)?;
    let first = place.commit(since)?;
    let WorkTree { repository, below } = &place;
    let mut walk = repository.revwalk().map_err(fail)?;
    walk.set_sorting(Sort::TOPOLOGICAL).map_err(fail)?;
    walk.push_head().map_err(fail)?;
    // The parents of the first commit, and with them all that is older, are left out.
    first.parent_ids().try_for_each(|parent| walk.hide(parent)).map_err(fail)?;
    let mut blobs = BTreeSet::new();
    for commit in walk {
        let tree = repository.find_commit(commit.map_err(fail)?).and_then(|commit| commit.tree()).map_err(fail)?;
        collect(repository, &tree, below, name, &mut blobs).map_err(fail)?;
    }
    let text = |oid: Oid| repository.find_blob(oid).map(|blob| String::from_utf8_lossy(blob.content()).into_owned());
    blobs.into_iter().map(|(folder, oid)| Ok((folder, text(oid)?))).collect::<Result<_, _>>().map_err(fail)
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
