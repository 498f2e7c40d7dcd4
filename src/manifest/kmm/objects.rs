//! KMM objects of a module: the Module that builds its images, and others that load them.

use kmodgen_yaml::Node;

use super::config_maps::{self, CONFIG_MAP, KeptConfigMap};
use super::fields::MODULE_SPEC;
use super::hub::{FALLBACK, HUB, SIGNING, Signing};
use super::rules::check_name_length;
use super::{Context, Fallback, Hub, ModuleSpec, entry};
use crate::manifest::built_by;
use crate::manifest::decode::{self, Fields};
use crate::manifest::kind::ModuleKind;
use crate::manifest::metadata::{METADATA, Metadata};
use crate::manifest::schema::{Field, Record, Shape, joined};
use crate::vocabulary::{Diagnostic, Diagnostics, ModuleName, Namespace, Spanned};

/// KMM objects of a module.
#[derive(Debug, Clone)]
pub struct Objects {
    /// `spec` of the Module that builds the images, without its mappings.
    pub spec: ModuleSpec,
    /// Images for the kernels that nobody has listed, of which the first that matches counts.
    pub fallback: Vec<Fallback>,
    /// The spokes, if the module is for a hub.
    pub hub: Option<Spanned<Hub>>,
    /// Further Modules on the same images.
    pub additional: Vec<AdditionalModule>,
    /// ConfigMaps that are written out as they are.
    pub config_maps: Vec<KeptConfigMap>,
    /// Labels and annotations of its objects.
    pub metadata: Metadata,
    /// Set unless the module has images only.
    pub are_written: bool,
}

/// Further Module on the images of a module.
#[derive(Debug, Clone)]
pub struct AdditionalModule {
    /// Its name.
    pub name: Spanned<ModuleName>,
    /// Its `spec`, without its mappings.
    pub spec: ModuleSpec,
    /// Images for the kernels that nobody has listed, of which the first that matches counts.
    pub fallback: Vec<Fallback>,
}

const SPEC_FIELD: Field = Field {
    key: "moduleSpec",
    takes: Shape::Record(&MODULE_SPEC),
    says: "the `spec` of the KMM Module, as KMM documents it, without the fields that kmodgen generates",
};

const FALLBACK_FIELD: Field = Field {
    key: "fallback",
    takes: Shape::OneOrList(&Shape::Record(&FALLBACK)),
    says: "a mapping for kernels that are not listed, or several, of which the first that matches counts; they are the last ones",
};

/// Fields of a cluster that are laid over those of every module.
pub(in crate::manifest) const LAID_OVER: &[Field] = &[
    SPEC_FIELD,
    FALLBACK_FIELD,
    Field {
        key: "hub",
        takes: Shape::Record(&HUB),
        says: "a ManagedClusterModule for a hub and its spokes instead of a Module; then every kernel needs a `dtk`",
    },
    Field { key: "signing", takes: Shape::Record(&SIGNING), says: "a counter for changes of the keys in `sign`" },
    built_by::FIELD,
];

/// Fields of a module and a version.
pub(in crate::manifest) const FIELDS: &[Field] = joined![LAID_OVER, OWN];

/// Fields of a module and a version that clusters cannot change.
const OWN: &[Field] = &[
    Field {
        key: "additionalModules",
        takes: Shape::List(&Shape::Record(&ADDITIONAL)),
        says: "more KMM Modules with the same images, for example for other nodes or another kmod",
    },
    Field {
        key: "configMaps",
        takes: Shape::List(&Shape::Record(&CONFIG_MAP)),
        says: "ConfigMaps of builds that kmodgen did not generate, written as they are",
    },
    Field {
        key: "metadata",
        takes: Shape::Record(&METADATA),
        says: "labels and annotations of its objects, in addition to those of the manifest",
    },
    Field { key: "objects", takes: Shape::Bool, says: "write objects; `false` for images alone; default: `true`" },
];

static ADDITIONAL: Record = Record {
    name: "an additional Module",
    fields: &[Field { key: "name", takes: Shape::Text, says: "its name" }, SPEC_FIELD, FALLBACK_FIELD],
};

