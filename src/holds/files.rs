//! Files of held modules, as they were in the commits of their holds.

use std::collections::BTreeMap;

use super::Hold;
use crate::bundle::document_of;
use crate::header::{Ownership, ownership, to_unix};
use crate::manifest::Layout;
use crate::output::{CONFIG_MAP, KUSTOMIZATION, mapping_of_config_map};
use crate::previous::{self, OldMapping, OldModule};
use crate::shared_files::{self, SharedPath};
use crate::tree::{Found, Inaccessible, Kind, Outline, OutputFolder, View};
use crate::vocabulary::RelPath;

/// Output folders in the commits of a repository.
pub trait HeldFiles {
    /// Returns the output folder as it was in the commit of a hold. Its bundles are folders of documents.
    ///
    /// # Errors
    /// A commit or a folder that is not there.
    fn folder(&self, hold: &Hold) -> Result<Box<dyn OutputFolder>, HoldError>;
}

/// Reason why the files of a held module cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{why}")]
pub struct HoldError {
    /// Completes "it is held, but ", as in "commit `x` is not in the repository of `y`".
    pub why: String,
    /// Advice on what to do.
    pub help: String,
}

/// A held module, and its files as they were in the commit of the hold.
#[derive(Debug)]
pub struct HeldModule {
    /// The hold.
    pub hold: Hold,
    files: BTreeMap<RelPath, Found>,
    /// Its Module; `None` if the commit has none.
    pub module: Option<OldModule>,
}

impl HeldModule {
    /// Reads the files of kmodgen in the folder of a module.
    ///
    /// # Errors
    /// A commit that is not there, or that has no such files.
    pub fn read(hold: &Hold, held: &dyn HeldFiles) -> Result<Self, HoldError> {
        let folder = held.folder(hold)?;
        Self::in_folder(hold, &*folder)
    }

    /// Reads the files of kmodgen in the folder of a module, in the output folder of the hold's commit.
    ///
    /// # Errors
    /// No such files, or a file that cannot be read.
    pub fn in_folder(hold: &Hold, folder: &dyn OutputFolder) -> Result<Self, HoldError> {
        let (module, commit) = (hold.module.as_str(), hold.short_commit());
        let files = files_of(module, folder).map_err(|why| unreadable(hold, &why))?;
        if files.is_empty() {
            let others = modules(folder).map_err(|why| unreadable(hold, &why))?;
            let there = if others.is_empty() { "no module".to_owned() } else { others.join(", ") };
            return Err(HoldError {
                why: format!("commit {commit} has no generated files of the module"),
                help: format!("choose another commit: this one has files of {there}"),
            });
        }
        let held = Self { hold: hold.clone(), files, module: None };
        let module = held.view(|tree| previous::module(module, tree)).map_err(|why| unreadable(hold, &why))?;
        Ok(Self { module, ..held })
    }

    /// Returns the paths of its files and documents below the output folder, and their texts.
    pub fn files(&self) -> impl Iterator<Item = (&RelPath, String)> {
        self.files.iter().filter_map(|(path, found)| {
            // Files of kmodgen are UTF-8.
            Some((path, String::from_utf8_lossy(found.bytes()?).into_owned()))
        })
    }

    /// Returns whether it has a file or document.
    pub fn has(&self, path: &RelPath) -> bool {
        self.files.contains_key(path)
    }

    /// Returns whether the kustomization at the top can list its folder.
    pub fn is_listed(&self) -> bool {
        self.files.keys().any(|path| path.file_name() == KUSTOMIZATION)
    }

