//! Causes of Modules that are not loaded, each with its cure.

use super::cluster::ObjectKey;

/// Cause that does not pass by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    /// KMM looks builds up by kernel, finds the old one, and never starts the new one.
    OldBuild {
        config_map: ObjectKey,
        is_certain: bool,
    },
    NoConfigMap {
        config_map: ObjectKey,
    },
    NoDockerfile {
        config_map: ObjectKey,
    },
    BuildFails {
        pod: Option<ObjectKey>,
        namespace: String,
    },
    NoToolkit {
        os: Option<String>,
    },
    PullDenied {
        namespace: String,
    },
    /// Without a Pod, it is the worker Pod of each node.
    PullFails {
        module: ObjectKey,
        pod: Option<String>,
    },
    ImageAbsent {
        image: String,
    },
    NoShell {
        image: String,
    },
    Architecture {
        image: String,
    },
    CannotStart {
        module: ObjectKey,
        pod: Option<String>,
    },
    AllTainted {
        pod: ObjectKey,
    },
    Unschedulable {
        pod: ObjectKey,
    },
    CopyFails {
        module: ObjectKey,
        image: String,
        firmware: Option<String>,
    },
    LoadFails {
        module: ObjectKey,
        image: String,
        firmware: Option<String>,
    },
    UnloadFails {
        module: ObjectKey,
    },
    NoMapping {
        module: ObjectKey,
    },
    NoLabel {
        label: String,
        version: String,
    },
    OtherVersion {
        label: String,
        found: String,
        version: String,
    },
    Unresolvable {
        module: ObjectKey,
        message: String,
    },
    ClustersDegraded {
        clusters: usize,
    },
}

