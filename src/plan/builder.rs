//! A plan in the making: identities of rendered mappings, and all that is wrong with them.

use std::io;

use super::{
    Expansion, Identity, Inputs, Mapping, MappingRenderer, Plan, PlannedMapping, RenderError, RenderedMapping, length,
};
use crate::manifest::{Circumstances, Kernel, Module};
use crate::parallel::map_with;
use crate::template::TemplateFault;
use crate::vocabulary::{Diagnostic, Diagnostics, SourceMap};

/// Number of mappings whose results are held at a time beside the plan.
const BLOCK: usize = 16_384;

impl<'m> Expansion<'m> {
    /// Renders all mappings with `workers` threads, and returns the plan with a result for each mapping: the one that
    /// is `known` for its number, the one that a thread finds as a `shared` one, or what `use_texts` makes of its texts,
    /// which are dropped then.
    ///
    /// # Errors
    /// `None` if a mapping cannot be rendered; `faults` then says what and where. Warnings come with a plan.
    pub fn render<R: Send>(
        &self,
        workers: usize,
        known: impl Fn(usize) -> Option<(Identity, R)>,
        shared: impl Fn(usize, &PlannedMapping<'m>) -> Option<(Identity, R)> + Sync,
        use_texts: impl Fn(usize, &RenderedMapping<'m>) -> R + Sync,
        sources: &mut SourceMap,
        faults: &mut Diagnostics,
    ) -> Option<(Plan<'m>, Vec<R>)> {
        let mut plan = PlanBuilder::new(self);
        let mappings: Vec<(usize, &PlannedMapping<'m>)> = self.mappings().into_iter().enumerate().collect();
        let mut results = Vec::with_capacity(mappings.len());
        for block in mappings.chunks(BLOCK) {
            let found: Vec<Option<(Identity, R)>> = block.iter().map(|(number, _)| known(*number)).collect();
            let unknown = block.iter().zip(&found).filter(|(_, found)| found.is_none());
            let unknown: Vec<(usize, &PlannedMapping<'m>)> = unknown.map(|(mapping, _)| *mapping).collect();
            let renderer = || None;
            let render = |renderer: &mut Option<MappingRenderer<'m>>,
                          (number, planned): &(usize, &PlannedMapping<'m>)| {
                if let Some(shared) = shared(*number, planned) {
                    return Ok(shared);
                }
                let rendered = renderer.get_or_insert_with(|| MappingRenderer::new(self.inputs)).render(planned)?;
                Ok::<_, RenderError>((rendered.mapping.identity, use_texts(*number, &rendered)))
            };
            let mut rendered = match map_with(&unknown, workers, renderer, render) {
                Ok(rendered) => rendered.into_iter(),
                Err(error) => {
                    faults.push(no_thread(&error));
                    return None;
                }
            };
            for ((_, planned), found) in block.iter().zip(found) {
                let Some(made) = found.map(Ok).or_else(|| rendered.next()) else { continue };
                let identity = made.map(|(identity, result)| {
                    results.push(result);
                    identity
                });
                plan.add(planned, identity, sources, faults);
            }
        }
        Some((plan.finish(faults)?, results))
    }
}

/// A plan that gets its mappings one after the other.
struct PlanBuilder<'m> {
    modules: Vec<(&'m Module, Vec<Mapping<'m>>)>,
    /// The module of the mapping that came last.
    at: usize,
    /// Faults in templates, each once.
    template_faults: Vec<TemplateFault>,
    inputs: Inputs<'m>,
}

impl<'m> PlanBuilder<'m> {
    /// Starts a plan for all mappings of an expansion.
    fn new(expansion: &Expansion<'m>) -> Self {
        let modules = expansion.modules.iter();
        let modules = modules.map(|(module, mappings)| (*module, Vec::with_capacity(mappings.len())));
        Self { modules: modules.collect(), at: 0, template_faults: Vec::new(), inputs: expansion.inputs }
    }

    /// Adds the next mapping, or notes in `faults` why there is none. One mistake in a template is one message, for
    /// however many mappings.
    fn add(
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
    fn finish(self, faults: &mut Diagnostics) -> Option<Plan<'m>> {
        for (module, mappings) in &self.modules {
            length::check(module, mappings, self.inputs.manifest.platform.kind, faults);
        }
        (!faults.has_errors()).then_some(Plan { modules: self.modules, inputs: self.inputs })
    }
}

fn no_thread(error: &io::Error) -> Diagnostic {
    Diagnostic::error("no-thread", format!("cannot start a thread: {error}"))
        .help("the system limits the number of processes and threads (see `ulimit -u`); --jobs 1 uses one thread")
}

fn template_fault(fault: TemplateFault, module: &Module, kernel: &Kernel, sources: &mut SourceMap) -> Diagnostic {
    let named_at = module.recipe_on(&Circumstances::of(kernel)).template.map(|template| template.span);
    let during = format!("module `{}` on kernel `{}`", module.name.value, kernel.release.value);
    fault.into_diagnostic(sources, &during, named_at.or(Some(module.name.span)))
}
