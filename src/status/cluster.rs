//! Objects of a cluster, with the fields that the report needs.

use std::collections::{BTreeMap, BTreeSet};

use crate::objects::KubernetesObject;

/// Namespace and name of an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ObjectKey {
    pub namespace: String,
    pub name: String,
}

/// Kinds of objects that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ObjectType {
    Module,
    Node,
    NodeModulesConfig,
    ModuleImagesConfig,
    ModuleBuildSignConfig,
    ConfigMap,
    Pod,
    ManagedClusterModule,
    ImageStream,
}

/// Objects of all inputs.
#[derive(Debug, Default)]
pub struct ClusterObjects {
    pub(super) modules: BTreeMap<ObjectKey, ModuleEntry>,
    /// ManagedClusterModules by name.
    pub(super) managed: BTreeMap<String, SpokeCounts>,
    pub(super) nodes: BTreeMap<String, NodeEntry>,
    /// NodeModulesConfigs by the names of their nodes: state of each Module on the node.
    pub(super) node_modules: BTreeMap<String, BTreeMap<ObjectKey, NodeModule>>,
    /// States of images in ModuleImagesConfigs.
    pub(super) images: BTreeMap<ObjectKey, BTreeMap<String, String>>,
    /// Images of ModuleBuildSignConfigs.
    pub(super) builds: BTreeMap<ObjectKey, Vec<BuildRecord>>,
    pub(super) config_maps: BTreeMap<ObjectKey, DockerfileFacts>,
    pub(super) pods: BTreeMap<ObjectKey, KmmPod>,
    /// Names of the tags of the ImageStream `driver-toolkit`.
    pub(super) toolkits: BTreeSet<String>,
    /// Kinds of which there is an object, or an empty list.
    pub(super) seen: BTreeSet<ObjectType>,
    /// Number of objects of other kinds.
    pub(super) others: usize,
}

/// A Module.
#[derive(Debug)]
pub(super) struct ModuleEntry {
    pub object: KubernetesObject,
    pub selector: BTreeMap<String, String>,
    pub tolerations: Vec<Toleration>,
    /// `version` of ordered upgrade.
    pub version: Option<String>,
    pub is_deleted: bool,
    /// Set if it has `moduleLoader`; a device plugin alone loads nothing.
    pub has_loader: bool,
    /// Number of nodes by KMM's own status: selected and loaded.
    pub counts: Option<(usize, usize)>,
}

/// Number of clusters of a ManagedClusterModule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SpokeCounts {
    pub desired: usize,
    pub applied: usize,
    pub degraded: usize,
}

/// Toleration of a Module.
#[derive(Debug, Clone, Default)]
pub(super) struct Toleration {
    pub key: String,
    pub operator: String,
    pub value: String,
    pub effect: String,
}

/// Taint of a node.
#[derive(Debug, Clone, Default)]
pub(super) struct Taint {
    pub key: String,
    pub value: String,
    pub effect: String,
}

/// A node.
#[derive(Debug, Default)]
pub(super) struct NodeEntry {
    pub labels: BTreeMap<String, String>,
    pub taints: Vec<Taint>,
    pub kernel: String,
    pub os_image: String,
    pub boot_id: String,
    pub is_ready: bool,
}

/// State of a Module on a node, from the node's NodeModulesConfig.
#[derive(Debug, Clone, Default)]
pub(super) struct NodeModule {
    /// Configuration that KMM wants on the node.
    pub wanted: Option<WantedConfig>,
    /// Configuration that is loaded.
    pub loaded: Option<LoadedConfig>,
    /// Set if both are equal, as KMM compares them.
    pub is_in_sync: bool,
}

/// Wanted configuration of a Module on a node.
#[derive(Debug, Clone)]
pub(super) struct WantedConfig {
    pub image: String,
    pub kernel: String,
    pub firmware_path: Option<String>,
}

/// Loaded configuration of a Module on a node.
#[derive(Debug, Clone)]
pub(super) struct LoadedConfig {
    pub image: String,
    pub kernel: String,
    pub boot_id: String,
}

/// Image of a ModuleBuildSignConfig.
#[derive(Debug, Clone)]
pub(super) struct BuildRecord {
    pub image: String,
    pub kernel: String,
    pub is_signing: bool,
    /// ConfigMap with the Dockerfile.
    pub config_map: Option<String>,
    /// `true` of a success, `false` of a failure, `None` of an unfinished build.
    pub succeeded: Option<bool>,
}

/// Facts of a ConfigMap about builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DockerfileFacts {
    pub has_dockerfile: bool,
    /// Set if the Dockerfile has `DTK_AUTO`.
    pub uses_toolkit: bool,
}

/// Role of a Pod of KMM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PodRole {
    /// Finds out if an image exists.
    Pull,
    Build,
    Load,
    Unload,
}

/// A Pod of KMM.
#[derive(Debug, Clone)]
pub(super) struct KmmPod {
    pub role: PodRole,
    pub module: String,
    pub node: String,
    /// Image of the first container.
    pub image: String,
    /// KMM's DNS-safe form of the kernel that a build is for.
    pub kernel: String,
    pub phase: String,
    /// Set if no node takes it.
    pub is_unschedulable: bool,
    /// Containers in their order, init containers first.
    pub containers: Vec<ContainerState>,
}

/// State of a container.
#[derive(Debug, Clone, Default)]
pub(super) struct ContainerState {
    pub is_init: bool,
    /// Reason for which it waits.
    pub waiting: Option<String>,
    /// Exit code and reason of its end, or of its last end if it was started again.
    pub ended: Option<(i64, String)>,
    /// Known faults that messages of the kubelet name.
    pub fault: Option<ContainerFault>,
}

/// Fault of a container that a message names. The message itself is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContainerFault {
    /// The registry refuses the login.
    Denied,
    /// The registry has no such image.
    NotFound,
    /// The image is for another architecture.
    Architecture,
    /// The image has no such program.
    NoProgram,
}

impl ObjectKey {
    pub(super) fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.to_owned(), name: name.to_owned() }
    }
}

impl std::fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.namespace.is_empty() {
            true => f.write_str(&self.name),
            false => write!(f, "{}/{}", self.namespace, self.name),
        }
    }
}

impl ClusterObjects {
    /// Returns whether inputs have this kind.
    pub(super) fn has(&self, kind: ObjectType) -> bool {
        self.seen.contains(&kind)
    }
}
