//! Which mappings there are: the kernels of each module, and what decides the mappings' texts.

use std::collections::HashMap;
use std::sync::Arc;

use super::past::{Past, PastModule, Place};
use super::recipe::Resolver;
use super::{Inputs, Mapping, Resolved, prebuilt};
use crate::manifest::{Kernel, Manifest, Module};
use crate::record::{Identity, KernelKey, Key};
use crate::vocabulary::{Diagnostic, Diagnostics};

/// A mapping that is not rendered yet.
pub(super) struct Planned<'m> {
    pub(super) module: &'m Module,
    pub(super) kernel: &'m Kernel,
    pub(super) resolved: Arc<Resolved>,
    /// The number of its group.
    pub(super) group: u32,
    /// Where the run before has it, if its files are as they were.
    pub(super) place: Option<Place>,
    /// Whether they are what they should be.
    pub(super) same: bool,
}

impl<'m> Planned<'m> {
    pub(super) fn with(&self, identity: Identity) -> Mapping<'m> {
        let Self { module, kernel, resolved, group, .. } = self;
        Mapping { module, kernel, resolved: resolved.clone(), identity, group: *group }
    }
}

/// How a module stands with the run before.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Since {
    /// Whether it is for the same kernels, and its files for them are as they were.
    pub(super) same_kernels: bool,
    /// Whether it and all its mappings are what they were.
    pub(super) settled: bool,
}

/// All mappings, module by module, and how each module stands with the run before.
pub(super) struct Selected<'m> {
    pub(super) planned: Vec<Planned<'m>>,
    pub(super) since: Vec<Since>,
    /// What decides mappings beside their kernels, by number.
    pub(super) groups: Vec<Key>,
    /// What of each kernel of the manifest decides its mappings.
    pub(super) kernel_keys: Vec<KernelKey>,
}

impl Selected<'_> {
    /// The number of a group of the module whose groups begin at `first`. Most often it is that of the
    /// mapping before.
    fn number(&mut self, group: Key, first: usize) -> u32 {
        let own = self.groups.get(first..).unwrap_or_default();
        let at = own.iter().rposition(|known| *known == group).map_or(self.groups.len(), |at| first + at);
        if at == self.groups.len() {
            self.groups.push(group);
        }
        u32::try_from(at).unwrap_or(u32::MAX)
    }
}

/// Finds all mappings of a manifest.
pub(super) fn select<'m>(inputs: Inputs<'m>, past: Option<&Past<'_>>, faults: &mut Diagnostics) -> Selected<'m> {
    let manifest = inputs.manifest;
    let kernel_keys = past.map_or_else(|| kernel_keys(manifest), |past| past.keys.to_vec());
    let shares_labels = shares_labels(&manifest.kernels);
    let mut resolver = Resolver::new(manifest, inputs.lock, &**inputs.files);
    let mut selected = Selected { planned: Vec::new(), since: Vec::new(), groups: Vec::new(), kernel_keys };
    for module in &manifest.modules {
        let past = past.and_then(|past| past.module(module));
        let kernels = kernels_of(module, manifest, past.as_ref());
        if kernels.is_empty() && !module.is_for_any(&manifest.kernels) {
            let (why, help) = module.kernels.why_none(&manifest.kernels).unwrap_or_default();
            let help = help.unwrap_or_else(|| "its `kernels` select whole releases: `include: ['5\\.14\\..*']`".into());
            let message = format!("module `{}` is for none of the kernels: {why}", module.name.value);
            faults.push(Diagnostic::warning("no-kernel", message).at(module.name.span, "").help(help));
        }
        if shares_labels || module.is_prebuilt() {
            let kernels: Vec<&Kernel> = kernels.iter().map(|at| &manifest.kernels[*at]).collect();
            check_label_collisions(module, &kernels, faults);
            if module.is_prebuilt() {
                prebuilt::check(module, &kernels, faults);
            }
        }
        if !module.is_built() {
            selected.since.push(Since::default());
            continue;
        }
        resolver.begin();
        let mut groups = Groups { inputs, module, past, known: HashMap::new(), proven: HashMap::new() };
        let (first, first_group) = (selected.planned.len(), selected.groups.len());
        for at in kernels {
            let kernel = &manifest.kernels[at];
            let Some((resolved, group)) = groups.of(at, kernel, &mut resolver, faults) else { continue };
            let place = past.and_then(|past| past.intact(at));
            let same = past.zip(place).is_some_and(|(past, place)| past.is_same(place, at, &group));
            let group = selected.number(group, first_group);
            selected.planned.push(Planned { module, kernel, resolved, group, place, same });
        }
        let own = &selected.planned[first..];
        selected.since.push(past.map_or_else(Since::default, |past| {
            let same_kernels = past.is_all_of(own.iter().map(|planned| planned.place));
            let settled = same_kernels && past.has_same_manifest() && own.iter().all(|planned| planned.same);
            Since { same_kernels, settled }
        }));
    }
    selected
}

