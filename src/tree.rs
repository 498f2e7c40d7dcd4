//! The output folder as the core sees it: what stands where, asked for path by path, so that
//! nothing ever holds a whole fleet's files.

mod in_memory;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::bundle::{BUNDLE, Bundle, module_of};
use crate::cache::ReadAt;
use crate::file_stat::FileStat;
use crate::header::to_unix;
use crate::merge::Unmerged;
use crate::output::{CONFIG_MAP, DOCKERFILE, KUSTOMIZATION, MODULE};
use crate::shared_files::{self, Listed, SharedPath};
use crate::vocabulary::RelPath;

/// File, folder or other object at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A regular file with these bytes.
    File(Vec<u8>),
    /// A folder.
    Folder,
    /// A regular file that git could not merge.
    Unmerged(Box<Unmerged>),
    /// Something else, such as "a symbolic link".
    Other(&'static str),
}

impl Found {
    /// The text of a file as kmodgen or someone else left it; of one that git could not merge, our side.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::File(bytes) => Some(bytes),
            Self::Unmerged(unmerged) => unmerged.ours.as_deref(),
            Self::Folder | Self::Other(_) => None,
        }
    }
}

/// Kind of the object that a name in a folder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// Something else, such as "a symbolic link".
    Other(&'static str),
}

/// Content of a file.
#[derive(Debug, Clone, Copy)]
pub enum Content<'t> {
    /// Its whole text.
    Text(&'t str),
    /// Metadata of the git object with its text.
    Object(FileStat),
}

/// A path that cannot be looked at or written, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} `{path}`: {why}")]
pub struct Inaccessible {
    /// Operation that failed, as a verb.
    pub verb: &'static str,
    /// Path that the operation was about.
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

    /// Returns the kind of the object at a path; `None` if there is nothing.
    ///
    /// # Errors
    /// A path that cannot be looked at.
    fn kind(&self, path: &str) -> Result<Option<Kind>, Inaccessible>;

    /// Returns the object at a path whose parents are folders, with its metadata; `None` if there is nothing.
    ///
    /// # Errors
    /// A file that cannot be read.
    fn look(&self, path: &RelPath) -> Result<Option<Look>, Inaccessible>;

    /// Returns the metadata of a file that is known to have exactly this content without being read; `None` if the file
    /// must be read.
    ///
    /// # Errors
    /// A path that cannot be looked at.
    fn holds(&self, _path: &RelPath, _content: Content<'_>) -> Result<Option<FileStat>, Inaccessible> {
        Ok(None)
    }

    /// Opens a file that is known to be as kmodgen wrote it, to read parts of it; `None` if that is impossible.
    fn open(&self, path: &RelPath) -> Option<Box<dyn ReadAt>> {
        match self.look(path) {
            Ok(Some((Found::File(bytes), _))) => Some(Box::new(bytes)),
            _ => None,
        }
    }

    /// Returns the bundle of a module; `None` if the folder has documents alone.
    ///
    /// # Errors
    /// A file that cannot be read.
    fn bundle(&self, _module: &str) -> Result<Option<Arc<Bundle>>, Inaccessible> {
        Ok(None)
    }

    /// Returns the contents of the shared files that the kustomization of a module names, by kernel release.
    ///
    /// # Errors
    /// A file that cannot be read.
    fn listed(&self, module: &str) -> Result<Arc<Listed>, Inaccessible> {
        if self.kind(module)? != Some(Kind::Folder) {
            return Ok(Arc::default());
        }
        let found = self.look(&RelPath::of_names(&[module, KUSTOMIZATION]))?;
        let text = found.as_ref().and_then(|(found, _)| found.bytes()).map(to_unix);
        let text = text.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
        Ok(Arc::new(shared_files::listed(text, module)))
    }

    /// Returns the metadata of what is at a path; none if there is nothing. `""` is the output folder itself.
    fn stat(&self, _path: &str) -> FileStat {
        FileStat::NONE
    }
}

impl<F: OutputFolder + ?Sized> OutputFolder for &F {
    fn names(&self, folder: &str) -> Result<Vec<(String, Kind)>, Inaccessible> {
        (**self).names(folder)
    }

    fn kind(&self, path: &str) -> Result<Option<Kind>, Inaccessible> {
        (**self).kind(path)
    }

    fn look(&self, path: &RelPath) -> Result<Option<Look>, Inaccessible> {
        (**self).look(path)
    }

    fn holds(&self, path: &RelPath, content: Content<'_>) -> Result<Option<FileStat>, Inaccessible> {
        (**self).holds(path, content)
    }

