//! Bundles of a drift: their documents are compared as files are, and the rest here.

use std::collections::{BTreeMap, HashSet};

use super::Drift;
use super::files::{Changes, FileState, MappingFiles, ModuleFiles};
use super::held::ComparedHeld;
use crate::bundle::{BUNDLE, document_of, document_path, file_name, file_number, is_bundle_file, is_in_bundle};
use crate::cache::{FileEntry, Reuse};
use crate::checksum::Checksum;
use crate::holds::HeldModule;
use crate::manifest::{Layout, Module};
use crate::output::mapping_of_config_map;
use crate::plan::Mapping;
use crate::reconcile::{
    Action, Assembly, BundleSink, BundleVerdict, Inspector, KnownBundle, PlannedBundle, Verdict, assemble,
};
use crate::tree::{Found, Inaccessible};
use crate::vocabulary::RelPath;

/// Bundles of all modules.
#[derive(Default)]
pub(in crate::commands) struct Bundles {
    /// Files of the bundles that are right, by module.
    pub(super) right: BTreeMap<String, Vec<FileEntry>>,
    /// Bundles with changes that are as the previous run wrote them, by module.
    known: BTreeMap<String, KnownBundle>,
    /// Documents that no mapping asks for.
    pub(super) orphans: Vec<RelPath>,
    /// Files of bundles in folders of modules that have no bundle.
    pub(super) unplanned: Vec<String>,
}

/// Comparison of bundles.
pub(super) struct BundleComparer<'e, 'c> {
    pub(super) inspector: &'e Inspector<'e>,
    pub(super) reuse: Option<&'e Reuse<'c>>,
}

impl BundleComparer<'_, '_> {
    /// Compares the bundle of a module whose mappings have these documents.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn compare(
        &self,
        module: &Module,
        mappings: &[Mapping<'_>],
        states: &[MappingFiles<'_>],
        (bundles, found): (&mut Bundles, &mut Changes),
    ) -> Result<(), Inaccessible> {
        let name = module.name.as_str();
        let cached = self.reuse.and_then(|reuse| Some((reuse, reuse.bundle(name)?)));
        let mut releases: Vec<&str> = Vec::new();
        let orphans: Vec<String> = match cached {
            Some((reuse, _)) => reuse.unplanned(name).map(str::to_owned).collect(),
            None => {
                releases.extend(mappings.iter().map(|mapping| mapping.kernel.release.as_str()));
                releases.sort_unstable();
                self.other_documents(name, &releases)?
            }
        };
        let are_right = orphans.is_empty() && states.iter().all(MappingFiles::is_right);
        bundles.orphans.extend(orphans.iter().map(|release| document_path(name, release)));
        let verdict = match cached {
            // The bundle is as it was written.
            Some((_, files)) if are_right => BundleVerdict { right: Some(files.to_vec()), changes: Vec::new() },
            Some((reuse, files)) => {
                let known = KnownBundle { files: files.to_vec(), documents: reuse.config_maps(name) };
                bundles.known.insert(name.to_owned(), known);
                BundleVerdict::default()
            }
            None => self.inspector.inspect_bundle(name, &releases, are_right, Some(module.name.span))?,
        };
        bundles.right.extend(verdict.right.map(|files| (name.to_owned(), files)));
        found.changes.extend(verdict.changes.into_iter().map(Box::new));
        Ok(())
    }

    /// Compares the bundle of a held module, if it has one, given what became of its documents.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn compare_held(
        &self,
        held: &HeldModule,
        compared: &ComparedHeld,
        (bundles, found): (&mut Bundles, &mut Changes),
    ) -> Result<(), Inaccessible> {
        if !held.has_bundle() {
            return Ok(());
        }
        let name = held.hold.module.as_str();
        let documents: Vec<&str> = held.documents().collect();
        let others = self.other_documents(name, &documents)?;
        let mut verdicts = compared.files.iter().filter(|(path, _)| document_of(path).is_some());
        let are_right = others.is_empty() && !verdicts.any(|(_, verdict)| matches!(verdict, Verdict::Change(_)));
        bundles.orphans.extend(others.iter().map(|release| document_path(name, release)));
        let verdict = self.inspector.inspect_bundle(name, &documents, are_right, Some(compared.origin))?;
        bundles.right.extend(verdict.right.map(|files| (name.to_owned(), files)));
        found.changes.extend(verdict.changes.into_iter().map(Box::new));
        Ok(())
    }

    /// Returns the releases of the documents that are there, but for `planned` ones, which are in ascending order.
    fn other_documents(&self, module: &str, planned: &[&str]) -> Result<Vec<String>, Inaccessible> {
        let names = self.inspector.tree.folder.names(&format!("{module}/{BUNDLE}"))?.into_iter();
        Ok(names.map(|(name, _)| name).filter(|name| planned.binary_search(&name.as_str()).is_err()).collect())
    }

    /// Compares what is left of a bundle of a module that has none any more.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn compare_unplanned(
        &self,
        name: &str,
        (bundles, found): (&mut Bundles, &mut Changes),
    ) -> Result<(), Inaccessible> {
        self.note_unplanned(name, bundles)?;
        let tree = self.inspector.tree;
        let documents = tree.folder.names(&format!("{name}/{BUNDLE}"))?.into_iter();
        bundles
            .orphans
            .extend(documents.filter_map(|(release, _)| RelPath::parse(&format!("{name}/{BUNDLE}/{release}")).ok()));
        found.changes.extend(self.inspector.inspect_bundle(name, &[], true, None)?.changes.into_iter().map(Box::new));
        Ok(())
    }

    /// Notes the files of a bundle that is not planned, which the next run compares.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn note_unplanned(&self, name: &str, bundles: &mut Bundles) -> Result<(), Inaccessible> {
        let bundle = self.inspector.tree.folder.bundle(name)?.unwrap_or_default();
        let numbers =
            bundle.files.iter().map(|file| file.number).chain(bundle.obstacles.iter().map(|(number, _)| *number));
        bundles.unplanned.extend(numbers.map(|number| format!("{name}/{}", file_name(number))));
        Ok(())
    }
}

