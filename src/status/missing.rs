//! Kinds that no input has, and the commands that print them.

use super::cluster::{ClusterObjects, ObjectType};
use super::report::MissingKind;

/// Returns the missing kinds that would add something.
pub(super) fn missing(cluster: &ClusterObjects, has_builds: bool) -> Vec<MissingKind> {
    let mut kinds = vec![
        (ObjectType::Module, "modules", "which image KMM wants on each node's kernel"),
        (ObjectType::Node, "nodes", "which nodes the Modules select, and their kernels"),
        (ObjectType::NodeModulesConfig, "nodemodulesconfigs", "what is loaded on the nodes"),
        (ObjectType::ModuleImagesConfig, "moduleimagesconfigs", "which images exist"),
        (ObjectType::Pod, "pods", "why an image is not pulled, built or loaded"),
    ];
    if has_builds {
        kinds.push((ObjectType::ModuleBuildSignConfig, "modulebuildsignconfigs", "which builds failed"));
        kinds.push((ObjectType::ConfigMap, "configmaps", "if a build waits for its ConfigMap"));
    }
    // On a hub there is nothing but ManagedClusterModules.
    let is_hub = cluster.seen.iter().all(|kind| *kind == ObjectType::ManagedClusterModule);
    let missing = kinds.into_iter().filter(|(kind, _, _)| !is_hub && !cluster.has(*kind));
    missing.map(|(_, kind, unknown)| MissingKind { kind, unknown, command: command(kind) }).collect()
}

fn command(kind: &str) -> String {
    let all = if matches!(kind, "nodes" | "nodemodulesconfigs") { "" } else { "-A " };
    format!("oc get {kind} {all}-o json")
}