    /// Returns the folders of its files.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(RelPath::parent)
    }

    /// Returns the kernel releases of its mappings.
    pub fn releases(&self) -> impl Iterator<Item = &str> {
        self.files.keys().filter_map(|path| mapping_of_config_map(path).map(|(_, release)| release))
    }

    /// Returns the names of the documents of its bundle, in ascending order; none in the layout `files`.
    pub fn documents(&self) -> impl Iterator<Item = &str> {
        self.files.keys().filter_map(|path| document_of(path.as_str()).map(|(_, name)| name))
    }

    /// Returns the kernel releases of the mappings whose files clusters share.
    pub fn shared_releases(&self) -> impl Iterator<Item = &str> {
        self.files.keys().filter_map(|path| SharedPath::parse(path.as_str()).map(|path| path.release))
    }

    /// Returns whether it has a bundle.
    pub fn has_bundle(&self) -> bool {
        self.documents().next().is_some()
    }

    /// Returns the layout of its files; `None` if it has no mappings.
    pub fn layout(&self) -> Option<Layout> {
        let has_files = self.files.keys().any(|path| path.file_name() == CONFIG_MAP);
        match self.shared_releases().next() {
            Some(_) => Some(Layout::Shared),
            None if self.has_bundle() => Some(Layout::Bundle),
            None => has_files.then_some(Layout::Files),
        }
    }

    /// Returns its mapping on a kernel release, if it has one.
    pub fn mapping(&self, release: &str) -> Option<OldMapping> {
        self.view(|tree| previous::mapping(self.hold.module.as_str(), release, tree)).ok().flatten()
    }

    fn view<T>(&self, read: impl FnOnce(&View<'_>) -> Result<T, Inaccessible>) -> Result<T, Inaccessible> {
        let outline = Outline::read(&self.files, |_| None)?;
        read(&View { folder: &self.files, outline: &outline })
    }
}

fn unreadable(hold: &Hold, why: &Inaccessible) -> HoldError {
    HoldError {
        why: format!("commit {} cannot be read: {why}", hold.short_commit()),
        help: "fetch the commit with all of its files: `git fetch --refetch --filter=blob:limit=1g`".to_owned(),
    }
}

/// Returns the files of kmodgen in the folder of a module and in the folders in it, and those that clusters share.
fn files_of(module: &str, folder: &dyn OutputFolder) -> Result<BTreeMap<RelPath, Found>, Inaccessible> {
    let mut files = files_below(module, folder)?;
    let list = files.iter().find(|(path, _)| path.file_name() == KUSTOMIZATION && path.parent() == module);
    let list = list.and_then(|(_, found)| std::str::from_utf8(found.bytes()?).ok());
    for (release, hash) in list.map(|list| shared_files::listed(list, module)).unwrap_or_default() {
        for file in [KUSTOMIZATION, CONFIG_MAP] {
            add_file(shared_files::stored_path(module, &release, hash, file), folder, &mut files)?;
        }
    }
    Ok(files)
}

fn files_below(module: &str, folder: &dyn OutputFolder) -> Result<BTreeMap<RelPath, Found>, Inaccessible> {
    let mut files = BTreeMap::new();
    let mut folders = vec![module.to_owned()];
    while let Some(at) = folders.pop() {
        for (name, kind) in folder.names(&at)? {
            let path = format!("{at}/{name}");
            let parsed = RelPath::parse(&path).ok().filter(|parsed| parsed.as_str() == path);
            match (kind, parsed) {
                (Kind::Folder, Some(_)) if at == module => folders.push(path),
                (Kind::File, Some(path)) => add_file(path, folder, &mut files)?,
                _ => {}
            }
        }
    }
    Ok(files)
}

/// Adds a file if it is kmodgen's.
fn add_file(
    path: RelPath,
    folder: &dyn OutputFolder,
    files: &mut BTreeMap<RelPath, Found>,
) -> Result<(), Inaccessible> {
    if let Some((Found::File(bytes), _)) = folder.look(&path)?
        && ownership(&bytes) != Ownership::Foreign
    {
        files.insert(path, Found::File(to_unix(&bytes).into_owned()));
    }
    Ok(())
}

/// Returns the names of the modules that an output folder has files of.
fn modules(folder: &dyn OutputFolder) -> Result<Vec<String>, Inaccessible> {
    let outline = Outline::read(folder, |_| None)?;
    let mut names = Vec::new();
    for name in outline.modules() {
        if !files_of(name, folder)?.is_empty() {
            names.push(format!("`{}`", name.escape_debug()));
        }
    }
    Ok(names)
}
