//! Lookup of a mapping's image in its registry.

use std::time::Duration;

use crate::adapters::registry::{self, RegistryError, Tls};
use crate::adapters::ui;
use crate::manifest::{Module, TlsSection};
use crate::plan::Mapping;
use crate::vocabulary::{Digest, ImageRef};

/// Asks the registry. As for KMM, a registry that does not answer has none; unlike KMM, kmodgen
/// says so.
pub(super) fn is_in_registry(mapping: &Mapping<'_>, timeout: Duration) -> bool {
    in_registry(mapping, timeout, registry::has_image)
}

/// Asks the registry, likewise, for the digest of the image.
pub(super) fn digest_in_registry(mapping: &Mapping<'_>, timeout: Duration) -> Option<Digest> {
    in_registry(mapping, timeout, registry::digest)
}

fn in_registry<T: Default>(
    mapping: &Mapping<'_>,
    timeout: Duration,
    ask: fn(&ImageRef, Tls, Duration) -> Result<T, RegistryError>,
) -> T {
    let image = mapping.image();
    ask(&image, registry_tls(mapping.module), timeout).unwrap_or_else(|why| {
        ui::talk(&format!("note: {image}: {why}\n"));
        T::default()
    })
}

/// Returns the TLS settings for a module's registry.
pub(super) fn registry_tls(module: &Module) -> Tls {
    Tls::of(module.objects.spec.tls_flags(TlsSection::Registry))
}
