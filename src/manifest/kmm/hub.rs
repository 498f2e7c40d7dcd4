//! Fields of `kmm` for a hub's spokes and for kernels that are not listed.

use kmodgen_yaml::{Node, Yaml};

use super::check::convert;
use super::fields::{FALLBACK, HUB};
use crate::manifest::decode::{self, Fields};
use crate::manifest::variables;
use crate::vocabulary::{Diagnostics, ImageRef, Invalid, Namespace, Pattern, Spanned, go_regexp};

/// The spokes of a hub.
#[derive(Debug, Clone)]
pub struct Hub {
    /// Place of the section in the manifest.
    pub place: crate::vocabulary::Span,
    /// The namespace of the Module on them.
    pub namespace: Namespace,
    /// The labels of the managed clusters.
    pub selector: Yaml<'static>,
}

impl Hub {
    pub(super) fn decode(node: &Node, faults: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::open(&HUB, node, faults)?;
        let namespace = fields
            .need("spokeNamespace", "write the namespace of the Module on the spokes", faults)
            .and_then(|node| decode::text(node, "`spokeNamespace`", faults, Namespace::parse));
        let selector = fields
            .need("selector", "write the labels of the managed clusters", faults)
            .and_then(|node| convert("hub", "selector", node, faults));
        fields.finish(faults);
        Some(Self { place: node.span, namespace: namespace?.value, selector: selector? })
    }
}

/// Image for the kernels that nobody has listed.
#[derive(Debug, Clone)]
pub struct Fallback {
    /// The releases, as a regular expression that matches them as a whole.
    pub regexp: String,
    /// The image, in which KMM writes the release.
    pub image: Spanned<String>,
}

impl Fallback {
    pub(super) fn decode(node: &Node, faults: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::open(&FALLBACK, node, faults)?;
        let release = fields.need("release", "write a pattern that matches whole releases", faults).and_then(|node| {
            decode::text(node, "a pattern", faults, |text| {
                Pattern::parse(text)?;
                go_regexp::check(text).map(|()| text.to_owned())
            })
        });
        let image = fields
            .need("image", "write the image, with `${KERNEL_FULL_VERSION}` in its tag", faults)
            .and_then(|node| decode::text(node, "`image`", faults, image));
        fields.finish(faults);
        // KMM's own match is not anchored.
        Some(Self { regexp: format!("^(?:{})$", release?.value), image: image? })
    }
}

/// One image for several kernels would be loaded on all of them.
fn image(text: &str) -> Result<String, Invalid> {
    let help = "write `REPOSITORY:${KERNEL_FULL_VERSION}`: every kernel needs an image of its own";
    let names = ["${KERNEL_FULL_VERSION}", "$KERNEL_FULL_VERSION", "${KERNEL_VERSION}", "$KERNEL_VERSION"];
    let image = ImageRef::parse(&variables::expand(text, variables::IMAGE)?)?;
    if !names.iter().any(|name| text.contains(name)) {
        return Err(Invalid::new(format!("`{}` is the same image for every kernel", text.escape_debug())).help(help));
    }
    match image.tag() {
        Some(_) => Ok(text.to_owned()),
        None => Err(Invalid::new(format!("`{}` has no tag", text.escape_debug())).help(help)),
    }
}
