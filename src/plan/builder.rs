//! A plan in the making: identities of rendered mappings, and all that is wrong with them.

use std::io;

use super::{Expansion, Identity, Inputs, Mapping, Plan, PlannedMapping, RenderError, length};
use crate::manifest::{Circumstances, Kernel, Module};
use crate::template::TemplateFault;
use crate::vocabulary::{Diagnostic, Diagnostics, SourceMap};

/// Number of mappings whose results are held at a time beside the plan.
pub const BLOCK: usize = 16_384;

/// A plan that gets its mappings one after the other.
pub struct PlanBuilder<'m> {
    modules: Vec<(&'m Module, Vec<Mapping<'m>>)>,
    /// The module of the mapping that came last.
    at: usize,
    /// Faults in templates, each once.
    template_faults: Vec<TemplateFault>,
    inputs: Inputs<'m>,
}

impl<'m> PlanBuilder<'m> {
    /// Starts a plan for all mappings of an expansion.
    pub fn new(expansion: &Expansion<'m>) -> Self {
        let modules = expansion.modules.iter();
        let modules = modules.map(|(module, mappings)| (*module, Vec::with_capacity(mappings.len())));
        Self { modules: modules.collect(), at: 0, template_faults: Vec::new(), inputs: expansion.inputs }
    }

    /// Adds the next mapping, or notes in `faults` why there is none. One mistake in a template is one message, for
    /// however many mappings.
    pub fn add(
        &mut self,
        planned: &PlannedMapping<'m>,
        identity: Result<Identity, RenderError>,
        sources: &mut SourceMap,
        faults: &mut Diagnostics,
    ) {
        let PlannedMapping { module, kernel, .. } = planned;
        while !std::ptr::eq(self.modules[self.at].0, *module) {
            self.at += 1;
        }
        match identity {
            Ok(identity) => self.modules[self.at].1.push(planned.with(identity)),
            Err(RenderError::Mapping(own)) => faults.extend(own.into_sorted()),
            Err(RenderError::Template(found)) => {
                for fault in found {
                    if !self.template_faults.contains(&fault) {
                        self.template_faults.push(fault.clone());
                        faults.push(template_fault(fault, module, kernel, sources));
                    }
                }
            }
        }
    }

    /// Returns the plan.
    ///
    /// # Errors
    /// `None` if anything is wrong; `faults` then says what.
    pub fn finish(self, faults: &mut Diagnostics) -> Option<Plan<'m>> {
        for (module, mappings) in &self.modules {
            length::check(module, mappings, self.inputs.manifest.platform.kind, faults);
        }
        (!faults.has_errors()).then_some(Plan { modules: self.modules, inputs: self.inputs })
    }
}

/// Describes a thread that the system does not start.
pub fn no_thread(error: &io::Error) -> Diagnostic {
    Diagnostic::error("no-thread", format!("cannot start a thread: {error}"))
        .help("the system limits how many processes and threads there are: `ulimit -u` shows it; --jobs 1 needs one")
}

fn template_fault(fault: TemplateFault, module: &Module, kernel: &Kernel, sources: &mut SourceMap) -> Diagnostic {
    let named_at = module.recipe_on(&Circumstances::of(kernel)).template.map(|template| template.span);
    let during = format!("module `{}` on kernel `{}`", module.name.value, kernel.release.value);
    fault.into_diagnostic(sources, &during, named_at.or(Some(module.name.span)))
}
