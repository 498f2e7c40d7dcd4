//! Kubernetes and KMM of the clusters, which decide the objects that kmodgen can generate for them.

use kmodgen_yaml::Node;

use super::decode::{self, Fields};
use super::schema::{Field, Record, Shape};
use crate::vocabulary::{Diagnostic, Diagnostics, Invalid, Spanned};

/// Platform of the clusters, as far as the manifest states it.
#[derive(Debug, Clone, Default)]
pub struct Platform {
    /// Whose Kubernetes it is.
    pub kind: Option<Kind>,
    /// The oldest KMM, as major and minor version.
    pub kmm: Option<(u32, u32)>,
    /// The oldest OpenShift or Kubernetes, as its kind says.
    pub version: Option<(u32, u32)>,
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
            key: "version",
            takes: Shape::Text,
            says: "the oldest version of it in use, such as `\"4.21\"` of OpenShift or `\"1.34\"` of Kubernetes; `dra` needs these",
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
        let cluster = |text: &str| version(text, "a cluster");
        let version_node = fields.take("version", faults);
        let cluster = version_node.and_then(|node| decode::text(node, "`version`", faults, cluster));
        let kmm = fields.take("kmm", faults);
        let kmm = kmm.and_then(|node| decode::text(node, "`kmm`", faults, |text| version(text, "KMM")));
        fields.finish(faults);
        let kind = kind.map(|kind| kind.value);
        if let Some(cluster) = &cluster
            && (kind.is_some() || node.get("kind").is_none())
        {
            check_cluster(kind, cluster, faults);
        }
        Self { kind, kmm: kmm.map(|kmm| kmm.value), version: cluster.map(|version| version.value) }
    }

    /// Returns whether KMM's worker brings its own modprobe, so that images need none (KMM 2).
    pub fn brings_modprobe(&self) -> bool {
        self.kmm.is_some_and(|version| version >= (2, 0))
    }

    /// Returns whether KMM is known not to choose Driver Toolkits.
    pub fn lacks_toolkits(&self) -> bool {
        self.kind == Some(Kind::Kubernetes)
    }

    /// Returns whether the clusters have DeviceClasses in the version that KMM requires; `None` if the manifest does
    /// not state the kind and version of the clusters.
    pub fn has_device_classes(&self) -> Option<bool> {
        let least = match self.kind? {
            Kind::OpenShift => (4, 21),
            Kind::Kubernetes => (1, 34),
        };
        self.version.map(|version| version >= least)
    }

    /// The most characters that KMM allows for a Module's name and namespace together.
    pub fn longest_names(&self) -> usize {
        if self.is_before((2, 7)) { 40 } else { 41 }
    }

    /// Returns whether KMM is known to be older than a version.
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

/// A version without its kind says nothing, and one of the other kind is a mistake.
fn check_cluster(kind: Option<Kind>, version: &Spanned<(u32, u32)>, faults: &mut Diagnostics) {
    let (message, help) = match (kind, version.value.0) {
        (None, _) => {
            ("`platform` has a `version`, and no `kind` that it is of", "write `kind: openshift` or `kind: kubernetes`")
        }
        (Some(Kind::OpenShift), 0..=3) => {
            ("this is no version of OpenShift 4", "write OpenShift's version, such as `\"4.21\"`")
        }
        (Some(Kind::Kubernetes), major) if major != 1 => {
            ("this is no version of Kubernetes", "write Kubernetes' version, such as `\"1.34\"`")
        }
        _ => return,
    };
    faults.push(Diagnostic::error("platform-version", message).at(version.span, "").help(help));
}

fn version(text: &str, of: &str) -> Result<(u32, u32), Invalid> {
    let (major, rest) = text.split_once('.').unwrap_or((text, "0"));
    let minor = rest.split('.').next().unwrap_or_default();
    match (major.trim_start_matches('v').parse(), minor.parse()) {
        (Ok(major), Ok(minor)) => Ok((major, minor)),
        _ => Err(Invalid::new(format!("`{}` is not a version of {of}", text.escape_debug()))
            .help("write major and minor version, such as `2.4`")),
    }
}
