//! Writing of files that clusters share, which are beside the folder of the cluster.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::Stage;
use crate::adapters::fs::again::make_folder;
use crate::adapters::fs::failure::fail;
use crate::output::{CONFIG_MAP, KUSTOMIZATION};
use crate::render::{configmap, kustomization};
use crate::shared_files::{ContentHash, SHARED, listed, named, resource, stored_path};
use crate::tree::{Inaccessible, Kind, View};
use crate::vocabulary::RelPath;

/// The folder in which such files wait: the folder of their module comes in without them. No module has its name.
const APART: &str = ".shared";

/// Returns where a text waits for its path: one that clusters share apart from those of its module.
pub(super) fn staged_apart(path: &str) -> Cow<'_, str> {
    match path.split_once('/') {
        Some((_, rest)) if is_in_shared_folder(rest) => format!("{APART}/{path}").into(),
        _ => path.into(),
    }
}

/// Returns whether a path below the folder of a module is of the folder of a shared file.
fn is_in_shared_folder(rest: &str) -> bool {
    rest.strip_prefix(SHARED).is_some_and(|rest| rest.starts_with('/'))
}

impl Stage {
    /// Returns where a file or a folder of ours is on disk.
    pub(super) fn target(&self, path: &str) -> PathBuf {
        match path.split_once('/') {
            Some((module, rest)) if is_in_shared_folder(rest) => {
                let beside = self.root.parent().unwrap_or(Path::new(""));
                beside.join(SHARED).join(module).join(rest.strip_prefix(SHARED).unwrap_or(rest).trim_start_matches('/'))
            }
            _ => self.root.join(path),
        }
    }

    /// Returns the part of a path that comes in at once: the folder of the content, or its file if that is there. Makes
    /// the folders that it is in.
    pub(super) fn make_shared_folder<'p>(&self, path: &'p str, tree: View<'_>) -> Result<&'p str, Inaccessible> {
        let folder = path.rsplit_once('/').map_or(path, |(folder, _)| folder);
        if tree.folder.kind(folder)? == Some(Kind::Folder) {
            return Ok(path);
        }
        let to = self.target(folder);
        let parent = to.parent().unwrap_or(Path::new(""));
        make_folder(parent).map_err(fail("make folder", parent))?;
        Ok(folder)
    }

    /// Puts the kustomization of a module in place with the contents that it names now, for as long as a Module may name
    /// their ConfigMaps. Returns whether there is any to keep.
    pub(super) fn join_list(&self, module: &str, tree: View<'_>) -> Result<bool, Inaccessible> {
        let path = RelPath::of_names(&[module, KUSTOMIZATION]);
        let found = tree.find(&path)?;
        let Some(old) = found.as_ref().and_then(|found| std::str::from_utf8(found.bytes()?).ok()) else {
            return Ok(false);
        };
        let to = self.target(path.as_str());
        let new = self.waiting(path.as_str()).map_err(fail("read", &to))?;
        let planned = listed(&new, module);
        let mut kept = Vec::new();
        let others = named(old).filter(|(of, release, hash)| *of == module && planned.get(*release) != Some(hash));
        for (_, release, hash) in others {
            if is_another_object((module, release), hash, planned.get(release).copied(), tree)? {
                kept.push(resource(module, release, hash));
            }
        }
        let Some(text) = kustomization::joined(&new, &kept) else { return Ok(false) };
        self.put_in_place(&to, &text).map_err(fail("write", &to))?;
        Ok(true)
    }
}

/// Returns whether the ConfigMap of a content is there, and is not the same object as that of its successor.
fn is_another_object(
    (module, release): (&str, &str),
    old: ContentHash,
    new: Option<ContentHash>,
    tree: View<'_>,
) -> Result<bool, Inaccessible> {
    let name = |hash| -> Result<Option<String>, Inaccessible> {
        let found = tree.find(&stored_path(module, release, hash, CONFIG_MAP))?;
        let text = found.as_ref().and_then(|found| Some(String::from_utf8_lossy(found.bytes()?)));
        Ok(text.as_deref().and_then(configmap::name).map(str::to_owned))
    };
    let old = name(old)?;
    Ok(old.is_some() && new.map_or(Ok(None), name)? != old)
}
