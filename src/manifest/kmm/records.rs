//! Rules on records of KMM's fields: what goes with what. The API server checks most of them on the Pods and
//! DeviceClasses that KMM makes (`k8s.io/kubernetes/pkg/apis/core/validation`), KMM's webhook the rest.

use kmodgen_yaml::Node;

use super::place::{refuse, refuse_repeats, text};
use super::{pods, resources, texts};
use crate::vocabulary::{Diagnostic, Diagnostics, quoted_list};

/// Checks a record whose fields are right one by one; whether it is.
pub(super) fn check(record: &str, node: &Node, faults: &mut Diagnostics) -> bool {
    match record {
        "volumes" => one_of(node, "a volume", &sources_of("volumes"), faults),
        "sources" => one_of(node, "a projected source", &sources_of("sources"), faults),
        "projected" => paths_differ(node, faults),
        "env" => value_or_source(node, faults),
        "valueFrom" => value_source(node, faults),
        "downwardAPI.items" => downward_item(node, faults),
        "resourceFieldRef" => resources::check_field(node, faults),
        "volumeMounts" => mount(node, faults),
        "resources" => resources::check(node, faults),
        "spec.resources" => resources::check_claim(node, faults),
        "spec" => claim(node, faults),
        "dataSource" => data_source(node, faults),
        "matchExpressions" => expression(node, faults),
        "tolerations" => toleration(node, faults),
        "fc" => fibre_channel(node, faults),
        "iscsi" => iscsi(node, faults),
        "flocker" => one_of(node, "a Flocker volume", &["datasetName", "datasetUUID"], faults),
        "azureDisk" => azure_disk(node, faults),
        "cephfs" | "rbd" => not_empty(node, "monitors", faults),
        "clusterTrustBundle" => trust_bundle(node, faults),
        "podCertificate" => certificate(node, faults),
        "container" | "initContainer" => pods::check_container(node, faults),
        "devicePlugin" | "dra" => pods::check_pod(record, node, faults),
        "opaque" => parameters(node, faults),
        _ => true,
    }
}

/// The kinds of a volume or of a projected source.
fn sources_of(record: &str) -> Vec<&'static str> {
    let fields = crate::manifest::structure::structure().fields(record);
    fields.iter().map(|field| field.key).filter(|key| *key != "name").collect()
}

/// Exactly one of some fields.
fn one_of(node: &Node, what: &str, keys: &[&str], faults: &mut Diagnostics) -> bool {
    let entries = node.as_mapping().unwrap_or_default();
    let given: Vec<_> = entries.iter().filter(|entry| keys.contains(&entry.key.value.as_str())).collect();
    match given.as_slice() {
        [_] => true,
        [] if keys.len() > 8 => refuse(
            node.span.at_start(),
            format!("{what} has no kind"),
            "write its kind, such as `emptyDir: {}`",
            faults,
        ),
        [] => refuse(
            node.span.at_start(),
            format!("{what} is empty"),
            format!("write one of {}", quoted_list(keys)),
            faults,
        ),
        [first, second, ..] => {
            faults.push(
                Diagnostic::error(
                    "kmm-rule",
                    format!("{what} has both `{}` and `{}`", first.key.value, second.key.value),
                )
                .at(second.key.span, "")
                .context(first.key.span, "the other one")
                .help("remove one of them"),
            );
            false
        }
    }
}

fn not_empty(node: &Node, key: &str, faults: &mut Diagnostics) -> bool {
    match node.get(key) {
        Some(list) if list.as_sequence().is_some_and(<[_]>::is_empty) => {
            refuse(list.span, format!("`{key}` is empty"), "write at least one", faults)
        }
        _ => true,
    }
}

/// Two fields that exclude each other.
fn not_both(node: &Node, one: &str, other: &str, faults: &mut Diagnostics) -> bool {
    match (node.get(one), node.get(other)) {
        (Some(_), Some(second)) => {
            refuse(second.span, format!("`{one}` and `{other}` are mutually exclusive"), "remove one of them", faults)
        }
        _ => true,
    }
}

fn value_or_source(node: &Node, faults: &mut Diagnostics) -> bool {
    not_both(node, "value", "valueFrom", faults)
}

fn value_source(node: &Node, faults: &mut Diagnostics) -> bool {
    let keys = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];
    if !one_of(node, "`valueFrom`", &keys, faults) {
        return false;
    }
    const FIELDS: [&str; 9] = [
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    ];
    node.get("fieldRef").is_none_or(|field| field_path(field, &FIELDS, faults))
}

