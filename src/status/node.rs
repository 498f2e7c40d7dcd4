//! State of a Module on a node.

use super::cause::Cause;
use super::cluster::{ModuleEntry, NodeEntry, NodeModule, ObjectKey, ObjectType, PodRole};
use super::image::{ImageStatus, ModuleView};
use super::pods::{Trouble, trouble};
use super::report::{ImageState, NodeState};

/// Label that a person gives a node for ordered upgrade.
const VERSION_LABEL: &str = "kmm.node.kubernetes.io/version-module";

/// Label by which KMM decides, which it copies from the other one.
const WORKER_LABEL: &str = "beta.kmm.node.kubernetes.io/version-worker-pod";

/// A node that KMM should load a Module on.
pub(super) struct TargetNode<'c> {
    pub(super) name: &'c str,
    /// The node, if inputs have nodes.
    pub(super) node: Option<&'c NodeEntry>,
    /// State of the Module in its NodeModulesConfig.
    pub(super) module: Option<&'c NodeModule>,
}

/// State of a Module on a node, with the cause if it is stuck for a reason of the node's own.
pub(super) struct TargetStatus {
    pub(super) state: NodeState,
    pub(super) cause: Option<Cause>,
    pub(super) why: Option<String>,
}

impl TargetStatus {
    fn new(state: NodeState, why: &str) -> Self {
        Self { state, cause: None, why: (!why.is_empty()).then(|| why.to_owned()) }
    }

    /// Status of a node whose kernel KMM cannot resolve.
    pub(super) fn of_kernel(image: &ImageStatus) -> Self {
        match &image.cause {
            Some(cause) => Self { state: NodeState::Stuck, cause: None, why: Some(cause.text()) },
            None => Self::new(NodeState::Unknown, ""),
        }
    }

    fn stuck(state: NodeState, cause: Cause) -> Self {
        Self { state, why: Some(cause.text()), cause: Some(cause) }
    }
}

