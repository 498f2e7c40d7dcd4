//! Writing of files that clusters share, which are beside the folder of the cluster.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::Stage;
use crate::adapters::fs::again::make_folder;
use crate::adapters::fs::failure::fail;
use crate::bundle::file_number;
use crate::output::{CONFIG_MAP, KUSTOMIZATION};
use crate::render::{configmap, kustomization};
use crate::shared_files::{SHARED, named, path_in_shared, stored_path};
use crate::tree::{Inaccessible, Kind, View};
use crate::vocabulary::RelPath;

/// The folder in which such files wait: the folder of their module comes in without them. No module has its name.
const APART: &str = ".shared";

/// Returns where a text waits for its path: one that clusters share apart from those of its module.
pub(super) fn staged_apart(path: &str) -> Cow<'_, str> {
    path_in_shared(path).map_or_else(|| path.into(), |shared| format!("{APART}/{shared}").into())
}

impl Stage {
    /// Returns where a file or a folder of ours is on disk.
    pub(super) fn target(&self, path: &str) -> PathBuf {
        match path_in_shared(path) {
            Some(shared) => self.root.with_file_name(SHARED).join(shared),
            None => self.root.join(path),
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

    /// Puts the kustomization of a module in place with the ConfigMaps that it lists now, for as long as a Module may name
    /// them, if it lists shared files now or then. Returns whether there is any to keep.
    pub(super) fn join_list(&self, module: &str, tree: View<'_>) -> Result<bool, Inaccessible> {
        let path = RelPath::of_names(&[module, KUSTOMIZATION]);
        let found = tree.find(&path)?;
        let Some(old) = found.as_ref().and_then(|found| std::str::from_utf8(found.bytes()?).ok()) else {
            return Ok(false);
        };
        let to = self.target(path.as_str());
        let new = self.waiting(path.as_str()).map_err(fail("read", &to))?;
        if named(old).next().is_none() && named(&new).next().is_none() {
            return Ok(false);
        }
        let objects = ListedObjects::of(module, &new, tree)?;
        let planned: HashSet<&str> = kustomization::items(&new).into_iter().collect();
        let mut kept = Vec::new();
        for item in kustomization::items(old).into_iter().filter(|item| !planned.contains(item)) {
            let Some((release, file)) = config_map(module, item) else { continue };
            if let Some(name) = objects.name(&file)?
                && !objects.lists(release, &name)?
            {
                kept.push(item);
            }
        }
        let Some(text) = kustomization::joined(&new, &kept) else { return Ok(false) };
        self.put_in_place(&to, &text).map_err(fail("write", &to))?;
        Ok(true)
    }
}

/// Returns the kernel release and the file of the ConfigMap of an item; `None` if it is not of one mapping.
fn config_map<'i>(module: &str, item: &'i str) -> Option<(&'i str, RelPath)> {
    if let Some((of, release, hash)) = named(item).next() {
        return (of == module).then(|| (release, stored_path(module, release, hash, CONFIG_MAP)));
    }
    let release = kustomization::path_of(item).strip_suffix(CONFIG_MAP)?.strip_suffix('/')?;
    Some((release, RelPath::parse(&format!("{module}/{release}/{CONFIG_MAP}")).ok()?))
}

/// ConfigMaps that the kustomization of a module lists.
struct ListedObjects<'o> {
    tree: View<'o>,
    /// Files with one ConfigMap, by kernel release.
    files: HashMap<&'o str, RelPath>,
    /// Lines of files with several ConfigMaps, as far as they name these.
    names: HashSet<String>,
}

impl<'o> ListedObjects<'o> {
    fn of(module: &str, list: &'o str, tree: View<'o>) -> Result<Self, Inaccessible> {
        let items = kustomization::items(list);
        let files = items.iter().filter_map(|item| config_map(module, item)).collect();
        let mut objects = Self { tree, files, names: HashSet::new() };
        let paths = items.iter().map(|item| kustomization::path_of(item)).filter(|path| file_number(path).is_some());
        for file in paths.filter_map(|path| RelPath::parse(&format!("{module}/{path}")).ok()) {
            let text = objects.text(&file)?.unwrap_or_default();
            objects.names.extend(text.lines().filter(|line| line.starts_with("  name: ")).map(str::to_owned));
        }
        Ok(objects)
    }

    /// Returns the line with the name of the object in a file.
    fn name(&self, file: &RelPath) -> Result<Option<String>, Inaccessible> {
        Ok(self.text(file)?.as_deref().and_then(configmap::name).map(str::to_owned))
    }

    /// Returns whether there is an object with this name for a kernel release.
    fn lists(&self, release: &str, name: &str) -> Result<bool, Inaccessible> {
        if let Some(file) = self.files.get(release) {
            return Ok(self.name(file)?.as_deref() == Some(name));
        }
        Ok(self.names.contains(name))
    }

    fn text(&self, file: &RelPath) -> Result<Option<String>, Inaccessible> {
        let found = self.tree.folder.look(file)?.map(|(found, _)| found);
        Ok(found.as_ref().and_then(|found| Some(String::from_utf8_lossy(found.bytes()?).into_owned())))
    }
}
