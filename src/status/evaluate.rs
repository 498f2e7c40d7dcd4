//! Evaluation of a cluster's objects, Module by Module.

use std::collections::{BTreeMap, BTreeSet};

use super::cause::Cause;
use super::cluster::{ClusterObjects, KmmPod, ModuleEntry, ObjectKey, ObjectType, SpokeCounts};
use super::image::{ImageStatus, KernelView, ModuleView};
use super::missing::missing;
use super::node::{TargetNode, TargetStatus};
use super::planned::PlannedImages;
use super::report::{
    ClusterCounts, ImageState, KernelStatus, LoadState, ModuleStatus, NodeCounts, NodeState, NodeStatus, Problems,
    StatusReport,
};
use super::selection::{is_selected, untolerated};
use crate::objects::{KernelMapper, Loading};
use crate::vocabulary::by_version;

/// Finds the status of all Modules, and compares their images with those of a manifest, if there are any.
pub fn evaluate(cluster: &ClusterObjects, planned: &PlannedImages) -> StatusReport {
    let mut pods: BTreeMap<ObjectKey, Vec<(&ObjectKey, &KmmPod)>> = BTreeMap::new();
    for (name, pod) in &cluster.pods {
        pods.entry(ObjectKey::new(&name.namespace, &pod.module)).or_default().push((name, pod));
    }
    let mut keys: BTreeSet<&ObjectKey> = cluster.modules.keys().collect();
    keys.extend(cluster.node_modules.values().flat_map(BTreeMap::keys));
    keys.extend(cluster.images.keys());
    let mut modules: Vec<ModuleStatus> = Vec::new();
    for key in keys {
        let view = ModuleView { cluster, key, pods: pods.remove(key).unwrap_or_default() };
        modules.extend(view.module(planned));
    }
    modules.extend(cluster.managed.iter().map(|(name, counts)| managed(name, *counts)));
    let has_builds = cluster.modules.values().filter_map(|module| module.object.module()).any(|module| {
        let in_mapping = |key| module.mappings.iter().any(|mapping| mapping.section(key).is_some());
        ["build", "sign"].iter().any(|key| module.section(key).is_some() || in_mapping(key))
    });
    let nodes = if cluster.has(ObjectType::Node) { cluster.nodes.len() } else { cluster.node_modules.len() };
    StatusReport::new(modules, nodes, missing(cluster, has_builds || !cluster.builds.is_empty()))
}

/// Returns the status of a ManagedClusterModule: the clusters that have its Module.
fn managed(name: &str, counts: SpokeCounts) -> ModuleStatus {
    let mut problems = Problems::default();
    if counts.degraded > 0 {
        problems.add(None, Cause::ClustersDegraded { clusters: counts.degraded }, None);
    }
    let state = match counts {
        SpokeCounts { degraded: 1.., .. } => LoadState::Stuck,
        SpokeCounts { desired, applied, .. } if applied < desired => LoadState::InProgress,
        _ => LoadState::Loaded,
    };
    ModuleStatus {
        namespace: String::new(),
        name: name.to_owned(),
        kind: "ManagedClusterModule",
        state,
        version: None,
        nodes: NodeCounts::default(),
        clusters: Some(ClusterCounts { desired: counts.desired, applied: counts.applied, degraded: counts.degraded }),
        kernels: Vec::new(),
        problems: problems.into_statuses(),
        notes: vec!["what is loaded on the clusters' nodes is known on the clusters only".to_owned()],
    }
}

/// Nodes of a Module, by their kernels.
#[derive(Default)]
struct Targets<'c> {
    by_kernel: BTreeMap<&'c str, Vec<TargetNode<'c>>>,
    /// Nodes that a taint keeps out, with the taint.
    tainted: Vec<(&'c str, &'c str, String)>,
}

