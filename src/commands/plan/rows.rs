//! Mappings of a cluster as rows.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::builds::context;
use super::{Act, Row};
use crate::bundle::BUNDLE;
use crate::commands::changes::{ComparedInputs, brief, shortened};
use crate::commands::drift::Drift;
use crate::commands::project::Project;
use crate::commands::report::explanations;
use crate::fingerprint::InputChange;
use crate::impact::{Impact, node_counts};
use crate::manifest::Layout;
use crate::output::{CONFIG_MAP, DOCKERFILE, KUSTOMIZATION, config_map_path, path_beside_config_map};
use crate::plan::Mapping;
use crate::reconcile::{Action, Conflict};
use crate::tree::Inaccessible;

/// Label of a kernel with its OpenShift version.
const OPENSHIFT_VERSION: &str = "ocp";

/// Number of changed inputs that a row names.
const NAMED_INPUTS: usize = 2;

/// Cluster of a project, with what rows have of it.
pub(super) struct RowMaker<'r> {
    pub(super) project: &'r Project,
    pub(super) drift: &'r Drift<'r>,
    cluster: Option<String>,
    nodes: BTreeMap<&'r str, Option<u64>>,
    versions: HashMap<&'r str, &'r str>,
    /// Compared inputs by `MODULE/RELEASE`.
    explained: BTreeMap<String, ComparedInputs>,
    /// Modules and releases of mappings whose ConfigMaps move to another layout.
    pub(super) moved: HashSet<(&'r str, &'r str)>,
}

/// Kernels on which a Module loads and reloads.
#[derive(Default)]
pub(super) struct LoadingKernels<'r> {
    loads: HashSet<&'r str>,
    reloads: HashSet<&'r str>,
}

impl<'r> LoadingKernels<'r> {
    pub(super) fn of(impact: Option<&'r Impact>) -> Self {
        let Some(impact) = impact else { return Self::default() };
        let [loads, reloads] =
            [&impact.loads, &impact.reloads].map(|releases| releases.iter().map(String::as_str).collect());
        Self { loads, reloads }
    }

    /// Returns the state of a mapping by what it does on nodes.
    pub(super) fn state(&self, release: &str) -> &'static str {
        match (self.loads.contains(release), self.reloads.contains(release)) {
            (true, _) => "new",
            (_, true) => "changed",
            _ => "unchanged",
        }
    }

    /// Returns what happens with an image and on nodes.
    pub(super) fn acts(&self, release: &str, is_built: bool) -> Vec<Act> {
        let on_nodes = match self.state(release) {
            "new" => Some(Act::Load),
            "changed" => Some(Act::Reload),
            _ => None,
        };
        let acts: Vec<Act> = is_built.then_some(Act::Build).into_iter().chain(on_nodes).collect();
        if acts.is_empty() { vec![Act::Keep] } else { acts }
    }
}

/// Returns the rows of a cluster, with the reasons of changes if they are wanted.
pub(super) fn rows(project: &Project, drift: &Drift<'_>, reasons: bool) -> Result<Vec<Row>, Inaccessible> {
    let explained = if reasons { explanations(drift, usize::MAX)? } else { BTreeMap::new() };
    let manifest = &project.manifest;
    let labelled = manifest.kernels.iter().rev().filter_map(|kernel| {
        let version = kernel.labels.get(OPENSHIFT_VERSION)?;
        Some((kernel.release.as_str(), version.as_str()))
    });
    let maker = RowMaker {
        project,
        drift,
        cluster: manifest.cluster.as_ref().map(ToString::to_string),
        nodes: node_counts(manifest),
        versions: labelled.collect(),
        explained,
        moved: drift.moved(),
    };
    let mut rows = maker.planned();
    rows.extend(maker.further());
    rows.extend(maker.prebuilt());
    rows.extend(maker.held());
    rows.extend(maker.removed());
    for row in rows.iter_mut().filter(|row| drift.owned.contains(&row.module)) {
        row.state = "conflict";
        row.actions = Vec::new();
        row.why = Some("another owner".to_owned());
    }
    Ok(rows)
}

