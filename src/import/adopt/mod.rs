//! Adoption: a manifest with which KMM does for every kernel exactly what it did before.
//!
//! Every mapping becomes a `prebuilt` image with the fields that it has, every regular expression also a `fallback`.
//! Each Module is checked: it is generated from the manifest, and KMM's decision on every known kernel is compared with
//! that on the old one. A Module that a manifest cannot carry is refused, and the others go on.

mod mappings;
mod metadata;
mod module;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
mod text;
mod tree;
mod verify;

use std::collections::BTreeMap;

pub use module::AdoptedModule;
use module::Surroundings;
pub use text::{FLEET, manifest_text};

use crate::kernels::{Import, Input};
use crate::manifest::Selection;
use crate::objects::{KubernetesObject, ObjectKind, Objects};
use crate::vocabulary::{Diagnostic, Diagnostics, KernelRelease, Severity, SourceMap, Span};

/// Namespace of KMM's operator on a hub, unless an input says otherwise.
const HUB_NAMESPACE: &str = "openshift-kmm-hub";

/// Modules of all inputs, as manifests.
#[derive(Default)]
pub struct Adoption<'o> {
    /// Manifests, one for each namespace.
    pub manifests: Vec<AdoptedManifest<'o>>,
    /// Modules that kmodgen generated: they have a manifest.
    pub generated: Vec<&'o KubernetesObject>,
    /// Number of Modules that no manifest can carry; the errors say why.
    pub refused: usize,
}

/// A manifest with the Modules of a namespace.
pub struct AdoptedManifest<'o> {
    pub namespace: String,
    /// Set if no input has the namespace.
    pub is_guess: bool,
    pub modules: Vec<AdoptedModule<'o>>,
    /// The list of kernels, if there are any.
    pub fleet: Option<String>,
    /// Kernels of the list.
    pub releases: Vec<String>,
}

impl<'o> Adoption<'o> {
    /// Adopts the Modules of objects; `lists` have the kernels of the cluster.
    ///
    /// `None` if a list of kernels cannot be read; then there is an error.
    pub fn of(
        objects: &'o Objects,
        lists: &[Input],
        sources: &mut SourceMap,
        faults: &mut Diagnostics,
    ) -> Option<Self> {
        let mut adoption = Self::default();
        let mut groups: Vec<(String, bool, Vec<&KubernetesObject>)> = Vec::new();
        for object in objects.modules() {
            if object.is_generated() {
                adoption.generated.push(object);
                continue;
            }
            let Some((namespace, is_guess)) = namespace_of(object, objects) else {
                adoption.refused += 1;
                let message = "this Module has no namespace";
                let fault = Diagnostic::error("import", message).at(object.place(), "");
                faults.push(fault.help("write `metadata: {namespace: …}`, as in the cluster"));
                continue;
            };
            match groups.iter_mut().find(|(known, ..)| *known == namespace) {
                Some((_, all_are_guesses, group)) => {
                    *all_are_guesses &= is_guess;
                    group.push(object);
                }
                None => groups.push((namespace, is_guess, vec![object])),
            }
        }
        for (namespace, is_guess, group) in groups {
            let mut manifest = AdoptedManifest { is_guess, ..AdoptedManifest::new(namespace) };
            manifest.list_kernels(&group, lists, sources, faults)?;
            adoption.refused += manifest.add(&group, objects, sources, faults);
            if !manifest.modules.is_empty() {
                adoption.manifests.push(manifest);
            }
        }
        Some(adoption)
    }
}

impl<'o> AdoptedManifest<'o> {
    fn new(namespace: String) -> Self {
        Self { namespace, is_guess: false, modules: Vec::new(), fleet: None, releases: Vec::new() }
    }

