//! Collects the changes of all clusters from their drifts.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::effects::{ModuleEffects, NodeEffects};
use super::inputs::{ComparedInputs, InputGroup};
use super::module_diff::module_diff;
use super::names::MappingName;
use super::{ChangedFile, DiffGroup, DiffKind, ObjectCounts, ProjectChanges, RefusedModule};
use crate::adapters::ui;
use crate::commands::alike::{Groups, changed_lines, signed_lines, without_header, without_kernel};
use crate::commands::drift::Drift;
use crate::commands::project::Project;
use crate::fingerprint::InputChange;
use crate::impact::{node_counts, reloaded};
use crate::manifest::Layout;
use crate::output::{self, CONFIG_MAP, ConfigMapFiles, DOCKERFILE, MODULE, mapping_of_config_map};
use crate::plan::{self, Mapping, MappingRenderer, RenderedMapping};
use crate::previous;
use crate::reconcile::Action;
use crate::render;
use crate::shared_files;
use crate::tree::{Found, Inaccessible};
use crate::vocabulary::RelPath;

/// Direction in which a drift is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Direction {
    /// The plan is the new state.
    Forward,
    /// The plan is the old state, and nothing of it is left.
    Backward,
}

/// Changes of the clusters so far.
#[derive(Default)]
pub(in crate::commands) struct ChangesBuilder {
    modules: Vec<ModuleEffects>,
    inputs: Groups<InputGroup>,
    files: Vec<ChangedFile>,
    diffs: Groups<DiffGroup>,
    refused: Vec<RefusedModule>,
    /// Paths of files that clusters share.
    shared: HashSet<String>,
}

/// Numbers of nodes by release, as a manifest has them.
type NodeCounts<'n> = BTreeMap<&'n str, Option<u64>>;

/// A cluster, with what names of its mappings need.
struct Cluster<'c> {
    project: &'c Project,
    drift: &'c Drift<'c>,
    name: Option<String>,
    nodes: NodeCounts<'c>,
    /// Mappings that nodes reload.
    reloaded: HashSet<(&'c str, &'c str)>,
}

