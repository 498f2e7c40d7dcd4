//! Base images.

use super::decode::{self, Fields};
use super::schema::{Field, Record, Shape};
use crate::vocabulary::{Diagnostics, ImageRef, Invalid, Spanned};
use crate::yaml::Node;

/// What a Dockerfile builds on, as far as one place of the manifest says.
#[derive(Debug, Clone, Default, Hash)]
pub struct Images {
    /// The stage that compiles.
    pub builder: Option<Spanned<Builder>>,
    /// The stage that carries the result.
    pub runtime: Option<Spanned<ImageRef>>,
}

/// What the stage that compiles starts from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Builder {
    /// The kernel's Driver Toolkit image.
    Dtk,
    /// An image.
    Image(ImageRef),
}

pub(super) static IMAGES: Record = Record {
    name: "`images`",
    fields: &[
        Field {
            key: "builder",
            takes: Shape::Text,
            says: "what compiles: `dtk`, or an image that has the kernel's headers or gets them from its template",
        },
        Field {
            key: "runtime",
            takes: Shape::Text,
            says: "what carries the result; the template gets kmod where it has no `modprobe`",
        },
    ],
};

impl Images {
    pub(super) fn decode(node: &Node, faults: &mut Diagnostics) -> Self {
        let Some(mut fields) = Fields::open(&IMAGES, node, faults) else { return Self::default() };
        let builder = fields.take("builder", faults).and_then(|node| decode::text(node, "`builder`", faults, builder));
        let runtime =
            fields.take("runtime", faults).and_then(|node| decode::text(node, "`runtime`", faults, ImageRef::parse));
        fields.finish(faults);
        Self { builder, runtime }
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.builder.is_none() && self.runtime.is_none()
    }

    /// This, with what `over` says instead.
    #[must_use]
    pub fn overridden_by(&self, over: &Self) -> Self {
        Self {
            builder: over.builder.clone().or_else(|| self.builder.clone()),
            runtime: over.runtime.clone().or_else(|| self.runtime.clone()),
        }
    }
}

fn builder(text: &str) -> Result<Builder, Invalid> {
    if text == "dtk" {
        return Ok(Builder::Dtk);
    }
    ImageRef::parse(text).map(Builder::Image)
}
