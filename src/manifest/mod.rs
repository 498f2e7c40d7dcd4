//! The manifest: what a user declares, decoded and checked.
//!
//! Every fault of a file is collected, so that one run reports them all. Nothing here touches
//! the world: the files that a manifest names come through [`InputFiles`].

mod api_version;
mod base_images;
mod builder_folder;
mod built_by;
mod cluster;
mod condition;
mod conditional;
mod declare;
pub(crate) mod decode;
mod document;
mod downloads;
mod expanding;
mod expansion;
mod image_tags;
mod include;
mod install;
mod kernel;
mod kind;
mod kmm;
mod known;
mod layout;
mod lint;
mod metadata;
mod mirrors;
mod misplaced;
mod module;
mod named_image;
mod node_count;
mod notes;
mod one_cluster;
mod output;
mod overlay;
mod packages;
mod pinnable;
mod platform;
mod publish;
mod recipe;
mod renamed;
mod repeats;
pub mod schema;
mod selection;
mod shared_kmods;
mod source;
mod steps;
mod structure;
mod structure_json;
pub(crate) mod variables;
mod variation;
mod version;
mod wrong_kind;

#[cfg(test)]
mod causes_tests;
#[cfg(test)]
mod cluster_tests;
#[cfg(test)]
mod conditional_tests;
#[cfg(test)]
mod faults_tests;
#[cfg(test)]
mod pin_tests;
#[cfg(test)]
mod prebuilt_tests;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

pub use api_version::API_VERSION;
pub(crate) use api_version::{check_api_version, other_version};
pub use base_images::{BaseImages, Builder};
pub use builder_folder::BuilderFolder;
pub use built_by::BuiltBy;
use cluster::CLUSTER;
pub use condition::known_architecture;
pub use conditional::{Circumstances, Conditional};
pub use image_tags::TagUse;
use include::Includes;
pub use include::{INCLUDED, cluster_names};
pub use install::{
    Compression, FIRMWARE_FOLDER, ImagePlace, Install, InstalledFiles, InstalledPackage, LICENSE_FOLDER,
};
pub(crate) use kernel::ITEM as KERNEL_ITEM;
pub use kernel::{KERNEL_FILE, Kernel, read_kernel_file};
pub use kind::ModuleKind;
pub(crate) use kmm::check_fields as check_kmm_fields;
pub use kmm::{
    AdditionalModule, BuildArgument, Fallback, Hub, KeptConfigMap, MappingFields, ModuleSpec, Objects, Sign, TlsSection,
};
pub use known::without_unknown;
pub use layout::Layout;
pub use lint::{AllowedRule, LintSettings, read_lint};
pub use metadata::Metadata;
pub use mirrors::Mirrors;
pub use module::{Module, image_repository};
pub use named_image::NamedImage;
pub use node_count::NodeCount;
pub use output::{OUTPUT_FOLDER, Output};
pub use packages::{Repository, RepositoryKey, Stage, StagePackages};
pub use pinnable::Pinnable;
pub use platform::{Platform, PlatformKind};
pub use publish::{Publish, repository as publish_repository};
pub use recipe::{Kmod, Recipe, TemplateName};
use schema::{Field, Record, Shape};
pub use selection::Selection;
pub use source::{BUILD_ROOT, File, FileKind, Git, Inner, Origin, Source, decompressor, source_folder};
pub use steps::{Configure, Dkms, Jobs, Kconfig, Make, Rpmbuild, Run, Script, Step, StepPlace, Tool};
pub use variation::Variation;

use crate::header::Owner;
use crate::vocabulary::{
    ClusterName, Diagnostics, InputFiles, Namespace, NoFiles, OwnerName, PinGroup, SourceId, SourceMap, SourceName,
    Spanned,
};

