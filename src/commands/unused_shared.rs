//! Shared files that no cluster has any more.

use std::collections::HashSet;

use crate::header::Owner;
use crate::output::{CONFIG_MAP, KUSTOMIZATION};
use crate::ownership::{Claim, TakeOver};
use crate::reconcile::{Action, Change, remove_action};
use crate::shared_files::{ContentHash, SHARED, named};
use crate::tree::{Found, Kind, OutputFolder, is_ours};
use crate::vocabulary::RelPath;

/// Returns the removals of the `owner`'s shared files that no kustomization of any cluster names, with paths below the
/// folder of shared files. `at` is the folder of all clusters and, by their names, those in it. What the clusters that are
/// `known` use is given.
#[expect(clippy::vec_box, reason = "as in the drift")]
pub(super) fn unused_shared(
    at: &dyn Fn(&str) -> anyhow::Result<Box<dyn OutputFolder>>,
    (is_known, mut used): (impl Fn(&str) -> bool, HashSet<ContentHash>),
    owner: Owner<'_>,
    force: bool,
) -> anyhow::Result<Vec<Box<Change>>> {
    let all = at("")?.names("")?;
    if !all.iter().any(|(name, kind)| name == SHARED && *kind == Kind::Folder) {
        return Ok(Vec::new());
    }
    let clusters = all.iter().filter(|(name, kind)| is_ours(name, *kind) && name != SHARED && !is_known(name));
    for (name, _) in clusters {
        if !note_used(&*at(name)?, &mut used)? {
            return Ok(Vec::new());
        }
    }
    let claim = Claim { owner, take_over: TakeOver::Modules(&[]) };
    let shared = at(SHARED)?;
    let mut changes = Vec::new();
    for [module, release, hash] in stored(&*shared)? {
        let is_used = ContentHash::parse(&hash).is_none_or(|hash| used.contains(&hash));
        for file in [KUSTOMIZATION, CONFIG_MAP].into_iter().filter(|_| !is_used) {
            let path = RelPath::of_names(&[&module, &release, &hash, file]);
            let Some((found, _)) = shared.look(&path)? else { continue };
            let action = remove_action(&found, force).filter(|_| claim.is_own(&found));
            changes.extend(action.map(|action| removal(path, action)));
        }
    }
    Ok(changes)
}

fn removal(path: RelPath, action: Action) -> Box<Change> {
    Box::new(Change { path, object: None, stored: None, action, origin: None, written: None, unmerged: false })
}

/// Adds the contents that the kustomizations in the folder of a cluster name. Returns whether that is known: a link may
/// lead to a kustomization.
fn note_used(cluster: &dyn OutputFolder, used: &mut HashSet<ContentHash>) -> anyhow::Result<bool> {
    let names = cluster.names("")?.into_iter();
    let folders = names.filter(|(name, kind)| is_ours(name, *kind)).map(|(name, _)| format!("{name}/{KUSTOMIZATION}"));
    for path in folders.chain([KUSTOMIZATION.to_owned()]) {
        let Ok(path) = RelPath::parse(&path) else { continue };
        match cluster.look(&path)? {
            Some((Found::File(bytes), _)) => {
                used.extend(named(&String::from_utf8_lossy(&bytes)).map(|(.., hash)| hash));
            }
            None => {}
            Some(_) => return Ok(false),
        }
    }
    Ok(true)
}

/// Returns the module, the kernel release and the hash of each folder of a content.
fn stored(shared: &dyn OutputFolder) -> anyhow::Result<Vec<[String; 3]>> {
    let mut stored = Vec::new();
    for module in folders(shared, "")? {
        for release in folders(shared, &module)? {
            for hash in folders(shared, &format!("{module}/{release}"))? {
                stored.push([module.clone(), release.clone(), hash]);
            }
        }
    }
    Ok(stored)
}

fn folders(shared: &dyn OutputFolder, folder: &str) -> anyhow::Result<Vec<String>> {
    let names = shared.names(folder)?.into_iter().filter(|(name, kind)| is_ours(name, *kind));
    let mut names: Vec<String> = names.map(|(name, _)| name).collect();
    names.sort_unstable();
    Ok(names)
}
