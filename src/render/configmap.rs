//! The ConfigMap that carries a Dockerfile to KMM.

use super::header::with_header;
use crate::manifest::Manifest;
use crate::plan::{Draft, Mapping};
use crate::yaml::{self, Yaml};

/// The annotation with the content hash.
pub const CONTENT_HASH: &str = "kmodgen/content-hash";

/// The annotation with what decided the image, one input a line.
pub const INPUTS: &str = "kmodgen/inputs";

/// The annotation by which Argo CD orders objects; Modules have none, which is 0.
pub(super) const SYNC_WAVE: &str = "argocd.argoproj.io/sync-wave";

/// The text of a mapping's ConfigMap.
pub fn render(mapping: &Mapping<'_>, draft: &Draft, manifest: &Manifest) -> String {
    let mut annotations = vec![
        (CONTENT_HASH.into(), Yaml::text(mapping.identity.hash.to_string())),
        (INPUTS.into(), Yaml::block(draft.explanation.as_lines())),
        // Flux would rewrite `${VAR}` inside the Dockerfile.
        ("kustomize.toolkit.fluxcd.io/substitute".into(), Yaml::text("disabled")),
    ];
    if manifest.output.sync_waves {
        annotations.push((SYNC_WAVE.into(), Yaml::text("-1")));
    }
    let metadata = Yaml::Map(vec![
        ("name".into(), Yaml::text(mapping.config_map())),
        ("namespace".into(), Yaml::text(manifest.namespace.as_str())),
        ("annotations".into(), Yaml::Map(annotations)),
    ]);
    with_header(&yaml::emit(&Yaml::Map(vec![
        ("apiVersion".into(), Yaml::text("v1")),
        ("kind".into(), Yaml::text("ConfigMap")),
        ("metadata".into(), metadata),
        ("immutable".into(), Yaml::verbatim("true")),
        ("data".into(), Yaml::Map(vec![("dockerfile".into(), Yaml::block(&draft.dockerfile))])),
    ])))
}
