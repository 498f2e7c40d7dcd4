//! The namespace that everything is in.

use kmodgen_yaml::Yaml;

use super::configmap::SYNC_WAVE;
use super::metadata::{annotations, joined, managed_by};
use crate::header::with_header;
use crate::manifest::Manifest;

/// Returns the text of the manifest's namespace, which Argo CD makes before all else if it is told an order. KMM's pods
/// in it are privileged; OpenShift allows that by itself, other clusters by these labels.
pub fn render(manifest: &Manifest) -> String {
    let labels = ["enforce", "audit", "warn"]
        .map(|mode| (format!("pod-security.kubernetes.io/{mode}").into(), Yaml::text("privileged")));
    let labels = std::iter::once(managed_by()).chain(labels);
    let wave = manifest.output.sync_waves.then(|| (SYNC_WAVE.into(), Yaml::text("-2")));
    let mut metadata = vec![
        ("name".into(), Yaml::text(manifest.namespace.as_str())),
        ("labels".into(), joined(labels, [&manifest.metadata.labels])),
    ];
    metadata.extend(annotations(manifest, None, wave));
    with_header(&kmodgen_yaml::emit(&Yaml::Map(vec![
        ("apiVersion".into(), Yaml::text("v1")),
        ("kind".into(), Yaml::text("Namespace")),
        ("metadata".into(), Yaml::Map(metadata)),
    ])))
}
