//! The texts of one mapping, and what they decide: its hash and its names.

use super::{Mapping, Planned, identity};
use crate::contract;
use crate::fingerprint::{Explanation, HashSink};
use crate::manifest::{Kernel, Manifest, Mirrors, Module};
use crate::record::Identity;
use crate::render::dockerfile::Press;
use crate::template::TemplateFault;
use crate::vocabulary::{Diagnostic, Diagnostics, Digest};

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
    Template(Vec<TemplateFault>),
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
    let mirrors = &manifest.mirrors;
    let dockerfile = press.dockerfile(resolved, module, kernel, mirrors).map_err(Fault::Template)?;
    let mut faults = Diagnostics::default();
    check(module, kernel, &dockerfile, resolved.builder_on(kernel).is_some(), &mut faults);
    identity::check_signed_files(module, kernel, resolved, &mut faults);
    let digest = Digest::of(dockerfile.as_bytes());
    let mut sinks = (HashSink::default(), Explanation::default());
    // Where things come from is no part of what they are.
    let content = if mirrors.is_empty() {
        (digest, dockerfile.len())
    } else {
        let text = press.dockerfile(resolved, module, kernel, &Mirrors::default()).map_err(Fault::Template)?;
        (Digest::of(text.as_bytes()), text.len())
    };
    resolved.traverse(module, kernel, (&content.0, content.1), &mut sinks);
    let identity = Identity {
        hash: sinks.0.finish(),
        dockerfile: digest,
        asks_for_dtk: dockerfile.contains("DTK_AUTO"),
        is_long: dockerfile.len() > contract::dockerfile::LONGEST_ON_OPENSHIFT,
    };
    if let Err(invalid) = identity::check_tag(module, kernel, &manifest.namespace.value) {
        let fault = Diagnostic::invalid("image-tag", module.name.span, invalid);
        faults.push(fault.context(kernel.release.span, "this kernel"));
    }
    if faults.has_errors() {
        return Err(Fault::Own(faults));
    }
    Ok((planned.with(identity), Draft { dockerfile, explanation: sinks.1 }))
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