impl ChangesBuilder {
    /// Adds the changes of a cluster. `old_nodes` has the nodes of kernels that are gone.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(in crate::commands) fn add(
        &mut self,
        project: &Project,
        drift: &Drift<'_>,
        direction: Direction,
        old_nodes: &NodeCounts<'_>,
    ) -> Result<(), Inaccessible> {
        let mut nodes = node_counts(&project.manifest);
        for (release, count) in old_nodes {
            nodes.entry(release).or_insert(*count);
        }
        let name = project.manifest.cluster.as_ref().map(ToString::to_string);
        let cluster = Cluster { project, drift, name, nodes, reloaded: reloaded(&drift.impacts) };
        self.add_files(&cluster, direction);
        self.add_effects(&cluster, direction);
        if direction == Direction::Forward {
            let explained = self.add_mappings(&cluster)?;
            self.add_images(&cluster, &explained);
            self.add_modules(&cluster)?;
            let refused = drift.refusals.iter();
            self.refused.extend(refused.map(|refusal| RefusedModule {
                module: cluster.path(&refusal.module),
                reason: refusal.why.clone(),
                help: refusal.help.clone(),
            }));
        }
        Ok(())
    }

    /// Returns the changes of all clusters.
    pub(in crate::commands) fn finish(self) -> ProjectChanges {
        let Self { modules, inputs, files, diffs, refused, .. } = self;
        ProjectChanges {
            nodes: NodeEffects::of(&modules),
            objects: ObjectCounts::of(&files),
            modules,
            inputs: inputs.into_all(),
            files,
            diffs: diffs.into_all(),
            refused,
        }
    }

    fn add_files(&mut self, cluster: &Cluster<'_>, direction: Direction) {
        for change in &cluster.drift.changes {
            let action = match (&change.action, direction) {
                (Action::Conflict(_) | Action::Unchanged, _) => continue,
                (Action::Create, Direction::Backward) => Action::Remove,
                (action, _) => action.clone(),
            };
            let object = change.object.as_ref().map(|object| object.name.to_string());
            let path = cluster.path(&change.file());
            // Another cluster may have told of one that clusters share.
            if change.is_of_file() && (change.stored.is_none() || self.shared.insert(path.clone())) {
                self.files.push(ChangedFile { path, object, action });
            }
        }
    }

    fn add_effects(&mut self, cluster: &Cluster<'_>, direction: Direction) {
        let impacts = cluster.drift.impacts.iter().flat_map(|(name, impact)| impact.all(name));
        for (module, impact) in impacts {
            let [load, reload, unload] = [&impact.loads, &impact.reloads, &impact.unloads]
                .map(|releases| releases.iter().map(|release| cluster.mapping(module, release)).collect::<Vec<_>>());
            let (load, unload) = if direction == Direction::Forward { (load, unload) } else { (unload, load) };
            let effects =
                ModuleEffects { cluster: cluster.name.clone(), module: module.to_owned(), load, reload, unload };
            if effects.each().next().is_some() {
                self.modules.push(effects);
            }
        }
    }

    /// Adds changed inputs and texts of mappings; returns the mappings with changed inputs.
    fn add_mappings<'d>(&mut self, cluster: &Cluster<'d>) -> Result<HashSet<(&'d str, &'d str)>, Inaccessible> {
        let mut explained = HashSet::new();
        let changed = changed_mappings(cluster.drift);
        if changed.is_empty() {
            return Ok(explained);
        }
        let mut renderer = MappingRenderer::new(cluster.drift.plan.inputs);
        for mapping in cluster.drift.plan.mappings() {
            let key = (mapping.module.name.as_str(), mapping.kernel.release.as_str());
            let Some(files) = changed.get(&key) else { continue };
            // Of two runs at once, the other one may have changed a file.
            let Ok(new) = renderer.render(&mapping.planned()) else { continue };
            if self.add_mapping(cluster, mapping, files, &new)? {
                explained.insert(key);
            }
        }
        Ok(explained)
    }

    /// Adds the changed inputs and texts of a mapping; returns whether any input changed.
    fn add_mapping(
        &mut self,
        cluster: &Cluster<'_>,
        mapping: &Mapping<'_>,
        files: &[&str],
        new: &RenderedMapping<'_>,
    ) -> Result<bool, Inaccessible> {
        let (module, release) = (mapping.module.name.as_str(), &mapping.kernel.release.value);
        let Some(old) = previous::mapping(module, release.as_str(), &cluster.drift.tree())? else { return Ok(false) };
        let name = cluster.mapping(module, release.as_str());
        let compared = ComparedInputs::of(&old.explanation, &new.explanation);
        let is_explained = !compared.changes.is_empty();
        InputGroup::add(&mut self.inputs, name.clone(), cluster.verb(module, release.as_str()), release, &compared);
        // A bundle has no Dockerfiles of their own.
        let is_rewritten = files.contains(&DOCKERFILE)
            || cluster.project.manifest.output.layout != Layout::Files
                && old.dockerfile.as_ref().is_some_and(|old| *old != new.dockerfile);
        // A ConfigMap repeats the Dockerfile.
        let (kind, file, old, new) = if is_rewritten {
            (DiffKind::Dockerfile, DOCKERFILE, old.dockerfile, new.dockerfile.clone())
        } else {
            let old = previous::config_map(module, release.as_str(), &cluster.drift.tree())?;
            let new = render::configmap::render(new, &cluster.project.manifest);
            (DiffKind::ConfigMap, CONFIG_MAP, old, new)
        };
        if let Some(old) = old {
            let key = changed_lines(&old, &new, Some(release));
            let path = cluster.path(&format!("{module}/{release}/{file}"));
            self.add_diff(kind, &key, name, || without_header(&path, Some(&old), Some(&new)));
        }
        Ok(is_explained)
    }

    /// Adds the reloads that no input explains: those of images that are built elsewhere, or have another name.
    fn add_images(&mut self, cluster: &Cluster<'_>, explained: &HashSet<(&str, &str)>) {
        let Cluster { project, drift, .. } = cluster;
        for (module, mappings) in &drift.plan.modules {
            let name = module.name.as_str();
            let Some(impact) = drift.impacts.get(name).filter(|impact| !impact.reloads.is_empty()) else { continue };
            let built = mappings.iter().map(|m| (&m.kernel.release.value, m.pulled_image(&project.lock)));
            let prebuilt = plan::prebuilt(&project.manifest, module);
            let prebuilt = prebuilt.into_iter().map(|(kernel, image)| (&kernel.release.value, image));
            let reloads: HashSet<&str> = impact.reloads.iter().map(String::as_str).collect();
            for (release, image) in built.chain(prebuilt) {
                if !reloads.contains(release.as_str()) || explained.contains(&(name, release.as_str())) {
                    continue;
                }
                let from = drift.old_image_of(name, name, release.as_str()).cloned();
                let changes = vec![InputChange { input: "image".into(), from, to: Some(image) }];
                let compared = ComparedInputs { changes, same: Vec::new() };
                let mapping = cluster.mapping(name, release.as_str());
                InputGroup::add(&mut self.inputs, mapping, "reload", release, &compared);
            }
        }
    }

    fn add_modules(&mut self, cluster: &Cluster<'_>) -> Result<(), Inaccessible> {
        let plan = &cluster.drift.plan;
        let updated: HashSet<&str> =
            updated(cluster.drift).filter(|path| path.file_name() == MODULE).map(RelPath::parent).collect();
        for (module, mappings) in plan.modules.iter().filter(|(module, _)| updated.contains(module.name.as_str())) {
            let Some([new, _]) = output::of_module(module, mappings, plan.inputs, &ConfigMapFiles::Own) else {
                continue;
            };
            let Some(old) = cluster.text(new.path.as_str())? else { continue };
            let diff = module_diff(&cluster.path(new.path.as_str()), &old, &new.text);
            if !diff.is_empty() {
                let (cluster, module_name) = (cluster.name.clone(), module.name.as_str());
                let name = MappingName { cluster, module: module_name.to_owned(), release: None, nodes: None };
                let key = without_kernel(&signed_lines(&diff), None).replace(module_name, "MODULE");
                self.add_diff(DiffKind::Module, &key, name, || diff.clone());
            }
        }
        Ok(())
    }

    fn add_diff(&mut self, kind: DiffKind, key: &str, name: MappingName, diff: impl FnOnce() -> String) {
        let new = || DiffGroup { kind, mappings: Vec::new(), diff: ui::without_colour(&diff()) };
        self.diffs.of(format!("{kind:?}\n{key}"), new).mappings.push(name);
    }
}

