//! Output of a plan as an output folder that exists nowhere: another plan is compared with it as with one on disk.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::commands::drift::HeldModules;
use crate::commands::project::Project;
use crate::file_stat::FileStat;
use crate::holds::HeldFiles;
use crate::manifest::{Layout, Manifest};
use crate::output::{self, ConfigMapFiles, DOCKERFILE, DocumentFacts, KUSTOMIZATION, OtherOwners};
use crate::plan::{Mapping, RenderedMapping};
use crate::render;
use crate::shared_files::{self, Listed, SHARED, SharedPath};
use crate::tree::{Found, Inaccessible, Kind, Look, OutputFolder};
use crate::vocabulary::RelPath;

/// Files of a plan. ConfigMaps, which repeat the Dockerfiles, are rendered when they are asked for.
pub(super) struct PlannedFolder<'p> {
    manifest: &'p Manifest,
    /// By module and release.
    mappings: HashMap<String, RenderedMapping<'p>>,
    /// Other files, by path.
    files: HashMap<String, String>,
    /// Names in each folder.
    names: HashMap<String, BTreeMap<String, Kind>>,
    /// What the kustomization of each module names, if clusters share files.
    listed: HashMap<String, Arc<Listed>>,
}

impl<'p> PlannedFolder<'p> {
    /// Creates a folder without files.
    pub(super) fn empty(project: &'p Project) -> Self {
        let (mappings, files) = (HashMap::new(), HashMap::new());
        let (names, listed) = (HashMap::new(), HashMap::new());
        Self { manifest: &project.manifest, mappings, files, names, listed }
    }

    /// Plans and renders a project with `workers` threads. The files of held modules are in `history`.
    pub(super) fn of(project: &'p Project, workers: usize, history: &dyn HeldFiles) -> anyhow::Result<Self> {
        let held = HeldModules::read(project, history);
        let (plan, rendered) =
            project.plan_with(workers, |module| held.contains(module.name.as_str()), RenderedMapping::clone)?;
        let mut folder = Self::empty(project);
        let layout = folder.manifest.output.layout;
        for rendered in rendered {
            let mapping = &rendered.mapping;
            let [module, release] = [mapping.module.name.as_str(), mapping.kernel.release.as_str()];
            let place = format!("{module}/{release}");
            if layout == Layout::Shared {
                // Their names have contents, which are not asked for.
                folder.note(SHARED);
            } else {
                if let Some(beside) = output::path_beside_config_map(module, release, layout) {
                    folder.note(beside.as_str());
                }
                folder.note(output::config_map_path(module, release, layout).as_str());
            }
            folder.mappings.insert(place, rendered);
        }
        let mut has_objects = HashSet::new();
        for (module, mappings) in &plan.modules {
            let files = folder.config_map_files(mappings);
            let Some(outputs) = output::of_module(module, mappings, plan.inputs, &files) else { continue };
            has_objects.insert(module.name.as_str());
            outputs.into_iter().for_each(|output| folder.add(output.path.as_str(), output.text.into_owned()));
        }
        for (name, held) in &held.modules {
            held.files().for_each(|(path, text)| folder.add(path.as_str(), text));
            has_objects.extend(held.is_listed().then_some(name.as_str()));
        }
        let modules = folder.manifest.modules.iter().map(|module| module.name.as_str());
        let listed: Vec<String> = modules.filter(|name| has_objects.contains(name)).map(str::to_owned).collect();
        for output in output::of_all(folder.manifest, listed, &held.layouts(), OtherOwners::default()) {
            folder.add(output.path.as_str(), output.text.into_owned());
        }
        Ok(folder)
    }

    fn add(&mut self, path: &str, text: String) {
        self.note(path);
        if let Some((module, KUSTOMIZATION)) = path.split_once('/') {
            self.listed.insert(module.to_owned(), Arc::new(shared_files::listed(&text, module)));
        }
        self.files.insert(path.to_owned(), text);
    }

    /// Adds a file to the names of its folder, and the folders that it is in to theirs.
    fn note(&mut self, path: &str) {
        let (mut below, mut kind) = (path, Kind::File);
        loop {
            let (folder, name) = below.rsplit_once('/').unwrap_or(("", below));
            self.names.entry(folder.to_owned()).or_default().insert(name.to_owned(), kind);
            if folder.is_empty() {
                return;
            }
            (below, kind) = (folder, Kind::Folder);
        }
    }

    fn text(&self, path: &RelPath) -> Option<String> {
        if let Some(text) = self.files.get(path.as_str()) {
            return Some(text.clone());
        }
        if let Some((module, release)) = output::mapping_of_config_map(path) {
            let rendered = self.mappings.get(&format!("{module}/{release}"))?;
            return Some(render::configmap::render(rendered, self.manifest));
        }
        if let Some(SharedPath { module, release, .. }) = SharedPath::parse(path.as_str()) {
            let rendered = self.mappings.get(&format!("{module}/{release}"))?;
            return Some(output::in_layout(rendered, self.manifest).0?.text.into_owned());
        }
        let rendered = self.mappings.get(path.parent()).filter(|_| path.file_name() == DOCKERFILE)?;
        Some(output::dockerfile(rendered, self.manifest).into_owned())
    }

    fn config_map_files(&self, mappings: &[Mapping<'_>]) -> ConfigMapFiles {
        let layout = self.manifest.output.layout;
        let mappings = if layout == Layout::Files { &[] } else { mappings };
        let documents = mappings.iter().filter_map(|mapping| {
            let (module, release) = (mapping.module.name.as_str(), mapping.kernel.release.as_str());
            let rendered = self.mappings.get(&format!("{module}/{release}"))?;
            Some(DocumentFacts::of(release, &render::configmap::render(rendered, self.manifest)))
        });
        ConfigMapFiles::of(layout, documents.collect())
    }
}

impl OutputFolder for PlannedFolder<'_> {
    fn names(&self, folder: &str) -> Result<Vec<(String, Kind)>, Inaccessible> {
        let names = self.names.get(folder).into_iter().flatten();
        Ok(names.map(|(name, kind)| (name.clone(), *kind)).collect())
    }

    fn kind(&self, path: &str) -> Result<Option<Kind>, Inaccessible> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        Ok(self.names.get(folder).and_then(|names| names.get(name)).copied())
    }

    fn listed(&self, module: &str) -> Result<Arc<Listed>, Inaccessible> {
        Ok(self.listed.get(module).cloned().unwrap_or_default())
    }

    fn look(&self, path: &RelPath) -> Result<Option<Look>, Inaccessible> {
        Ok(self.text(path).map(|text| (Found::File(text.into_bytes()), FileStat::NONE)))
    }
}
