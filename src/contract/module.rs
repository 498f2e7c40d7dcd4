//! Limits that every Module must comply with.

/// etcd takes objects of about 1.5 MiB.
const LARGEST: usize = 1_500_000;

/// Client-side apply, the default of Argo CD, keeps the whole object in an annotation, and
/// Kubernetes limits those to 256 KiB.
const LARGEST_CLIENT_SIDE: usize = 262_144;

/// Size of a Module, by the ways in which it can be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Any tool can apply it.
    Fine,
    /// Only server-side apply takes it.
    ServerSideOnly,
    /// No cluster takes it.
    TooLarge,
}

/// Judges a Module by the length of its text, which is near enough to that of the object.
pub fn size(bytes: usize) -> Size {
    if bytes > LARGEST {
        Size::TooLarge
    } else if bytes > LARGEST_CLIENT_SIDE {
        Size::ServerSideOnly
    } else {
        Size::Fine
    }
}
