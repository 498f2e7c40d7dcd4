//! Report of the status; the object of `--format json`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cause::Cause;

/// Version of the JSON. Fields may be added without a new version.
const VERSION: u32 = 1;

/// Status of all Modules.
#[derive(Debug, Serialize)]
pub struct StatusReport {
    version: u32,
    pub(super) summary: StatusSummary,
    pub(super) modules: Vec<ModuleStatus>,
    /// Kinds that no input has, and what cannot be said without them.
    pub(super) missing: Vec<MissingKind>,
}

/// Number of Modules, nodes and loads.
#[derive(Debug, Default, Serialize)]
pub(super) struct StatusSummary {
    pub(super) state: LoadState,
    pub(super) modules: usize,
    pub(super) nodes: usize,
    #[serde(flatten)]
    pub(super) counts: NodeCounts,
}

/// State of a Module, of a Module on a kernel, or of all; the worst one of its nodes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LoadState {
    /// No node wants it.
    #[default]
    None,
    Loaded,
    /// Something waits for KMM, and nothing for a person.
    InProgress,
    Unknown,
    Stuck,
}

/// Number of nodes by their states.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct NodeCounts {
    /// Nodes that KMM should load it on.
    pub(super) wanted: usize,
    pub(super) loaded: usize,
    pub(super) waiting: usize,
    pub(super) stuck: usize,
    /// Nodes without a mapping for their kernel.
    pub(super) unmapped: usize,
    pub(super) unknown: usize,
    /// Nodes that the selector selects and a taint keeps out; they are not wanted.
    pub(super) tainted: usize,
}

/// Status of a Module.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ModuleStatus {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) state: LoadState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    pub(super) nodes: NodeCounts,
    /// Number of clusters of a ManagedClusterModule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) clusters: Option<ClusterCounts>,
    pub(super) kernels: Vec<KernelStatus>,
    pub(super) problems: Vec<ProblemStatus>,
    /// Remarks on what the status is from, if it is not complete.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<String>,
}

/// Number of clusters of a ManagedClusterModule.
#[derive(Debug, Serialize)]
pub(super) struct ClusterCounts {
    pub(super) desired: usize,
    pub(super) applied: usize,
    pub(super) degraded: usize,
}

/// Status of a Module on a kernel.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KernelStatus {
    pub(super) release: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) image: Option<String>,
    /// Image of the manifest, if it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) planned_image: Option<String>,
    pub(super) image_state: ImageState,
    pub(super) state: LoadState,
    pub(super) nodes: NodeCounts,
    pub(super) node_states: Vec<NodeStatus>,
}

/// State of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ImageState {
    /// Present in the registry.
    Built,
    /// KMM checks if it exists.
    Checking,
    Building,
    WaitingForConfigMap,
    Failed,
    /// Absent, and not built by KMM.
    Missing,
    Unknown,
    /// No mapping matches the kernel.
    NoMapping,
}

/// State of a Module on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum NodeState {
    Loaded,
    Waiting,
    /// Waiting, with the image before loaded.
    Outdated,
    Stuck,
    Unloading,
    /// No mapping matches the node's kernel.
    Unmapped,
    Tainted,
    Unknown,
}

/// Status of a Module on a node.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NodeStatus {
    pub(super) name: String,
    pub(super) state: NodeState,
    /// Image that is loaded, if it is not the wanted one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) loaded_image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<String>,
}

/// Cause and cure of something that is stuck.
#[derive(Debug, Serialize)]
pub(super) struct ProblemStatus {
    pub(super) code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kernel: Option<String>,
    pub(super) nodes: Vec<String>,
    pub(super) cause: String,
    pub(super) cure: String,
}

/// Kind that no input has.
#[derive(Debug, Serialize)]
pub(super) struct MissingKind {
    pub(super) kind: &'static str,
    /// Facts that the inputs leave open.
    pub(super) unknown: &'static str,
    pub(super) command: String,
}

impl StatusReport {
    pub(super) fn new(modules: Vec<ModuleStatus>, nodes: usize, missing: Vec<MissingKind>) -> Self {
        let mut summary = StatusSummary { modules: modules.len(), nodes, ..StatusSummary::default() };
        for module in &modules {
            summary.state = summary.state.max(module.state);
            summary.counts.add(&module.nodes);
        }
        // Without Modules, nothing is known to be loaded.
        if modules.is_empty() && !missing.is_empty() {
            summary.state = LoadState::Unknown;
        }
        Self { version: VERSION, summary, modules, missing }
    }

    /// Returns whether anything is stuck or not known, so that a person has to act. Inputs that lack kinds may hide why
    /// something is not loaded.
    pub fn needs_action(&self) -> bool {
        let has_problems = self.modules.iter().any(|module| !module.problems.is_empty());
        match self.summary.state {
            LoadState::None | LoadState::Loaded => has_problems,
            LoadState::InProgress => has_problems || !self.missing.is_empty(),
            LoadState::Unknown | LoadState::Stuck => true,
        }
    }
}

impl NodeState {
    /// Returns its part in the state of a kernel or Module.
    pub(super) fn load_state(self) -> LoadState {
        match self {
            Self::Loaded => LoadState::Loaded,
            Self::Waiting | Self::Outdated | Self::Unloading => LoadState::InProgress,
            Self::Stuck | Self::Unmapped => LoadState::Stuck,
            Self::Tainted => LoadState::None,
            Self::Unknown => LoadState::Unknown,
        }
    }
}

impl NodeCounts {
    /// Counts a node.
    pub(super) fn count(&mut self, state: NodeState) {
        let number = match state {
            NodeState::Loaded => &mut self.loaded,
            NodeState::Waiting | NodeState::Outdated | NodeState::Unloading => &mut self.waiting,
            NodeState::Stuck => &mut self.stuck,
            NodeState::Unmapped => &mut self.unmapped,
            NodeState::Unknown => &mut self.unknown,
            NodeState::Tainted => &mut self.tainted,
        };
        *number += 1;
        self.wanted += usize::from(state != NodeState::Tainted);
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.wanted += other.wanted;
        self.loaded += other.loaded;
        self.waiting += other.waiting;
        self.stuck += other.stuck;
        self.unmapped += other.unmapped;
        self.unknown += other.unknown;
        self.tainted += other.tainted;
    }
}

/// Causes by kernel, with the nodes that have them.
#[derive(Debug, Default)]
pub(super) struct Problems(BTreeMap<(Option<String>, Cause), Vec<String>>);

impl Problems {
    /// Adds a cause, for a node or for none in particular.
    pub(super) fn add(&mut self, kernel: Option<&str>, cause: Cause, node: Option<&str>) {
        self.0.entry((kernel.map(str::to_owned), cause)).or_default().extend(node.map(str::to_owned));
    }

    pub(super) fn into_statuses(self) -> Vec<ProblemStatus> {
        let problems = self.0.into_iter().map(|((kernel, cause), nodes)| ProblemStatus {
            code: cause.code(),
            kernel,
            cause: cause.text(),
            cure: cause.cure(nodes.first().map(String::as_str)),
            nodes,
        });
        problems.collect()
    }
}
