//! Base images.

use kmodgen_yaml::Node;

use super::declare::declare;
use super::decode::{self, may_have};
use super::expansion::Expands;
use super::named_image::NamedImage;
use super::schema::{Shape, Variables};
use crate::vocabulary::{Diagnostic, Diagnostics, ImageRef, Invalid, Spanned, written_out};

/// Base image of the stage that compiles.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Builder {
    /// The kernel's Driver Toolkit image.
    Dtk,
    /// An image, in which the normalised release expands.
    Image(String),
}

/// Base images of a Dockerfile, as far as one place of the manifest states them.
#[derive(Debug, Clone, Default, Hash)]
pub struct BaseImages {
    /// Image that compiles.
    pub builder: Option<NamedImage<Builder>>,
    /// Image that carries the result.
    pub runtime: Option<NamedImage>,
    /// Image that gets the sources.
    pub fetch: Option<NamedImage>,
}

declare! {
    /// Base images as a record of the manifest has them.
    struct Written: BASE_IMAGES, "`baseImages`" {
        optional builder: Spanned<Builder> {
            takes: Shape::Expanding(Variables::Build),
            says: "the image that compiles: `dtk`, or an image that has the kernel's headers or installs them with its template",
            decode: decode::placed(builder),
        }
        optional runtime: Spanned<ImageRef> {
            takes: Shape::Text,
            says: "the image that contains the result; kmod is installed if it has no `modprobe`",
            decode: decode::placed(runtime),
        }
        optional fetch: Spanned<ImageRef> {
            takes: Shape::Text,
            says: "an image that fetches the sources in a separate stage, shared by modules and kernels; needs git, curl and programs to unpack the sources",
            decode: decode::placed(fetch),
        }
        optional pin: bool {
            takes: Shape::Bool,
            says: "`false` to use the tags of these images as they are, without digests from [the lock](lock.md#images)",
            decode: decode::flag,
        }
    }
}

impl BaseImages {
    pub(super) fn read(node: &Node, faults: &mut Diagnostics) -> Option<Self> {
        let Written { builder, runtime, fetch, pin } = Written::decode(node, faults)?;
        let keys = ["builder", "runtime", "fetch"];
        if let Some(written) = node.get("pin").filter(|_| !keys.iter().any(|key| may_have(node, &BASE_IMAGES, key))) {
            faults.push(
                Diagnostic::error("pin", "`pin` has no image beside it")
                    .at(written.span, "")
                    .help("write `baseImages: {runtime: IMAGE, pin: false}`"),
            );
        }
        let pin = pin.unwrap_or(true);
        Some(Self {
            builder: builder.map(|name| NamedImage { name, pin }),
            runtime: runtime.map(|name| NamedImage { name, pin }),
            fetch: fetch.map(|name| NamedImage { name, pin }),
        })
    }

    /// Returns whether no image is stated.
    pub fn is_empty(&self) -> bool {
        let Self { builder, runtime, fetch } = self;
        builder.is_none() && runtime.is_none() && fetch.is_none()
    }

    /// Returns these images, with those of `over` in the place of theirs.
    #[must_use]
    pub fn overridden_by(&self, over: &Self) -> Self {
        Self {
            builder: over.builder.clone().or_else(|| self.builder.clone()),
            runtime: over.runtime.clone().or_else(|| self.runtime.clone()),
            fetch: over.fetch.clone().or_else(|| self.fetch.clone()),
        }
    }
}

fn builder(text: &str) -> Result<Builder, Invalid> {
    if text == "dtk" {
        return Ok(Builder::Dtk);
    }
    if means_toolkit(text) {
        return Err(Invalid::new(format!("`{}` has no registry", text.escape_debug()))
            .help("write `dtk` for the Driver Toolkit of each kernel, or an image with a registry"));
    }
    if text.contains('$') {
        Expands::Release.line(text)?;
    }
    ImageRef::parse(&written_out(text, "R"))?;
    Ok(Builder::Image(text.to_owned()))
}

fn runtime(text: &str) -> Result<ImageRef, Invalid> {
    if means_toolkit(text) {
        return Err(Invalid::new("a Driver Toolkit cannot be the runtime image")
            .help("write `runtime: registry.redhat.io/ubi9/ubi-minimal:9.4`, and `builder: dtk`"));
    }
    without_variable(text, "the image that carries the result")
}

fn fetch(text: &str) -> Result<ImageRef, Invalid> {
    if means_toolkit(text) {
        return Err(Invalid::new("a Driver Toolkit differs for each kernel, but sources are the same for all")
            .help("remove `fetch`, so that the builder fetches the sources"));
    }
    without_variable(text, "the image that gets the sources")
}

fn without_variable(text: &str, what: &str) -> Result<ImageRef, Invalid> {
    if text.contains('$') {
        return Err(Invalid::new(format!(
            "`{}` is not an image reference: variables do not expand here",
            text.escape_debug()
        ))
        .help(format!("write {what} for all kernels, or write one under `baseImages` of a kernel or an override")));
    }
    ImageRef::parse(text)
}

/// If a text is a name of the Driver Toolkit, without a registry.
fn means_toolkit(text: &str) -> bool {
    let name = text.split([':', '@']).next().unwrap_or_default().to_ascii_lowercase();
    ["dtk", "driver-toolkit", "driver_toolkit", "drivertoolkit", "${dtk_auto}", "$dtk_auto", "dtk_auto"]
        .contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_toolkit_is_named_in_one_way() {
        for bad in ["DTK", "dtk:latest", "Dtk", "driver-toolkit", "${DTK_AUTO}", "dtk@sha256:1"] {
            assert!(builder(bad).unwrap_err().help.unwrap().contains("`dtk`"), "{bad}");
            assert!(runtime(bad).unwrap_err().help.unwrap().contains("builder: dtk"), "{bad}");
            assert!(fetch(bad).unwrap_err().help.unwrap().contains("remove `fetch`"), "{bad}");
        }
        assert!(runtime("dtk").is_err());
        assert_eq!(builder("dtk").unwrap(), Builder::Dtk);
        for image in ["quay.io/x/driver-toolkit:4.16", "localhost/dtk:1"] {
            assert!(builder(image).is_ok() && runtime(image).is_ok(), "{image}");
        }
    }

    #[test]
    fn a_builder_may_be_one_for_each_kernel() {
        assert!(builder("quay.io/x/builder:${KERNEL_VERSION}").is_ok());
        for bad in ["quay.io/x:$KERNEL_VERSION", "quay.io/x:$(uname -r)", "quay.io/${X}", "quay.io/x:%k"] {
            assert!(builder(bad).is_err(), "{bad}");
        }
        for of_all in [runtime, fetch] {
            assert!(of_all("quay.io/x:${KERNEL_VERSION}").unwrap_err().help.unwrap().contains("override"));
        }
    }
}