/// The numbers of a module's kernels. What the run before knows of them is not asked again.
fn kernels_of(module: &Module, manifest: &Manifest, past: Option<&PastModule<'_>>) -> Vec<usize> {
    let selects = |at: &usize| match past.filter(|past| past.knows(*at)) {
        Some(past) => past.mapping(*at).is_some(),
        None => module.kernels.selects(&manifest.kernels[*at]),
    };
    (0..manifest.kernels.len()).filter(selects).collect()
}

/// What of each kernel of a manifest decides its mappings.
pub fn kernel_keys(manifest: &Manifest) -> Vec<KernelKey> {
    let key = |kernel: &Kernel| {
        let Kernel { release, dtk, images, labels, nodes: _ } = kernel;
        let toolkit = Key::of(&dtk.as_ref().map(|dtk| &dtk.value));
        KernelKey { traits: Key::of(&(&release.value, labels, images, kernel.is_in_use())), toolkit }
    };
    manifest.kernels.iter().map(key).collect()
}

/// What the mappings of a module share.
struct Groups<'m, 'p> {
    inputs: Inputs<'m>,
    module: &'m Module,
    past: Option<PastModule<'p>>,
    /// Keys by address: what they are of lives as long as the plan is made.
    known: HashMap<*const Resolved, Key>,
    /// Groups of the run before that one of their mappings has proven to be as they were.
    proven: HashMap<usize, (Arc<Resolved>, Key)>,
}

impl Groups<'_, '_> {
    /// What a kernel's mapping shares with others, and its key; `None` where something is missing, noted
    /// in `faults`.
    fn of(
        &mut self,
        at: usize,
        kernel: &Kernel,
        resolver: &mut Resolver<'_>,
        faults: &mut Diagnostics,
    ) -> Option<(Arc<Resolved>, Key)> {
        let before = self.past.filter(|past| past.knows(at)).and_then(|past| past.group(past.mapping(at)?));
        if let Some((resolved, key)) = before.and_then(|group| self.proven.get(&group)) {
            let suits = resolver.check_toolkit(self.module, resolved, kernel, faults);
            return suits.then(|| (resolved.clone(), *key));
        }
        let resolved = resolver.resolve(self.module, kernel, faults)?;
        let key = self.key(&resolved);
        // The conditions hold as they did, so all that were of this group are still of one.
        if let (Some(group), Some(past)) = (before, self.past)
            && past.outcomes.groups.get(group) == Some(&key)
        {
            self.proven.insert(group, (resolved.clone(), key));
        }
        Some((resolved, key))
    }

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

/// Whether any two kernels have the same label in KMM.
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
                .help("exclude one of them from the module, or make it a module of its own")
        };
        faults.push(fault.at(kernel.release.span, "this kernel").context(earlier.release.span, "and this one"));
    }
}

/// Two kernels of one release, which no Module can tell apart.
fn same_release(module: &Module, one: &Kernel, other: &Kernel) -> Diagnostic {
    let (name, release) = (&module.name.value, &one.release.value);
    let message = format!(
        "module `{name}` is for two kernels of release `{release}`, and KMM takes the first mapping of a release"
    );
    let differs = |key: &&str| one.labels.get(*key) != other.labels.get(*key);
    let keys = ["arch", "distribution", "os"].into_iter();
    let key = keys.chain(one.labels.keys().chain(other.labels.keys()).map(String::as_str)).find(differs);
    let key = key.unwrap_or("arch");
    let [one, other] = [one, other].map(|kernel| {
        let value = kernel.labels.get(key).map_or_else(|| "…".to_owned(), |value| kmodgen_yaml::inline(value));
        format!("`kernels: {{labels: {{{key}: {value}}}}}`")
    });
    let nodes = match key {
        "arch" => "by the label `kubernetes.io/arch`",
        _ => "by a label that only they have",
    };
    Diagnostic::error("kmm-same-release", message).help(format!(
        "make two modules of it, one with {one} and one with {other}, each with a `kmm.selector` of its nodes \
         {nodes}"
    ))
}
