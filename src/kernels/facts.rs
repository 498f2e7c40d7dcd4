//! Facts of the inputs, one by one and not yet joined.

use crate::vocabulary::{ImageRef, KernelRelease, Span, Spanned};

/// Everything that was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    pub(super) mentions: Vec<Mention>,
    pub(super) toolkits: Vec<Toolkit>,
}

/// A kernel that an input names.
#[derive(Debug, Clone)]
pub(super) struct Mention {
    pub(super) release: Spanned<KernelRelease>,
    /// The architecture of its machines, in the words of `uname -m`, if the input names it.
    pub(super) architecture: Option<&'static str>,
    /// The version of its OS image, or the image's name if that holds no version.
    pub(super) os: Option<String>,
    /// The distribution that its nodes run, such as `Ubuntu 24.04`.
    pub(super) system: Option<String>,
    /// The distribution whose packages a crawler found it in.
    pub(super) distribution: Option<String>,
    pub(super) kind: MentionKind,
    /// The input, for a comment.
    pub(super) origin: String,
}

/// Kind of an input that names a kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MentionKind {
    /// A node that runs it, by what tells the node from all others.
    Node(String),
    /// A list of kernels.
    List,
    /// A Driver Toolkit that has its headers, which is no reason to list it.
    Toolkit,
}

/// A statement about a Driver Toolkit image.
#[derive(Debug, Clone)]
pub(super) struct Toolkit {
    /// The image, by digest; `None` if the input is about an image that it does not name.
    pub(super) image: Option<ImageRef>,
    /// The version of the OS image that it goes with.
    pub(super) os: Option<String>,
    /// Stated by the cluster, in the ImageStream that KMM itself reads.
    pub(super) in_cluster: bool,
    /// The version of the OpenShift release that it is from.
    pub(super) openshift: Option<String>,
    /// The version of RHEL that it is from, such as `9.4`.
    pub(super) rhel: Option<String>,
    /// The architecture of its machines; `None` for any.
    pub(super) architecture: Option<&'static str>,
    /// The kernels that it has the headers of, if the input knows.
    pub(super) kernels: Vec<KernelRelease>,
    /// The input, for a comment.
    pub(super) origin: String,
    /// Place of the statement.
    pub(super) span: Span,
}

impl Toolkit {
    /// A statement about an image, of which nothing else is known yet.
    pub(super) fn of(image: Option<ImageRef>, origin: String, span: Span) -> Self {
        Self {
            image,
            os: None,
            in_cluster: false,
            openshift: None,
            rhel: None,
            architecture: None,
            kernels: Vec::new(),
            origin,
            span,
        }
    }
}