impl<'c> ModuleView<'c> {
    /// Returns the status; `None` of something that is neither a Module nor loaded anywhere.
    fn module(&self, planned: &PlannedImages) -> Option<ModuleStatus> {
        let entry = self.cluster.modules.get(self.key);
        let mut notes = Vec::new();
        let is_gone = entry.is_none() && self.cluster.has(ObjectType::Module);
        if is_gone {
            notes.push("there is no such Module any more".to_owned());
        } else if entry.is_some_and(|entry| entry.is_deleted) {
            notes.push("the Module is being deleted".to_owned());
        } else if entry.is_some_and(|entry| !entry.has_loader) {
            notes.push("the Module has no `moduleLoader`, so it loads nothing".to_owned());
        }
        let is_unwanted = is_gone || entry.is_some_and(|entry| entry.is_deleted || !entry.has_loader);
        let targets = if is_unwanted { Targets::default() } else { self.targets(entry) };
        let is_known =
            is_unwanted || [ObjectType::Node, ObjectType::NodeModulesConfig].iter().any(|kind| self.cluster.has(*kind));
        let mut problems = Problems::default();
        let mapper = entry.and_then(|entry| {
            let module = entry.object.module()?;
            Some(KernelMapper::new(module, &self.key.name, &self.key.namespace))
        });
        let mut kernels: Vec<KernelStatus> = Vec::new();
        for (release, nodes) in &targets.by_kernel {
            kernels.push(self.kernel(release, nodes, entry, mapper.as_ref(), &mut problems));
        }
        planned.compare(self.key, &mut kernels, &mut notes);
        self.add_others(&targets, &mut kernels, &mut problems);
        kernels.sort_by(|one, other| by_version(&one.release, &other.release));
        let mut counts = NodeCounts::default();
        kernels.iter().for_each(|kernel| counts.add(&kernel.nodes));
        let mut state = kernels.iter().map(|kernel| kernel.state).max().unwrap_or_default();
        if !is_known {
            (counts, state) = self.by_own_status(entry, &mut notes);
        }
        if is_gone && kernels.is_empty() {
            return None;
        }
        Some(ModuleStatus {
            namespace: self.key.namespace.clone(),
            name: self.key.name.clone(),
            kind: "Module",
            state,
            version: entry.and_then(|entry| entry.version.clone()),
            nodes: counts,
            clusters: None,
            kernels,
            problems: problems.into_statuses(),
            notes,
        })
    }

