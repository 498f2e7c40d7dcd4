//! Kubernetes and KMM of the clusters, which decide the objects that kmodgen can generate for them.

use kmodgen_yaml::Node;

use super::declare::declare;
use super::decode;
use super::schema::Shape;
use crate::vocabulary::{Diagnostic, Diagnostics, Invalid, Spanned};

declare! {
    /// Platform of the clusters, as far as the manifest states it.
    #[derive(Debug, Clone, Default)]
    pub struct Platform: PLATFORM, "`platform`" {
        optional kind: PlatformKind {
            takes: Shape::OneOf(&["openshift", "kubernetes"]),
            says: "the distribution; KMM only chooses a Driver Toolkit on OpenShift",
            decode: decode::parsed(kind),
        }
        optional version: Spanned<Version> {
            takes: Shape::Text,
            says: "the oldest version in use, such as `\"4.21\"` of OpenShift or `\"1.34\"` of Kubernetes; `dra` needs at least these",
            decode: decode::placed(|text| version(text, "a cluster")),
        }
        optional kmm: Version {
            takes: Shape::Text,
            says: "the oldest KMM in use, such as `\"2.4\"`; since 2 the image needs no modprobe and no packages",
            decode: decode::parsed(|text| version(text, "KMM")),
        }
    }
}

/// Major and minor version.
type Version = (u32, u32);

/// Whose Kubernetes it is, and with it which fork of KMM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlatformKind {
    /// OpenShift, with Driver Toolkits.
    OpenShift,
    /// Any other.
    Kubernetes,
}

impl Platform {
    /// Decodes `platform`, and checks that its fields go together.
    pub(super) fn read(node: &Node, faults: &mut Diagnostics) -> Option<Self> {
        let platform = Self::decode(node, faults)?;
        if let Some(version) = &platform.version
            && (platform.kind.is_some() || node.get("kind").is_none())
        {
            check_cluster(platform.kind, version, faults);
        }
        Some(platform)
    }

    /// Returns whether KMM's worker brings its own modprobe, so that images need none (KMM 2).
    pub fn brings_modprobe(&self) -> bool {
        self.kmm.is_some_and(|version| version >= (2, 0))
    }

    /// Returns whether KMM is known not to choose Driver Toolkits.
    pub fn lacks_toolkits(&self) -> bool {
        self.kind == Some(PlatformKind::Kubernetes)
    }

    /// Returns whether the clusters have DeviceClasses in the version that KMM requires; `None` if the manifest does
    /// not state the kind and version of the clusters.
    pub fn has_device_classes(&self) -> Option<bool> {
        let least = match self.kind? {
            PlatformKind::OpenShift => (4, 21),
            PlatformKind::Kubernetes => (1, 34),
        };
        self.version.as_ref().map(|version| version.value >= least)
    }

    /// The most characters that KMM allows for a Module's name and namespace together.
    pub fn longest_names(&self) -> usize {
        if self.is_before((2, 7)) { 40 } else { 41 }
    }

    /// Returns whether KMM is known to be older than a version.
    pub fn is_before(&self, version: Version) -> bool {
        self.kmm.is_some_and(|kmm| kmm < version)
    }
}

fn kind(text: &str) -> Result<PlatformKind, Invalid> {
    match text {
        "openshift" => Ok(PlatformKind::OpenShift),
        "kubernetes" => Ok(PlatformKind::Kubernetes),
        _ => Err(Invalid::new(format!("`{}` is not a platform", text.escape_debug()))
            .help("write `openshift` or `kubernetes`")),
    }
}

/// A version without its kind says nothing, and one of the other kind is a mistake.
fn check_cluster(kind: Option<PlatformKind>, version: &Spanned<Version>, faults: &mut Diagnostics) {
    let (message, help) = match (kind, version.value.0) {
        (None, _) => ("`platform` has a `version` but no `kind`", "write `kind: openshift` or `kind: kubernetes`"),
        (Some(PlatformKind::OpenShift), 0..=3) => {
            ("this is not a version of OpenShift 4", "write OpenShift's version, such as `\"4.21\"`")
        }
        (Some(PlatformKind::Kubernetes), major) if major != 1 => {
            ("this is not a version of Kubernetes", "write Kubernetes' version, such as `\"1.34\"`")
        }
        _ => return,
    };
    faults.push(Diagnostic::error("platform-version", message).at(version.span, "").help(help));
}

fn version(text: &str, of: &str) -> Result<Version, Invalid> {
    let (major, rest) = text.split_once('.').unwrap_or((text, "0"));
    let minor = rest.split('.').next().unwrap_or_default();
    match (major.trim_start_matches('v').parse(), minor.parse()) {
        (Ok(major), Ok(minor)) => Ok((major, minor)),
        _ => Err(Invalid::new(format!("`{}` is not a version of {of}", text.escape_debug()))
            .help("write major and minor version, such as `2.4`")),
    }
}
