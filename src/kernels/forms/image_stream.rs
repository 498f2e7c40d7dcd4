//! The ImageStream `driver-toolkit` of OpenShift: one tag for each OS image that the cluster has had.

use kmodgen_yaml::Node;

use crate::kernels::facts::Toolkit;
use crate::kernels::reading::{Reading, at, object_name};
use crate::vocabulary::{Diagnostic, ImageRef, Invalid, Span, Spanned};

/// The name of the one that is about Driver Toolkits.
const NAME: &str = "driver-toolkit";

/// The tag that repeats another one. KMM skips it, too.
const LATEST: &str = "latest";

/// The kind of a tag that names its image itself.
const IMAGE: &str = "DockerImage";

/// Reads one ImageStream; returns whether it is that of the Driver Toolkits.
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
        let Some(image) = image_of(node, tag, &os.value, &whose, reading) else { continue };
        let toolkit = Toolkit::of(Some(image), format!("ImageStream {name}, tag {}", os.value), tag.span);
        reading.facts.toolkits.push(Toolkit { os: Some(os.value), in_cluster: true, ..toolkit });
    }
    true
}

/// The image of a tag. A tag that names another tag or image of the cluster, or an image without its
/// digest, has what that is in the status.
fn image_of(stream: &Node, tag: &Node, name: &str, whose: &str, reading: &mut Reading<'_>) -> Option<ImageRef> {
    let kind = reading.find(tag, &["from", "kind"]);
    let is_image = kind.as_deref().is_none_or(|kind| kind == IMAGE);
    if !is_image {
        let Some(image) = in_status(stream, name, reading) else {
            let kind = kind.unwrap_or_default();
            let message = format!("{whose} has the kind {kind}, and its status has no image");
            let span = tag.get("from").map_or(tag.span, |from| from.span);
            let warning = Diagnostic::warning("unresolved-tag", message).at(span, "");
            let advice = "skipped: print the whole ImageStream, with `oc get is/driver-toolkit -n openshift -o json`";
            reading.tell(warning.help(advice));
            return None;
        };
        return reading.image(&image.value, image.span);
    }
    let own = reading.need(tag, &["from", "name"], whose, "it names the image")?;
    let by_tag = ImageRef::parse(&own.value).is_ok_and(|image| image.digest().is_none());
    let image = if by_tag { in_status(stream, name, reading).filter(is_pinned).unwrap_or(own) } else { own };
    reading.image(&image.value, image.span)
}

fn is_pinned(image: &Spanned<String>) -> bool {
    ImageRef::parse(&image.value).is_ok_and(|image| image.digest().is_some())
}

/// The image that a tag stands for, as the status has it.
fn in_status(stream: &Node, name: &str, reading: &mut Reading<'_>) -> Option<Spanned<String>> {
    let tags = at(stream, &["status", "tags"]).and_then(Node::as_sequence)?;
    let tag =
        tags.iter().find(|tag| tag.get("tag").and_then(|tag| tag.as_scalar()).is_some_and(|tag| tag.text == name));
    let newest = tag?.get("items")?.as_sequence()?.first()?;
    let span: Span = newest.get("dockerImageReference")?.span;
    Some(Spanned::new(reading.find(newest, &["dockerImageReference"])?, span))
}