impl Objects {
    /// Takes the fields of a module, which is written at `node`.
    pub(in crate::manifest) fn take(
        fields: &mut Fields<'_>,
        node: &Node,
        context: &Context<'_>,
        faults: &mut Diagnostics,
    ) -> Self {
        let are_written = fields.take("objects", faults).and_then(|node| decode::flag(node, "objects", faults));
        let are_written = are_written.unwrap_or(true);
        let fallback =
            fields.take("fallback", faults).map(|node| Fallback::decode_all(node, faults)).unwrap_or_default();
        let hub = fields.take("hub", faults).and_then(|node| Some(Spanned::new(Hub::decode(node, faults)?, node.span)));
        let mut spec = ModuleSpec::take(fields, node, are_written.then_some(context.module), context, faults);
        if let Some(signing) = fields.take("signing", faults) {
            let generation = Signing::decode(signing, faults).map(|signing| signing.generation);
            match &mut spec.sign {
                Some(sign) => sign.generation = generation,
                None => refuse_signing(node, signing, faults),
            }
        }
        refuse_for_plugins(node, context, faults);
        // On a hub, the Modules are in the spokes' namespace.
        let namespace = match (&hub, node.get("hub")) {
            (Some(hub), _) => Some(&hub.namespace),
            (None, Some(_)) => None,
            (None, None) => context.namespace,
        };
        check_length(context.name, namespace, context, faults);
        let items = fields.take("additionalModules", faults);
        let items = items.map(|list| decode::items(list, "`additionalModules`", faults)).unwrap_or_default();
        let mut additional = Vec::new();
        for item in items {
            let Some(module) = AdditionalModule::decode(item, context, faults) else { continue };
            check_length(Some(&module.name), namespace, context, faults);
            additional.push(module);
        }
        let config_maps = fields.take("configMaps", faults).map(|node| config_maps::decode_all(node, faults));
        let metadata = fields.take("metadata", faults).and_then(|node| Metadata::decode(node, faults));
        let (config_maps, metadata) = (config_maps.unwrap_or_default(), metadata.unwrap_or_default());
        Self { spec, fallback, hub, additional, config_maps, metadata, are_written }
    }

    /// Returns `spec` of each Module, that of the one that builds first.
    pub fn specs(&self) -> impl Iterator<Item = &ModuleSpec> {
        std::iter::once(&self.spec).chain(self.additional.iter().map(|module| &module.spec))
    }

    /// Checks whether every Module has an image for kernels that nobody has listed.
    pub fn fall_back(&self) -> bool {
        !self.fallback.is_empty() && self.additional.iter().all(|module| !module.fallback.is_empty())
    }
}

impl AdditionalModule {
    fn decode(node: &Node, context: &Context<'_>, faults: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::open(&ADDITIONAL, node, faults)?;
        let name = fields
            .need("name", "write a unique name", faults)
            .and_then(|node| decode::text(node, "`name`", faults, ModuleName::parse));
        let place = node.span.at_start();
        let spec = ModuleSpec::take(&mut fields, node, Some(place), context, faults);
        let fallback =
            fields.take("fallback", faults).map(|node| Fallback::decode_all(node, faults)).unwrap_or_default();
        fields.finish(faults);
        for entry in ["build", "sign"].iter().filter_map(|key| entry(container(node)?, key)) {
            faults.push(
                Diagnostic::error(
                    "additional-module",
                    format!(
                        "`{}` belongs to the module: additional Modules load the images of the module",
                        entry.key.value
                    ),
                )
                .at(entry.key.span, "")
                .help("remove it, or write it in the module's `moduleSpec`"),
            );
        }
        Some(Self { name: name?, spec, fallback })
    }
}

/// Returns the container of the Module at `node`, as it is written.
fn container(node: &Node) -> Option<&Node> {
    node.get("moduleSpec")?.get("moduleLoader")?.get("container").map(|container| &**container)
}

fn check_length(
    name: Option<&Spanned<ModuleName>>,
    namespace: Option<&Namespace>,
    context: &Context<'_>,
    faults: &mut Diagnostics,
) {
    if let (Some(name), Some(namespace)) = (name, namespace) {
        check_name_length(name, namespace, context.platform, faults);
    }
}

/// Refuses `signing` of a module that KMM does not sign.
fn refuse_signing(module: &Node, signing: &Node, faults: &mut Diagnostics) {
    // A `sign` that is wrong has its own error.
    if container(module).is_none_or(|container| container.get("sign").is_none()) {
        faults.push(
            Diagnostic::error("kmm-sign", "`signing` requires `sign`")
                .at(signing.span, "")
                .help("remove it, or write `sign` under `moduleSpec.moduleLoader.container`"),
        );
    }
}

/// Refuses the fields of images in a module that has none.
fn refuse_for_plugins(node: &Node, context: &Context<'_>, faults: &mut Diagnostics) {
    if context.kind != ModuleKind::Plugin {
        return;
    }
    if let Some(hub) = entry(node, "hub") {
        faults.push(
            Diagnostic::error("kmm-hub", "a hub's Module without kmods crashes KMM's hub")
                .at(hub.key.span, "")
                .help("remove `hub` and apply this Module on the spokes, or give it kmods"),
        );
    }
    if let Some(fallback) = entry(node, "fallback") {
        faults.push(super::refused::for_loading(fallback));
    }
}