impl ModuleView<'_> {
    /// Finds the state on a node that has no mapping for its kernel.
    pub(super) fn unmapped(&self, target: &TargetNode<'_>) -> TargetStatus {
        let is_loaded = target.module.is_some_and(|module| module.loaded.is_some());
        let cause = match self.worker_cause(target, PodRole::Unload).filter(|_| is_loaded) {
            Some(cause) => cause,
            None => Cause::NoMapping { module: self.key.clone() },
        };
        TargetStatus::stuck(NodeState::Unmapped, cause)
    }

    /// Finds the state on a node that should not have the Module and has it.
    pub(super) fn leaving(&self, target: &TargetNode<'_>) -> TargetStatus {
        match self.worker_cause(target, PodRole::Unload) {
            Some(cause) => TargetStatus::stuck(NodeState::Stuck, cause),
            None => TargetStatus::new(NodeState::Unloading, "KMM unloads it"),
        }
    }

    /// Finds the state on a node that should load an image.
    pub(super) fn target(
        &self,
        target: &TargetNode<'_>,
        entry: Option<&ModuleEntry>,
        image: &str,
        status: &ImageStatus,
    ) -> TargetStatus {
        if let Some(held) = self.ordered_upgrade(target, entry) {
            return held;
        }
        if !self.cluster.has(ObjectType::NodeModulesConfig) {
            let label = format!("kmm.node.kubernetes.io/{}.{}.ready", self.key.namespace, self.key.name);
            let is_ready = target.node.is_some_and(|node| node.labels.contains_key(&label));
            return match (is_ready, &status.cause) {
                (_, Some(_)) => TargetStatus::new(NodeState::Stuck, "the image is stuck"),
                (true, None) if status.state == ImageState::Built || status.state == ImageState::Unknown => {
                    TargetStatus::new(NodeState::Loaded, "")
                }
                _ => TargetStatus::new(NodeState::Unknown, ""),
            };
        }
        let wanted = target.module.and_then(|module| module.wanted.as_ref());
        let loaded = target.module.and_then(|module| module.loaded.as_ref());
        if wanted.is_none_or(|wanted| wanted.image != image) {
            return match (&status.cause, loaded) {
                (Some(_), _) => TargetStatus::new(NodeState::Stuck, "the image is stuck"),
                (None, Some(_)) => TargetStatus::new(NodeState::Outdated, waits_for(status.state)),
                (None, None) => TargetStatus::new(NodeState::Waiting, waits_for(status.state)),
            };
        }
        let boot = target.node.map_or("", |node| node.boot_id.as_str());
        let is_booted =
            loaded.is_some_and(|loaded| !loaded.boot_id.is_empty() && !boot.is_empty() && loaded.boot_id != boot);
        if target.module.is_some_and(|module| module.is_in_sync) && !is_booted {
            return TargetStatus::new(NodeState::Loaded, "");
        }
        for role in [PodRole::Load, PodRole::Unload] {
            if let Some(cause) = self.worker_cause(target, role) {
                return TargetStatus::stuck(NodeState::Stuck, cause);
            }
        }
        let why = match target.node {
            Some(node) if !node.is_ready => "the node is not ready",
            _ if is_booted => "the node was rebooted",
            _ => "the worker Pod runs, or is started next",
        };
        let is_old = loaded.is_some_and(|loaded| loaded.image != image) && !is_booted;
        TargetStatus::new(if is_old { NodeState::Outdated } else { NodeState::Waiting }, why)
    }

    /// Finds out if ordered upgrade keeps KMM from changing the node.
    fn ordered_upgrade(&self, target: &TargetNode<'_>, entry: Option<&ModuleEntry>) -> Option<TargetStatus> {
        let version = entry?.version.as_ref()?;
        let labels = &target.node?.labels;
        let ObjectKey { namespace, name } = self.key;
        let [label, worker_label] = [VERSION_LABEL, WORKER_LABEL].map(|prefix| format!("{prefix}.{namespace}.{name}"));
        let (own, worker) = (labels.get(&label), labels.get(&worker_label));
        if worker == Some(version) {
            return None;
        }
        if own == Some(version) {
            return Some(TargetStatus::new(
                NodeState::Waiting,
                "KMM has not taken over the version of the node's label yet",
            ));
        }
        let version = version.clone();
        let cause = match own.or(worker) {
            None => Cause::NoLabel { label, version },
            Some(found) => Cause::OtherVersion { label, found: found.clone(), version },
        };
        Some(TargetStatus::stuck(NodeState::Stuck, cause))
    }

    /// Returns the cause of the trouble that the worker Pod on a node has.
    fn worker_cause(&self, target: &TargetNode<'_>, role: PodRole) -> Option<Cause> {
        let mut pods = self.pods.iter().filter(|(_, pod)| pod.role == role && pod.node == target.name);
        let (name, trouble) = pods.find_map(|(name, pod)| Some((*name, trouble(pod)?)))?;
        let config = target.module.and_then(|module| module.wanted.as_ref());
        let image = config.map(|config| config.image.clone()).unwrap_or_default();
        let firmware = config.and_then(|config| config.firmware_path.clone());
        let (module, pod) = (self.key.clone(), name.clone());
        Some(match trouble {
            Trouble::Denied => Cause::PullDenied { namespace: module.namespace },
            Trouble::PullFails => Cause::PullFails { module, pod: None },
            Trouble::Absent => Cause::ImageAbsent { image },
            Trouble::Architecture => Cause::Architecture { image },
            Trouble::NoShell => Cause::NoShell { image },
            Trouble::CannotStart => Cause::CannotStart { module, pod: None },
            Trouble::Unschedulable => Cause::Unschedulable { pod },
            Trouble::Fails { .. } if role == PodRole::Unload => Cause::UnloadFails { module },
            Trouble::Fails { is_init: true } => Cause::CopyFails { module, image, firmware },
            Trouble::Fails { is_init: false } => Cause::LoadFails { module, image, firmware },
        })
    }
}

/// Describes what a node waits for.
fn waits_for(image: ImageState) -> &'static str {
    match image {
        ImageState::Built => "KMM has not written the image into the NodeModulesConfig yet",
        ImageState::Building => "the image is being built",
        ImageState::Unknown => "the image may not exist yet",
        _ => "KMM checks if the image exists",
    }
}
