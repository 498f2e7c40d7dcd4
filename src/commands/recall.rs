//! What a run takes over from the one before: mappings whose inputs and files are as they were.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::project::Project;
use crate::impact::Impact;
use crate::manifest::Module;
use crate::plan::{self, Mapping, Past};
use crate::previous::OldModule;
use crate::record::{FileRecord, InputRecord, KernelKey, ModuleOutcomes, Outcome, Outcomes, Record, SealKey, Standing};
use crate::vocabulary::normalised;

/// A record in the light of what its files are now, and of the manifest.
pub(super) struct Recall<'r> {
    record: &'r Record,
    outcomes: &'r Outcomes,
    standing: &'r Standing,
    /// The same for the plan.
    pub(super) past: Past<'r>,
}

impl<'r> Recall<'r> {
    /// `keys` are those of the manifest's kernels.
    pub(super) fn new(
        (record, outcomes): (&'r Record, &'r Outcomes),
        standing: &'r Standing,
        project: &Project,
        keys: &'r [KernelKey],
    ) -> Self {
        let same_manifest = record.inputs[0] == Some(project.manifest_digest);
        let past = Past::new((record, outcomes), &standing.mappings, same_manifest, &project.manifest, keys);
        Self { record, outcomes, standing, past }
    }

    /// The record that it is of.
    pub(super) fn record(&self) -> &'r Record {
        self.record
    }

    /// The templates that its mappings were made of.
    pub(super) fn templates(&self) -> &'r [InputRecord] {
        &self.record.templates
    }

    /// What its files are sealed with.
    pub(super) fn key(&self) -> SealKey {
        self.record.key
    }

    /// Whether the folders in a module's folder are known to be those of the record.
    pub(super) fn has_same_folders(&self, module: &str) -> bool {
        let at = self.record.modules.iter().position(|record| record.name == module);
        let same = at.and_then(|at| self.standing.modules.get(at)).is_some_and(|standing| standing.folder);
        same && !self.record.strangers.iter().any(|(path, _)| path.split('/').next() == Some(module))
    }

    /// The folders in a module's folder, where they are.
    pub(super) fn folders(&self, module: &str) -> Option<Vec<&'r str>> {
        let record = self.record.modules.iter().find(|record| record.name == module);
        let record = record.filter(|_| self.has_same_folders(module))?;
        let release = |release: u32| self.record.releases.get(release as usize).map(String::as_str);
        record.mappings.iter().map(|mapping| release(mapping.release)).collect()
    }

    /// The number of a module that is settled, and all that it came to.
    pub(super) fn module(&self, module: &Module) -> Option<(usize, Arc<ModuleOutcomes>)> {
        let number = self.past.module(module)?.number;
        Some((number, self.outcomes.modules.get(number)?.clone()))
    }

    /// The files of a module whose plan is settled, where they are as they were, and the length of
    /// its Module in bytes.
    pub(super) fn files(&self, module: &Module) -> Option<([FileRecord; 2], usize)> {
        // Where its kustomization counts as it was, all of its files do.
        let [Some(object), Some(list)] = self.own_files(module) else { return None };
        let length = usize::try_from(object.evidence.size).ok().filter(|length| *length > 0)?;
        Some(([object, list], length))
    }

    /// Those of a module's own files that are as they were: its Module, and its kustomization.
    pub(super) fn own_files(&self, module: &Module) -> [Option<FileRecord>; 2] {
        let past = self.past.module(module);
        let known = past.and_then(|past| Some((past.record.files.as_slice(), self.standing.modules.get(past.number)?)));
        match known {
            Some(([object, list], standing)) => {
                [Some(*object).filter(|_| standing.object), Some(*list).filter(|_| standing.files)]
            }
            _ => [None; 2],
        }
    }

    /// A module as it is on disk, and what becomes of it with `mappings`, if its Module is as it was. It
    /// has no further Modules on its images: no record has them.
    pub(super) fn impact(&self, module: &Module, mappings: &[Mapping<'_>]) -> Option<(OldModule, Impact)> {
        let past = self.past.module(module).filter(|_| module.has_objects())?;
        let outcomes = past.outcomes;
        if !self.standing.modules.get(past.number)?.object {
            return None;
        }
        let same_image = outcomes.image == module.image.repository();
        let mut impact = Impact { mappings: mappings.len(), ..Impact::default() };
        let mut images = HashMap::new();
        let recorded = past.record.mappings.iter().zip(outcomes.mappings.iter());
        let recorded = recorded.filter_map(|(record, outcome)| Some((past.release(&record)?, outcome)));
        // Most often each comes where it came before; from where one does not, they are looked up.
        let (mut recorded, mut gone) = (recorded.peekable(), HashMap::new());
        let mut note = |release: &str, before: Outcome| {
            let image = plan::image_name(&outcomes.image, &normalised(release), &before.identity.hash);
            images.insert(release.to_owned(), image);
            release.to_owned()
        };
        for mapping in mappings {
            let release = mapping.kernel.release.as_str();
            let before = recorded.next_if(|(next, _)| *next == release).map(|(_, outcome)| outcome).or_else(|| {
                gone.extend(recorded.by_ref());
                gone.remove(release)
            });
            match before {
                None => impact.loads.push(release.to_owned()),
                Some(before) if same_image && before.identity.hash == mapping.identity.hash => {}
                Some(before) => impact.reloads.push(note(release, before)),
            }
        }
        gone.extend(recorded);
        impact.unloads.extend(gone.into_iter().map(|(release, before)| note(release, before)));
        impact.unloads.sort();
        Some((
            OldModule {
                version: outcomes.version.clone(),
                mappings: outcomes.mappings.len(),
                images,
                nodes: BTreeSet::new(),
                others: BTreeMap::new(),
            },
            impact,
        ))
    }
}