impl Cause {
    /// Stable name for scripts.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::OldBuild { .. } => "old-build",
            Self::NoConfigMap { .. } => "no-config-map",
            Self::NoDockerfile { .. } => "no-dockerfile",
            Self::BuildFails { .. } => "build-fails",
            Self::NoToolkit { .. } => "no-driver-toolkit",
            Self::PullDenied { .. } => "pull-denied",
            Self::PullFails { .. } => "pull-fails",
            Self::ImageAbsent { .. } => "image-absent",
            Self::NoShell { .. } => "image-without-shell",
            Self::Architecture { .. } => "other-architecture",
            Self::CannotStart { .. } => "cannot-start",
            Self::AllTainted { .. } => "all-nodes-tainted",
            Self::Unschedulable { .. } => "unschedulable",
            Self::CopyFails { .. } => "copy-fails",
            Self::LoadFails { .. } => "load-fails",
            Self::UnloadFails { .. } => "unload-fails",
            Self::NoMapping { .. } => "no-mapping",
            Self::NoLabel { .. } => "no-version-label",
            Self::OtherVersion { .. } => "other-version-label",
            Self::Unresolvable { .. } => "unresolvable-kernel",
            Self::ClustersDegraded { .. } => "clusters-degraded",
        }
    }

    /// Describes the cause.
    pub(super) fn text(&self) -> String {
        match self {
            Self::OldBuild { config_map, is_certain } => {
                let exists = if *is_certain { "and its ConfigMap" } else { "and, if its ConfigMap" };
                let never = if *is_certain { "still exists, so KMM" } else { "still exists, KMM" };
                format!("an old build did not succeed, {exists} `{config_map}` {never} never builds the new image")
            }
            Self::NoConfigMap { config_map } => format!("the build waits for its ConfigMap `{config_map}`"),
            Self::NoDockerfile { config_map } => format!("ConfigMap `{config_map}` has no key `dockerfile`"),
            Self::BuildFails { .. } => "the build failed".to_owned(),
            Self::NoToolkit { os: Some(os) } => format!("the cluster has no Driver Toolkit for the nodes' OS `{os}`"),
            Self::NoToolkit { os: None } => {
                "KMM started no build, probably because the cluster has no Driver Toolkit for the nodes' OS".to_owned()
            }
            Self::PullDenied { .. } => "the registry refuses the login, so KMM cannot pull the image".to_owned(),
            Self::PullFails { .. } => "KMM cannot pull the image".to_owned(),
            Self::ImageAbsent { image } => {
                format!("the registry does not have image `{image}`, and KMM does not build it")
            }
            Self::NoShell { image } => format!("image `{image}` has no `/bin/sh`, so KMM never finds that it exists"),
            Self::Architecture { image } => {
                format!("image `{image}` is for another architecture than the node that KMM tried it on")
            }
            Self::CannotStart { pod: Some(pod), .. } => format!("Pod `{pod}` does not start"),
            Self::CannotStart { pod: None, .. } => "the worker Pod does not start".to_owned(),
            Self::AllTainted { pod } => {
                format!("all nodes are tainted, so Pod `{pod}`, which has no tolerations on OpenShift, gets no node")
            }
            Self::Unschedulable { pod } => format!("no node takes Pod `{pod}`"),
            Self::CopyFails { firmware, .. } => format!(
                "the worker cannot copy the module from the image: the image has no `lib/modules/<kernel>`{}",
                firmware.as_ref().map(|path| format!(", or not its firmware path `{path}`")).unwrap_or_default()
            ),
            Self::LoadFails { firmware, .. } => format!(
                "modprobe fails{}",
                firmware.as_ref().map(|path| format!(", or the image does not have `{path}`")).unwrap_or_default()
            ),
            Self::UnloadFails { .. } => "the module cannot be unloaded, for example because it is in use".to_owned(),
            Self::NoMapping { .. } => "no mapping matches the kernel, so KMM keeps the module unloaded".to_owned(),
            Self::NoLabel { label, .. } => format!("ordered upgrade: the node does not have label `{label}`"),
            Self::OtherVersion { label, found, version } => {
                format!("ordered upgrade: label `{label}` has version `{found}`, but the Module has `{version}`")
            }
            Self::Unresolvable { message, .. } => message.clone(),
            Self::ClustersDegraded { clusters: 1 } => "the Module is not applied on 1 cluster".to_owned(),
            Self::ClustersDegraded { clusters } => format!("the Module is not applied on {clusters} clusters"),
        }
    }

    /// Returns what to do; the first node that has the trouble is an example.
    pub(super) fn cure(&self, node: Option<&str>) -> String {
        let node = node.unwrap_or("NODE");
        match self {
            Self::OldBuild { config_map: ObjectKey { namespace, name }, .. } => {
                format!("delete the old ConfigMap: `oc delete configmap -n {namespace} {name}`, and turn on pruning")
            }
            Self::NoConfigMap { config_map } => format!("apply ConfigMap `{config_map}`; KMM tries again by itself"),
            Self::NoDockerfile { config_map } => {
                format!("write the Dockerfile under the key `dockerfile` of `{config_map}`")
            }
            Self::BuildFails { pod: Some(ObjectKey { namespace, name }), .. } => {
                format!("read why with `oc logs -n {namespace} {name}`; a changed Dockerfile needs a new tag")
            }
            Self::BuildFails { pod: None, namespace } => {
                format!(
                    "read why with `oc get builds,pods -n {namespace}` and `oc logs`; a changed Dockerfile needs a new tag"
                )
            }
            Self::NoToolkit { .. } => "pin the Driver Toolkit: `dtk` of the kernel in the kernel list".to_owned(),
            Self::PullDenied { namespace } => {
                format!("renew the pull secret in namespace `{namespace}`; digests and no `build` avoid a rebuild")
            }
            Self::PullFails { module, pod } => {
                let pod = pod.clone().unwrap_or_else(|| worker_pod(node, &module.name));
                let namespace = &module.namespace;
                format!(
                    "read why with `oc describe pod -n {namespace} {pod}`, and check the registry and the pull secret"
                )
            }
            Self::ImageAbsent { image } => format!("push image `{image}`"),
            Self::NoShell { image } => {
                format!("build the image on a base with `/bin/sh`; `kmodgen verify {image}` checks it")
            }
            Self::Architecture { .. } => {
                "select nodes by `kubernetes.io/arch`, or push an image for each one".to_owned()
            }
            Self::CannotStart { module, pod } => {
                let pod = pod.clone().unwrap_or_else(|| worker_pod(node, &module.name));
                format!("read why with `oc describe pod -n {} {pod}`", module.namespace)
            }
            Self::Unschedulable { pod: ObjectKey { namespace, name } } => {
                format!("read why with `oc describe pod -n {namespace} {name}`")
            }
            Self::AllTainted { .. } => {
                "remove the taint from one node, or use upstream's KMM, whose pull Pods have the Module's tolerations"
                    .to_owned()
            }
            Self::CopyFails { module: ObjectKey { namespace, name }, image, .. } => format!(
                "fix the image: `kmodgen verify {image}` finds what it lacks; the log: \
                 `oc logs -n {namespace} {} -c image-extractor`",
                worker_pod(node, name)
            ),
            Self::LoadFails { module: ObjectKey { namespace, name }, image, .. } => format!(
                "read why with `oc logs -n {namespace} {}`, and check the image: `kmodgen verify {image}`",
                worker_pod(node, name)
            ),
            Self::UnloadFails { module: ObjectKey { namespace, name } } => {
                let pod = worker_pod(node, name);
                format!("read why with `oc logs -n {namespace} {pod}`, or drain and reboot the node")
            }
            Self::NoMapping { module } => {
                format!("add the kernel to the list that Module `{module}` is generated from")
            }
            Self::NoLabel { label, version } | Self::OtherVersion { label, version, .. } => {
                format!("label the node: `oc label node {node} --overwrite {label}={version}`")
            }
            Self::Unresolvable { module, .. } => format!("correct Module `{module}`; `kmodgen lint` checks it"),
            Self::ClustersDegraded { .. } => "run `kmodgen status` with the objects of these clusters".to_owned(),
        }
    }
}

/// Returns the name that KMM gives the worker Pod of a Module on a node.
fn worker_pod(node: &str, module: &str) -> String {
    format!("kmm-worker-{node}-{module}")
}
