//! What the clusters run: it decides what they can be given.

use super::decode::{self, Fields};
use super::schema::{Field, Record, Shape};
use crate::vocabulary::{Diagnostics, Invalid};
use crate::yaml::Node;

/// What the clusters run, as far as the manifest says.
#[derive(Debug, Clone, Default)]
pub struct Platform {
    /// Whose Kubernetes it is.
    pub kind: Option<Kind>,
    /// The oldest KMM, as major and minor version.
    pub kmm: Option<(u32, u32)>,
}

/// Whose Kubernetes it is, and with it which fork of KMM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// OpenShift, with Driver Toolkits.
    OpenShift,
    /// Any other.
    Kubernetes,
}

pub(super) static PLATFORM: Record = Record {
    name: "`platform`",
    fields: &[
        Field {
            key: "kind",
            takes: Shape::OneOf(&["openshift", "kubernetes"]),
            says: "whose Kubernetes; only OpenShift's KMM chooses a Driver Toolkit by itself",
        },
        Field {
            key: "kmm",
            takes: Shape::Text,
            says: "the oldest KMM in use, such as `\"2.4\"`; from 2 on the image needs no modprobe, and gets no packages",
        },
    ],
};

impl Platform {
    pub(super) fn decode(node: &Node, faults: &mut Diagnostics) -> Self {
        let Some(mut fields) = Fields::open(&PLATFORM, node, faults) else { return Self::default() };
        let kind = fields.take("kind", faults).and_then(|node| decode::text(node, "`kind`", faults, kind));
        let kmm = fields.take("kmm", faults).and_then(|node| decode::text(node, "`kmm`", faults, version));
        fields.finish(faults);
        Self { kind: kind.map(|kind| kind.value), kmm: kmm.map(|kmm| kmm.value) }
    }

    /// Whether KMM's worker brings a modprobe of its own, so that images need none (KMM 2).
    pub fn brings_modprobe(&self) -> bool {
        self.kmm.is_some_and(|version| version >= (2, 0))
    }

    /// Whether KMM is known not to choose Driver Toolkits.
    pub fn lacks_toolkits(&self) -> bool {
        self.kind == Some(Kind::Kubernetes)
    }

    /// Whether KMM is known to be older than a version.
    pub fn is_before(&self, version: (u32, u32)) -> bool {
        self.kmm.is_some_and(|kmm| kmm < version)
    }
}

fn kind(text: &str) -> Result<Kind, Invalid> {
    match text {
        "openshift" => Ok(Kind::OpenShift),
        "kubernetes" => Ok(Kind::Kubernetes),
        _ => Err(Invalid::new(format!("`{}` is no kind of platform", text.escape_debug()))
            .help("write `openshift` or `kubernetes`")),
    }
}

fn version(text: &str) -> Result<(u32, u32), Invalid> {
    let (major, rest) = text.split_once('.').unwrap_or((text, "0"));
    let minor = rest.split('.').next().unwrap_or_default();
    match (major.trim_start_matches('v').parse(), minor.parse()) {
        (Ok(major), Ok(minor)) => Ok((major, minor)),
        _ => Err(Invalid::new(format!("`{}` is not a version of KMM", text.escape_debug()))
            .help("write major and minor version, such as `2.4`")),
    }
}
