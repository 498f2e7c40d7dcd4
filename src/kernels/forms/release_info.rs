//! An OpenShift release, as `oc adm release info -o json` prints it: which Driver Toolkit image goes
//! with which version of OpenShift, and with which OS image.

use std::sync::Arc;

use crate::kernels::facts::Toolkit;
use crate::kernels::reading::{Reading, at};
use crate::vocabulary::{Invalid, architecture};
use crate::yaml::Node;

/// Whether a node is one.
pub(super) fn is_one(node: &Node) -> bool {
    node.get("references").is_some() && node.get("metadata").is_some()
}

/// Reads one.
pub(super) fn read(node: &Node, reading: &mut Reading<'_>) {
    let whole = "print the whole release, with `oc adm release info -o json`";
    let Some(version) = reading.need(node, &["metadata", "version"], "the release", whole) else { return };
    let tags = at(node, &["references", "spec", "tags"]).and_then(Node::as_sequence).unwrap_or_default();
    let is_toolkit = |tag: &&Arc<Node>| {
        tag.get("name").and_then(|name| name.as_scalar()).is_some_and(|name| name.text == "driver-toolkit")
    };
    let Some(tag) = tags.iter().find(is_toolkit) else {
        let message = format!("release {} has no image `driver-toolkit`", version.value);
        reading.fault(version.span, Invalid::new(message).help(whole));
        return;
    };
    let whose = format!("`driver-toolkit` of release {}", version.value);
    let Some(image) = reading.need(tag, &["from", "name"], &whose, "it names the image") else { return };
    let os = reading.find(node, &["displayVersions", "machine-os", "Version"]);
    let machine = reading.find(node, &["config", "architecture"]);
    let Some(image) = reading.image(&image.value, image.span) else { return };
    reading.facts.toolkits.push(Toolkit {
        image: Some(image),
        os,
        origin: format!("OpenShift release {}", version.value),
        openshift: Some(version.value),
        architecture: machine.as_deref().and_then(architecture),
        kernels: Vec::new(),
        span: tag.span,
    });
}
