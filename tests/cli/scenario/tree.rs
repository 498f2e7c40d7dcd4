//! What is on disk, and what became of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Everything below a folder. Two trees are equal where they have the same bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tree(BTreeMap<String, Entry>);

#[derive(Debug, Eq)]
struct Entry {
    kind: Kind,
    /// Changes whenever the entry is written, even with the same bytes.
    stamp: (u64, i64, i64, i64, i64),
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    File(Vec<u8>),
    Folder,
    Link(String),
    Other,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Tree {
    /// Reads a folder; one that is not there is empty. Links are not followed.
    pub(crate) fn read(root: &Path) -> Self {
        let mut tree = BTreeMap::new();
        if root.exists() {
            read_into(root, "", &mut tree);
        }
        Self(tree)
    }

    /// The paths of all that is no folder.
    pub(crate) fn paths(&self) -> Vec<&str> {
        self.0.iter().filter(|(_, entry)| entry.kind != Kind::Folder).map(|(path, _)| path.as_str()).collect()
    }

    /// The folders.
    pub(crate) fn folders(&self) -> Vec<&str> {
        self.0.iter().filter(|(_, entry)| entry.kind == Kind::Folder).map(|(path, _)| path.as_str()).collect()
    }

    /// The files, each with its bytes.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().filter_map(|(path, entry)| match &entry.kind {
            Kind::File(bytes) => Some((path.as_str(), bytes.as_slice())),
            _ => None,
        })
    }

    /// The bytes of a file; `None` where there is none.
    pub(crate) fn file(&self, path: &str) -> Option<&[u8]> {
        match &self.0.get(path)?.kind {
            Kind::File(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The ConfigMaps that a Module names and that are in no ConfigMap file of its module, as
    /// `MODULE: NAME`, and shared folders that a kustomization names but that are not there; kmodgen's Modules alone.
    pub(crate) fn dangling(&self) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut dangling = Vec::new();
        for (path, module) in self.files().filter(|(path, _)| path.ends_with("/module.yaml")) {
            // What waits to be moved in is in a hidden folder.
            if path.split('/').any(|name| name.starts_with('.')) {
                continue;
            }
            let folder = path.trim_end_matches("module.yaml");
            let has_maps = |path: &str| path.ends_with("/configmap.yaml") || path.contains("/configmaps");
            let maps = self.files().filter(|(path, _)| path.starts_with(folder) && has_maps(path));
            let mut maps: String = maps.map(|(_, bytes)| text(bytes)).collect();
            let list = self.file(&format!("{folder}kustomization.yaml")).map(text).unwrap_or_default();
            let all =
                folder.trim_end_matches('/').rsplitn(3, '/').nth(2).map(|all| format!("{all}/")).unwrap_or_default();
            for below in list.lines().filter_map(|line| line.strip_prefix("  - \"../../")) {
                match self.file(&format!("{all}{}/configmap.yaml", below.trim_end_matches('"'))) {
                    Some(shared) => maps.push_str(&text(shared)),
                    None => dangling.push(format!("{folder}kustomization.yaml: {below}")),
                }
            }
            let module = text(module);
            let named = module.split("dockerfileConfigMap:").skip(1).filter_map(|text| text.split("name: ").nth(1));
            let names = named.filter_map(|text| text.lines().next());
            let missing = names.filter(|name| !maps.contains(&format!("  name: {name}\n")));
            dangling.extend(missing.map(|name| format!("{path}: {name}")));
        }
        dangling
    }

    /// What became of the files since `before`: `+` is new, `~` has other bytes, `-` is gone.
    pub(crate) fn since(&self, before: &Self) -> Vec<String> {
        let paths: BTreeSet<&str> = self.paths().into_iter().chain(before.paths()).collect();
        let fate = |path: &&str| match (before.0.get(*path), self.0.get(*path)) {
            (None, _) => Some(format!("+ {path}")),
            (_, None) => Some(format!("- {path}")),
            (old, new) => (old != new).then(|| format!("~ {path}")),
        };
        paths.iter().filter_map(fate).collect()
    }

    /// The files that were written since `before`, whether or not their bytes changed.
    pub(crate) fn written_since(&self, before: &Self) -> Vec<&str> {
        let stamp = |tree: &Self, path: &str| tree.0.get(path).map(|entry| entry.stamp);
        self.paths().into_iter().filter(|path| stamp(self, path) != stamp(before, path)).collect()
    }
}

/// The lines of a list, for a comparison that a reader sees at a glance.
pub(crate) fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

fn read_into(folder: &Path, below: &str, tree: &mut BTreeMap<String, Entry>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{below}{}", entry.file_name().to_string_lossy());
        let metadata = entry.path().symlink_metadata().unwrap();
        let kind = if metadata.is_dir() {
            read_into(&entry.path(), &format!("{path}/"), tree);
            Kind::Folder
        } else if metadata.is_symlink() {
            Kind::Link(fs::read_link(entry.path()).unwrap().display().to_string())
        } else if metadata.is_file() {
            Kind::File(fs::read(entry.path()).unwrap())
        } else {
            Kind::Other
        };
        let stamp = (metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec());
        tree.insert(path, Entry { kind, stamp });
    }
}
