//! The kustomization of a folder, so that the tree builds as it is.

use kmodgen_yaml::Yaml;

use crate::header::{Owner, with_owner};
use crate::vocabulary::Namespace;

/// The text of a kustomization of these resources, for an owner. Several versions of kustomize, and of programs
/// that have it in them, take one that lists nothing for a mistake: it says the namespace then, which
/// none of its objects has to be given. It stays, since a GitOps tool without it would apply whatever
/// lies in the folders.
pub fn render(owner: Owner<'_>, resources: impl IntoIterator<Item = String>, namespace: &Namespace) -> String {
    let resources: Vec<Yaml> = resources.into_iter().map(Yaml::text).collect();
    let lists_nothing = resources.is_empty();
    let mut fields = vec![
        ("apiVersion".into(), Yaml::text("kustomize.config.k8s.io/v1beta1")),
        ("kind".into(), Yaml::text("Kustomization")),
        ("resources".into(), Yaml::Seq(resources)),
    ];
    if lists_nothing {
        fields.push(("namespace".into(), Yaml::text(namespace.as_str())));
    }
    with_owner(owner, &kmodgen_yaml::emit(&Yaml::Map(fields)))
}
