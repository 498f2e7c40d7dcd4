//! Expansion of a manifest into mappings: the kernels of each module, and what decides the mappings' texts.

use std::collections::HashMap;
use std::sync::Arc;

use super::recipe::Resolver;
use super::{Identity, Inputs, Mapping, Resolved, aliases, prebuilt};
use crate::manifest::{Kernel, Manifest, Module};
use crate::vocabulary::{Diagnostic, Diagnostics, Digest};

/// A mapping that is not rendered yet.
#[derive(Debug)]
pub struct PlannedMapping<'m> {
    /// The module.
    pub module: &'m Module,
    /// The kernel.
    pub kernel: &'m Kernel,
    /// The kernel's number in the manifest.
    pub kernel_number: usize,
    /// The other inputs of its image.
    pub resolved: Arc<Resolved>,
    /// Digest of the builder, if the lock has it.
    pub builder_digest: Option<Digest>,
}

impl<'m> PlannedMapping<'m> {
    pub(super) fn with(&self, identity: Identity) -> Mapping<'m> {
        let Self { module, kernel, kernel_number, resolved, builder_digest } = self;
        Mapping {
            module,
            kernel,
            kernel_number: *kernel_number,
            resolved: resolved.clone(),
            builder_digest: *builder_digest,
            identity,
        }
    }

    /// Returns the image that compiles; `None` if KMM chooses the kernel's Driver Toolkit in the cluster.
    pub(super) fn builder(&self) -> Option<String> {
        self.resolved.builder_on(self.kernel, self.builder_digest)
    }
}

/// Mappings of a manifest that are not rendered yet.
pub struct Expansion<'m> {
    /// The modules and their mappings, in the order of the manifest.
    pub modules: Vec<(&'m Module, Vec<PlannedMapping<'m>>)>,
    /// Inputs of the expansion.
    pub inputs: Inputs<'m>,
}

impl<'m> Expansion<'m> {
    /// Finds all mappings of a manifest.
    ///
    /// # Errors
    /// `None` if the inputs of a mapping are incomplete; `faults` then says what and where. Warnings come with an
    /// expansion.
    pub fn of(inputs: Inputs<'m>, faults: &mut Diagnostics) -> Option<Self> {
        Self::without(inputs, |_| false, faults)
    }

    /// Finds the mappings of all modules except those that `is_left_out` selects.
    ///
    /// # Errors
    /// As those of [`of`](Self::of).
    pub fn without(
        inputs: Inputs<'m>,
        is_left_out: impl Fn(&Module) -> bool,
        faults: &mut Diagnostics,
    ) -> Option<Self> {
        let manifest = inputs.manifest;
        let shares_labels = shares_labels(&manifest.kernels);
        let mut resolver = Resolver::new(manifest, inputs.pins(), &**inputs.files);
        let mut modules = Vec::with_capacity(manifest.modules.len());
        let mut taken = HashMap::new();
        for module in manifest.modules.iter().filter(|module| !is_left_out(module)) {
            let numbered = manifest.kernels.iter().enumerate();
            let (numbers, kernels): (Vec<usize>, Vec<&Kernel>) =
                numbered.filter(|(_, kernel)| module.kernels.selects(kernel)).unzip();
            check_kernels(module, &kernels, manifest, shares_labels, faults);
            aliases::check(module, &kernels, &mut taken, faults);
            let mut mappings = Vec::new();
            if module.is_built() {
                resolver.begin();
                mappings.reserve_exact(kernels.len());
                for (kernel_number, kernel) in numbers.into_iter().zip(kernels) {
                    let resolved = resolver.resolve(module, (kernel_number, kernel), faults);
                    let Some((resolved, builder_digest)) = resolved else { continue };
                    mappings.push(PlannedMapping { module, kernel, kernel_number, resolved, builder_digest });
                }
            }
            modules.push((module, mappings));
        }
        (!faults.has_errors()).then_some(Self { modules, inputs })
    }

