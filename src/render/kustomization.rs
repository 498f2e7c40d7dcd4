//! The kustomization of a folder, so that the tree builds as it is.

use kmodgen_yaml::Yaml;

use crate::header::{Owner, owners, with_owner};
use crate::vocabulary::Namespace;

/// The text of a kustomization of these resources, for an owner. Several versions of kustomize, and of programs
/// that have it in them, take one that lists nothing for a mistake: it says the namespace then, which
/// none of its objects has to be given. It stays, since a GitOps tool without it would apply whatever
/// lies in the folders.
pub fn render(owner: Owner<'_>, resources: impl IntoIterator<Item = String>, namespace: &Namespace) -> String {
    with_unlisted(owner, resources, &[], namespace)
}

/// The same with a comment that names other folders, of ConfigMaps that are not for the cluster.
pub fn with_unlisted(
    owner: Owner<'_>,
    resources: impl IntoIterator<Item = String>,
    unlisted: &[String],
    namespace: &Namespace,
) -> String {
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
    let mut text = kmodgen_yaml::emit(&Yaml::Map(fields));
    if !unlisted.is_empty() {
        text.push_str("# not applied, since KMM does not build them:\n");
        unlisted.iter().for_each(|path| text.extend(["# - ", path, "\n"]));
    }
    with_owner(owner, &text)
}

/// Start of a line with a resource.
const ITEM: &str = "  - ";

/// Returns the resources of a kustomization of kmodgen, as they are written.
pub fn items(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix(ITEM)).collect()
}

/// Returns the path of a resource.
pub fn path_of(item: &str) -> &str {
    item.trim_matches('"')
}

/// Adds resources of another one to a kustomization, for as long as a Module may name their objects; `None` if there are
/// none.
pub fn joined(new: &str, kept: &[&str]) -> Option<String> {
    let owner = owners(new.as_bytes()).first().copied().unwrap_or(Owner::Nobody);
    let (_, body) = new.split_once('\n')?;
    let is_item = |line: &&str| line.starts_with(ITEM);
    let resources = body.split_inclusive('\n').rev().skip_while(|line| !is_item(line)).map(str::len).sum();
    let (resources, rest) = body.split_at(resources);
    let kept: String = kept.iter().map(|item| format!("{ITEM}{item}\n")).collect();
    (!kept.is_empty()).then(|| with_owner(owner, &format!("{resources}{kept}{rest}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::{Ownership, ownership};

    #[test]
    fn resources_are_kept_until_the_modules_are_written() {
        let namespace = Namespace::parse("kmm").unwrap();
        let list = |resources: &[&str], unlisted: &[&str]| {
            let [resources, unlisted]: [Vec<String>; 2] =
                [resources, unlisted].map(|paths| paths.iter().map(|path| (*path).to_owned()).collect());
            with_unlisted(Owner::One("nic"), resources, &unlisted, &namespace)
        };
        let (a, b) = ("../../_shared/a", "../../_shared/b");
        assert_eq!(joined(&list(&["module.yaml", a], &[]), &[]), None);
        let both = joined(&list(&["module.yaml", a], &[]), &["\"../../_shared/b\""]).unwrap();
        assert_eq!(both, list(&["module.yaml", a, b], &[]));
        assert_eq!(ownership(both.as_bytes()), Ownership::Intact);
        let with_comment = joined(&list(&["module.yaml", a], &["c"]), &["\"../../_shared/b\""]).unwrap();
        assert_eq!(with_comment, list(&["module.yaml", a, b], &["c"]));
    }
}
