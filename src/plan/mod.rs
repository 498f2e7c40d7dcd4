//! The plan: every mapping (a module on a kernel), with its hash and names.

mod code;
mod draft;
mod folder;
mod identity;
mod layout;
mod patch;
mod prebuilt;
mod recipe;
mod step;

#[cfg(test)]
mod identity_tests;
#[cfg(test)]
mod releases_tests;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::thread::{Scope, ScopedJoinHandle};

pub use code::{Code, Content};
pub use draft::Draft;
use draft::Fault;
pub use folder::{Folder, FolderFile, FolderFileKind};
pub use identity::image_name;
pub use layout::Layout;
pub use patch::Patch;
pub use prebuilt::prebuilt;
pub use recipe::Resolved;

use crate::lock::Lock;
use crate::manifest::{Circumstances, Kernel, Manifest, Module};
use crate::record::{Identity, Key};
use crate::render::dockerfile::Press;
use crate::template::{self, TemplateFault};
use crate::vocabulary::{Diagnostic, Diagnostics, ImageRef, InputFiles, Namespace, SourceMap};

/// A module on a kernel: the unit that is planned, hashed, rendered, explained and built.
#[derive(Debug)]
pub struct Mapping<'m> {
    /// The module.
    pub module: &'m Module,
    /// The kernel.
    pub kernel: &'m Kernel,
    /// The other inputs of its image.
    pub resolved: Arc<Resolved>,
    /// What its texts decide.
    pub identity: Identity,
    /// What decides its texts.
    pub keys: Keys,
}

/// What decides the texts of a mapping, beside the templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keys {
    /// All but the kernel; the same for many mappings.
    pub group: Key,
    /// The kernel.
    pub kernel: Key,
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
        if let Some(dtk) = dtk.filter(|_| self.identity.asks_for_dtk) {
            arguments.push(("DTK_AUTO".to_owned(), dtk.to_string()));
        }
        arguments.extend(self.resolved.build_args.iter().cloned());
        arguments
    }

    /// The module loader image, its tag included.
    pub fn image(&self) -> ImageRef {
        identity::image(self.module, self.kernel, &self.identity.hash)
    }

    /// The name of its ConfigMap.
    pub fn config_map(&self) -> String {
        identity::config_map_name(self.module, self.kernel, &self.identity.dockerfile)
    }

    /// The folders beside the manifest that its build copies. With any, KMM cannot build it: its
    /// builds have no context.
    pub fn context(&self) -> impl Iterator<Item = &Arc<Folder>> {
        self.resolved.codes.iter().filter_map(Code::context)
    }

    /// The image that compiles; `None` where KMM chooses the kernel's DTK in the cluster.
    pub fn builder(&self) -> Option<&ImageRef> {
        self.resolved.builder_on(self.kernel)
    }
}

/// What a plan is made of.
#[derive(Clone, Copy)]
pub struct Inputs<'m> {
    /// What is asked for.
    pub manifest: &'m Manifest,
    /// What its refs stand for.
    pub lock: &'m Lock,
    /// The files beside it.
    pub files: &'m Arc<dyn InputFiles>,
    /// The same, for templates.
    pub templates: &'m Arc<dyn InputFiles>,
}

/// What looks at every mapping's texts as they come by, in any thread and any order.
pub trait Visitor: Sync {
    /// What it has seen of one mapping.
    type Seen: Send;

    /// Looks at one.
    fn visit(&self, mapping: &Mapping<'_>, draft: &Draft) -> Self::Seen;

    /// What is known of a mapping without its texts, if it is: it is then not rendered.
    fn recall(&self, _module: &Module, _kernel: &Kernel, _keys: &Keys) -> Option<(Identity, Self::Seen)> {
        None
    }
}

/// Where the texts are of no interest.
impl Visitor for () {
    type Seen = ();

    fn visit(&self, _: &Mapping<'_>, _: &Draft) {}
}

/// All mappings of a manifest, each module's together and in the order of its kernels.
pub struct Plan<'m> {
    /// The modules and their mappings, in the order of the manifest.
    pub modules: Vec<(&'m Module, Vec<Mapping<'m>>)>,
    inputs: Inputs<'m>,
}

/// A mapping that is not rendered yet.
struct Planned<'m> {
    module: &'m Module,
    kernel: &'m Kernel,
    resolved: Arc<Resolved>,
    keys: Keys,
}

