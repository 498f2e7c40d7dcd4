//! Reuse of mappings and modules of the previous run: found by name, and valid if key and metadata match.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::{CachedFiles, CachedMapping, CachedModule, CachedRun, CheckResult, FileEntry, InputRecord, ModuleCheck};
use crate::bundle::is_bundle_file;
use crate::checksum::Checksum;
use crate::manifest::Layout;
use crate::plan::Expansion;
use crate::shared_files::{ContentHash, Listed};
use crate::vocabulary::{Digest, OwnerName};

/// A cached run, compared with the files as they are and with the mappings of this run.
pub struct Reuse<'c> {
    run: &'c CachedRun,
    check: &'c CheckResult,
    /// Set if the templates are unchanged; no key covers them.
    same_templates: bool,
    modules: HashMap<&'c str, Module<'c>>,
    /// The mapping of the cached run that each mapping of this run is: its number, and the content of its ConfigMap, if
    /// clusters share it.
    numbers: Vec<Option<(usize, Option<ContentHash>)>>,
    /// Mappings of the cached run that this run has, too.
    planned: Vec<bool>,
}

/// A module of the cached run.
struct Module<'c> {
    cached: &'c CachedModule,
    check: &'c ModuleCheck,
    /// Numbers of its mappings.
    numbers: Range<usize>,
}

impl<'c> Reuse<'c> {
    /// Looks all mappings of this run up.
    pub fn new(run: &'c CachedRun, check: &'c CheckResult, same_templates: bool, expansion: &Expansion<'_>) -> Self {
        let kernels = expansion.inputs.manifest.kernels.iter();
        let releases: HashMap<&str, u32> = run.files.releases.iter().zip(0..).collect();
        let releases: Vec<Option<u32>> = kernels.map(|kernel| releases.get(kernel.release.as_str()).copied()).collect();
        // Files of another owner are not known to be this manifest's.
        let owner = expansion.inputs.manifest.owner.as_ref().map(OwnerName::as_str);
        let modules = run.files.numbered().zip(&check.modules).filter(|_| run.files.owner.as_deref() == owner);
        let modules =
            modules.map(|((cached, numbers), check)| (cached.name.as_str(), Module { cached, check, numbers }));
        let modules: HashMap<&str, Module<'_>> = modules.collect();
        let mut numbers = Vec::with_capacity(expansion.mapping_count());
        let mut planned = vec![false; run.mappings.len()];
        for (module, mappings) in &expansion.modules {
            let cached = modules.get(module.name.as_str());
            for mapping in mappings {
                let found = cached.and_then(|module| module.find(releases[mapping.kernel_number]?));
                if let Some((number, _)) = found {
                    planned[number] = true;
                }
                numbers.push(found);
            }
        }
        Self { run, check, same_templates, modules, numbers, planned }
    }

