//! Lookup of a mapping's image in its registry.

use std::time::Duration;

use crate::adapters::registry::{self, Tls};
use crate::adapters::ui;
use crate::manifest::{Module, TlsSection};
use crate::plan::Mapping;

/// Asks the registry. As for KMM, a registry that does not answer has none; unlike KMM, kmodgen
/// says so.
pub(super) fn is_in_registry(mapping: &Mapping<'_>, timeout: Duration) -> bool {
    registry::has_image(&mapping.image(), registry_tls(mapping.module), timeout).unwrap_or_else(|why| {
        ui::talk(&format!("note: {}: {why}\n", mapping.image()));
        false
    })
}

/// Returns the TLS settings for a module's registry.
pub(super) fn registry_tls(module: &Module) -> Tls {
    let [insecure, skip_verify] = module.objects.spec.tls_flags(TlsSection::Registry);
    Tls { insecure, skip_verify }
}
