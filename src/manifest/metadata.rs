//! Labels and annotations that users add to objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use kmodgen_yaml::Node;

use super::declare::declare;
use super::decode;
use super::schema::Shape;
use crate::vocabulary::{Diagnostic, Diagnostics, Invalid, kubernetes as k8s};

declare! {
    /// Labels and annotations of objects.
    #[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
    pub struct Metadata: METADATA, "`metadata`" {
        default labels: BTreeMap<String, String> {
            takes: Shape::TextMap,
            says: "labels",
            decode: |node, key, faults| Some(decode::named(node, key, faults, name, label_value)),
        }
        default annotations: BTreeMap<String, String> {
            takes: Shape::TextMap,
            says: "annotations",
            decode: annotations,
        }
    }
}

/// Total length of annotations, in bytes, up to which the API server takes an object
/// (`k8s.io/apimachinery/pkg/api/validation`, `TotalAnnotationSizeLimitB`), less what kmodgen's own may need.
const LONGEST_ANNOTATIONS: usize = (256 << 10) - (64 << 10);

/// Keys that kmodgen writes itself, with what decides them.
const OWN: [(&str, &str); 3] = [
    ("app.kubernetes.io/managed-by", "remove it"),
    ("kustomize.toolkit.fluxcd.io/substitute", "remove it: Flux would rewrite the Dockerfiles"),
    ("argocd.argoproj.io/sync-wave", "write `output: {syncWaves: true}`"),
];

fn name(key: &str) -> Result<(), Invalid> {
    let own = OWN.iter().find(|(own, _)| *own == key).map(|(_, help)| *help);
    if let Some(help) = own.or_else(|| key.starts_with("kmodgen/").then_some("remove it")) {
        return Err(Invalid::new(format!("kmodgen writes `{}` itself", key.escape_debug())).help(help));
    }
    k8s::label_key(key)
}

fn label_value(text: &str) -> Result<String, Invalid> {
    k8s::label_value(text).map(|()| text.to_owned())
}

fn annotations(node: &Arc<Node>, key: &str, faults: &mut Diagnostics) -> Option<BTreeMap<String, String>> {
    let annotations = decode::named(node, key, faults, name, |text| Ok(text.to_owned()));
    let length: usize = annotations.iter().map(|(key, value)| key.len() + value.len()).sum();
    if length > LONGEST_ANNOTATIONS {
        let message = format!("these annotations have {length} bytes; at most {LONGEST_ANNOTATIONS} are allowed");
        faults.push(Diagnostic::error("too-many", message).at(node.span, "").help("shorten them"));
    }
    Some(annotations)
}

#[cfg(test)]
mod tests {
    use crate::testing::World;

    #[test]
    fn objects_have_the_labels_and_annotations_of_all_levels() {
        let world = World::small()
            .and_module("metadata: {labels: {team: storage}, annotations: {example.com/owner: 'a b'}}")
            .and("metadata: {labels: {team: kernel, tier: \"1\"}}\noutput: {namespace: true}\n");
        for output in world.outputs() {
            let text = &output.text;
            let team = match output.path.file_name() {
                "module.yaml" | "configmap.yaml" => "    team: storage\n    tier: \"1\"\n",
                "namespace.yaml" => "    team: kernel\n    tier: \"1\"\n",
                _ => continue,
            };
            assert!(text.contains(team), "{text}");
            assert_eq!(text.contains("    example.com/owner: \"a b\"\n"), output.path.file_name() != "namespace.yaml");
        }
        let cluster = world.and("clusters: {west: {metadata: {labels: {tier: \"2\"}}}}\n");
        assert!(cluster.outputs().iter().any(|output| output.text.contains("    team: storage\n    tier: \"2\"\n")));
    }

    #[test]
    fn metadata_decides_no_image() {
        let labelled = World::small().and_module("metadata: {labels: {team: storage}}");
        assert_eq!(labelled.identities(), World::small().identities());
    }

    #[test]
    fn keys_and_values_are_those_of_kubernetes() {
        for (metadata, said) in [
            ("{labels: {'a b': c}}", "is not a label"),
            ("{labels: {a: b c}}", "is not a label"),
            ("{annotations: {'a b': c}}", "is not a label"),
            ("{labels: {kmodgen/module: x}}", "kmodgen writes `kmodgen/module` itself"),
            ("{annotations: {argocd.argoproj.io/sync-wave: 1}}", "write `output: {syncWaves: true}`"),
            ("{annotations: {a: [b]}}", "expected a string for a value of `annotations`"),
            ("{label: {a: b}}", "did you mean `labels`?"),
        ] {
            let faults = World::small().and_module(&format!("metadata: {metadata}")).faults();
            assert!(faults.len() == 1 && faults[0].contains(said), "{metadata}: {faults:?}");
        }
        let long = format!("metadata: {{annotations: {{a: {}}}}}", "x".repeat(200_000));
        assert!(World::small().and_module(&long).faults()[0].contains("196608 are allowed"));
    }
}
