//! The plan: every mapping (a module on a kernel), with its hash and names.

mod code;
mod collisions;
mod draft;
mod file_names;
mod firmware;
mod folder;
mod identity;
mod layout;
mod length;
mod past;
mod patch;
mod prebuilt;
mod recipe;
mod select;
mod shell_pattern;
mod step;

#[cfg(test)]
mod firmware_tests;
#[cfg(test)]
mod identity_tests;
#[cfg(test)]
mod releases_tests;

use std::io;
use std::sync::Arc;
use std::thread::ScopedJoinHandle;

pub use code::{Code, Content};
pub use draft::Draft;
use draft::Fault;
pub use folder::{Folder, FolderFile, FolderFileKind};
pub use identity::image_name;
use kmodgen_image::Firmware;
pub use layout::Layout;
pub use past::{Past, PastModule, Place};
pub use patch::Patch;
pub use prebuilt::prebuilt;
pub use recipe::Resolved;
pub use select::kernel_keys;
use select::{Planned, Selected, Since, select};

use crate::lock::Lock;
use crate::manifest::{Circumstances, Kernel, Kmm, Manifest, Module, TemplateName};
use crate::record::{Identity, KernelKey, Key};
use crate::render::dockerfile::Press;
use crate::template::{Renderers, TemplateFault};
use crate::vocabulary::{Diagnostic, Diagnostics, ImageRef, InputFiles, Namespace, SourceMap, written_out};

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
    /// What decides its texts beside its kernel and the templates, as an index into [`Plan::groups`].
    pub group: u32,
}

impl Mapping<'_> {
    /// The build arguments that KMM gives to a build of this mapping, the user's own included;
    /// `dtk` is the Driver Toolkit that KMM would choose, given where the Dockerfile asks for it.
    pub fn build_arguments(&self, namespace: &Namespace, dtk: Option<&ImageRef>) -> Vec<(String, String)> {
        let release = self.kernel.release.to_string();
        let own = self.resolved.build_args.iter().map(|(name, value)| (name.clone(), written_out(value, &release)));
        let own: Vec<_> = own.collect();
        let mut arguments = vec![
            ("KERNEL_VERSION".to_owned(), release.clone()),
            ("KERNEL_FULL_VERSION".to_owned(), release),
            ("MOD_NAME".to_owned(), self.module.name.to_string()),
            ("MOD_NAMESPACE".to_owned(), namespace.to_string()),
        ];
        if let Some(dtk) = dtk.filter(|_| self.identity.asks_for_dtk) {
            arguments.push(("DTK_AUTO".to_owned(), dtk.to_string()));
        }
        arguments.extend(own);
        arguments
    }

    /// The module loader image, its tag included.
    pub fn image(&self) -> ImageRef {
        identity::image(self.module, self.kernel, &self.identity.hash)
    }

    /// The same as a text.
    pub fn image_name(&self) -> String {
        image_name(self.module.image.repository(), self.kernel.release.normalised(), &self.identity.hash)
    }

    /// The name of its ConfigMap.
    pub fn config_map(&self) -> String {
        identity::config_map_name(self.module, self.kernel, &self.identity.dockerfile)
    }

    /// Firmware that KMM copies from the image; `None` without a Module that loads from it.
    pub fn firmware(&self) -> Option<Firmware> {
        let Resolved { template, layout, .. } = &*self.resolved;
        let mut paths: Vec<String> =
            self.module.kmm.sections().filter_map(Kmm::firmware_path).map(str::to_owned).collect();
        paths.dedup();
        // A template of the user's may install files in its own way.
        let installed = matches!(template, TemplateName::BuiltIn(_))
            && layout.firmware.as_ref().is_some_and(|items| !items.is_empty());
        self.module.has_objects().then_some(Firmware { paths, installed })
    }

    /// The folders beside the manifest that its build copies. With any, KMM cannot build it: its
    /// builds have no context.
    pub fn context(&self) -> impl Iterator<Item = &Arc<Folder>> {
        self.resolved.codes.iter().filter_map(Code::context)
    }

    /// The image that compiles; `None` where KMM chooses the kernel's DTK in the cluster.
    pub fn builder(&self) -> Option<String> {
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
    /// What renders templates that users wrote.
    pub renderers: &'m Arc<dyn Renderers>,
}

/// What looks at every mapping's texts as they come by, in any thread and any order.
pub trait Visitor: Sync {
    /// What it has seen of one mapping.
    type Seen: Send;

    /// Looks at one. Where the run before has it at `place`, its files are as they were then.
    fn visit(&self, mapping: &Mapping<'_>, draft: &Draft, place: Option<Place>) -> Self::Seen;

    /// The run before, if anything is known of it.
    fn past(&self) -> Option<&Past<'_>> {
        None
    }

    /// What it says of a mapping that the run before has at `place`, and is then not rendered.
    fn recall(&self, _place: Place) -> Option<Self::Seen> {
        None
    }
}

/// Where the texts are of no interest.
impl Visitor for () {
    type Seen = ();