fn downward_item(node: &Node, faults: &mut Diagnostics) -> bool {
    if !one_of(node, "an item", &["fieldRef", "resourceFieldRef"], faults) {
        return false;
    }
    if let Some(resource) = node.get("resourceFieldRef").filter(|resource| resource.get("containerName").is_none()) {
        return refuse(
            resource.span,
            "`resourceFieldRef` of a volume has no `containerName`",
            "write `containerName: …`",
            faults,
        );
    }
    const FIELDS: [&str; 5] =
        ["metadata.name", "metadata.namespace", "metadata.uid", "metadata.labels", "metadata.annotations"];
    node.get("fieldRef").is_none_or(|field| field_path(field, &FIELDS, faults))
}

/// A field of the Pod that a container may learn of.
fn field_path(node: &Node, known: &[&str], faults: &mut Diagnostics) -> bool {
    let (Some(path), Some(place)) = (text(node, "fieldPath"), node.get("fieldPath")) else { return true };
    let key = ["metadata.labels['", "metadata.annotations['"]
        .iter()
        .find_map(|start| path.strip_prefix(start)?.strip_suffix("']"));
    if known.contains(&path) || key.is_some_and(|key| crate::vocabulary::kubernetes::label_key(key).is_ok()) {
        return true;
    }
    let message = format!("`{}` is not a field for containers", path.escape_debug());
    let help = match crate::vocabulary::nearest(path, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write one of {}", quoted_list(known)),
    };
    refuse(place.span, message, help, faults)
}

fn mount(node: &Node, faults: &mut Diagnostics) -> bool {
    if !not_both(node, "subPath", "subPathExpr", faults) {
        return false;
    }
    match node.get("recursiveReadOnly") {
        Some(recursive) if text(node, "recursiveReadOnly") != Some("Disabled") => {
            if text(node, "readOnly") != Some("true") {
                return refuse(
                    recursive.span,
                    "`recursiveReadOnly` needs `readOnly: true`",
                    "write `readOnly: true`",
                    faults,
                );
            }
            if text(node, "mountPropagation").is_some_and(|propagation| propagation != "None") {
                return refuse(
                    recursive.span,
                    "`recursiveReadOnly` and `mountPropagation` are mutually exclusive",
                    "remove one of them",
                    faults,
                );
            }
            true
        }
        _ => true,
    }
}

/// Files of several sources share one folder.
fn paths_differ(node: &Node, faults: &mut Diagnostics) -> bool {
    let sources = node.get("sources").and_then(|list| list.as_sequence()).unwrap_or_default();
    let mut paths = Vec::new();
    for source in sources.iter().filter_map(|source| source.as_mapping()).flatten() {
        let items = source.value.get("items").and_then(|list| list.as_sequence()).unwrap_or_default();
        for node in items.iter().chain([&source.value]) {
            let keys = ["path", "keyPath", "certificateChainPath", "credentialBundlePath"];
            paths.extend(keys.iter().filter_map(|key| Some((text(node, key)?, node.get(key)?.span))));
        }
    }
    refuse_repeats("the path", paths.into_iter(), faults)
}

fn claim(node: &Node, faults: &mut Diagnostics) -> bool {
    if !not_empty(node, "accessModes", faults) {
        return false;
    }
    let modes = texts(node, "accessModes");
    if modes.len() > 1 && modes.iter().any(|(mode, _)| *mode == "ReadWriteOncePod") {
        return refuse(
            node.span.at_start(),
            "`ReadWriteOncePod` cannot be combined with other access modes",
            "remove the others",
            faults,
        );
    }
    true
}

fn data_source(node: &Node, faults: &mut Diagnostics) -> bool {
    if text(node, "apiGroup").is_none() && text(node, "kind") != Some("PersistentVolumeClaim") {
        return refuse(
            node.span.at_start(),
            "`dataSource` has no `apiGroup`",
            "write `apiGroup: …`, or `kind: PersistentVolumeClaim`",
            faults,
        );
    }
    true
}

fn expression(node: &Node, faults: &mut Diagnostics) -> bool {
    let operator = text(node, "operator").unwrap_or_default();
    let values = node.get("values").and_then(|list| list.as_sequence()).unwrap_or_default();
    match (operator, values) {
        ("In" | "NotIn", []) => refuse(
            node.span.at_start(),
            format!("`operator: {operator}` needs `values`"),
            "write `values: […]`",
            faults,
        ),
        ("Exists" | "DoesNotExist", [first, ..]) => {
            refuse(first.span, format!("`operator: {operator}` takes no `values`"), "remove them", faults)
        }
        _ => true,
    }
}

