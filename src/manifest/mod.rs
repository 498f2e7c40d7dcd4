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
mod downloads;
mod expanding;
mod expansion;
mod image_tags;
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
pub use cluster::names as cluster_names;
use cluster::{CLUSTER, Cluster};
pub use condition::known_architecture;
pub use conditional::{Circumstances, Conditional};
use decode::Fields;
pub use image_tags::TagUse;
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
use module::Scope;
pub use module::{Module, image_repository};
pub use named_image::NamedImage;
pub use node_count::NodeCount;
pub use output::{OUTPUT_FOLDER, Output};
pub use packages::{Repository, RepositoryKey, Stage, StagePackages};
pub use pinnable::Pinnable;
pub use platform::{Platform, PlatformKind};
pub use publish::{Publish, repository as publish_repository};
pub use recipe::{Kmod, Recipe, TemplateName};
use repeats::refuse_repeats;
use schema::{Field, Record, Shape};
pub use selection::Selection;
pub use source::{BUILD_ROOT, File, FileKind, Git, Inner, Origin, Source, decompressor, source_folder};
pub use steps::{Configure, Dkms, Jobs, Kconfig, Make, Rpmbuild, Run, Script, Step, StepPlace, Tool};
pub use variation::Variation;

use crate::vocabulary::{
    ClusterName, Diagnostic, Diagnostics, InputFiles, Namespace, NoFiles, PinGroup, SourceId, SourceMap, SourceName,
    Spanned,
};

/// Schema of the manifest.
pub static MANIFEST: Record = Record {
    name: "the manifest",
    fields: &[
        Field { key: "apiVersion", takes: Shape::OneOf(&[API_VERSION]), says: "`kmodgen/v1`" },
        Field { key: "namespace", takes: Shape::Text, says: "the namespace of all objects" },
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
        let node = match kmodgen_yaml::read(source, text) {
            Ok(Some(node)) => node,
            Ok(None) => {
                faults.push(
                    Diagnostic::error("empty-manifest", "the manifest is empty")
                        .at(crate::vocabulary::Span::new(source, 0, 0), "")
                        .help(format!("start with `apiVersion: {API_VERSION}`")),
                );
                return None;
            }
            Err(errors) => {
                faults.extend(errors);
                return None;
            }
        };
        let node = variation.laid_over(&node, faults);
        let may_have = text.contains("${") || variation.set.is_some();
        let misplaced = if may_have { misplaced::find(&node, &MANIFEST) } else { vec![] };
        let manifests = Self::decode(&node, variation, files, sources, faults);
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
        let manifests = Self::decode(node, &Variation::default(), &NoFiles, sources, faults);
        faults.replace_effects(misplaced);
        manifests.filter(|_| !faults.has_errors())
    }

    fn decode(
        node: &Arc<kmodgen_yaml::Node>,
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
        let kernels = decode::given(node, "kernels").map(|node| kernel::decode_list(node, files, sources, faults));
        let kernels = variation.kernels(kernels.unwrap_or_default(), files, sources, faults);
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
            let manifest = Self::decode_one(node, (None, knows_clusters), kernels, &modules, &written, faults);
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
            manifests.extend(Self::decode_one(&node, cluster, own_kernels, &modules, &written, &mut own));
            // What is wrong for all of them is told once.
            for fault in own.into_sorted() {
                if told.insert(fault.clone()) {
                    faults.push(fault);
                }
            }
        }
        (!faults.has_errors()).then_some(manifests)
    }

    /// Decodes what is left when kernels and modules are found, for a cluster, of which the flag tells
    /// whether all of them were decoded.
    fn decode_one(
        node: &kmodgen_yaml::Node,
        (cluster, knows_clusters): (Option<&Cluster>, bool),
        kernels: Vec<Kernel>,
        module_nodes: &[Arc<kmodgen_yaml::Node>],
        written: &Arc<kmodgen_yaml::Node>,
        faults: &mut Diagnostics,
    ) -> Option<Self> {
        let mut fields = Fields::open(&MANIFEST, node, faults)?;
        check_api_version(&mut fields, faults);
        // A cluster may give it.
        let namespace = if knows_clusters {
            fields.need("namespace", "write the namespace of the Modules", faults)
        } else {
            fields.take("namespace", faults)
        };
        let namespace = namespace.and_then(|node| decode::text(node, "`namespace`", faults, Namespace::parse));
        let needs_sources =
            module_nodes.is_empty() || module_nodes.iter().any(|module| kind::is_written_as_built(module));
        let code = if needs_sources {
            fields.need("sources", "write `sources: {NAME: {git: …, ref: …}}`", faults)
        } else {
            fields.take("sources", faults)
        };
        let code = code.map(|node| source::decode_all(node, faults)).unwrap_or_default();
        let mirrors = fields.take("mirrors", faults).map(|node| Mirrors::decode(node, faults)).unwrap_or_default();
        let metadata =
            fields.take("metadata", faults).and_then(|node| Metadata::decode(node, faults)).unwrap_or_default();
        let platform =
            fields.take("platform", faults).and_then(|node| Platform::read(node, faults)).unwrap_or_default();
        let base_images =
            fields.take("baseImages", faults).and_then(|node| BaseImages::read(node, faults)).unwrap_or_default();
        let needs_kernels = module_nodes.is_empty() || module_nodes.iter().any(|node| kind::needs_kernels(node));
        if needs_kernels {
            fields.need("kernels", "list kernel releases, as `uname -r` prints them", faults);
        } else {
            fields.take("kernels", faults);
        }
        fields.need("modules", "list the modules to build", faults);
        fields.take("clusters", faults);
        let scope = Scope {
            namespace: namespace.as_ref().map(|namespace| &namespace.value),
            sources: decode::names(&MANIFEST, node, "sources")
                .filter(|_| !needs_sources || node.get("sources").is_some()),
            knows_clusters,
            decoded: &code,
            platform: &platform,
        };
        let modules: Vec<Module> =
            module_nodes.iter().filter_map(|module| Module::decode(module, &scope, faults)).collect();
        let output = fields.take("output", faults).and_then(|node| Output::decode(node, faults)).unwrap_or_default();
        let publish = fields.take("publish", faults).and_then(|node| Publish::decode(node, faults)).unwrap_or_default();
        let lint = fields.take("lint", faults).and_then(|node| LintSettings::decode(node, faults)).unwrap_or_default();
        fields.later(&["templates"]);
        fields.finish(faults);
        for key in ["modules", "kernels"].into_iter().filter(|key| needs_kernels || *key == "modules") {
            if let Some(list) = node.get(key).filter(|list| list.as_sequence().is_some_and(<[_]>::is_empty)) {
                faults.push(Diagnostic::error("empty-list", format!("`{key}` is empty")).at(list.span, ""));
            }
        }
        refuse_repeats(&modules, faults);
        if knows_clusters {
            shared_kmods::check(&modules, &kernels, faults);
        }
        output::refuse_in_sources(&output, &code, faults);
        let pins = cluster.and_then(Cluster::pins).cloned();
        let cluster = cluster.map(|cluster| cluster.name.value.clone());
        Some(Self {
            cluster,
            pins,
            namespace: namespace?,
            sources: code,
            mirrors,
            metadata,
            platform,
            base_images,
            kernels,
            modules,
            output,
            publish,
            lint,
            written: written.clone(),
        })
    }
}