impl RowMaker<'_> {
    /// Returns a row with what every mapping has.
    pub(super) fn row(&self, module: &str, release: &str, state: &'static str, image: String) -> Row {
        Row {
            cluster: self.cluster.clone(),
            module: module.to_owned(),
            release: release.to_owned(),
            state,
            hash: None,
            image,
            config_map: None,
            dockerfile: None,
            context: None,
            builder_in_cluster: false,
            actions: vec![Act::Keep],
            why: None,
            old_image: None,
            ocp: self.versions.get(release).map(|version| (*version).to_owned()),
            nodes: self.nodes.get(release).copied().flatten(),
            hold: None,
        }
    }

    fn planned(&self) -> Vec<Row> {
        let drift = self.drift;
        let actions: HashMap<&str, &Action> =
            drift.changes.iter().map(|change| (change.path.as_str(), &change.action)).collect();
        let mut rows = Vec::new();
        for (module, mappings) in &drift.plan.modules {
            let loading = LoadingKernels::of(drift.impacts.get(module.name.as_str()));
            rows.extend(mappings.iter().map(|mapping| self.mapping(mapping, &actions, &loading)));
        }
        rows
    }

    fn mapping(&self, mapping: &Mapping<'_>, actions: &HashMap<&str, &Action>, loading: &LoadingKernels<'_>) -> Row {
        let Self { project, drift, .. } = self;
        let (module, release) = (mapping.module.name.as_str(), mapping.kernel.release.as_str());
        let layout = project.manifest.output.layout;
        let config_map = config_map_path(module, release, layout).to_string();
        let beside = path_beside_config_map(module, release, layout).map(|path| path.to_string());
        // A ConfigMap that moves to another layout is not changed.
        let is_moved = self.moved.contains(&(module, release));
        let files = [beside.as_ref().unwrap_or(&config_map), &config_map]
            .map(|path| actions.get(path.as_str()).copied().filter(|_| !is_moved));
        let names = match layout {
            Layout::Files => [DOCKERFILE, CONFIG_MAP],
            Layout::Bundle => [BUNDLE; 2],
            Layout::Shared => [KUSTOMIZATION, CONFIG_MAP],
        };
        let dockerfile = beside.filter(|_| layout == Layout::Files);
        let conflict = files.iter().zip(names).find_map(|(action, file)| match action {
            Some(Action::Conflict(conflict)) => Some((file, &**conflict)),
            _ => None,
        });
        // The file that changes with the image: a shared kustomization is the same for all images.
        let of_image = if layout == Layout::Shared { files[1] } else { files[0] };
        let has_objects = mapping.module.has_objects();
        let (image, pulled) = (mapping.image_name(), mapping.pulled_image(&project.lock));
        let old_image = drift.old_image_of(module, module, release);
        let is_known = !drift.impacts.contains_key(module) || old_image == Some(&pulled);
        let state = match (has_objects, files) {
            _ if conflict.is_some() => "conflict",
            (true, _) if !is_known && old_image.is_none() => "new",
            (true, [None, None]) if is_known => "unchanged",
            // No Module names its image: its files show it.
            (false, [None, None]) => "unchanged",
            (false, _) if of_image == Some(&Action::Create) => "new",
            _ => "changed",
        };
        let is_another = if has_objects { !is_known } else { of_image.is_some() };
        let is_built = is_another && project.lock.pushed(&image).is_none();
        let old_image = old_image.filter(|old| has_objects && **old != pulled).cloned();
        Row {
            hash: Some(mapping.identity.hash.to_string()),
            config_map: Some(mapping.config_map()),
            dockerfile: dockerfile.map(|path| drift.root.join(path).display().to_string()),
            context: context(project, mapping),
            builder_in_cluster: mapping.builder().is_none(),
            actions: if conflict.is_some() { Vec::new() } else { loading.acts(release, is_built) },
            why: self.why(mapping, state, conflict, old_image.as_ref()),
            old_image,
            ..self.row(module, release, state, image)
        }
    }

    fn why(
        &self,
        mapping: &Mapping<'_>,
        state: &str,
        conflict: Option<(&str, &Conflict)>,
        old_image: Option<&String>,
    ) -> Option<String> {
        let (module, release) = (mapping.module.name.as_str(), mapping.kernel.release.as_str());
        if let Some((file, conflict)) = conflict {
            return Some(format!("{file}: {}", conflict.why));
        }
        match state {
            "unchanged" => None,
            "new" => Some(self.why_new(module)),
            _ => {
                let inputs = self.explained.get(&format!("{module}/{release}"));
                let changes = inputs.map(|inputs| inputs.changes.as_slice()).unwrap_or_default();
                if changes.is_empty() {
                    let renamed = old_image.map(|old| renamed(old, &mapping.pulled_image(&self.project.lock)));
                    return Some(renamed.unwrap_or_else(|| "files only".to_owned()));
                }
                let brief = brief(changes);
                let named = brief.iter().take(NAMED_INPUTS).map(String::as_str).collect::<Vec<_>>().join(", ");
                let more = brief.len().saturating_sub(NAMED_INPUTS);
                Some(if more > 0 { format!("{named} and {more} more") } else { named })
            }
        }
    }

    /// Returns the reason for a mapping that was not there.
    pub(super) fn why_new(&self, module: &str) -> String {
        let is_there = self.drift.old.contains_key(module);
        if is_there { "new kernel" } else { "new module" }.to_owned()
    }

    fn removed(&self) -> Vec<Row> {
        let drift = self.drift;
        let mut rows = Vec::new();
        for (module, impact) in &drift.impacts {
            for (object, impact) in impact.all(module) {
                rows.extend(impact.unloads.iter().map(|release| Row {
                    actions: vec![Act::Unload],
                    why: Some(self.why_removed(module, object, release)),
                    ..self.row(
                        object,
                        release,
                        "removed",
                        drift.old_image_of(module, object, release).cloned().unwrap_or_default(),
                    )
                }));
            }
        }
        rows
    }

    fn why_removed(&self, module: &str, object: &str, release: &str) -> String {
        let manifest = &self.project.manifest;
        let Some(declared) = manifest.modules.iter().find(|other| other.name.as_str() == module) else {
            return "module removed".to_owned();
        };
        if object != module && !declared.objects.additional.iter().any(|other| other.name.as_str() == object) {
            return "removed from additionalModules".to_owned();
        }
        if let Some(why) = self.why_not_held(module) {
            return why;
        }
        match manifest.kernels.iter().find(|kernel| kernel.release.as_str() == release) {
            None => "kernel removed".to_owned(),
            Some(kernel) => match declared.kernels.reason_against(kernel) {
                Some(reason) => format!("excluded: {reason}"),
                None => "kernel not selected".to_owned(),
            },
        }
    }
}

/// Returns the change of an image's name in few words.
pub(super) fn renamed(from: &str, to: &str) -> String {
    let change = InputChange { input: "image".into(), from: Some(from.to_owned()), to: Some(to.to_owned()) };
    shortened(&brief(&[change]))
}
