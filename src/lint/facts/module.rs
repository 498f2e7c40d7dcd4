//! A Module or ManagedClusterModule, as the rules look at it.

use kmodgen_yaml::{Entry, Node};

use crate::manifest::check_kmm_fields;
use crate::objects::{KernelMapping, KmmModule, KubernetesObject};
use crate::vocabulary::{Diagnostic, Span, Spanned};

/// A string and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<'n> {
    pub text: &'n str,
    pub span: Span,
}

/// A Module, or the one in a ManagedClusterModule.
pub struct ModuleFacts<'n> {
    pub object: &'n KubernetesObject,
    pub is_managed: bool,
    pub name: Option<Text<'n>>,
    /// Namespace of the Module; on a hub, the one on the spokes.
    pub namespace: Option<Text<'n>>,
    /// Spec of the Module.
    pub spec: &'n Node,
    /// Container of the module loader.
    pub container: Option<&'n Node>,
    pub modprobe: Option<&'n Node>,
    pub mappings: Vec<MappingFacts<'n>>,
    /// Kernels that the user listed, if any.
    pub kernels: &'n [String],
    /// Set if a kustomization may add fields, so that none is missing.
    pub is_partial: bool,
    /// Faults of fields, by the types of KMM's API.
    pub field_faults: Vec<Diagnostic>,
}

/// An item of `kernelMappings`.
pub struct MappingFacts<'n> {
    pub node: &'n Node,
    pub literal: Option<Text<'n>>,
    pub regexp: Option<Text<'n>>,
    /// Image of the mapping, or of the container if the mapping has none.
    pub image: Option<Text<'n>>,
    /// `build` of the mapping, or of the container.
    pub build: Option<&'n Node>,
    /// `sign` of the mapping, or of the container.
    pub sign: Option<&'n Node>,
}

impl<'n> ModuleFacts<'n> {
    /// Takes an object apart; `None` if it is no Module.
    pub fn of(object: &'n KubernetesObject, kernels: &'n [String], is_patch: bool) -> Option<Self> {
        let module = object.module()?;
        let is_managed = module.spokes.is_some();
        let outer = at(&object.node, if is_managed { &["spec", "moduleSpec"] } else { &["spec"] });
        // What is written nowhere has no field that could be wrong.
        let spec = outer.filter(|spec| spec.as_mapping().is_some())?;
        let container = module.container.as_deref();
        let namespace = match &module.spokes {
            Some(spokes) => spokes.namespace.as_ref(),
            None => object.namespace.as_ref(),
        };
        let is_partial = is_patch || object.changed_by.iter().any(|field| ADDING.contains(&field.value.as_str()));
        Some(Self {
            object,
            is_managed,
            name: object.name.as_ref().map(Text::of),
            namespace: namespace.map(Text::of),
            spec,
            container,
            modprobe: container.and_then(|container| container.get("modprobe")).map(|node| &**node),
            mappings: module.mappings.iter().map(|mapping| mapping_facts(mapping, module)).collect(),
            kernels,
            is_partial,
            field_faults: field_faults(spec, container, is_partial),
        })
    }

    /// Folder of the image's kmods, `dirName`.
    pub fn folder(&self) -> &'n str {
        self.modprobe.and_then(|modprobe| text(modprobe, "dirName")).map_or("/opt", |dir| dir.text)
    }

    /// Namespace of its ConfigMaps; `None` if it is not known, as on a hub.
    pub fn config_map_namespace(&self) -> Option<&'n str> {
        self.namespace.filter(|_| !self.is_managed).map(|namespace| namespace.text)
    }

    /// Name of the kmod that modprobe loads.
    pub fn module_name(&self) -> Option<Text<'n>> {
        text(self.modprobe?, "moduleName")
    }

    /// Sections such as `build` of the container, then of the mappings.
    pub fn sections(&self, key: &str) -> Vec<&'n Entry> {
        let nodes = self.container.into_iter().chain(self.mappings.iter().map(|mapping| mapping.node));
        nodes.filter_map(|node| entry(node, key)).collect()
    }
}

/// Fields of kustomizations that may add fields to objects.
const ADDING: [&str; 6] =
    ["components", "patches", "patchesJson6902", "patchesStrategicMerge", "replacements", "transformers"];

fn mapping_facts<'n>(mapping: &'n KernelMapping, module: &'n KmmModule) -> MappingFacts<'n> {
    let section = |key| mapping.section(key).or_else(|| module.section(key)).map(|node| &**node);
    MappingFacts {
        node: &mapping.node,
        literal: mapping.literal.as_ref().map(Text::of),
        regexp: mapping.regexp.as_ref().map(Text::of),
        image: mapping.image.as_ref().or(module.image.as_ref()).map(Text::of),
        build: section("build"),
        sign: section("sign"),
    }
}

/// The faults of all fields of a spec that are faults for KMM: kmodgen's manifest is stricter.
fn field_faults(spec: &Node, container: Option<&Node>, is_partial: bool) -> Vec<Diagnostic> {
    let modprobe = container.and_then(|container| container.get("modprobe"));
    let has_image = container.is_some_and(|container| container.get("containerImage").is_some());
    let mut faults = check_kmm_fields(spec);
    faults.retain(|fault| {
        let place = fault.labels.first().map(|label| label.span);
        let is_in_modprobe = || {
            modprobe
                .zip(place)
                .is_some_and(|(node, place)| node.span.start <= place.start && place.end <= node.span.end)
        };
        match fault.code {
            // The API server drops nulls.
            "no-value" => false,
            "missing-key" if is_partial => false,
            "missing-key" if has_image => !fault.message.ends_with("`containerImage`"),
            // Other rules check variables, folders and images.
            "invalid-value" => !is_in_modprobe() && !fault.message.contains("tag"),
            _ => true,
        }
    });
    faults
}

impl<'n> Text<'n> {
    /// Returns a string of an object.
    pub fn of(text: &'n Spanned<String>) -> Self {
        Self { text: &text.value, span: text.span }
    }
}

/// The string under a key, if a scalar with a value is there.
pub fn text<'n>(node: &'n Node, key: &str) -> Option<Text<'n>> {
    string(node.get(key)?)
}

/// The string of a scalar.
pub fn string(node: &Node) -> Option<Text<'_>> {
    let scalar = node.as_scalar().filter(|scalar| !scalar.is_null())?;
    Some(Text { text: &scalar.text, span: node.span })
}

/// The strings of a list under a key.
pub fn texts<'n>(node: &'n Node, key: &str) -> Vec<Text<'n>> {
    let items = node.get(key).and_then(|node| node.as_sequence()).unwrap_or_default();
    items.iter().filter_map(|item| string(item)).collect()
}

/// The entry of a key, if its value is not null.
pub fn entry<'n>(node: &'n Node, key: &str) -> Option<&'n Entry> {
    node.as_mapping()?.iter().find(|entry| entry.key.value == key && !entry.value.is_null())
}

/// The node below a path of keys.
fn at<'n>(node: &'n Node, path: &[&str]) -> Option<&'n Node> {
    path.iter().try_fold(node, |node, key| node.get(key).map(|node| &**node))
}