impl MappingFiles<'_> {
    fn is_right(&self) -> bool {
        match self {
            Self::Reused(_) => true,
            Self::Compared(files) => !files.iter().any(|state| matches!(state, FileState::Change(_))),
        }
    }
}

/// Returns whether a module has a bundle.
pub(super) fn has_bundle(layout: Layout, mappings: &[Mapping<'_>]) -> bool {
    layout == Layout::Bundle && !mappings.is_empty()
}

impl Drift<'_> {
    /// Turns changes of documents into changes of files, whose texts go to the sink; `None` if there are no such
    /// changes.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub(in crate::commands) fn assemble(&self, sink: &BundleSink<'_>) -> Result<Option<Assembly>, Inaccessible> {
        let written = self.changes.iter().filter(|change| !matches!(change.action, Action::Conflict(_)));
        let in_bundles = written.map(|change| change.path.as_str()).filter(|path| is_in_bundle(path));
        let changed: HashSet<&str> = in_bundles.filter_map(|path| path.split('/').next()).collect();
        if changed.is_empty() && self.changes.iter().all(|change| change.stored.is_none()) {
            return Ok(None);
        }
        let mut planned = BTreeMap::new();
        let layout = self.plan.inputs.manifest.output.layout;
        for ((module, mappings), files) in self.plan.modules.iter().zip(&self.files.modules) {
            if has_bundle(layout, mappings) && changed.contains(module.name.as_str()) {
                let known = self.bundles.known.get(module.name.as_str());
                planned.insert(module.name.as_str(), self.planned_bundle(mappings, files, known));
            }
        }
        let held = self.held.iter().filter(|(name, held)| held.has_bundle() && changed.contains(name.as_str()));
        for (name, _) in held {
            planned.insert(name.as_str(), self.held_bundle(name));
        }
        assemble(&self.changes, &planned, &*self.folder, &self.key, sink).map(Some)
    }

    fn planned_bundle<'d>(
        &self,
        mappings: &'d [Mapping<'_>],
        files: &ModuleFiles<'_>,
        known: Option<&'d KnownBundle>,
    ) -> PlannedBundle<'d> {
        let documents = mappings.iter().zip(&files.mappings).filter_map(|(mapping, files)| {
            let checksum = match files {
                MappingFiles::Reused(cached) => cached.files[1].checksum,
                MappingFiles::Compared(states) => self.planned_checksum(&states[1])?,
            };
            Some((mapping.kernel.release.as_str(), checksum))
        });
        let mut documents: Vec<_> = documents.collect();
        documents.sort_unstable_by_key(|(name, _)| *name);
        PlannedBundle { documents, known }
    }

    fn held_bundle<'d>(&'d self, module: &str) -> PlannedBundle<'d> {
        // Files of a held module are in the order of their paths.
        let documents = self.files.held.iter().filter_map(|(path, state)| {
            let (_, release) = document_of(path).filter(|(of, _)| *of == module)?;
            Some((release, self.planned_checksum(state)?))
        });
        PlannedBundle { documents: documents.collect(), known: None }
    }

    fn planned_checksum(&self, state: &FileState) -> Option<Checksum> {
        match state {
            FileState::Right(entry) => Some(entry.checksum),
            FileState::Change(at) => Some(self.changes.get(*at)?.written?.checksum),
            FileState::NotAsked | FileState::Absent => None,
        }
    }

    /// Returns the mappings whose ConfigMaps move because of another layout, as modules and releases.
    pub(in crate::commands) fn moved(&self) -> HashSet<(&str, &str)> {
        let mut moved = self.config_maps(&Action::Remove);
        if !moved.is_empty() {
            let created = self.config_maps(&Action::Create);
            moved.retain(|mapping| created.contains(mapping));
        }
        moved
    }

    fn config_maps(&self, action: &Action) -> HashSet<(&str, &str)> {
        let changes = self.changes.iter().filter(|change| change.action == *action);
        changes.filter_map(|change| mapping_of_config_map(&change.path)).collect()
    }

    /// Returns what is at the path of a file, which may be one of a bundle.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(in crate::commands) fn find_file(&self, path: &RelPath) -> Result<Option<Found>, Inaccessible> {
        if is_bundle_file(path.as_str()) {
            return Ok(self.folder.look(path)?.map(|(found, _)| found));
        }
        self.tree().find(path)
    }

    /// Takes over what was written.
    pub(in crate::commands) fn note_written(&mut self, assembly: &Assembly) {
        let Assembly { changes, bundles, .. } = assembly;
        self.bundles.right.extend(bundles.clone());
        let mut written: BTreeMap<&RelPath, FileEntry> = BTreeMap::new();
        for change in changes.iter().filter(|change| matches!(change.action, Action::Create | Action::Update)) {
            let Some(entry) = change.written else { continue };
            written.insert(&change.path, entry);
            let files = self.bundles.right.get_mut(change.path.parent());
            let file = file_number(change.path.file_name()).and_then(|number| files?.get_mut(number));
            if let Some(file) = file {
                *file = entry;
            }
        }
        for change in self.changes.iter_mut().filter(|change| change.is_of_file()) {
            let at_content = change.at_content();
            let path = at_content.as_ref().map_or(&change.path, |change| &change.path);
            change.written = written.remove(path).or(change.written);
        }
    }
}
