//! The output folder as the core sees it: what stands where, asked for path by path, so that
//! nothing ever holds a whole fleet's files.

use std::collections::BTreeMap;

use crate::output::{CONFIG_MAP, DOCKERFILE, KUSTOMIZATION, MODULE};
use crate::record::Evidence;
use crate::vocabulary::RelPath;

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A regular file with these bytes.
    File(Vec<u8>),
    /// A folder.
    Folder,
    /// Something else, such as "a symbolic link".
    Other(&'static str),
}

/// What kind of thing a name in a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// Something else, such as "a symbolic link".
    Other(&'static str),
}

/// A path that cannot be looked at or written, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} `{path}`: {why}")]
pub struct Inaccessible {
    /// What was tried.
    pub verb: &'static str,
    /// Where.
    pub path: String,
    /// A lower-case fragment.
    pub why: String,
}

/// The door to the output folder. Links are never followed.
pub trait OutputFolder: Sync {
    /// The names in a folder below it; `""` is the output folder itself. Empty where there is none.
    ///
    /// # Errors
    /// A folder that cannot be read.
    fn names(&self, folder: &str) -> Result<Vec<(String, Kind)>, Inaccessible>;

    /// What stands at a path whose parents are folders; `None` where nothing does.
    ///
    /// # Errors
    /// A file that cannot be read.
    fn look(&self, path: &RelPath) -> Result<Option<Look>, Inaccessible>;
}

/// What stands at a path, and how it looks from outside.
pub type Look = (Found, Evidence);

/// The names of the output folder, and of the folders in it.
#[derive(Debug, Default)]
pub struct Outline {
    names: BTreeMap<String, Kind>,
    modules: BTreeMap<String, BTreeMap<String, Kind>>,
}

impl Outline {
    /// Reads the names of a folder.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn read(folder: &dyn OutputFolder) -> Result<Self, Inaccessible> {
        let mut outline = Self { names: folder.names("")?.into_iter().collect(), modules: BTreeMap::new() };
        for (name, kind) in &outline.names {
            if is_ours(name, *kind) {
                outline.modules.insert(name.clone(), folder.names(name)?.into_iter().collect());
            }
        }
        Ok(outline)
    }

    /// What stands at a path of up to two parts, as far as the names tell.
    fn kind(&self, path: &str) -> Option<Kind> {
        match path.split_once('/') {
            None => self.names.get(path).copied(),
            Some((module, name)) => self.modules.get(module)?.get(name).copied(),
        }
    }

    /// Whether a folder of up to two parts is there.
    pub fn has_folder(&self, path: &str) -> bool {
        path.is_empty() || self.kind(path) == Some(Kind::Folder)
    }

    /// A parent of `path` that is no folder, so that nothing can be written below it, and what it is.
    pub fn blocked_parent<'p>(&self, path: &'p RelPath) -> Option<(&'p str, &'static str)> {
        let path = path.as_str();
        let parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        parents.into_iter().find_map(|parent| match self.kind(parent)? {
            Kind::File => Some((parent, "a file")),
            Kind::Other(what) => Some((parent, what)),
            Kind::Folder => None,
        })
    }

    /// The hidden folders of the output folder.
    pub fn hidden_folders(&self) -> impl Iterator<Item = &str> {
        let hidden = self.names.iter().filter(|(name, kind)| **kind == Kind::Folder && name.starts_with('.'));
        hidden.map(|(name, _)| name.as_str())
    }

    /// The folders of modules.
    pub fn modules(&self) -> impl Iterator<Item = &str> {
        self.modules.keys().map(String::as_str)
    }

    /// The folders that nobody asks for, in which a file of ours may yet turn up.
    pub fn strangers(&self, wanted: impl Fn(&str, Option<&str>) -> bool) -> Vec<String> {
        let mut folders = Vec::new();
        for (module, names) in &self.modules {
            if !wanted(module, None) {
                folders.push(module.clone());
            }
            let inner = names.iter().filter(|(name, kind)| is_ours(name, **kind) && !wanted(module, Some(name)));
            folders.extend(inner.map(|(name, _)| format!("{module}/{name}")));
        }
        folders
    }

    /// The paths at which a file of ours may stand that nobody asks for: those of modules and
    /// their kernels that are not `wanted`. Only such files are ever looked at for removal.
    pub fn candidates(&self, wanted: impl Fn(&str, Option<&str>) -> bool) -> Vec<RelPath> {
        let below = |folder: &String| {
            let files = if folder.contains('/') { [DOCKERFILE, CONFIG_MAP] } else { [MODULE, KUSTOMIZATION] };
            files.map(|file| format!("{folder}/{file}"))
        };
        let paths: Vec<String> = self.strangers(wanted).iter().flat_map(below).collect();
        paths.iter().filter_map(|path| RelPath::parse(path).ok().filter(|parsed| parsed.as_str() == path)).collect()
    }
}

/// A folder and its names.
#[derive(Clone, Copy)]
pub struct View<'v> {
    /// The folder.
    pub folder: &'v dyn OutputFolder,
    /// Its names.
    pub outline: &'v Outline,
}

impl View<'_> {
    /// What stands at a path. `None` also where a parent is no folder.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn find(&self, path: &RelPath) -> Result<Option<Found>, Inaccessible> {
        Ok(self.look(path)?.map(|(found, _)| found))
    }

    /// What stands at a path, and how it looks; nothing is asked where the names tell.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn look(&self, path: &RelPath) -> Result<Option<Look>, Inaccessible> {
        let parent = path.parent();
        if !self.outline.has_folder(parent) {
            return Ok(None);
        }
        // The names of a kernel's folder are not known.
        let kind = if parent.contains('/') { Some(Kind::File) } else { self.outline.kind(path.as_str()) };
        match kind {
            None => Ok(None),
            Some(Kind::Folder) => Ok(Some((Found::Folder, Evidence::NONE))),
            Some(Kind::Other(what)) => Ok(Some((Found::Other(what), Evidence::NONE))),
            Some(Kind::File) => self.folder.look(path),
        }
    }
}

/// Whether a name may be that of a folder of ours: hidden ones are others', such as version control's.
pub fn is_ours(name: &str, kind: Kind) -> bool {
    kind == Kind::Folder && !name.starts_with('.')
}

/// A folder in memory.
#[cfg(test)]
impl OutputFolder for BTreeMap<RelPath, Found> {
    fn names(&self, folder: &str) -> Result<Vec<(String, Kind)>, Inaccessible> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let mut names = BTreeMap::new();
        for (path, found) in self {
            let Some(rest) = path.as_str().strip_prefix(&prefix) else { continue };
            match (rest.split_once('/'), found) {
                (Some((name, _)), _) => names.insert(name.to_owned(), Kind::Folder),
                (None, Found::File(_)) => names.insert(rest.to_owned(), Kind::File),
                (None, Found::Folder) => names.insert(rest.to_owned(), Kind::Folder),
                (None, Found::Other(what)) => names.insert(rest.to_owned(), Kind::Other(what)),
            };
        }
        Ok(names.into_iter().collect())
    }

    fn look(&self, path: &RelPath) -> Result<Option<Look>, Inaccessible> {
        Ok(self.get(path).map(|found| (found.clone(), Evidence::NONE)))
    }
}
