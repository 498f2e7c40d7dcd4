//! Images that the manifest names.

use crate::vocabulary::{ImageRef, Spanned};

/// Image that the manifest names.
#[derive(Debug, Clone, Hash)]
pub struct NamedImage<N = ImageRef> {
    /// The name as it is written.
    pub name: Spanned<N>,
    /// Set unless the record that names it says `pin: false`.
    pub pin: bool,
}

impl NamedImage {
    /// Returns the tag whose digest the lock has; `None` if the image is used as it is written.
    pub fn tag(&self) -> Option<Spanned<ImageRef>> {
        let tag = self.name.value.by_tag().filter(|_| self.pin)?;
        Some(Spanned::new(tag, self.name.span))
    }
}
