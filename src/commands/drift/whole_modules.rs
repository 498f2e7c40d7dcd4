//! Modules as units: a Module names the ConfigMaps of its kernels, so that all files of a module are
//! written, or none.

use std::collections::{BTreeMap, BTreeSet};

use super::expected::ExpectedModules;
use super::held::HeldModules;
use crate::impact::Refusal;
use crate::manifest::Manifest;
use crate::output::KUSTOMIZATION;
use crate::ownership::{Claim, LeftModule};
use crate::previous;
use crate::reconcile::{Action, Change, Conflict};
use crate::tree::{Found, Inaccessible, View};
use crate::vocabulary::RelPath;

/// Modules whose files a run leaves as they are.
pub(super) struct Left<'l> {
    /// The modules that the run is about; all if `None`.
    pub(super) chosen: Option<&'l BTreeSet<String>>,
    /// Modules that the run is about but must not write.
    pub(super) kept: BTreeSet<String>,
}

impl Left<'_> {
    fn contains(&self, module: &str) -> bool {
        self.kept.contains(module) || self.chosen.is_some_and(|chosen| !chosen.contains(module))
    }

    /// Keeps each module that has a file of another owner, and returns a refusal for it.
    pub(super) fn keep_owned<'c>(
        &mut self,
        changes: impl Iterator<Item = &'c Change>,
        claim: &Claim<'_>,
    ) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        for change in changes {
            let Action::Conflict(conflict) = &change.action else { continue };
            let (Some(owner), Some(module)) = (&conflict.owner, module_of(change)) else { continue };
            if self.kept.insert(module.to_owned()) {
                refusals.push(Refusal {
                    module: module.to_owned(),
                    why: format!("`{}` belongs to {owner}, but {}", change.place(), claim.described()),
                    help: format!(
                        "rename the module, or write to another folder; to make it this manifest's, remove it from the \
                         other manifest, then pass --take-over {module}"
                    ),
                });
            }
        }
        refusals
    }

    /// Keeps each module with a conflict, and returns a refusal for each that has other files to write.
    pub(super) fn keep_conflicts<'c>(&mut self, changes: impl Iterator<Item = &'c Change> + Clone) -> Vec<Refusal> {
        let in_conflict = changes.clone().filter(|change| matches!(change.action, Action::Conflict(_)));
        let in_conflict: Vec<(&str, String)> =
            in_conflict.filter_map(|change| Some((module_of(change)?, change.place()))).collect();
        if in_conflict.is_empty() {
            return Vec::new();
        }
        let others = changes.filter(|change| !matches!(change.action, Action::Conflict(_)) && !change.is_there());
        let others: BTreeSet<&str> = others.filter_map(module_of).collect();
        let mut refusals: Vec<Refusal> = Vec::new();
        for (module, path) in in_conflict {
            if self.kept.insert(module.to_owned()) && others.contains(module) {
                refusals.push(Refusal {
                    module: module.to_owned(),
                    why: format!("`{path}` is a conflict, and a module is written completely or not at all"),
                    help: "resolve the conflict, then run the command again".to_owned(),
                });
            }
        }
        refusals
    }

    /// Leaves those mappings of kept modules as they are whose files are there, although no kustomization names them.
    pub(super) fn keep_stored(&self, changes: &mut [Box<Change>]) {
        for change in changes.iter_mut().filter(|change| change.is_there()) {
            if module_of(change).is_some_and(|module| self.kept.contains(module)) {
                change.action = Action::Unchanged;
            }
        }
    }

    /// Lists the folders of the modules that are there after the run: those of the manifest in their
    /// order, then those of `gone` modules that stay and those of other owners. What the top does not list is gone for
    /// the cluster, and what it lists has to be there.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn listed<'g>(
        &self,
        manifest: &Manifest,
        (expected, held): (&ExpectedModules<'_>, &HeldModules),
        gone: impl Iterator<Item = &'g str>,
        others: &BTreeMap<String, LeftModule>,
        tree: &View<'_>,
    ) -> Result<Vec<String>, Inaccessible> {
        let mut folders = Vec::new();
        for module in &manifest.modules {
            let name = module.name.as_str();
            if others.contains_key(name) {
                continue;
            }
            let listed = if self.contains(name) {
                stands(name, tree)?
            } else if let Some(held) = held.modules.get(name) {
                held.is_listed()
            } else {
                expected.get(name).is_some_and(|expected| expected.has_objects)
            };
            folders.extend(listed.then(|| name.to_owned()));
        }
        folders.extend(gone.filter(|name| self.contains(name)).map(str::to_owned));
        for (name, _) in others.iter().filter(|(_, other)| other.is_listed) {
            folders.extend(stands(name, tree)?.then(|| name.clone()));
        }
        Ok(folders)
    }

    /// Keeps what is to go as long as the top still lists it because it is in conflict itself.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn keep_listed(
        &self,
        changes: &mut [Box<Change>],
        tree: &View<'_>,
    ) -> Result<Vec<Refusal>, Inaccessible> {
        let top = changes.iter().find(|change| change.path.as_str() == KUSTOMIZATION);
        let Some(Change { path, action: Action::Conflict(_), .. }) = top.map(|change| &**change) else {
            return Ok(Vec::new());
        };
        let Some(found) = tree.find(path)? else { return Ok(Vec::new()) };
        let Some(bytes) = found.bytes() else { return Ok(Vec::new()) };
        let lists = |name: &str| memchr::memmem::find(bytes, name.as_bytes()).is_some();
        let why = format!("`{KUSTOMIZATION}` is a conflict and still lists it");
        let mut refusals = Vec::new();
        for change in changes.iter_mut().filter(|change| change.action == Action::Remove) {
            match module_of(change) {
                Some(module) if self.kept.contains(module) => {}
                Some(module) if change.path.file_name() == KUSTOMIZATION && lists(module) => refusals.push(Refusal {
                    module: module.to_owned(),
                    why: why.clone(),
                    help: "resolve the conflict, then run the command again".to_owned(),
                }),
                None if lists(change.path.as_str()) => change.action = Action::Conflict(Conflict::of_module(&why)),
                _ => {}
            }
        }
        Ok(refusals)
    }
}

/// The module that a file belongs to; none for those at the top.
fn module_of(change: &Change) -> Option<&str> {
    change.path.as_str().split_once('/').map(|(module, _)| module)
}

/// Returns whether the kustomization at the top can list the folder of a module.
fn stands(module: &str, tree: &View<'_>) -> Result<bool, Inaccessible> {
    let Ok(list) = RelPath::parse(&format!("{module}/{KUSTOMIZATION}")) else { return Ok(false) };
    Ok(match tree.find(&list)? {
        Some(Found::Folder) | None => previous::module(module, tree)?.is_some(),
        Some(_) => true,
    })
}