fn toleration(node: &Node, faults: &mut Diagnostics) -> bool {
    let [operator, key, value, effect] =
        ["operator", "key", "value", "effect"].map(|key| text(node, key).unwrap_or_default());
    let (message, help) = if operator == "Exists" && !value.is_empty() {
        ("a toleration with `operator: Exists` takes no `value`", "remove `value`, or write `operator: Equal`")
    } else if operator != "Exists" && key.is_empty() {
        ("a toleration without a `key` requires `operator: Exists`", "write `key: …`, or `operator: Exists`")
    } else if node.get("tolerationSeconds").is_some() && effect != "NoExecute" {
        ("`tolerationSeconds` requires `effect: NoExecute`", "write `effect: NoExecute`, or remove `tolerationSeconds`")
    } else {
        return true;
    };
    faults.push(Diagnostic::error("kmm-toleration", message).at(node.span, "").help(help));
    false
}

fn has_items(node: &Node, key: &str) -> bool {
    node.get(key).and_then(|list| list.as_sequence()).is_some_and(|list| !list.is_empty())
}

fn fibre_channel(node: &Node, faults: &mut Diagnostics) -> bool {
    match (has_items(node, "targetWWNs"), has_items(node, "wwids")) {
        (true, true) => not_both(node, "targetWWNs", "wwids", faults),
        (false, false) => refuse(
            node.span.at_start(),
            "an FC volume has neither `targetWWNs` nor `wwids`",
            "write one of them",
            faults,
        ),
        (true, false) if node.get("lun").is_none() => {
            refuse(node.span.at_start(), "`targetWWNs` needs a `lun`", "write `lun: 0`", faults)
        }
        _ => true,
    }
}

fn iscsi(node: &Node, faults: &mut Diagnostics) -> bool {
    let login = ["chapAuthDiscovery", "chapAuthSession"].iter().any(|key| text(node, key) == Some("true"));
    if login && node.get("secretRef").is_none() {
        return refuse(
            node.span.at_start(),
            "CHAP authentication needs a `secretRef`",
            "write `secretRef: {name: …}`",
            faults,
        );
    }
    true
}

fn azure_disk(node: &Node, faults: &mut Diagnostics) -> bool {
    let (Some(uri), Some(place)) = (text(node, "diskURI"), node.get("diskURI")) else { return true };
    let managed = text(node, "kind") == Some("Managed");
    let start = if managed { "/subscriptions/" } else { "https://" };
    if uri.starts_with(start) {
        return true;
    }
    let kind = if managed { "a managed" } else { "this kind of" };
    refuse(
        place.span,
        format!("`diskURI` of {kind} disk does not start with `{start}`"),
        format!("write `{start}…`"),
        faults,
    )
}

fn trust_bundle(node: &Node, faults: &mut Diagnostics) -> bool {
    if !one_of(node, "`clusterTrustBundle`", &["name", "signerName"], faults) {
        return false;
    }
    match node.get("labelSelector") {
        Some(selector) if node.get("name").is_some() => {
            refuse(selector.span, "`labelSelector` requires `signerName`", "remove it", faults)
        }
        _ => true,
    }
}

fn certificate(node: &Node, faults: &mut Diagnostics) -> bool {
    let paths = ["credentialBundlePath", "keyPath", "certificateChainPath"];
    if paths.iter().all(|key| node.get(key).is_none()) {
        return refuse(node.span.at_start(), "`podCertificate` has no path", "write `credentialBundlePath: …`", faults);
    }
    true
}

/// Most bytes that opaque parameters may have, as JSON.
const LONGEST_PARAMETERS: usize = 10 << 10;

fn parameters(node: &Node, faults: &mut Diagnostics) -> bool {
    fn size(node: &Node) -> usize {
        match &node.value {
            kmodgen_yaml::Value::Scalar(scalar) => scalar.text.len() + 2,
            kmodgen_yaml::Value::Sequence(items) => items.iter().map(|item| size(item) + 1).sum::<usize>() + 2,
            kmodgen_yaml::Value::Mapping(entries) => {
                entries.iter().map(|entry| entry.key.value.len() + size(&entry.value) + 4).sum::<usize>() + 2
            }
        }
    }
    match node.get("parameters") {
        Some(parameters) if size(parameters) > LONGEST_PARAMETERS => refuse(
            parameters.span,
            format!("`parameters` has more than {LONGEST_PARAMETERS} bytes"),
            "Kubernetes allows no more",
            faults,
        ),
        _ => true,
    }
}