    /// Returns how many mappings there are.
    pub fn mapping_count(&self) -> usize {
        self.modules.iter().map(|(_, mappings)| mappings.len()).sum()
    }

    /// Returns all mappings, module by module.
    pub fn mappings(&self) -> Vec<&PlannedMapping<'m>> {
        self.modules.iter().flat_map(|(_, mappings)| mappings).collect()
    }
}

fn check_kernels(
    module: &Module,
    kernels: &[&Kernel],
    manifest: &Manifest,
    shares_labels: bool,
    faults: &mut Diagnostics,
) {
    if kernels.is_empty() && !module.is_for_any(&manifest.kernels) {
        let (why, help) = module.kernels.why_none(&manifest.kernels).unwrap_or_default();
        let help =
            help.unwrap_or_else(|| "a pattern must match the whole release: `when: {kernel: '5\\.14\\..*'}`".into());
        let message = format!("module `{}` matches no kernels: {why}", module.name.value);
        faults.push(Diagnostic::warning("no-kernel", message).at(module.name.span, "").help(help));
    }
    if shares_labels || module.is_prebuilt() {
        check_label_collisions(module, kernels, faults);
        if module.is_prebuilt() {
            prebuilt::check(module, kernels, faults);
        }
    }
}

/// Returns whether any two kernels have the same label in KMM.
fn shares_labels(kernels: &[Kernel]) -> bool {
    let mut labels: Vec<&str> = kernels.iter().map(|kernel| kernel.release.dns_safe()).collect();
    labels.sort_unstable();
    labels.windows(2).any(|pair| pair[0] == pair[1])
}

/// KMM takes the first mapping of a release, and names Builds by its DNS-safe form: of two releases of
/// one Module with the same form, one would never be built.
fn check_label_collisions(module: &Module, kernels: &[&Kernel], faults: &mut Diagnostics) {
    let mut first: HashMap<&str, &Kernel> = HashMap::with_capacity(kernels.len());
    for kernel in kernels {
        let Some(earlier) = first.insert(kernel.release.dns_safe(), kernel) else { continue };
        let fault = if earlier.release.value == kernel.release.value {
            same_release(module, earlier, kernel)
        } else {
            let message = format!(
                "kernels `{}` and `{}` have the same label in KMM, `{}`, and would share one build of module `{}`",
                earlier.release.value,
                kernel.release.value,
                kernel.release.dns_safe(),
                module.name.value
            );
            Diagnostic::error("kmm-same-label", message)
                .help("exclude one of them from the module, or use a separate module for it")
        };
        faults.push(fault.at(kernel.release.span, "this kernel").context(earlier.release.span, "and this one"));
    }
}

/// Two kernels of one release, which no Module can tell apart.
fn same_release(module: &Module, one: &Kernel, other: &Kernel) -> Diagnostic {
    let (name, release) = (&module.name.value, &one.release.value);
    let message = format!(
        "module `{name}` matches two kernels with release `{release}`, but KMM uses only the first mapping of a release"
    );
    let differs = |key: &&str| one.labels.get(*key) != other.labels.get(*key);
    let keys = ["arch", "distribution", "os"].into_iter();
    let key = keys.chain(one.labels.keys().chain(other.labels.keys()).map(String::as_str)).find(differs);
    let key = key.unwrap_or("arch");
    let [one, other] = [one, other].map(|kernel| {
        let value = kernel.labels.get(key).map_or_else(|| "…".to_owned(), |value| kmodgen_yaml::inline(value));
        format!("`when: {{labels: {{{key}: {value}}}}}`")
    });
    let nodes = match key {
        "arch" => "by the label `kubernetes.io/arch`",
        _ => "by a label that only they have",
    };
    Diagnostic::error("kmm-same-release", message).help(format!(
        "write two modules, one with {one} and one with {other}, and select the nodes of each in `moduleSpec.selector` \
         {nodes}"
    ))
}