    /// Makes the list of kernels: those of the cluster, and those that mappings name.
    fn list_kernels(
        &mut self,
        group: &[&KubernetesObject],
        lists: &[Input],
        sources: &mut SourceMap,
        faults: &mut Diagnostics,
    ) -> Option<()> {
        let mappings = group.iter().filter_map(|object| object.module()).flat_map(|module| &module.mappings);
        let literals = mappings.filter_map(|mapping| mapping.literal.as_ref());
        let literals = literals.filter(|literal| KernelRelease::parse(literal).is_ok());
        let literals: String = literals.map(|literal| format!("{}\n", literal.value)).collect();
        let mut inputs = lists.to_vec();
        if !literals.is_empty() {
            inputs.push(Input { name: "literal mappings".into(), text: literals, image: None });
        }
        if inputs.is_empty() {
            return Some(());
        }
        let import = Import::read(inputs, &Selection::default(), false, sources, faults)?;
        self.releases = import.kernels().map(|kernel| kernel.release.to_string()).collect();
        self.fleet = Some(import.list());
        Some(())
    }

    /// Adds Modules; returns the number of those that are refused.
    fn add(
        &mut self,
        group: &[&'o KubernetesObject],
        objects: &'o Objects,
        sources: &mut SourceMap,
        faults: &mut Diagnostics,
    ) -> usize {
        let namespace = self.namespace.clone();
        let mut around = Surroundings { objects, namespace: namespace.clone(), carried: BTreeMap::new() };
        let mut names: BTreeMap<&str, Span> = BTreeMap::new();
        let mut refused = 0;
        for object in group {
            if let Some(name) = &object.name
                && let Some(first) = names.insert(&name.value, name.span)
            {
                let message = format!("Module `{}` is in the inputs twice", name.value);
                let fault = Diagnostic::error("import", message).at(name.span, "again here");
                faults.push(fault.context(first, "first here").help("name fewer inputs"));
                refused += 1;
                continue;
            }
            let carried = around.carried.clone();
            let adopted = module::adopt(object, &mut around).map_err(|fault| vec![fault]);
            match adopted.and_then(|adopted| {
                let warnings = verify::check(&adopted, &namespace, &self.releases, sources)?;
                Ok((adopted, warnings))
            }) {
                Ok((adopted, warnings)) => {
                    faults.extend(warnings);
                    self.modules.push(adopted);
                }
                Err(reasons) => {
                    around.carried = carried;
                    refused += 1;
                    faults.extend(reasons_of(reasons, object));
                }
            }
        }
        refused
    }
}

/// Returns the reasons why a Module is refused, one for each place, with the Module that they are about.
fn reasons_of(reasons: Vec<Diagnostic>, object: &KubernetesObject) -> Vec<Diagnostic> {
    let mut places = Vec::new();
    let errors = reasons.into_iter().filter(|reason| reason.severity == Severity::Error);
    let first = errors.filter(|reason| {
        let place = reason.labels.first().map(|label| label.span);
        let is_new = !places.contains(&place);
        places.push(place);
        is_new
    });
    first.map(|reason| reason.context(object.place(), "this Module is not imported")).collect()
}

/// Returns the namespace of a Module's manifest, and whether no input has it. A ManagedClusterModule has none: its
/// ConfigMaps are in the namespace of KMM's operator.
fn namespace_of(object: &KubernetesObject, objects: &Objects) -> Option<(String, bool)> {
    if !matches!(object.kind, ObjectKind::ManagedClusterModule(_)) {
        return Some((object.namespace.as_ref()?.value.clone(), false));
    }
    let mappings = object.module().into_iter().flat_map(|module| &module.mappings);
    let names = mappings.filter_map(|mapping| {
        let name = mapping.section("build")?.get("dockerfileConfigMap")?.get("name")?;
        name.as_scalar().map(|name| name.text.as_str())
    });
    let names: Vec<&str> = names.collect();
    let mut config_maps = objects
        .config_maps()
        .filter(|object| object.name.as_ref().is_some_and(|name| names.contains(&name.value.as_str())));
    let found = config_maps.find_map(|object| object.namespace.as_ref());
    Some(found.map_or_else(|| (HUB_NAMESPACE.to_owned(), true), |namespace| (namespace.value.clone(), false)))
}
