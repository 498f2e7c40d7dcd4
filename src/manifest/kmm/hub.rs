//! Fields beside `moduleSpec`: a hub's spokes, kernels that are not listed, and changes of signing keys.

use kmodgen_yaml::{Node, Yaml};

use super::check::convert;
use super::mapping::{MAPPING, MappingFields};
use super::place::At;
use super::scalars;
use crate::manifest::declare::declare;
use crate::manifest::schema::{Shape, Variables};
use crate::manifest::{decode, variables};
use crate::vocabulary::{Diagnostic, Diagnostics, ImageRef, Invalid, Namespace, Pattern, Spanned, go_regexp};

declare! {
    /// The spokes of a hub.
    #[derive(Debug, Clone)]
    pub struct Hub: HUB, "`hub`" {
        required namespace: Namespace {
            key: "spokeNamespace",
            takes: Shape::Text,
            says: "the namespace of the Module on the spokes",
            advice: "write the namespace of the Module on the spokes",
            decode: decode::parsed(Namespace::parse),
        }
        required selector: Yaml<'static> {
            takes: Shape::TextMap,
            says: "the labels of the managed clusters",
            advice: "write the labels of the managed clusters",
            decode: |node, key, faults| convert("hub", key, node, faults),
        }
    }
}

declare! {
    /// Image for the kernels that nobody has listed.
    #[derive(Debug, Clone)]
    pub struct Fallback: FALLBACK, "`fallback`" {
        required regexp: String {
            key: "kernel",
            takes: Shape::Text,
            says: "a pattern of kernel releases",
            advice: "write a pattern that matches whole releases",
            decode: |node, _, faults| Some(decode::text(node, "a pattern", faults, regexp)?.value),
        }
        required image: Spanned<String> {
            takes: Shape::Expanding(Variables::Image),
            says: "the image, which is built elsewhere, with `${KERNEL_FULL_VERSION}` in its name",
            advice: "write the image, with `${KERNEL_FULL_VERSION}` in its tag",
            decode: decode::placed(image),
        }
        default shared: bool {
            takes: Shape::Bool,
            says: "`true` if all these kernels have the same image, whose name has no release",
            decode: decode::flag,
        }
        default mapping: MappingFields {
            takes: Shape::Record(&MAPPING),
            says: "the mapping's other fields, as KMM documents them",
            decode: |node, _, faults| MappingFields::decode(node, faults),
        }
    }
}

declare! {
    /// Changes of the keys that KMM signs with.
    #[derive(Debug, Clone)]
    pub(super) struct Signing: SIGNING, "`signing`" {
        required generation: String {
            takes: Shape::Int,
            says: "a number to increase after a change of the key, so that everything is signed again",
            advice: "write a number, and increment it after a change of the key",
            decode: |node, _, faults| {
                if !scalars::counter(At::own("generation"), node, faults) {
                    return None;
                }
                Some(node.as_scalar()?.text.clone())
            },
        }
    }
}

/// Returns a pattern as a regular expression of Go, anchored because KMM's own match is not.
fn regexp(text: &str) -> Result<String, Invalid> {
    Pattern::parse(text)?;
    go_regexp::check(text)?;
    Ok(format!("^(?:{text})$"))
}

/// Advice on the image of several kernels.
const OWN_IMAGE: &str = "write `REPOSITORY:${KERNEL_FULL_VERSION}`: each kernel requires its own image";

fn image(text: &str) -> Result<String, Invalid> {
    let image = ImageRef::parse(&variables::expand(text, variables::IMAGE)?)?;
    if image.tag().is_some() || image.digest().is_some() {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(format!("`{}` has no tag", text.escape_debug())).help(OWN_IMAGE))
}

impl Fallback {
    /// Decodes one fallback, or several.
    pub(super) fn decode_all(node: &Node, faults: &mut Diagnostics) -> Vec<Self> {
        let is_one = node.as_mapping().is_some();
        if node.as_sequence().is_some_and(<[_]>::is_empty) {
            faults.push(
                Diagnostic::error("empty-list", "`fallback` is empty")
                    .at(node.span, "")
                    .help("remove it, or write `fallback: {kernel: PATTERN, image: IMAGE}`"),
            );
        }
        decode::one_or_list(node, is_one, "`fallback`", faults, |node, faults| {
            check_shared(node, faults);
            Self::decode(node, faults)
        })
    }
}

/// Refuses one image for several kernels, which would be loaded on all of them, unless the fallback says so.
fn check_shared(node: &Node, faults: &mut Diagnostics) {
    let names = ["${KERNEL_FULL_VERSION}", "$KERNEL_FULL_VERSION", "${KERNEL_VERSION}", "$KERNEL_VERSION"];
    let is_shared = node.get("shared").is_some_and(|node| node.as_scalar().is_some_and(|flag| flag.text != "false"));
    let Some((text, span)) = node.get("image").and_then(|image| Some((&image.as_scalar()?.text, image.span))) else {
        return;
    };
    // A wrong image has an error of its own.
    if is_shared || image(text).is_err() || names.iter().any(|name| text.contains(name)) {
        return;
    }
    let message = format!("`{}` is the same image for every kernel", text.escape_debug());
    faults.push(
        Diagnostic::error("invalid-value", message)
            .at(span, "")
            .help(OWN_IMAGE)
            .help("if all these kernels load the same image, write `shared: true`"),
    );
}
