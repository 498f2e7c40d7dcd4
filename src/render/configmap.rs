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
    let text = |value: &str| Yaml::Text(value.to_owned());
    let mut annotations = vec![
        (CONTENT_HASH.into(), Yaml::Text(mapping.identity.hash.to_string())),
        (INPUTS.into(), Yaml::Block(draft.explanation.to_lines())),
        // Flux would rewrite `${VAR}` inside the Dockerfile.
        ("kustomize.toolkit.fluxcd.io/substitute".into(), text("disabled")),
    ];
    if manifest.output.sync_waves {
        annotations.push((SYNC_WAVE.into(), text("-1")));
    }
    let metadata = Yaml::Map(vec![
        ("name".into(), text(&mapping.config_map())),
        ("namespace".into(), text(manifest.namespace.as_str())),
        ("annotations".into(), Yaml::Map(annotations)),
    ]);
    with_header(&yaml::emit(&Yaml::Map(vec![
        ("apiVersion".into(), text("v1")),
        ("kind".into(), text("ConfigMap")),
        ("metadata".into(), metadata),
        ("immutable".into(), Yaml::Verbatim("true".into())),
        ("data".into(), Yaml::Map(vec![("dockerfile".into(), Yaml::Block(draft.dockerfile.clone()))])),
    ])))
}
