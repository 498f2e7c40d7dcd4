//! Contents of a manifest: facts from the request and from the files of a repository.

use std::collections::BTreeSet;

use super::kbuild::Kmod;
use super::licenses::licenses;
use super::names::{label, module_name};
use super::platform::{ClusterKernel, Platform};
use super::repository::{FileLine, RepositoryFiles, name_of};
use super::units::{Step, Unit, written_names};

/// Kernel that stands in a manifest until the user's are known.
pub(super) const EXAMPLE_KERNEL: &str = "5.14.0-427.28.1.el9_4.x86_64";

/// Facts about a repository and a cluster, from the command line and from servers.
#[derive(Debug, Clone)]
pub struct Request {
    /// URL of the repository, as the manifest has it.
    pub url: String,
    /// Name of the repository; may be empty.
    pub name: String,
    pub reference: Reference,
    pub namespace: String,
    /// Repository of the images, if the user named one. With several modules, their names follow it.
    pub image: Option<String>,
    /// Kernels of the cluster, if there is a list of them.
    pub kernels: Option<Vec<ClusterKernel>>,
    /// Set if the repository was looked at.
    pub is_read: bool,
}

/// A branch or tag, and why it was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub name: String,
    pub reason: String,
    /// Set if it is a guess.
    pub is_guess: bool,
}

/// A module of the manifest.
pub(super) struct ProposedModule {
    pub(super) name: String,
    pub(super) image: String,
    pub(super) unit: Option<Unit>,
    pub(super) kmods: Vec<String>,
    /// The kmod that is loaded by name.
    pub(super) loaded: String,
}

/// Everything that the manifest says.
pub(super) struct Contents<'r> {
    pub(super) request: &'r Request,
    pub(super) source: String,
    pub(super) version: Option<String>,
    pub(super) has_submodules: bool,
    pub(super) licenses: Vec<&'r str>,
    pub(super) modules: Vec<ProposedModule>,
    /// The platform of the manifest, then those of some kernels.
    pub(super) platforms: Vec<(Platform, Vec<&'r str>)>,
}

impl<'r> Contents<'r> {
    pub(super) fn new(request: &'r Request, repository: &'r RepositoryFiles, units: Vec<Unit>) -> Self {
        let platforms = platforms(request);
        Self {
            request,
            source: if request.name.is_empty() { "driver".to_owned() } else { label(&request.name) },
            version: units.iter().find_map(|unit| unit.version.clone()),
            has_submodules: repository.paths.contains(".gitmodules"),
            licenses: licenses(repository),
            modules: modules(request, units, platforms[0].0.is_openshift),
            platforms,
        }
    }
}

/// The platform for all kernels, then those for some of them.
fn platforms(request: &Request) -> Vec<(Platform, Vec<&str>)> {
    let of_kernels = request.kernels.as_deref().map(Platform::of).unwrap_or_default();
    if of_kernels.is_empty() {
        let reason = "OpenShift is assumed, as no nodes were given: KMM chooses the Driver Toolkit of each kernel";
        return vec![(Platform::openshift(reason), Vec::new())];
    }
    of_kernels
}

/// The repository of a module's images, if the user names none.
fn default_image(is_openshift: bool, namespace: &str, name: &str) -> String {
    let registry =
        if is_openshift { "image-registry.openshift-image-registry.svc:5000" } else { "registry.example.com" };
    format!("{registry}/{namespace}/{name}")
}

/// A module for each unit; one with a guess for a repository without any.
fn modules(request: &Request, units: Vec<Unit>, is_openshift: bool) -> Vec<ProposedModule> {
    let several = units.len() > 1;
    let mut taken = BTreeSet::new();
    let units: Vec<Option<Unit>> = if units.is_empty() { vec![None] } else { units.into_iter().map(Some).collect() };
    let mut modules = Vec::new();
    for unit in units {
        let kmods = match &unit {
            Some(unit) => written_names(&unit.kmods),
            None => vec![guessed_kmod(&request.name)],
        };
        let first = kmods.first().map(|kmod| name_of(kmod).to_owned()).unwrap_or_default();
        let wanted = if several || request.name.is_empty() { &first } else { &request.name };
        let name = module_name(wanted, &request.namespace, &taken);
        taken.insert(name.clone());
        let image = match &request.image {
            Some(image) if several => format!("{image}/{name}"),
            Some(image) => image.clone(),
            None => default_image(is_openshift, &request.namespace, &name),
        };
        let same = kmods.iter().map(|kmod| name_of(kmod)).find(|kmod| label(kmod) == label(&request.name));
        let loaded = same.map_or(first, str::to_owned);
        modules.push(ProposedModule { name, image, unit, kmods, loaded });
    }
    modules
}

/// The kmod that a repository probably has.
fn guessed_kmod(name: &str) -> String {
    let name: String = name.chars().take(50).collect();
    if name.is_empty() { "driver".to_owned() } else { name }
}

/// Places of kmods, each once.
pub(super) fn places(kmods: &[Kmod]) -> String {
    const SHOWN: usize = 4;
    let places: BTreeSet<&FileLine> = kmods.iter().map(|kmod| &kmod.place).collect();
    let mut shown: Vec<String> = places.iter().take(SHOWN).map(ToString::to_string).collect();
    if places.len() > SHOWN {
        shown.push("…".to_owned());
    }
    shown.join(", ")
}

impl Step {
    /// Describes the step in a few words.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Kbuild { .. } => "kbuild".to_owned(),
            Self::Make { target, .. } => {
                format!("make{}", target.as_ref().map(|target| format!(" {target}")).unwrap_or_default())
            }
            Self::Dkms => "dkms".to_owned(),
            Self::Configure { script, .. } if script.is_made => "autoreconf, configure, make".to_owned(),
            Self::Configure { .. } => "configure, make".to_owned(),
        }
    }
}

/// A folder, in words.
pub(super) fn shown_folder(folder: &str) -> String {
    if folder.is_empty() { "the top folder".to_owned() } else { format!("{folder}/") }
}