    /// Finds the nodes that KMM should load the Module on: by labels and taints, or, without nodes or Module, by the
    /// NodeModulesConfigs.
    fn targets(&self, entry: Option<&ModuleEntry>) -> Targets<'c> {
        let mut targets = Targets::default();
        let Some(entry) = entry.filter(|_| self.cluster.has(ObjectType::Node)) else {
            for (name, modules) in &self.cluster.node_modules {
                let Some(module) = modules.get(self.key) else { continue };
                let Some(wanted) = &module.wanted else { continue };
                let node = self.cluster.nodes.get(name);
                let target = TargetNode { name, node, module: Some(module) };
                targets.by_kernel.entry(trimmed(&wanted.kernel)).or_default().push(target);
            }
            return targets;
        };
        for (name, node) in self.cluster.nodes.iter().filter(|(_, node)| is_selected(entry, node)) {
            let release = trimmed(&node.kernel);
            // A virtual node, which runs no kernel.
            if release.is_empty() {
                continue;
            }
            if let Some(taint) = untolerated(entry, node) {
                targets.tainted.push((release, name, format!("taint `{}`", taint.key)));
                continue;
            }
            let module = self.cluster.node_modules.get(name).and_then(|modules| modules.get(self.key));
            targets.by_kernel.entry(release).or_default().push(TargetNode { name, node: Some(node), module });
        }
        targets
    }

    /// Returns the status on a kernel.
    fn kernel(
        &self,
        release: &str,
        nodes: &[TargetNode<'_>],
        entry: Option<&ModuleEntry>,
        mapper: Option<&KernelMapper<'_>>,
        problems: &mut Problems,
    ) -> KernelStatus {
        let resolved = mapper.map(|mapper| mapper.on(release));
        let (loading, image) = match &resolved {
            Some(Ok(Some(loading))) => {
                let image = self.image(loading, &kernel_view(release, nodes, loading));
                (Some(loading), image)
            }
            Some(Ok(None)) => (None, ImageStatus::new(ImageState::NoMapping, None)),
            Some(Err(error)) => {
                let cause = Cause::Unresolvable { module: self.key.clone(), message: error.to_string() };
                (None, ImageStatus::new(ImageState::Unknown, Some(cause)))
            }
            // Without the Module, a NodeModulesConfig names the image, which exists then.
            None => (None, ImageStatus::new(ImageState::Built, None)),
        };
        let mut status = KernelStatus {
            release: release.to_owned(),
            image: loading.map(|loading| loading.image.clone()),
            planned_image: None,
            image_state: image.state,
            state: LoadState::default(),
            nodes: NodeCounts::default(),
            node_states: Vec::new(),
        };
        if let Some(cause) = &image.cause {
            problems.add(Some(release), cause.clone(), None);
        }
        for target in nodes {
            let own_image = target.module.and_then(|module| module.wanted.as_ref()).map(|wanted| wanted.image.as_str());
            let found = match (loading, image.state, own_image) {
                (Some(loading), _, _) => self.target(target, entry, &loading.image, &image),
                (None, ImageState::NoMapping, _) => self.unmapped(target),
                (None, ImageState::Built, Some(own)) => self.target(target, entry, own, &image),
                _ => TargetStatus::of_kernel(&image),
            };
            if loading.is_none() {
                status.image = status.image.or_else(|| own_image.map(str::to_owned));
            }
            match found.cause {
                Some(cause) => problems.add(Some(release), cause, Some(target.name)),
                None if found.state == NodeState::Stuck => {
                    if let Some(cause) = &image.cause {
                        problems.add(Some(release), cause.clone(), Some(target.name));
                    }
                }
                None => {}
            }
            let loaded = target.module.and_then(|module| module.loaded.as_ref()).map(|loaded| &loaded.image);
            let loaded = loaded.filter(|loaded| status.image.as_ref() != Some(loaded)).cloned();
            status.push(target.name, found.state, loaded, found.why);
        }
        status
    }

    /// Adds nodes that KMM should not load the Module on: tainted ones, and those that still have it.
    fn add_others(&self, targets: &Targets<'_>, kernels: &mut Vec<KernelStatus>, problems: &mut Problems) {
        let wanted: BTreeSet<&str> = targets.by_kernel.values().flatten().map(|target| target.name).collect();
        for (release, name, taint) in targets.tainted.iter().filter(|(_, name, _)| !self.is_loaded_on(name)) {
            kernel_of(kernels, release).push(name, NodeState::Tainted, None, Some(taint.clone()));
        }
        for (name, modules) in self.cluster.node_modules.iter().filter(|(name, _)| !wanted.contains(name.as_str())) {
            let Some(module) = modules.get(self.key) else { continue };
            let Some(loaded) = &module.loaded else { continue };
            let target = TargetNode { name, node: self.cluster.nodes.get(name), module: Some(module) };
            let found = self.leaving(&target);
            let release = trimmed(&loaded.kernel);
            if let Some(cause) = found.cause {
                problems.add(Some(release), cause, Some(name));
            }
            kernel_of(kernels, release).push(name, found.state, Some(loaded.image.clone()), found.why);
        }
    }

    fn is_loaded_on(&self, node: &str) -> bool {
        let module = self.cluster.node_modules.get(node).and_then(|modules| modules.get(self.key));
        module.is_some_and(|module| module.loaded.is_some())
    }

    /// Returns the numbers that KMM writes into the Module's own status.
    fn by_own_status(&self, entry: Option<&ModuleEntry>, notes: &mut Vec<String>) -> (NodeCounts, LoadState) {
        let Some((wanted, loaded)) = entry.and_then(|entry| entry.counts) else {
            return (NodeCounts::default(), LoadState::Unknown);
        };
        notes.push("the numbers are those of the Module's own status".to_owned());
        let loaded = loaded.min(wanted);
        let counts = NodeCounts { wanted, loaded, unknown: wanted - loaded, ..NodeCounts::default() };
        (counts, if loaded < wanted { LoadState::Unknown } else { LoadState::Loaded })
    }
}

impl KernelStatus {
    fn push(&mut self, name: &str, state: NodeState, loaded_image: Option<String>, why: Option<String>) {
        self.nodes.count(state);
        self.state = self.state.max(state.load_state());
        self.node_states.push(NodeStatus { name: name.to_owned(), state, loaded_image, why });
    }
}

/// Returns the status of a kernel, which is added if it is not there.
fn kernel_of<'k>(kernels: &'k mut Vec<KernelStatus>, release: &str) -> &'k mut KernelStatus {
    let at = kernels.iter().position(|kernel| kernel.release == release).unwrap_or_else(|| {
        kernels.push(KernelStatus {
            release: release.to_owned(),
            image: None,
            planned_image: None,
            image_state: ImageState::Unknown,
            state: LoadState::default(),
            nodes: NodeCounts::default(),
            node_states: Vec::new(),
        });
        kernels.len() - 1
    });
    &mut kernels[at]
}

fn kernel_view<'k>(release: &'k str, nodes: &[TargetNode<'k>], loading: &Loading) -> KernelView<'k> {
    KernelView {
        release,
        os_images: nodes.iter().filter_map(|target| target.node).map(|node| node.os_image.as_str()).collect(),
        is_used: nodes
            .iter()
            .filter_map(|target| target.module?.wanted.as_ref())
            .any(|wanted| wanted.image == loading.image),
    }
}

/// Trims the `+` at the end of a release, as KMM does.
fn trimmed(release: &str) -> &str {
    release.strip_suffix('+').unwrap_or(release)
}
