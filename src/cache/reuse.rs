//! Reuse of mappings and modules of the previous run: found by name, and valid if key and metadata match.

use std::collections::HashMap;

use super::{CachedMapping, CachedModule, CachedRun, CheckResult, FileEntry, InputRecord, ModuleCheck};
use crate::checksum::Checksum;
use crate::plan::Expansion;
use crate::vocabulary::Digest;

/// A cached run, compared with the files as they are and with the mappings of this run.
pub struct Reuse<'c> {
    run: &'c CachedRun,
    /// Set if the templates are unchanged; no key covers them.
    same_templates: bool,
    modules: HashMap<&'c str, Module<'c>>,
    /// The mapping of the cached run for each mapping of this run.
    mappings: Vec<Option<(&'c CachedMapping, [bool; 2])>>,
}

/// A module of the cached run.
struct Module<'c> {
    cached: &'c CachedModule,
    check: &'c ModuleCheck,
    /// Which of its mappings this run has.
    planned: Vec<bool>,
}

impl<'c> Reuse<'c> {
    /// Looks all mappings of this run up.
    pub fn new(run: &'c CachedRun, check: &'c CheckResult, same_templates: bool, expansion: &Expansion<'_>) -> Self {
        let releases: HashMap<&str, u32> = run.releases.iter().map(String::as_str).zip(0..).collect();
        let modules = run.modules.iter().zip(&check.modules).map(|(cached, check)| {
            (cached.name.as_str(), Module { cached, check, planned: vec![false; cached.mappings.len()] })
        });
        let mut modules: HashMap<&str, Module<'_>> = modules.collect();
        let mut mappings = Vec::with_capacity(expansion.mapping_count());
        for (module, planned) in &expansion.modules {
            let mut cached = modules.get_mut(module.name.as_str());
            mappings.extend(planned.iter().map(|mapping| {
                let release = releases.get(mapping.kernel.release.as_str())?;
                cached.as_mut()?.find(*release)
            }));
        }
        Self { run, same_templates, modules, mappings }
    }

    /// Returns the templates that reused mappings were rendered from, which this run does not read again.
    pub fn templates(&self) -> &'c [InputRecord] {
        if self.same_templates { &self.run.inputs.templates } else { &[] }
    }

    /// Returns the mapping with this number in the plan if its key is still the same and its files are as they were.
    pub fn mapping(&self, number: usize, key: Checksum) -> Option<&'c CachedMapping> {
        let (cached, same) = (*self.mappings.get(number)?)?;
        (same == [true; 2] && self.same_templates && cached.key == key).then_some(cached)
    }

    /// Returns those files of a mapping that are as they were.
    pub fn files(&self, number: usize) -> [Option<FileEntry>; 2] {
        let Some(Some((cached, same))) = self.mappings.get(number) else { return [None; 2] };
        [same[0].then_some(cached.files[0]), same[1].then_some(cached.files[1])]
    }

    /// Returns the content hash that a mapping had; `None` if there was none.
    pub fn hash(&self, number: usize) -> Option<Digest> {
        let (cached, _) = (*self.mappings.get(number)?)?;
        Some(cached.identity.hash)
    }

    /// Returns those of a module's own files that are as they were: its Module, and its kustomization.
    pub fn own_files(&self, module: &str) -> [Option<FileEntry>; 2] {
        let Some(Module { cached, check, .. }) = self.modules.get(module) else { return [None; 2] };
        let mut files = cached.own.iter().zip(&check.own).map(|(file, same)| same.then_some(*file));
        [(); 2].map(|()| files.next().flatten())
    }

    /// Returns a module if all that decides its own files is as it was and so are the files.
    pub fn module(&self, module: &str, key: Checksum) -> Option<(&'c CachedModule, [FileEntry; 2])> {
        let [Some(object), Some(list)] = self.own_files(module) else { return None };
        let cached = self.modules.get(module)?.cached;
        (cached.key == key && self.same_templates).then_some((cached, [object, list]))
    }

    /// Returns a module if its Module is as it was written.
    pub fn written_module(&self, name: &str) -> Option<&'c CachedModule> {
        let Module { cached, check, .. } = self.modules.get(name)?;
        check.own.first().is_some_and(|same| *same).then_some(cached)
    }

    /// Returns the mappings of a module that this run does not have.
    pub fn unplanned(&self, module: &str) -> impl Iterator<Item = (&'c str, &'c CachedMapping)> {
        let module = self.modules.get(module).into_iter();
        let mappings = module.flat_map(|module| module.cached.mappings.iter().zip(&module.planned));
        mappings.filter(|(_, planned)| !**planned).map(|(mapping, _)| (self.run.release(mapping), mapping))
    }

    /// Returns the folders in a module's folder that no mapping of this run has; `None` if others may be there.
    pub fn unplanned_folders(&self, module: &str) -> Option<Vec<&'c str>> {
        let known = self.modules.get(module)?.check.folder;
        let others = self.run.unplanned.iter().any(|(path, _)| path.split('/').next() == Some(module));
        (known && !others).then(|| self.unplanned(module).map(|(release, _)| release).collect())
    }
}

impl<'c> Module<'c> {
    fn find(&mut self, release: u32) -> Option<(&'c CachedMapping, [bool; 2])> {
        let at = self.cached.mappings.binary_search_by_key(&release, |mapping| mapping.release).ok()?;
        if let Some(planned) = self.planned.get_mut(at) {
            *planned = true;
        }
        Some((self.cached.mappings.get(at)?, *self.check.mappings.get(at)?))
    }
}
