//! The ImageStream `driver-toolkit` of OpenShift: one tag for each OS image that the cluster has had.

use crate::kernels::facts::Toolkit;
use crate::kernels::reading::{Reading, at, object_name};
use crate::vocabulary::Invalid;
use crate::yaml::Node;

/// The name of the one that is about Driver Toolkits.
const NAME: &str = "driver-toolkit";

/// The tag that repeats another one. KMM skips it, too.
const LATEST: &str = "latest";

/// Reads one ImageStream; says whether it is that of the Driver Toolkits.
pub(super) fn read(node: &Node, reading: &mut Reading<'_>) -> bool {
    let name = object_name(node, reading);
    if name.rsplit('/').next() != Some(NAME) {
        return false;
    }
    let tags = at(node, &["spec", "tags"]).and_then(Node::as_sequence).unwrap_or_default();
    if tags.is_empty() {
        reading.fault(node.span, Invalid::new(format!("ImageStream `{name}` has no `spec.tags`")));
    }
    for tag in tags {
        let whose = format!("a tag of ImageStream `{name}`");
        let Some(os) = reading.need(tag, &["name"], &whose, "a tag is named after its OS image") else { continue };
        if os.value == LATEST {
            continue;
        }
        let whose = format!("tag `{}` of ImageStream `{name}`", os.value);
        let Some(image) = reading.need(tag, &["from", "name"], &whose, "it names the image") else { continue };
        let Some(image) = reading.image(&image.value, image.span) else { continue };
        reading.facts.toolkits.push(Toolkit {
            image: Some(image),
            origin: format!("ImageStream {name}, tag {}", os.value),
            os: Some(os.value),
            openshift: None,
            architecture: None,
            kernels: Vec::new(),
            span: tag.span,
        });
    }
    true
}
