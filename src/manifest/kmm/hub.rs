//! Fields beside `moduleSpec`: a hub's spokes, kernels that are not listed, and changes of signing keys.

use kmodgen_yaml::Yaml;

use super::check::convert;
use super::place::At;
use super::scalars;
use crate::manifest::declare::declare;
use crate::manifest::schema::{Shape, Variables};
use crate::manifest::{decode, variables};
use crate::vocabulary::{ImageRef, Invalid, Namespace, Pattern, Spanned, go_regexp};

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

/// One image for several kernels would be loaded on all of them.
fn image(text: &str) -> Result<String, Invalid> {
    let help = "write `REPOSITORY:${KERNEL_FULL_VERSION}`: each kernel requires its own image";
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