    fn open(&self, path: &RelPath) -> Option<Box<dyn ReadAt>> {
        (**self).open(path)
    }

    fn bundle(&self, module: &str) -> Result<Option<Arc<Bundle>>, Inaccessible> {
        (**self).bundle(module)
    }

    fn listed(&self, module: &str) -> Result<Arc<Listed>, Inaccessible> {
        (**self).listed(module)
    }

    fn stat(&self, path: &str) -> FileStat {
        (**self).stat(path)
    }
}

/// Object at a path, and its metadata.
pub type Look = (Found, FileStat);

/// The names of the output folder, and of the folders in it.
#[derive(Debug, Default)]
pub struct Outline<'k> {
    names: BTreeMap<String, Kind>,
    modules: BTreeMap<String, Names<'k>>,
}

/// The names in a folder.
#[derive(Debug)]
enum Names<'k> {
    /// Every name, with its kind.
    All(HashMap<String, Kind>),
    /// Its folders that nobody asks for; the others are known to be right.
    Unplanned(Vec<&'k str>),
}

impl<'k> Outline<'k> {
    /// Reads the names of a folder, and of the folders in it, unless `unplanned` knows which folders in one of those
    /// nobody asks for.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn read(
        folder: &dyn OutputFolder,
        unplanned: impl Fn(&str) -> Option<Vec<&'k str>>,
    ) -> Result<Self, Inaccessible> {
        let mut outline = Self { names: folder.names("")?.into_iter().collect(), modules: BTreeMap::new() };
        for (name, _) in outline.names.iter().filter(|(name, kind)| is_ours(name, **kind)) {
            let names = match unplanned(name) {
                Some(folders) => Names::Unplanned(folders),
                None => Names::All(folder.names(name)?.into_iter().collect()),
            };
            outline.modules.insert(name.clone(), names);
        }
        Ok(outline)
    }

    /// The hidden folders of the output folder.
    pub fn hidden_folders(&self) -> impl Iterator<Item = &str> {
        let hidden = self.names.iter().filter(|(name, kind)| **kind == Kind::Folder && name.starts_with('.'));
        hidden.map(|(name, _)| name.as_str())
    }

    /// Returns whether all names in the folder of a module are known.
    pub fn lists_all(&self, module: &str) -> bool {
        matches!(self.modules.get(module), Some(Names::All(_)))
    }

    /// Returns whether there is a bundle in the folder of a module, as far as all its names are known.
    pub fn has_bundle(&self, module: &str) -> bool {
        match self.modules.get(module) {
            Some(Names::All(names)) => names.contains_key(BUNDLE),
            Some(Names::Unplanned(_)) | None => false,
        }
    }

    /// The folders of modules.
    pub fn modules(&self) -> impl Iterator<Item = &str> {
        self.modules.keys().map(String::as_str)
    }

    /// Returns the folders in the folder of a module; those that are known to be right may be missing.
    pub fn folders_in(&self, module: &str) -> Vec<&str> {
        match self.modules.get(module) {
            None => Vec::new(),
            Some(Names::Unplanned(names)) => names.clone(),
            Some(Names::All(names)) => {
                let ours = names.iter().filter(|(name, kind)| is_ours(name, **kind));
                let mut folders: Vec<&str> = ours.map(|(name, _)| name.as_str()).collect();
                folders.sort_unstable();
                folders
            }
        }
    }

    /// Returns the folders that nobody asks for, in which a file of ours may yet turn up.
    pub fn unplanned(&self, wanted: impl Fn(&str, Option<&str>) -> bool) -> Vec<String> {
        let mut folders = Vec::new();
        for (module, names) in &self.modules {
            if !wanted(module, None) {
                folders.push(module.clone());
            }
            let unwanted = |name: &&str| !wanted(module, Some(name));
            let path = |name: &str| format!("{module}/{name}");
            let mut inner: Vec<String> = match names {
                Names::All(names) => {
                    let ours = names.iter().filter(|(name, kind)| is_ours(name, **kind));
                    ours.map(|(name, _)| name.as_str()).filter(unwanted).map(path).collect()
                }
                Names::Unplanned(names) => names.iter().copied().map(path).collect(),
            };
            inner.sort();
            folders.extend(inner);
        }
        folders
    }

    /// Returns the paths at which a file of ours may be that nobody asks for: `files` at the top, and those in folders
    /// that are `unplanned`, bundles left out. Only such files are ever looked at for removal.
    pub fn candidates<'f>(&self, unplanned: &[String], files: impl Iterator<Item = &'f str>) -> Vec<RelPath> {
        let below = |folder: &String| {
            let files = if folder.contains('/') { [DOCKERFILE, CONFIG_MAP] } else { [MODULE, KUSTOMIZATION] };
            files.map(|file| format!("{folder}/{file}"))
        };
        let folders = unplanned.iter().filter(|folder| module_of(folder).is_none());
        let top = files.filter(|file| self.names.get(*file) == Some(&Kind::File)).map(str::to_owned);
        let paths: Vec<String> = top.chain(folders.flat_map(below)).collect();
        paths.iter().filter_map(|path| RelPath::parse(path).ok().filter(|parsed| parsed.as_str() == path)).collect()
    }
}