/// Schema of the manifest.
pub static MANIFEST: Record = Record {
    name: "the manifest",
    fields: &[
        Field { key: "apiVersion", takes: Shape::OneOf(&[API_VERSION]), says: "`kmodgen/v1`" },
        Field { key: "namespace", takes: Shape::Text, says: "the namespace of all objects" },
        Field {
            key: "owner",
            takes: Shape::Text,
            says: "the owner of the generated files, if several manifests write to one folder; in no hash",
        },
        Field {
            key: "include",
            takes: Shape::List(&Shape::Text),
            says: "files of the same git repository with `clusters`, `kernels` and `baseImages`",
        },
        Field {
            key: "sources",
            takes: Shape::Named(&Shape::Record(&source::SOURCE)),
            says: "sources of code, by name",
        },
        Field { key: "baseImages", takes: Shape::Record(&base_images::BASE_IMAGES), says: "base images" },
        Field { key: "kernels", takes: Shape::List(&kernel::ITEM), says: "target kernels" },
        Field { key: "modules", takes: Shape::List(&Shape::Record(&module::MODULE)), says: "the modules to build" },
        Field {
            key: "mirrors",
            takes: Shape::TextMap,
            says: "replacements for the beginning of URLs and image names; in no hash",
        },
        Field {
            key: "metadata",
            takes: Shape::Record(&metadata::METADATA),
            says: "labels and annotations of all objects",
        },
        Field {
            key: "platform",
            takes: Shape::Record(&platform::PLATFORM),
            says: "the versions that the clusters run",
        },
        Field {
            key: "clusters",
            takes: Shape::Named(&Shape::Record(&CLUSTER)),
            says: "clusters by name, each with its own folder",
        },
        Field { key: "output", takes: Shape::Record(&output::OUTPUT), says: "where the output is written" },
        Field {
            key: "publish",
            takes: Shape::Record(&publish::PUBLISH),
            says: "the branch that `kmodgen publish` commits them to",
        },
        Field { key: "lint", takes: Shape::Record(&lint::LINT), says: "findings of `kmodgen lint` that are allowed" },
    ],
};

/// A manifest whose every value is well formed and whose names all resolve.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// Which of the clusters it is for; `None` where there are none.
    pub cluster: Option<ClusterName>,
    /// The group whose pins in the lock the cluster has; `None` for those of all clusters without a group.
    pub pins: Option<PinGroup>,
    /// The namespace of all objects.
    pub namespace: Spanned<Namespace>,
    /// Owner of the generated files, if they have one.
    pub owner: Option<OwnerName>,
    /// Sources of code, by name.
    pub sources: BTreeMap<SourceName, Source>,
    /// Mirrors that builds download from.
    pub mirrors: Mirrors,
    /// Labels and annotations of all objects.
    pub metadata: Metadata,
    /// Platform of the clusters.
    pub platform: Platform,
    /// Base images, unless a kernel, module or override says otherwise.
    pub base_images: BaseImages,
    /// Target kernels, in the order of the manifest.
    pub kernels: Vec<Kernel>,
    /// Modules, in the order of the manifest.
    pub modules: Vec<Module>,
    /// Output folder and options.
    pub output: Output,
    /// The branch that they are committed to.
    pub publish: Publish,
    /// Findings of `kmodgen lint` that are allowed.
    pub lint: LintSettings,
    /// The manifest as it is written, without its kernels.
    written: Arc<kmodgen_yaml::Node>,
}

