//! Comparison of a module's own files, and what their change does on nodes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::mappings::MappingResult;
use crate::cache::Reuse;
use crate::checksum::Checksum;
use crate::impact::Impact;
use crate::manifest::{BuiltBy, Layout, Module};
use crate::output::{self, ConfigMapFiles};
use crate::ownership::LeftModule;
use crate::plan::{self, Mapping, Plan};
use crate::previous::{self, OldModule};
use crate::reconcile::{Action, Inspector, Verdict};
use crate::tree::Inaccessible;

use crate::commands::project::Project;

/// Compares the own files of modules.
pub(super) struct ModuleComparer<'e> {
    pub(super) project: &'e Project,
    pub(super) inspector: &'e Inspector<'e>,
    pub(super) reuse: Option<&'e Reuse<'e>>,
    pub(super) plan: &'e Plan<'e>,
    /// Keys of all mappings, in the order of the plan.
    pub(super) keys: &'e [Checksum],
    /// Results of all mappings, in the same order.
    pub(super) results: &'e [MappingResult<'e>],
    /// Modules that belong to other owners.
    pub(super) left: &'e BTreeMap<String, LeftModule>,
}

/// Result for one module.
pub(super) struct ModuleResult {
    /// Verdicts on its own files; none if it has no mapping.
    pub(super) own: Option<[Verdict; 2]>,
    /// Key of all that decides them.
    pub(super) key: Checksum,
    /// Length of its Module in bytes.
    pub(super) length: Option<usize>,
    /// The Module that is there now, unless it is right.
    pub(super) old: Option<OldModule>,
    /// Effect of the change on nodes, unless the Module is up to date.
    pub(super) impact: Option<Impact>,
}

impl ModuleComparer<'_> {
    /// Compares the module with this number in the plan, whose first mapping has the number `first`.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub(super) fn compare(&self, (at, first): (usize, usize)) -> Result<ModuleResult, Inaccessible> {
        let (module, mappings) = &self.plan.modules[at];
        let manifest = &self.project.manifest;
        let name = module.name.as_str();
        let prebuilt = plan::prebuilt(manifest, module);
        let keys = self.keys.get(first..first + mappings.len()).unwrap_or_default();
        let key = plan::module_key(
            (self.project.manifest_digest, &self.project.lock),
            (mappings, keys),
            &prebuilt,
            &self.inspector.key,
        );
        if let Some((cached, files)) = self.reuse.and_then(|reuse| reuse.module(name, key)) {
            let own = Some(files.map(|file| Verdict::Right(Box::new(file))));
            let length = usize::try_from(cached.length).ok();
            return Ok(ModuleResult { own, key, length, old: None, impact: None });
        }
        let mut length = None;
        let own = match output::of_module(module, mappings, self.plan.inputs, &self.config_map_files(mappings, first)) {
            Some([object, list]) => {
                length = Some(object.text.len());
                let known = self.reuse.map(|reuse| reuse.own_files(name)).unwrap_or_default();
                Some([self.inspector.inspect(&object, known[0])?, self.inspector.inspect(&list, known[1])?])
            }
            None => None,
        };
        let is_others = self.left.contains_key(name) || own.iter().flatten().any(is_owned);
        if is_others || matches!(own, Some([Verdict::Right(_), _])) {
            return Ok(ModuleResult { own, key, length, old: None, impact: None });
        }
        let (old, impact) = match self.cached_impact(module, mappings, first) {
            Some((mut old, impact)) => {
                if !impact.unloads.is_empty() {
                    old.nodes = previous::nodes(name, &self.inspector.tree)?;
                }
                (Some(old), impact)
            }
            None => {
                let old = previous::module(name, &self.inspector.tree)?;
                let told = if module.has_objects() { mappings.as_slice() } else { &[] };
                let built = told.iter().map(|mapping| mapping.kernel);
                let releases = built.chain(prebuilt.iter().map(|(kernel, _)| *kernel));
                let releases = releases.map(|kernel| kernel.release.as_str());
                let further = module.objects.additional.iter().filter(|_| module.has_objects());
                let further: Vec<&str> = further.map(|module| module.name.as_str()).collect();
                let impact = match &old {
                    None => Impact::of_new(releases, &further),
                    Some(old) => {
                        let built = told.iter().map(|mapping| mapping.pulled_image(&self.project.lock));
                        let images = built.chain(prebuilt.iter().map(|(_, image)| image.clone()));
                        Impact::of(&releases.zip(images).collect::<Vec<_>>(), &further, old)
                    }
                };
                (old, impact)
            }
        };
        let impact = Impact { is_removed: own.is_none() && old.is_some(), ..impact };
        Ok(ModuleResult { own, key, length, old, impact: Some(impact) })
    }

    /// Returns the files with the ConfigMaps of a module.
    fn config_map_files(&self, mappings: &[Mapping<'_>], first: usize) -> ConfigMapFiles {
        let layout = self.project.manifest.output.layout;
        // In the layout `files`, nothing depends on them.
        let mappings = if layout == Layout::Files { &[] } else { mappings };
        let documents = mappings.iter().zip(self.results.iter().skip(first));
        let documents = documents.map(|(mapping, result)| result.document(mapping.kernel.release.as_str()));
        ConfigMapFiles::of(layout, documents.collect())
    }

    /// Returns a module as the previous run left it, and what becomes of it with `mappings`, without reading its
    /// Module; `None` if that is not known.
    fn cached_impact(&self, module: &Module, mappings: &[Mapping<'_>], first: usize) -> Option<(OldModule, Impact)> {
        let reuse = self.reuse.filter(|_| module.has_objects() && is_all_built(module))?;
        let cached = reuse.written_module(module.name.as_str())?;
        let same_start = *cached.image.as_ref()? == module.image_start();
        let mut impact = Impact { mappings: mappings.len(), ..Impact::default() };
        for (number, mapping) in (first..).zip(mappings) {
            let release = mapping.kernel.release.as_str();
            match reuse.hash(number) {
                None => impact.loads.push(release.to_owned()),
                Some(before) if same_start && before == mapping.identity.hash => {}
                Some(_) => impact.reloads.push(release.to_owned()),
            }
        }
        impact.unloads.extend(reuse.unplanned(&cached.name).map(str::to_owned));
        impact.unloads.sort();
        let old = OldModule {
            version: cached.version.clone(),
            mappings: cached.releases.len(),
            images: HashMap::new(),
            nodes: BTreeSet::new(),
            others: BTreeMap::new(),
        };
        Some((old, impact))
    }
}

/// Returns whether a file belongs to another owner.
fn is_owned(verdict: &Verdict) -> bool {
    let Verdict::Change(change) = verdict else { return false };
    matches!(&change.action, Action::Conflict(conflict) if conflict.owner.is_some())
}

/// Returns whether one Module has all images of a module, by their tags: the cache knows just these.
pub(super) fn is_all_built(module: &Module) -> bool {
    module.is_built() && module.built_by == BuiltBy::Cluster && module.objects.additional.is_empty()
}
