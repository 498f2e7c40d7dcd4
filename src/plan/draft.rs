//! The texts of one mapping, and what they decide: its hash and its names.

use super::{Mapping, Planned, identity};
use crate::contract;
use crate::fingerprint::{Explanation, HashSink};
use crate::manifest::{Kernel, Manifest, Module};
use crate::record::Identity;
use crate::render::dockerfile::Press;
use crate::template::TemplateFault;
use crate::vocabulary::{Diagnostic, Diagnostics, Digest, Invalid};

/// What a mapping's files are made of. It is made anew whenever it is needed: a fleet's texts
/// are a gigabyte, and nothing holds them all.
#[derive(Debug)]
pub struct Draft {
    /// The exact text that is built.
    pub dockerfile: String,
    /// What the hash is over, for people.
    pub explanation: Explanation,
}

/// Why there is no draft.
pub(super) enum Fault {
    /// The template's, told once for all mappings.
    Template(TemplateFault),
    /// This mapping's own.
    Own(Diagnostics),
}

/// Renders a mapping and derives its names.
pub(super) fn draft<'m>(
    press: &mut Press,
    manifest: &Manifest,
    planned: &Planned<'m>,
) -> Result<(Mapping<'m>, Draft), Fault> {
    let Planned { module, kernel, resolved, .. } = planned;
    let dockerfile = press.dockerfile(resolved, module, kernel).map_err(Fault::Template)?;
    let mut faults = Diagnostics::default();
    check(module, kernel, &dockerfile, resolved.builder_on(kernel).is_some(), &mut faults);
    identity::check_signed_files(module, kernel, resolved, &mut faults);
    let digest = Digest::of(dockerfile.as_bytes());
    let mut sinks = (HashSink::default(), Explanation::default());
    resolved.traverse(module, kernel, (&digest, dockerfile.len()), &mut sinks);
    let identity =
        Identity { hash: sinks.0.finish(), dockerfile: digest, asks_for_dtk: dockerfile.contains("DTK_AUTO") };
    match named(manifest, planned, identity) {
        Ok(mapping) if !faults.has_errors() => Ok((mapping, Draft { dockerfile, explanation: sinks.1 })),
        Ok(_) => Err(Fault::Own(faults)),
        Err(invalid) => {
            let fault = Diagnostic::invalid("image-tag", module.name.span, invalid);
            faults.push(fault.context(kernel.release.span, "this kernel"));
            Err(Fault::Own(faults))
        }
    }
}

/// A mapping with the names that follow from its identity.
///
/// # Errors
/// A tag that is too long.
pub(super) fn named<'m>(
    manifest: &Manifest,
    planned: &Planned<'m>,
    identity: Identity,
) -> Result<Mapping<'m>, Invalid> {
    let Planned { module, kernel, resolved, keys } = planned;
    Ok(Mapping {
        module,
        kernel,
        resolved: resolved.clone(),
        image: identity::image(module, kernel, &identity.hash, &manifest.namespace.value)?,
        config_map: identity::config_map_name(module, kernel, &identity.dockerfile),
        identity,
        keys: *keys,
    })
}

fn check(module: &Module, kernel: &Kernel, dockerfile: &str, builder_known: bool, faults: &mut Diagnostics) {
    if let Err(breach) = contract::dockerfile::check(dockerfile, builder_known) {
        let (module, release) = (&module.name, &kernel.release);
        let message = format!("the Dockerfile of `{}` on kernel `{}` {}", module.value, release.value, breach.message);
        faults.push(
            Diagnostic::error("dockerfile", message)
                .at(module.span, "this module")
                .context(release.span, "this kernel")
                .help(breach.help),
        );
    }
}
