//! Troubles of KMM's Pods.

use super::cluster::{ContainerFault, ContainerState, KmmPod};

/// Trouble of a Pod that does not pass by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// No node takes it.
    Unschedulable,
    /// The registry refuses the login.
    Denied,
    /// The registry has no such image.
    Absent,
    /// The image cannot be pulled for another reason.
    PullFails,
    /// The image is for another architecture.
    Architecture,
    /// The image has no `/bin/sh`.
    NoShell,
    /// A container does not start.
    CannotStart,
    /// A container ends with an error: an init container, or the first one.
    Fails { is_init: bool },
}

/// Exit code of a shell, or of a container runtime, for a program that is not there.
const NOT_FOUND: i64 = 127;

/// Finds the first trouble of a Pod.
pub(super) fn trouble(pod: &KmmPod) -> Option<Trouble> {
    if pod.phase == "Pending" && pod.is_unschedulable {
        return Some(Trouble::Unschedulable);
    }
    let failed = (pod.phase == "Failed").then_some(Trouble::Fails { is_init: false });
    pod.containers.iter().find_map(container_trouble).or(failed)
}

fn container_trouble(container: &ContainerState) -> Option<Trouble> {
    match container.waiting.as_deref() {
        Some(
            "ErrImagePull"
            | "ImagePullBackOff"
            | "InvalidImageName"
            | "ErrImageNeverPull"
            | "RegistryUnavailable"
            | "ImageInspectError"
            | "SignatureValidationFailed",
        ) => Some(match container.fault {
            Some(ContainerFault::Denied) => Trouble::Denied,
            Some(ContainerFault::NotFound) => Trouble::Absent,
            Some(ContainerFault::Architecture) => Trouble::Architecture,
            _ => Trouble::PullFails,
        }),
        Some("CreateContainerError" | "RunContainerError" | "CreateContainerConfigError" | "StartError") => {
            Some(not_started(container))
        }
        _ => match container.ended.as_ref()? {
            (0, _) => None,
            (_, reason) if matches!(reason.as_str(), "StartError" | "ContainerCannotRun") => {
                Some(not_started(container))
            }
            _ if container.fault == Some(ContainerFault::Architecture) => Some(Trouble::Architecture),
            (NOT_FOUND, _) => Some(Trouble::NoShell),
            _ => Some(Trouble::Fails { is_init: container.is_init }),
        },
    }
}

fn not_started(container: &ContainerState) -> Trouble {
    match container.fault {
        Some(ContainerFault::Architecture) => Trouble::Architecture,
        Some(ContainerFault::NoProgram | ContainerFault::NotFound) => Trouble::NoShell,
        _ => Trouble::CannotStart,
    }
}
