//! The namespace that everything is in.

use kmodgen_yaml::Yaml;

use super::configmap::SYNC_WAVE;
use crate::header::with_header;
use crate::manifest::Manifest;

/// The text of the manifest's namespace, which Argo CD makes before all else if it is told an order.
pub fn render(manifest: &Manifest) -> String {
    let mut metadata = vec![("name".into(), Yaml::text(manifest.namespace.as_str()))];
    if manifest.output.sync_waves {
        metadata.push(("annotations".into(), Yaml::Map(vec![(SYNC_WAVE.into(), Yaml::text("-2"))])));
    }
    with_header(&kmodgen_yaml::emit(&Yaml::Map(vec![
        ("apiVersion".into(), Yaml::text("v1")),
        ("kind".into(), Yaml::text("Namespace")),
        ("metadata".into(), Yaml::Map(metadata)),
    ])))
}
