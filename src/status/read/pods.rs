//! Pods of KMM, by their labels. Messages of the kubelet are searched for known faults and dropped.

use std::collections::BTreeMap;

use super::json::{ContainerStateFields, ContainerStatusFields, PodSpecFields, PodStatusFields};
use crate::status::cluster::{ContainerFault, ContainerState, KmmPod, PodRole};

/// Label of worker Pods, with what they do.
const WORKER_ACTION: &str = "kmm.node.kubernetes.io/worker-action";

/// Label of Pods that find out if an image exists.
const PULL_POD: &str = "kmm.node.kubernetes.io/pull-pod-type";

/// Label with the Module of a pull Pod.
const PULL_MODULE: &str = "kmm.node.kubernetes.io/module-image-config";

/// Label with the Module of all other Pods.
const MODULE: &str = "kmm.node.kubernetes.io/module.name";

/// Label with the kernel of a build, in KMM's DNS-safe form.
const TARGET_KERNEL: &str = "kmm.node.kubernetes.io/target-kernel";

/// Texts in messages of kubelets, container runtimes and registries, in lower case, with the fault that they name.
const FAULTS: [(&str, ContainerFault); 14] = [
    ("no image found in", ContainerFault::Architecture),
    ("no match for platform", ContainerFault::Architecture),
    ("no matching manifest for", ContainerFault::Architecture),
    ("exec format error", ContainerFault::Architecture),
    ("unauthorized", ContainerFault::Denied),
    ("authentication required", ContainerFault::Denied),
    ("access denied", ContainerFault::Denied),
    ("access to the resource is denied", ContainerFault::Denied),
    ("403 forbidden", ContainerFault::Denied),
    ("manifest unknown", ContainerFault::NotFound),
    ("name unknown", ContainerFault::NotFound),
    ("no such file or directory", ContainerFault::NoProgram),
    ("executable file not found", ContainerFault::NoProgram),
    (": not found", ContainerFault::NotFound),
];

/// Reads a Pod; `None` if it is not one of KMM.
pub(super) fn read(spec: PodSpecFields, status: PodStatusFields, labels: &BTreeMap<String, String>) -> Option<KmmPod> {
    let (role, module) = if let Some(action) = labels.get(WORKER_ACTION) {
        (if action == "Unload" { PodRole::Unload } else { PodRole::Load }, labels.get(MODULE)?)
    } else if labels.contains_key(PULL_POD) {
        (PodRole::Pull, labels.get(PULL_MODULE)?)
    } else {
        labels.get(TARGET_KERNEL)?;
        (PodRole::Build, labels.get(MODULE)?)
    };
    let [init, main] = [(status.init_container_statuses, true), (status.container_statuses, false)]
        .map(|(statuses, is_init)| statuses.into_iter().map(move |status| container(status, is_init)));
    Some(KmmPod {
        role,
        module: module.clone(),
        node: spec.node_name,
        image: spec.containers.into_iter().next().map(|container| container.image).unwrap_or_default(),
        kernel: labels.get(TARGET_KERNEL).cloned().unwrap_or_default(),
        phase: status.phase,
        is_unschedulable: status.conditions.iter().any(|condition| {
            condition.kind == "PodScheduled" && condition.status == "False" && condition.reason == "Unschedulable"
        }),
        containers: init.chain(main).collect(),
    })
}

fn container(status: ContainerStatusFields, is_init: bool) -> ContainerState {
    let ContainerStatusFields { state, last_state } = status;
    let fault = fault_of(&state).or_else(|| fault_of(&last_state));
    let ended = state.terminated.or(last_state.terminated);
    ContainerState {
        is_init,
        waiting: state.waiting.map(|waiting| waiting.reason).filter(|reason| !reason.is_empty()),
        ended: ended.map(|ended| (ended.exit_code, ended.reason)),
        fault,
    }
}

fn fault_of(state: &ContainerStateFields) -> Option<ContainerFault> {
    let message = [&state.waiting, &state.terminated].into_iter().flatten().map(|part| part.message.to_lowercase());
    message
        .into_iter()
        .find_map(|message| FAULTS.iter().find(|(text, _)| message.contains(text)).map(|(_, fault)| *fault))
}
