//! The kustomization of a folder, so that the tree builds as it is.

use super::header::with_header;
use crate::yaml::{self, Yaml};

/// The text of a kustomization of these resources.
pub fn render(resources: impl IntoIterator<Item = String>) -> String {
    with_header(&yaml::emit(&Yaml::Map(vec![
        ("apiVersion".into(), Yaml::Text("kustomize.config.k8s.io/v1beta1".into())),
        ("kind".into(), Yaml::Text("Kustomization".into())),
        ("resources".into(), Yaml::Seq(resources.into_iter().map(Yaml::Text).collect())),
    ])))
}
