//! The namespace that everything is in.

use kmodgen_yaml::Yaml;

use super::configmap::SYNC_WAVE;
use super::metadata::{annotations, joined, managed_by, owner};
use crate::header::with_owner;
use crate::manifest::Manifest;

/// The annotation with Argo CD's options for one object
/// (<https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/>).
const SYNC_OPTIONS: &str = "argocd.argoproj.io/sync-options";

/// The annotation that keeps Flux from deleting an object
/// (<https://fluxcd.io/flux/components/kustomize/kustomizations/#prune>).
const FLUX_PRUNE: &str = "kustomize.toolkit.fluxcd.io/prune";

/// Returns the text of the manifest's namespace, which Argo CD makes before all else if it is told an order, and which no
/// tool deletes with everything in it if its file is removed. KMM's pods in it are privileged; OpenShift allows that by
/// itself, other clusters by these labels.
pub fn render(manifest: &Manifest) -> String {
    let labels = ["enforce", "audit", "warn"]
        .map(|mode| (format!("pod-security.kubernetes.io/{mode}").into(), Yaml::text("privileged")));
    let labels = std::iter::once(managed_by()).chain(owner(manifest)).chain(labels);
    let wave = manifest.output.sync_waves.then(|| (SYNC_WAVE.into(), Yaml::text("-2")));
    let prune = [
        (SYNC_OPTIONS.into(), Yaml::text(sync_options(manifest.metadata.annotations.get(SYNC_OPTIONS)))),
        (FLUX_PRUNE.into(), Yaml::text("disabled")),
    ];
    let mut metadata = vec![
        ("name".into(), Yaml::text(manifest.namespace.as_str())),
        ("labels".into(), joined(labels, [&manifest.metadata.labels])),
    ];
    metadata.extend(annotations(manifest, None, wave.into_iter().chain(prune)));
    with_owner(
        manifest.file_owner(),
        &kmodgen_yaml::emit(&Yaml::Map(vec![
            ("apiVersion".into(), Yaml::text("v1")),
            ("kind".into(), Yaml::text("Namespace")),
            ("metadata".into(), Yaml::Map(metadata)),
        ])),
    )
}

/// Returns Argo CD's options for the namespace: those of the manifest, and not to prune it.
fn sync_options(options: Option<&String>) -> String {
    let prune = "Prune=false";
    match options {
        None => prune.to_owned(),
        Some(options) if options.contains("Prune=") => options.clone(),
        Some(options) => format!("{prune},{options}"),
    }
}

#[cfg(test)]
mod tests {
    use crate::output::NAMESPACE;
    use crate::testing::World;

    fn namespace(annotations: &str) -> String {
        let metadata = format!("metadata: {{annotations: {{{annotations}}}}}\noutput: {{namespace: true}}\n");
        let outputs = World::small().and(&metadata).outputs();
        outputs.into_iter().find(|output| output.path.as_str() == NAMESPACE).unwrap().text.into_owned()
    }

    #[test]
    fn no_tool_prunes_it_unless_the_manifest_says_so() {
        let options = |value: &str| format!("  annotations:\n    argocd.argoproj.io/sync-options: {value}\n");
        let text = namespace("a: b");
        assert!(text.contains(&options("Prune=false")), "{text}");
        assert!(text.contains("    kustomize.toolkit.fluxcd.io/prune: disabled\n    a: b\n"), "{text}");
        let text = namespace("argocd.argoproj.io/sync-options: ServerSideApply=true");
        assert!(text.contains(&options("\"Prune=false,ServerSideApply=true\"")), "{text}");
        let text = namespace("argocd.argoproj.io/sync-options: Prune=confirm");
        assert!(text.contains(&options("Prune=confirm")), "{text}");
        assert_eq!(text.matches("sync-options").count(), 1);
    }
}