    /// Returns the templates that reused mappings were rendered from, which this run does not read again.
    pub fn templates(&self) -> &'c [InputRecord] {
        if self.same_templates { &self.run.files.inputs.templates } else { &[] }
    }

    /// Returns the mapping with this number in the plan if its key is still the same and its files are as they were.
    pub fn mapping(&self, number: usize, key: Checksum) -> Option<&'c CachedMapping> {
        let (cached, same) = self.find(number)?;
        (same == [true; 2] && self.same_templates && cached.result.key == key).then_some(cached)
    }

    /// Returns those files of a mapping that are as they were.
    pub fn files(&self, number: usize) -> [Option<FileEntry>; 2] {
        let Some((CachedMapping { files, .. }, same)) = self.find(number) else { return [None; 2] };
        [same[0].then_some(files[0]), same[1].then_some(files[1])]
    }

    /// Returns the content hash that a mapping had; `None` if there was none.
    pub fn hash(&self, number: usize) -> Option<Digest> {
        self.find(number).map(|(cached, _)| cached.result.hash)
    }

    /// Returns the content that the ConfigMap of a mapping had, if clusters share it.
    pub fn content(&self, number: usize) -> Option<ContentHash> {
        self.numbers[number].and_then(|(_, content)| content)
    }

    /// Finds the mapping with this number in the plan, and which of its files are as they were.
    fn find(&self, number: usize) -> Option<(&'c CachedMapping, [bool; 2])> {
        let (number, _) = self.numbers[number]?;
        Some((&self.run.mappings[number], self.check.mappings[number]))
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

    /// Returns the releases of those mappings of a module that this run does not have.
    pub fn unplanned(&self, module: &str) -> impl Iterator<Item = &'c str> {
        let Self { run, planned, .. } = self;
        let modules = self.modules.get(module).into_iter();
        let rows = modules.flat_map(|module| module.cached.releases.iter().zip(module.numbers.clone()));
        let rows = rows.filter(|(_, number)| !planned[*number]);
        rows.map(|(release, _)| run.files.release(*release))
    }

    /// Returns the files of a module's bundle if they are as they were.
    pub fn bundle(&self, module: &str) -> Option<&'c [FileEntry]> {
        let Module { cached, check, .. } = self.modules.get(module)?;
        (check.bundle && !cached.bundle.is_empty()).then_some(&cached.bundle)
    }

    /// Returns the ConfigMaps of a module, in the order of their releases' names.
    pub fn config_maps(&self, module: &str) -> Vec<FileEntry> {
        let Self { run, .. } = self;
        let modules = self.modules.get(module).into_iter();
        let rows = modules.flat_map(|module| module.cached.releases.iter().zip(module.numbers.clone()));
        let rows = rows.map(|(release, number)| (run.files.release(*release), run.mappings[number].files[1]));
        let mut rows: Vec<(&str, FileEntry)> = rows.collect();
        rows.sort_unstable_by_key(|(release, _)| *release);
        rows.into_iter().map(|(_, file)| file).collect()
    }

    /// Returns what the kustomizations of modules name that are as they were, if clusters share files.
    pub fn listed(&self) -> impl Iterator<Item = (String, Listed)> {
        let names: Vec<Arc<str>> = match self.run.files.layout {
            Layout::Shared => self.run.files.releases.iter().map(Into::into).collect(),
            Layout::Files | Layout::Bundle => Vec::new(),
        };
        let modules = self.modules.values().filter(|module| module.check.own.get(1) == Some(&true));
        modules.filter(|module| !module.cached.contents.is_empty()).map(move |Module { cached, .. }| {
            let releases =
                cached.releases.iter().map(|release| names.get(*release as usize).cloned().unwrap_or_default());
            (cached.name.clone(), releases.zip(cached.contents.iter().copied()).collect())
        })
    }

    /// Returns the folders in a module's folder that no mapping of this run has; `None` if others may be there.
    pub fn unplanned_folders(&self, module: &str) -> Option<Vec<&'c str>> {
        let Module { cached, check, numbers } = self.modules.get(module)?;
        let is_gone = !self.planned.get(numbers.clone())?.contains(&true);
        // The bundle of a module that is gone has to be found.
        let known = check.folder && (cached.bundle.is_empty() || !is_gone);
        let CachedFiles { unplanned, foreign, layout, .. } = &self.run.files;
        let mut others = unplanned.iter().chain(foreign.iter().filter(|(path, _)| is_bundle_file(path)));
        let others = others.any(|(path, _)| path.split('/').next() == Some(module));
        (known && !others).then(|| match layout {
            Layout::Files => self.unplanned(module).collect(),
            Layout::Bundle | Layout::Shared => Vec::new(),
        })
    }
}

impl Module<'_> {
    /// Returns the number of the mapping on a release, and the content of its ConfigMap, if clusters share it.
    fn find(&self, release: u32) -> Option<(usize, Option<ContentHash>)> {
        let at = self.cached.releases.binary_search(&release).ok()?;
        Some((self.numbers.start + at, self.cached.contents.get(at).copied()))
    }
}
