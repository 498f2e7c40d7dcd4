//! Claims of manifests to the files of an output folder, which several owners may share.

use std::collections::BTreeMap;

use crate::bundle::BUNDLE;
use crate::header::{Owner, Ownership, owners, ownership};
use crate::output::{CONFIG_MAP, DOCKERFILE, KUSTOMIZATION, MODULE};
use crate::tree::{Found, Inaccessible, View};
use crate::vocabulary::RelPath;

/// Modules whose files a manifest takes over from their owners.
#[derive(Debug, Clone, Copy)]
pub enum TakeOver<'t> {
    /// These modules.
    Modules(&'t [String]),
    /// The whole folder, which has the files of this manifest alone.
    All,
}

/// Claim of a manifest to files of its output folder.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'c> {
    /// The manifest's owner.
    pub owner: Owner<'c>,
    /// Modules that it takes over.
    pub take_over: TakeOver<'c>,
}

/// A module that the manifest has no claim to, and no files of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftModule {
    /// Set if its files name no owner.
    pub is_ownerless: bool,
    /// Set if the kustomization at the top lists it.
    pub is_listed: bool,
    /// Set if its own files tell whose it is, so that those of its mappings need not be read.
    pub has_own_files: bool,
}

impl Claim<'_> {
    /// A claim to all files.
    pub const ALL: Claim<'static> = Claim { owner: Owner::Nobody, take_over: TakeOver::All };

    /// Returns the other owner whose file a planned output would replace, as messages name it; `None` if there is none.
    /// A file without an owner is taken: so a manifest gets its owner.
    pub fn other_owner(&self, path: &RelPath, found: &Found) -> Option<String> {
        self.other_of(owners_of(found), path.as_str().split_once('/').map(|(module, _)| module))
    }

    /// Returns the first of some owners whose files, in the folder of a module or at the top, the manifest must not
    /// replace, as messages name it.
    pub fn other_of<'o>(&self, owners: impl IntoIterator<Item = Owner<'o>>, module: Option<&str>) -> Option<String> {
        if self.takes(module) {
            return None;
        }
        owners.into_iter().find(|owner| !self.may_replace(*owner, module)).map(described)
    }

    fn may_replace(&self, owner: Owner<'_>, module: Option<&str>) -> bool {
        match owner {
            Owner::Nobody => true,
            Owner::One(_) => owner == self.owner,
            Owner::All => module.is_none(),
        }
    }

    /// Returns whether a file at the top that is not planned is this manifest's, so that it may be removed.
    pub fn is_own(&self, found: &Found) -> bool {
        self.takes(None) || owners_of(found).into_iter().all(|owner| owner == self.owner)
    }

    /// Returns those of some modules, of which the manifest has no files, that belong to others.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn left<'m>(
        &self,
        modules: impl Iterator<Item = &'m str>,
        tree: &View<'_>,
    ) -> Result<BTreeMap<String, LeftModule>, Inaccessible> {
        let mut left = BTreeMap::new();
        for module in modules.filter(|module| !self.takes(Some(module))) {
            if let Some(found) = self.left_module(module, tree)? {
                left.insert(module.to_owned(), found);
            }
        }
        Ok(left)
    }

    fn left_module(&self, module: &str, tree: &View<'_>) -> Result<Option<LeftModule>, Inaccessible> {
        let mut has_own_files = false;
        for file in [KUSTOMIZATION, MODULE] {
            let Some(found) = generated(&format!("{module}/{file}"), tree)? else { continue };
            has_own_files = true;
            if !self.is_own(&found) {
                let owners = owners_of(&found);
                return Ok(Some(LeftModule {
                    is_ownerless: owners.iter().all(|owner| *owner == Owner::Nobody),
                    is_listed: !owners.contains(&Owner::All),
                    has_own_files,
                }));
            }
        }
        for folder in tree.outline.folders_in(module).into_iter().filter(|_| !has_own_files) {
            if folder == BUNDLE {
                let bundle = tree.folder.bundle(module)?.unwrap_or_default();
                let owners: Vec<Owner<'_>> = bundle.owners().collect();
                if owners.is_empty() {
                    continue;
                }
                let is_ownerless = owners.iter().all(|owner| *owner == Owner::Nobody);
                let left = LeftModule { is_ownerless, is_listed: false, has_own_files: false };
                return Ok((!owners.iter().all(|owner| *owner == self.owner)).then_some(left));
            }
            for file in [DOCKERFILE, CONFIG_MAP] {
                let Some(found) = generated(&format!("{module}/{folder}/{file}"), tree)? else { continue };
                let is_ownerless = owners_of(&found).iter().all(|owner| *owner == Owner::Nobody);
                let left = LeftModule { is_ownerless, is_listed: false, has_own_files: false };
                return Ok((!self.is_own(&found)).then_some(left));
            }
        }
        Ok(None)
    }

    /// Returns this manifest's owner as messages name it.
    pub fn described(&self) -> String {
        match self.owner {
            Owner::One(name) => format!("the `owner` of this manifest is `{name}`"),
            Owner::Nobody | Owner::All => "this manifest has no `owner`".to_owned(),
        }
    }

    fn takes(&self, module: Option<&str>) -> bool {
        match self.take_over {
            TakeOver::All => true,
            TakeOver::Modules(names) => module.is_some_and(|module| names.iter().any(|name| name == module)),
        }
    }
}

fn described(owner: Owner<'_>) -> String {
    match owner {
        Owner::One(name) => format!("owner `{name}`"),
        Owner::All => "several owners".to_owned(),
        Owner::Nobody => "no owner".to_owned(),
    }
}

/// Returns the file at a path if kmodgen wrote it.
fn generated(path: &str, tree: &View<'_>) -> Result<Option<Found>, Inaccessible> {
    let Ok(path) = RelPath::parse(path) else { return Ok(None) };
    let found = tree.find(&path)?;
    Ok(found.filter(|found| match found {
        Found::File(bytes) => ownership(bytes) != Ownership::Foreign,
        Found::Unmerged(_) => true,
        Found::Folder | Found::Other(_) => false,
    }))
}

/// Returns the owners that a file names, on both sides of a merge.
fn owners_of(found: &Found) -> Vec<Owner<'_>> {
    match found {
        Found::File(bytes) => owners(bytes),
        Found::Unmerged(unmerged) => {
            let sides = [&unmerged.ours, &unmerged.theirs].into_iter().flatten();
            std::iter::once(&unmerged.file).chain(sides).flat_map(|side| owners(side)).collect()
        }
        Found::Folder | Found::Other(_) => Vec::new(),
    }
}