/// A folder and its names.
#[derive(Clone, Copy)]
pub struct View<'v> {
    /// The folder.
    pub folder: &'v dyn OutputFolder,
    /// Its names.
    pub outline: &'v Outline<'v>,
}

impl View<'_> {
    /// Returns the kind of the object at a path of up to two parts; `None` if there is nothing.
    fn kind(&self, path: &str) -> Result<Option<Kind>, Inaccessible> {
        let Some((module, name)) = path.split_once('/') else { return Ok(self.outline.names.get(path).copied()) };
        match self.outline.modules.get(module) {
            None => Ok(None),
            Some(Names::All(names)) => Ok(names.get(name).copied()),
            // Few paths are asked for where most is known.
            Some(Names::Unplanned(_)) => self.folder.kind(path),
        }
    }

    /// Returns whether there is a folder at a path of up to two parts.
    ///
    /// # Errors
    /// A path that cannot be looked at.
    pub fn has_folder(&self, path: &str) -> Result<bool, Inaccessible> {
        Ok(path.is_empty() || self.kind(path)? == Some(Kind::Folder))
    }

    /// A parent of `path` that is no folder, so that nothing can be written below it, and what it is.
    ///
    /// # Errors
    /// A path that cannot be looked at.
    pub fn blocked_parent<'p>(&self, path: &'p RelPath) -> Result<Option<(&'p str, &'static str)>, Inaccessible> {
        let is_shared = SharedPath::parse(path.as_str()).is_some();
        for parent in parents(path.as_str()).skip(usize::from(is_shared)) {
            match if is_shared { self.folder.kind(parent)? } else { self.kind(parent)? } {
                Some(Kind::File) => return Ok(Some((parent, "a file"))),
                Some(Kind::Other(what)) => return Ok(Some((parent, what))),
                Some(Kind::Folder) => {}
                None => break,
            }
        }
        Ok(None)
    }

    /// Returns the object at a path; `None` if there is nothing, or if a parent is not a folder.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn find(&self, path: &RelPath) -> Result<Option<Found>, Inaccessible> {
        Ok(self.look(path)?.map(|(found, _)| found))
    }

    /// Returns the metadata of a file that is known to have exactly this content; `None` if that is not known.
    ///
    /// # Errors
    /// A path that cannot be looked at.
    pub fn holds(&self, path: &RelPath, content: Content<'_>) -> Result<Option<FileStat>, Inaccessible> {
        let is_there = SharedPath::parse(path.as_str()).is_some() || self.has_folder(path.parent())?;
        if is_there { self.folder.holds(path, content) } else { Ok(None) }
    }

    /// Returns the object at a path, with its metadata; does not access the folder if its names suffice.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn look(&self, path: &RelPath) -> Result<Option<Look>, Inaccessible> {
        if SharedPath::parse(path.as_str()).is_some() {
            return self.folder.look(path);
        }
        let parent = path.parent();
        if !self.has_folder(parent)? {
            return Ok(None);
        }
        // The names of a kernel's folder are not known.
        let kind = if parent.contains('/') { Some(Kind::File) } else { self.kind(path.as_str())? };
        match kind {
            None => Ok(None),
            Some(Kind::Folder) => Ok(Some((Found::Folder, FileStat::NONE))),
            Some(Kind::Other(what)) => Ok(Some((Found::Other(what), FileStat::NONE))),
            Some(Kind::File) => self.folder.look(path),
        }
    }
}

/// The folders that a path is in, the outermost first.
pub fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(move |(at, _)| &path[..at])
}

/// Returns whether a name may be a folder that kmodgen wrote: hidden folders belong to others, such as version control.
pub fn is_ours(name: &str, kind: Kind) -> bool {
    kind == Kind::Folder && !name.starts_with('.')
}
