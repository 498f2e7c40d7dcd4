//! The texts of one mapping, and what they decide: its hash and its names.

use super::dockerfile::DockerfileRenderer;
use super::{Identity, Inputs, Mapping, PlannedMapping, identity, template_rules};
use crate::contract;
use crate::fingerprint::{Explanation, HashSink};
use crate::manifest::{Kernel, Mirrors, Module};
use crate::template::TemplateFault;
use crate::vocabulary::{Diagnostic, Diagnostics, Digest};

/// A mapping with its texts. Texts are dropped as soon as they are compared: those of a fleet are a gigabyte.
#[derive(Debug, Clone)]
pub struct RenderedMapping<'m> {
    /// The mapping.
    pub mapping: Mapping<'m>,
    /// The exact text that is built.
    pub dockerfile: String,
    /// Inputs of the content hash, for people.
    pub explanation: Explanation,
}

/// Why a mapping could not be rendered.
#[derive(Debug)]
pub enum RenderError {
    /// The template is wrong, which is reported once for all mappings.
    Template(Vec<TemplateFault>),
    /// The mapping itself is.
    Mapping(Diagnostics),
}

/// Renders mappings, one after another. Each thread has one.
pub struct MappingRenderer<'m> {
    dockerfiles: DockerfileRenderer,
    inputs: Inputs<'m>,
}

impl<'m> MappingRenderer<'m> {
    /// Prepares the templates.
    pub fn new(inputs: Inputs<'m>) -> Self {
        let Inputs { lock, templates, renderers, .. } = inputs;
        Self { dockerfiles: DockerfileRenderer::new(lock.templates, templates.clone(), &**renderers), inputs }
    }

    /// Renders a mapping and derives its names.
    ///
    /// # Errors
    /// All that is wrong with the template, or with the mapping.
    pub fn render(&mut self, planned: &PlannedMapping<'m>) -> Result<RenderedMapping<'m>, RenderError> {
        let PlannedMapping { module, kernel, resolved, .. } = planned;
        let mirrors = &self.inputs.manifest.mirrors;
        let dockerfile = self.dockerfiles.dockerfile(planned, mirrors).map_err(RenderError::Template)?;
        let mut faults = Diagnostics::default();
        check(module, kernel, &dockerfile, resolved.has_builder_on(kernel), &mut faults);
        identity::check_signed_files(module, kernel, resolved, &mut faults);
        let digest = Digest::of(dockerfile.as_bytes());
        let mut sinks = (HashSink::default(), Explanation::default());
        // Mirrors change where things come from, not what they are.
        let content = if mirrors.is_empty() {
            (digest, dockerfile.len())
        } else {
            let text = self.dockerfiles.dockerfile(planned, &Mirrors::default());
            let text = text.map_err(RenderError::Template)?;
            (Digest::of(text.as_bytes()), text.len())
        };
        resolved.traverse((module, kernel), planned.builder().as_deref(), (&content.0, content.1), &mut sinks);
        let identity = Identity {
            hash: sinks.0.finish(),
            dockerfile: digest,
            asks_for_dtk: dockerfile.contains("DTK_AUTO"),
            is_long: dockerfile.len() > contract::dockerfile::LONGEST_ON_OPENSHIFT,
        };
        if let Err(invalid) = identity::check_tag(module, kernel, &self.inputs.manifest.namespace.value) {
            let fault = Diagnostic::invalid("image-tag", module.name.span, invalid);
            faults.push(fault.context(kernel.release.span, "this kernel"));
        }
        if faults.has_errors() {
            return Err(RenderError::Mapping(faults));
        }
        let mapping = planned.with(identity);
        let broken = template_rules::check(&mapping, &dockerfile, &self.inputs);
        if !broken.is_empty() {
            return Err(RenderError::Template(broken));
        }
        Ok(RenderedMapping { mapping, dockerfile, explanation: sinks.1 })
    }
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
