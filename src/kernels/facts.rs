//! What inputs say, one by one and not yet joined.

use crate::vocabulary::{ImageRef, KernelRelease, Span, Spanned};

/// All that was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    pub(super) sightings: Vec<Sighting>,
    pub(super) toolkits: Vec<Toolkit>,
}

/// A kernel, seen somewhere.
#[derive(Debug, Clone)]
pub(super) struct Sighting {
    pub(super) release: Spanned<KernelRelease>,
    /// For which machines, in the words of `uname -m`, where the input says so.
    pub(super) architecture: Option<&'static str>,
    /// The version of its OS image; the image's name where that holds none.
    pub(super) os: Option<String>,
    /// The distribution that it is from.
    pub(super) distribution: Option<String>,
    /// What tells the node that runs it from all others.
    pub(super) node: Option<String>,
    /// What said so, for a comment.
    pub(super) origin: String,
}

/// What an input says about a Driver Toolkit image.
#[derive(Debug, Clone)]
pub(super) struct Toolkit {
    /// The image, by digest; `None` where the input is about one that it does not name.
    pub(super) image: Option<ImageRef>,
    /// The version of the OS image that it goes with.
    pub(super) os: Option<String>,
    /// The version of the OpenShift release that it is from.
    pub(super) openshift: Option<String>,
    /// For which machines it is; for any where `None`.
    pub(super) architecture: Option<&'static str>,
    /// The kernels that it has the headers of, where the input knows.
    pub(super) kernels: Vec<KernelRelease>,
    /// What said so, for a comment.
    pub(super) origin: String,
    /// Where.
    pub(super) span: Span,
}