impl Manifest {
    /// Returns the owner that generated files name.
    pub fn file_owner(&self) -> Owner<'_> {
        self.owner.as_ref().into()
    }

    /// Decodes the manifest in `source`, adding the files that it names to `sources`: one for each of
    /// its clusters, in their order, or the only one.
    ///
    /// # Errors
    /// `None` where anything is wrong; `faults` then says what. Warnings come with a manifest.
    pub fn read(
        source: SourceId,
        text: &str,
        files: &dyn InputFiles,
        sources: &mut SourceMap,
        faults: &mut Diagnostics,
    ) -> Option<Vec<Self>> {
        Self::read_varied(source, text, &Variation::default(), files, sources, faults)
    }

    /// Decodes the manifest like [`read`](Self::read), with the changes of `variation`.
    ///
    /// # Errors
    /// Fails like [`read`](Self::read), and if a change is wrong.
    pub fn read_varied(
        source: SourceId,
        text: &str,
        variation: &Variation,
        files: &dyn InputFiles,
        sources: &mut SourceMap,
        faults: &mut Diagnostics,
    ) -> Option<Vec<Self>> {
        let node = document::read(source, text, "the manifest", faults)?;
        let errors = faults.errors();
        let includes = Includes::read(&node, files, sources, faults);
        if faults.errors() > errors {
            faults.replace_effects(misplaced::find(&node, &MANIFEST));
            faults.replace_effects(includes.misplaced);
            return None;
        }
        let kernels = decode::given(&node, "kernels").cloned();
        let node = variation.laid_over(&includes.merged(&node, faults), faults);
        let may_have = text.contains("${") || variation.set.is_some();
        let mut misplaced = if may_have { misplaced::find(&node, &MANIFEST) } else { vec![] };
        // Those of clusters and kernels may be found already.
        for fault in &includes.misplaced {
            if !misplaced.contains(fault) {
                misplaced.push(fault.clone());
            }
        }
        let manifests = Self::decode((&node, kernels), &includes, variation, files, sources, faults);
        faults.replace_effects(misplaced);
        manifests.filter(|_| !faults.has_errors())
    }

    /// Decodes a manifest whose nodes come from other texts, without files beside it.
    ///
    /// # Errors
    /// Fails like [`read`](Self::read).
    pub fn of_node(
        node: &Arc<kmodgen_yaml::Node>,
        sources: &mut SourceMap,
        faults: &mut Diagnostics,
    ) -> Option<Vec<Self>> {
        let misplaced = misplaced::find(node, &MANIFEST);
        let kernels = decode::given(node, "kernels").cloned();
        let (includes, variation) = (Includes::default(), Variation::default());
        let manifests = Self::decode((node, kernels), &includes, &variation, &NoFiles, sources, faults);
        faults.replace_effects(misplaced);
        manifests.filter(|_| !faults.has_errors())
    }

    /// Decodes a manifest with the clusters of the files that it includes; `own_kernels` are its own.
    fn decode(
        (node, own_kernels): (&Arc<kmodgen_yaml::Node>, Option<Arc<kmodgen_yaml::Node>>),
        includes: &Includes,
        variation: &Variation,
        files: &dyn InputFiles,
        sources: &mut SourceMap,
        faults: &mut Diagnostics,
    ) -> Option<Vec<Self>> {
        if let Some(fault) = other_version(node) {
            faults.push(fault);
            return None;
        }
        let errors = faults.errors();
        let lists = includes.kernels().chain(own_kernels.iter().map(|node| (None, &**node)));
        let kernels = kernel::decode_lists(lists, files, sources, faults);
        let kernels = variation.kernels(kernels, files, sources, faults);
        let errors_of_kernels = faults.errors() - errors;
        let clusters =
            decode::given(node, "clusters").map(|node| cluster::decode_all(node, faults)).unwrap_or_default();
        let cluster_names = decode::names(&MANIFEST, node, "clusters");
        let knows_clusters = cluster_names.is_some() && faults.errors() - errors == errors_of_kernels;
        if knows_clusters && errors_of_kernels == 0 {
            let counts = kernels.iter().filter_map(|kernel| kernel.nodes.as_ref());
            node_count::check_clusters(counts, cluster_names.as_deref().unwrap_or_default(), faults);
        }
        let modules = decode::given(node, "modules")
            .map(|node| cluster::modules(node, cluster_names.as_deref(), faults))
            .unwrap_or_default();
        let written = overlay::without(node, &["kernels"]);
        if clusters.is_empty() {
            let manifest =
                Self::decode_one(node, (None, knows_clusters), includes, kernels, &modules, &written, faults);
            return manifest.filter(|_| !faults.has_errors()).map(|manifest| vec![manifest]);
        }
        let mut manifests = Vec::new();
        let mut told = HashSet::new();
        for cluster in &clusters {
            let mut own = Diagnostics::default();
            let own_kernels = cluster.kernels(&kernels);
            if errors_of_kernels == 0 && knows_clusters && !kernels.is_empty() {
                cluster.check_kernels(&own_kernels, &kernels, &mut own);
            }
            let modules = cluster.modules(modules.clone());
            let (node, cluster) = (cluster.laid_over(node), (Some(cluster), knows_clusters));
            manifests.extend(Self::decode_one(&node, cluster, includes, own_kernels, &modules, &written, &mut own));
            // What is wrong for all of them is told once.
            for fault in own.into_sorted() {
                if told.insert(fault.clone()) {
                    faults.push(fault);
                }
            }
        }
        (!faults.has_errors()).then_some(manifests)
    }
}