    fn visit(&self, _: &Mapping<'_>, _: &Draft, _: Option<Place>) {}
}

/// All mappings of a manifest, each module's together and in the order of its kernels.
pub struct Plan<'m> {
    /// The modules and their mappings, in the order of the manifest.
    pub modules: Vec<(&'m Module, Vec<Mapping<'m>>)>,
    /// Of each of them, how it stands with the run before.
    since: Vec<Since>,
    /// What decides mappings beside their kernels and the templates; many share it.
    pub groups: Vec<Key>,
    /// What of each kernel of the manifest decides its mappings.
    pub kernel_keys: Vec<KernelKey>,
    inputs: Inputs<'m>,
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
        let past = visitor.past();
        let Selected { planned, since, groups, kernel_keys } = select(inputs, past, faults);
        if faults.has_errors() {
            return None;
        }
        let mut rows = planned.chunk_by(|one, next| std::ptr::eq(one.module, next.module)).peekable();
        let mut modules = Vec::with_capacity(inputs.manifest.modules.len());
        for module in &inputs.manifest.modules {
            let count = rows.next_if(|row| std::ptr::eq(row[0].module, module)).map_or(0, <[_]>::len);
            modules.push((module, Vec::with_capacity(count)));
        }
        let mut seen = Vec::with_capacity(planned.len());
        let mut at = 0;
        let mut told: Vec<TemplateFault> = Vec::new();
        // What comes of a block is put where it belongs before the next one is begun.
        for block in planned.chunks(BLOCK) {
            let recalled = |planned: &Planned<'_>| {
                let (place, past) = planned.place.filter(|_| planned.same).zip(past)?;
                Some((past.identity(place)?, visitor.recall(place)?))
            };
            let rest: Vec<&Planned<'_>> = block.iter().filter(|planned| recalled(planned).is_none()).collect();
            let mut drafted = match draft_all(&rest, inputs, visitor, workers) {
                Ok(drafted) => drafted.into_iter(),
                Err(error) => {
                    faults.push(no_thread(&error));
                    return None;
                }
            };
            for planned in block {
                let Planned { module, kernel, .. } = planned;
                while !std::ptr::eq(modules[at].0, *module) {
                    at += 1;
                }
                let Some(known) = recalled(planned).map(Ok).or_else(|| drafted.next()) else { continue };
                match known {
                    Ok((identity, what)) => {
                        modules[at].1.push(planned.with(identity));
                        seen.push(what);
                    }
                    Err(Fault::Own(own)) => faults.extend(own.into_sorted()),
                    // One mistake in a template is one message, for however many mappings.
                    Err(Fault::Template(found)) => {
                        for fault in found.into_iter().filter(|fault| !told.contains(fault)).collect::<Vec<_>>() {
                            told.push(fault.clone());
                            faults.push(template_fault(fault, module, kernel, sources));
                        }
                    }
                }
            }
        }
        for (module, mappings) in &modules {
            length::check(module, mappings, inputs.manifest.platform.kind, faults);
        }
        (!faults.has_errors()).then_some((Self { modules, since, groups, kernel_keys, inputs }, seen))
    }

    /// All mappings.
    pub fn mappings(&self) -> impl Iterator<Item = &Mapping<'m>> {
        self.modules.iter().flat_map(|(_, mappings)| mappings)
    }

    /// Whether the module with this number, and all that is made of it, is what it was in the run before.
    pub fn is_settled(&self, module: usize) -> bool {
        self.since.get(module).is_some_and(|since| since.settled)
    }

    /// Whether the module with this number has mappings on the kernels that it had in the run before,
    /// whose files are all there.
    pub fn has_same_kernels(&self, module: usize) -> bool {
        self.since.get(module).is_some_and(|since| since.same_kernels)
    }

    /// The texts of one of its mappings; `None` if a file that they are made of changed meanwhile
    /// so that they cannot be made any more.
    pub fn draft(&self, mapping: &Mapping<'_>) -> Option<Draft> {
        let Mapping { module, kernel, resolved, group, .. } = mapping;
        let planned = Planned { module, kernel, resolved: resolved.clone(), group: *group, place: None, same: false };
        let Inputs { manifest, lock, templates, renderers, .. } = self.inputs;
        let mut press = Press::new(lock.templates, templates.clone(), &**renderers);
        draft::draft(&mut press, manifest, &planned).ok().map(|(_, draft)| draft)
    }
}

/// How many mappings are drafted in one go.
const BLOCK: usize = 16_384;

/// How many mappings are worth a thread and a template engine of their own.
const SMALLEST_SHARE: usize = 16;

/// What a mapping came to, and what was seen of it.
type Known<S> = (Identity, S);

/// Drafts in equal shares, one template engine per thread: a shared one gives no speed-up.
fn draft_all<'m, V: Visitor>(
    planned: &[&Planned<'m>],
    inputs: Inputs<'m>,
    visitor: &V,
    workers: usize,
) -> io::Result<Vec<Result<Known<V::Seen>, Fault>>> {
    let share = |planned: &[&Planned<'m>]| -> Vec<Result<Known<V::Seen>, Fault>> {
        let mut press = Press::new(inputs.lock.templates, inputs.templates.clone(), &**inputs.renderers);
        let one = |planned: &&Planned<'m>| {
            let (mapping, draft) = draft::draft(&mut press, inputs.manifest, planned)?;
            let seen = visitor.visit(&mapping, &draft, planned.place);
            Ok((mapping.identity, seen))
        };
        planned.iter().map(one).collect()
    };
    let share = &share;
    let size = planned.len().div_ceil(workers.max(1)).max(SMALLEST_SHARE);
    std::thread::scope(|scope| {
        let shares = planned.chunks(size);
        let start = |planned| std::thread::Builder::new().spawn_scoped(scope, move || share(planned));
        let threads: Vec<_> = shares.map(start).collect::<io::Result<_>>()?;
        Ok(threads.into_iter().flat_map(joined).collect())
    })
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