impl<'m> Planned<'m> {
    fn with(&self, identity: Identity) -> Mapping<'m> {
        let Self { module, kernel, resolved, keys } = self;
        Mapping { module, kernel, resolved: resolved.clone(), identity, keys: *keys }
    }
}

impl<'m> Plan<'m> {
    /// Expands a manifest with `workers` threads; the result does not depend on their number.
    /// Beside the plan comes what `visitor` saw of each mapping, in the plan's order.
    ///
    /// # Errors
    /// `None` where a mapping cannot be made; `faults` then says what and where. Warnings come
    /// with a plan.
    pub fn expand<V: Visitor>(
        inputs: Inputs<'m>,
        visitor: &V,
        workers: usize,
        sources: &mut SourceMap,
        faults: &mut Diagnostics,
    ) -> Option<(Self, Vec<V::Seen>)> {
        let planned = planned(inputs, faults);
        if faults.has_errors() {
            return None;
        }
        let mut modules: Vec<(&Module, Vec<Mapping<'_>>)> =
            inputs.manifest.modules.iter().map(|module| (module, vec![])).collect();
        let mut seen = Vec::with_capacity(planned.len());
        let mut at = 0;
        let mut told: Vec<TemplateFault> = Vec::new();
        // What comes of a block is put where it belongs before the next one is begun.
        for block in planned.chunks(BLOCK) {
            let drafted = match draft_all(block, inputs, visitor, workers) {
                Ok(drafted) => drafted,
                Err(error) => {
                    faults.push(no_thread(&error));
                    return None;
                }
            };
            for (Planned { module, kernel, .. }, drafted) in block.iter().zip(drafted) {
                while !std::ptr::eq(modules[at].0, *module) {
                    at += 1;
                }
                match drafted {
                    Ok((mapping, what)) => {
                        modules[at].1.push(mapping);
                        seen.push(what);
                    }
                    Err(Fault::Own(own)) => faults.extend(own.into_sorted()),
                    // One mistake in a template is one message, for however many mappings.
                    Err(Fault::Template(fault)) if told.contains(&fault) => {}
                    Err(Fault::Template(fault)) => {
                        told.push(fault.clone());
                        faults.push(template_fault(fault, module, kernel, sources));
                    }
                }
            }
        }
        (!faults.has_errors()).then_some((Self { modules, inputs }, seen))
    }

    /// All mappings.
    pub fn mappings(&self) -> impl Iterator<Item = &Mapping<'m>> {
        self.modules.iter().flat_map(|(_, mappings)| mappings)
    }

    /// The texts of one of its mappings; `None` if a file that they are made of changed meanwhile
    /// so that they cannot be made any more.
    pub fn draft(&self, mapping: &Mapping<'_>) -> Option<Draft> {
        let Mapping { module, kernel, resolved, keys, .. } = mapping;
        let planned = Planned { module, kernel, resolved: resolved.clone(), keys: *keys };
        std::thread::scope(|scope| {
            let one = deep(scope, || {
                let mut press = Press::new(self.inputs.lock.templates, self.inputs.templates.clone());
                draft::draft(&mut press, self.inputs.manifest, &planned).ok().map(|(_, draft)| draft)
            });
            one.ok().and_then(joined)
        })
    }
}

/// Which mappings there are.
fn planned<'m>(inputs: Inputs<'m>, faults: &mut Diagnostics) -> Vec<Planned<'m>> {
    let Inputs { manifest, lock, files, .. } = inputs;
    let kernel_keys: Vec<Key> = manifest.kernels.iter().map(kernel_key).collect();
    let mut resolver = recipe::Resolver::new(manifest, lock, &**files);
    let mut planned = Vec::new();
    for module in &manifest.modules {
        let numbered = manifest.kernels.iter().zip(&kernel_keys);
        let (kernels, keys): (Vec<&Kernel>, Vec<&Key>) = numbered.filter(|(k, _)| module.kernels.selects(k)).unzip();
        if kernels.is_empty() {
            faults.push(
                Diagnostic::warning("no-kernel", format!("module `{}` is for none of the kernels", module.name.value))
                    .at(module.name.span, "")
                    .help("its `kernels` select whole releases: `include: ['5\\.14\\..*']`"),
            );
        }
        check_label_collisions(module, &kernels, faults);
        if module.is_prebuilt() {
            prebuilt::check(module, &kernels, faults);
        }
        if !module.is_built() {
            continue;
        }
        let resolved = resolver.resolve_all(module, &kernels, faults);
        let mut groups = Groups { inputs, module, known: HashMap::new() };
        for ((kernel, resolved), key) in kernels.into_iter().zip(resolved).zip(keys) {
            let Some(resolved) = resolved else { continue };
            let keys = Keys { group: groups.key(&resolved), kernel: *key };
            planned.push(Planned { module, kernel, resolved, keys });
        }
    }
    planned
}

