//! The plan: every mapping (a module on a kernel), with its Dockerfile, hash and names.

mod identity;
mod patch;
mod recipe;

#[cfg(test)]
mod identity_tests;
#[cfg(test)]
mod releases_tests;

use std::collections::HashMap;
use std::sync::Arc;

pub use patch::Patch;
pub use recipe::Resolved;

use crate::contract;
use crate::fingerprint::{Explanation, HashSink};
use crate::lock::Lock;
use crate::manifest::{Kernel, Manifest, Module};
use crate::render;
use crate::template::{self, TemplateFault, Templates};
use crate::vocabulary::{Diagnostic, Diagnostics, Digest, ImageRef, InputFiles, Namespace, SourceMap};

/// A module on a kernel: the unit that is planned, hashed, rendered, explained and built.
#[derive(Debug)]
pub struct Mapping<'m> {
    /// The module.
    pub module: &'m Module,
    /// The kernel.
    pub kernel: &'m Kernel,
    /// All inputs of its image.
    pub resolved: Arc<Resolved>,
    /// The exact text that is built.
    pub dockerfile: String,
    /// The content hash.
    pub hash: Digest,
    /// What the hash is over, for people.
    pub explanation: Explanation,
    /// The module loader image, its tag included.
    pub image: ImageRef,
    /// The name of its ConfigMap.
    pub config_map: String,
}

impl Mapping<'_> {
    /// The build arguments that KMM gives to a build of this mapping, the user's own included;
    /// `dtk` is the Driver Toolkit that KMM would choose, given where the Dockerfile asks for it.
    pub fn build_arguments(&self, namespace: &Namespace, dtk: Option<&ImageRef>) -> Vec<(String, String)> {
        let release = self.kernel.release.to_string();
        let mut arguments = vec![
            ("KERNEL_VERSION".to_owned(), release.clone()),
            ("KERNEL_FULL_VERSION".to_owned(), release),
            ("MOD_NAME".to_owned(), self.module.name.to_string()),
            ("MOD_NAMESPACE".to_owned(), namespace.to_string()),
        ];
        if let Some(dtk) = dtk.filter(|_| self.dockerfile.contains("DTK_AUTO")) {
            arguments.push(("DTK_AUTO".to_owned(), dtk.to_string()));
        }
        arguments.extend(self.module.kmm.build_args.iter().cloned());
        arguments
    }
}

/// All mappings of a manifest, each module's together and in the order of its kernels.
#[derive(Debug)]
pub struct Plan<'m> {
    /// The modules and their mappings, in the order of the manifest.
    pub modules: Vec<(&'m Module, Vec<Mapping<'m>>)>,
}

impl<'m> Plan<'m> {
    /// Expands a manifest with `workers` threads; the result does not depend on their number.
    ///
    /// # Errors
    /// `None` where a mapping cannot be made; `faults` then says what and where. Warnings come
    /// with a plan.
    pub fn expand(
        manifest: &'m Manifest,
        lock: &'m Lock,
        files: &'m Arc<dyn InputFiles>,
        workers: usize,
        sources: &mut SourceMap,
        faults: &mut Diagnostics,
    ) -> Option<Self> {
        let mut resolver = recipe::Resolver::new(manifest, lock, &**files);
        let mut jobs = Vec::new();
        for module in &manifest.modules {
            let kernels: Vec<&Kernel> = manifest.kernels.iter().filter(|k| module.kernels.selects(k)).collect();
            if kernels.is_empty() {
                faults.push(
                    Diagnostic::warning(
                        "no-kernel",
                        format!("module `{}` is for none of the kernels", module.name.value),
                    )
                    .at(module.name.span, "")
                    .help("its `kernels` select whole releases: `include: ['5\\.14\\..*']`"),
                );
            }
            check_label_collisions(module, &kernels, faults);
            for kernel in kernels {
                if let Some(resolved) = resolver.resolve(module, kernel, faults) {
                    jobs.push((module, kernel, Arc::new(resolved)));
                }
            }
        }
        if faults.has_errors() {
            return None;
        }
        let rendered = render_all(&jobs, lock.templates, files, workers);
        let mut modules: Vec<(&Module, Vec<Mapping<'_>>)> = manifest.modules.iter().map(|m| (m, vec![])).collect();
        let mut at = 0;
        let mut told: Vec<TemplateFault> = Vec::new();
        for ((module, kernel, resolved), dockerfile) in jobs.into_iter().zip(rendered) {
            while modules[at].0.name.value != module.name.value {
                at += 1;
            }
            match dockerfile {
                Ok(dockerfile) => modules[at].1.extend(mapping(manifest, module, kernel, resolved, dockerfile, faults)),
                // One mistake in a template is one message, for however many mappings.
                Err(fault) if told.contains(&fault) => {}
                Err(fault) => {
                    told.push(fault.clone());
                    faults.push(template_fault(fault, module, kernel, sources));
                }
            }
        }
        (!faults.has_errors()).then_some(Self { modules })
    }

    /// All mappings.
    pub fn mappings(&self) -> impl Iterator<Item = &Mapping<'m>> {
        self.modules.iter().flat_map(|(_, mappings)| mappings)
    }
}