impl Cluster<'_> {
    fn mapping(&self, module: &str, release: &str) -> MappingName {
        MappingName {
            cluster: self.name.clone(),
            module: module.to_owned(),
            release: Some(release.to_owned()),
            nodes: self.nodes.get(release).copied().flatten(),
        }
    }

    /// Returns what a mapping with other inputs does on nodes.
    fn verb(&self, module: &str, release: &str) -> &'static str {
        if self.reloaded.contains(&(module, release)) { "reload" } else { "change" }
    }

    /// Returns a path below the output folder of all clusters.
    fn path(&self, below: &str) -> String {
        shared_files::below(self.name.as_deref().unwrap_or_default(), below)
    }

    /// Returns the old text of a file.
    fn text(&self, path: &str) -> Result<Option<String>, Inaccessible> {
        let Ok(path) = RelPath::parse(path) else { return Ok(None) };
        let found = self.drift.tree().find(&path)?;
        Ok(found.as_ref().and_then(Found::bytes).map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
    }
}

/// Returns the paths of the files that are there and change.
fn updated<'d>(drift: &'d Drift<'_>) -> impl Iterator<Item = &'d RelPath> {
    drift.changes.iter().filter(|change| change.action == Action::Update).map(|change| &change.path)
}

/// Returns the mappings of which a file changes, with the names of these files.
fn changed_mappings<'d>(drift: &'d Drift<'_>) -> HashMap<(&'d str, &'d str), Vec<&'d str>> {
    let mut changed: HashMap<(&str, &str), Vec<&str>> = HashMap::new();
    for path in updated(drift) {
        let dockerfile = (path.file_name() == DOCKERFILE).then(|| Some((path.parent().split_once('/')?, DOCKERFILE)));
        let config_map = mapping_of_config_map(path).map(|key| (key, CONFIG_MAP));
        if let Some((key, file)) = dockerfile.flatten().or(config_map) {
            changed.entry(key).or_default().push(file);
        }
    }
    changed
}