/// What of a kernel decides texts.
fn kernel_key(kernel: &Kernel) -> Key {
    Key::of(&(&kernel.release.value, kernel.dtk.as_ref().map(|dtk| &dtk.value), &kernel.labels))
}

/// The keys of what a module's mappings share.
struct Groups<'m> {
    inputs: Inputs<'m>,
    module: &'m Module,
    /// By address: what they are of lives as long as the plan is made.
    known: HashMap<*const Resolved, Key>,
}

impl Groups<'_> {
    fn key(&mut self, resolved: &Arc<Resolved>) -> Key {
        let Module { name, image, kmm, .. } = self.module;
        let Manifest { namespace, mirrors, output, .. } = self.inputs.manifest;
        let outside = (
            self.inputs.lock.templates,
            (&namespace.value, mirrors, output.sync_waves),
            &name.value,
            &image.value,
            &kmm.sign,
        );
        *self.known.entry(Arc::as_ptr(resolved)).or_insert_with(|| Key::of(&(outside, &**resolved)))
    }
}

/// How many mappings are drafted in one go.
const BLOCK: usize = 16_384;

type Drafted<'m, S> = Result<(Mapping<'m>, S), Fault>;

/// Drafts in equal shares, one template engine per thread: a shared one gives no speed-up. Even
/// one share has a thread of its own, for its stack.
fn draft_all<'m, V: Visitor>(
    planned: &[Planned<'m>],
    inputs: Inputs<'m>,
    visitor: &V,
    workers: usize,
) -> io::Result<Vec<Drafted<'m, V::Seen>>> {
    let share = |planned: &[Planned<'m>]| -> Vec<Drafted<'m, V::Seen>> {
        let mut press = Press::new(inputs.lock.templates, inputs.templates.clone());
        let one = |planned: &Planned<'m>| {
            if let Some((identity, seen)) = visitor.recall(planned.module, planned.kernel, &planned.keys) {
                return Ok((planned.with(identity), seen));
            }
            let (mapping, draft) = draft::draft(&mut press, inputs.manifest, planned)?;
            let seen = visitor.visit(&mapping, &draft);
            Ok((mapping, seen))
        };
        planned.iter().map(one).collect()
    };
    let share = &share;
    let size = planned.len().div_ceil(workers.max(1)).max(64);
    std::thread::scope(|scope| {
        let shares = planned.chunks(size);
        let threads: Vec<_> = shares.map(|planned| deep(scope, move || share(planned))).collect::<io::Result<_>>()?;
        Ok(threads.into_iter().flat_map(joined).collect())
    })
}

/// Starts a thread that has the stack which templates may need.
fn deep<'s, T: Send + 's>(
    scope: &'s Scope<'s, '_>,
    work: impl FnOnce() -> T + Send + 's,
) -> io::Result<ScopedJoinHandle<'s, T>> {
    std::thread::Builder::new().stack_size(template::STACK).spawn_scoped(scope, work)
}

fn no_thread(error: &io::Error) -> Diagnostic {
    Diagnostic::error("no-thread", format!("cannot start a thread: {error}"))
        .help("the system limits how many processes and threads there are: `ulimit -u` shows it; --jobs 1 needs one")
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn template_fault(fault: TemplateFault, module: &Module, kernel: &Kernel, sources: &mut SourceMap) -> Diagnostic {
    let named_at = module.recipe_on(&Circumstances::of(kernel)).template.map(|template| template.span);
    let during = format!("module `{}` on kernel `{}`", module.name.value, kernel.release.value);
    fault.into_diagnostic(sources, &during, named_at.or(Some(module.name.span)))
}

/// KMM names Builds by the DNS-safe release: two releases of one Module with the same form
/// would share one.
fn check_label_collisions(module: &Module, kernels: &[&Kernel], faults: &mut Diagnostics) {
    let mut first: HashMap<&str, &Kernel> = HashMap::with_capacity(kernels.len());
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