type Job<'m> = (&'m Module, &'m Kernel, Arc<Resolved>);

/// Renders in equal shares, one template engine per thread: a shared one gives no speed-up. Even
/// one share has a thread of its own, for its stack.
fn render_all(
    jobs: &[Job<'_>],
    version: u32,
    files: &Arc<dyn InputFiles>,
    workers: usize,
) -> Vec<Result<String, TemplateFault>> {
    let share = |jobs: &[Job<'_>]| -> Vec<Result<String, TemplateFault>> {
        let templates = Templates::new(version, files.clone());
        let one = |(module, kernel, resolved): &Job<'_>| {
            render::dockerfile::render(&templates, &resolved.template, resolved, module, kernel)
        };
        jobs.iter().map(one).collect()
    };
    let size = jobs.len().div_ceil(workers.max(1)).max(64);
    std::thread::scope(|scope| {
        let start = |jobs| {
            let thread = std::thread::Builder::new().stack_size(template::STACK);
            thread.spawn_scoped(scope, move || share(jobs)).expect("the system lets a program have threads")
        };
        let threads: Vec<_> = jobs.chunks(size).map(start).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

fn mapping<'m>(
    manifest: &Manifest,
    module: &'m Module,
    kernel: &'m Kernel,
    resolved: Arc<Resolved>,
    dockerfile: String,
    faults: &mut Diagnostics,
) -> Option<Mapping<'m>> {
    let mut sinks = (HashSink::default(), Explanation::default());
    resolved.traverse(module, kernel, &dockerfile, &mut sinks);
    let (hash, explanation) = sinks;
    let hash = hash.finish();
    let place = module.name.span;
    if let Err(fault) = contract::dockerfile::check(&dockerfile, resolved.builder.is_some()) {
        faults.push(
            Diagnostic::error(
                "dockerfile",
                format!(
                    "the Dockerfile of `{}` on kernel `{}` {}",
                    module.name.value, kernel.release.value, fault.message
                ),
            )
            .at(place, "this module")
            .context(kernel.release.span, "this kernel")
            .help(fault.help),
        );
        return None;
    }
    identity::check_signed_files(module, kernel, &resolved, faults);
    let image = match identity::image(module, kernel, &hash, &manifest.namespace.value) {
        Ok(image) => image,
        Err(invalid) => {
            faults.push(Diagnostic::invalid("image-tag", place, invalid).context(kernel.release.span, "this kernel"));
            return None;
        }
    };
    let config_map = identity::config_map_name(module, kernel, &dockerfile);
    Some(Mapping { module, kernel, resolved, dockerfile, hash, explanation, image, config_map })
}

fn template_fault(fault: TemplateFault, module: &Module, kernel: &Kernel, sources: &mut SourceMap) -> Diagnostic {
    let named_at = module.recipe_on(kernel).template.map(|template| template.span);
    let during = format!("module `{}` on kernel `{}`", module.name.value, kernel.release.value);
    fault.into_diagnostic(sources, &during, named_at.or(Some(module.name.span)))
}

/// KMM names Builds by the DNS-safe release: two releases of one Module with the same form
/// would share one.
fn check_label_collisions(module: &Module, kernels: &[&Kernel], faults: &mut Diagnostics) {
    let mut first: HashMap<String, &Kernel> = HashMap::with_capacity(kernels.len());
    for kernel in kernels {
        if let Some(earlier) = first.insert(kernel.release.dns_safe(), kernel) {
            faults.push(
                Diagnostic::error(
                    "kmm-same-label",
                    format!(
                        "kernels `{}` and `{}` have the same label in KMM, `{}`, and would share one build of module `{}`",
                        earlier.release.value,
                        kernel.release.value,
                        kernel.release.dns_safe(),
                        module.name.value
                    ),
                )
                .at(kernel.release.span, "this kernel")
                .context(earlier.release.span, "and this one")
                .help("exclude one of them from the module, or make it a module of its own"),
            );
        }
    }
}
