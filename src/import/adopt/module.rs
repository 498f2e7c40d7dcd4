//! One Module as a module of a manifest.

use std::collections::BTreeMap;
use std::sync::Arc;

use kmodgen_yaml::Node;

use super::mappings::{Inexpressible, LiveMappings};
use super::metadata::metadata;
use super::tree::{list, map, text, truth, with, without};
use crate::manifest::without_unknown;
use crate::objects::{DOCKERFILE_KEY, KernelMapper, KmmModule, KubernetesObject, ObjectKind, Objects, ProblemKind};
use crate::vocabulary::{Diagnostic, Span, Spanned};

/// Fields of a Module's container that are the mappings' in a manifest, or have a place of their own.
pub(super) const OF_MAPPINGS: [&str; 6] =
    ["build", "containerImage", "inTreeModuleToRemove", "kernelMappings", "sign", "version"];

/// A Module that a manifest can carry.
pub struct AdoptedModule<'o> {
    pub object: &'o KubernetesObject,
    /// The Module without fields that KMM does not have.
    pub module: KmmModule,
    pub name: String,
    /// Item of `modules`, in the order of the manual.
    pub item: Arc<Node>,
    /// Number of mappings by `literal` and by `regexp`.
    pub literals: usize,
    pub regexps: usize,
    /// ConfigMaps that the manifest carries.
    pub config_maps: Vec<String>,
    /// Parts that a manifest does not carry, and why KMM does not need them.
    pub remarks: Vec<(Span, String)>,
}

/// Objects that several Modules refer to.
pub(super) struct Surroundings<'o> {
    pub(super) objects: &'o Objects,
    /// Namespace of the manifest.
    pub(super) namespace: String,
    /// ConfigMaps that the manifest carries already, by their names.
    pub(super) carried: BTreeMap<String, Span>,
}

/// Returns the module of a manifest.
///
/// # Errors
/// The first reason why a manifest cannot carry the Module.
pub(super) fn adopt<'o>(
    object: &'o KubernetesObject,
    around: &mut Surroundings<'o>,
) -> Result<AdoptedModule<'o>, Diagnostic> {
    let (Some(name), Some(module)) = (&object.name, object.module()) else {
        return Err(Diagnostic::error("import", "this object has no name").at(object.place(), ""));
    };
    refuse_faults(object, name, around)?;
    let mut unknown = Vec::new();
    let spec = without_unknown(&module.spec, &mut unknown);
    let module = KmmModule::of_known(spec, module.spokes.clone());
    let unknown = unknown.into_iter().map(|path| (path.span, format!("KMM has no `{}`: left out", path.value)));
    let mut adopted = AdoptedModule {
        object,
        name: name.value.clone(),
        item: map(object.place(), []),
        literals: 0,
        regexps: 0,
        config_maps: Vec::new(),
        remarks: unknown.collect(),
        module,
    };
    let place = name.span;
    let mut entries = vec![("name", text(place, name.value.as_str()))];
    let mut fallback = None;
    if adopted.module.container.is_some() {
        let is_hub = adopted.module.spokes.is_some();
        let mapper = KernelMapper::new(&adopted.module, &name.value, &around.namespace);
        let image = |image: &Spanned<String>| without_names(image, &name.value, &around.namespace, is_hub);
        let live = LiveMappings::of(&adopted.module, &mapper, image).map_err(|why| inexpressible(name, why))?;
        adopted.regexps = live.items.iter().filter(|item| item.is_regexp).count();
        adopted.literals = live.items.len() - adopted.regexps;
        entries.extend(adopted.module.section("version").map(|version| ("version", version.clone())));
        entries.extend(live.entries(place));
        fallback = live.fallback(place);
        adopted.remarks.extend(live.dead);
    }
    entries.push(("moduleSpec", module_spec(&adopted.module)));
    entries.extend(fallback.map(|fallback| ("fallback", fallback)));
    if let Some(spokes) = &adopted.module.spokes {
        let namespace = spokes.namespace.as_ref().map(|it| ("spokeNamespace", text(it.span, it.value.as_str())));
        let selector = spokes.selector.clone().map(|selector| ("selector", selector));
        entries.push(("hub", map(place, namespace.into_iter().chain(selector))));
    }
    let config_maps = config_maps(&mut adopted, around)?;
    if !config_maps.is_empty() {
        entries.push(("configMaps", list(place, config_maps)));
    }
    entries.extend(metadata(&object.node, &mut adopted.remarks).map(|metadata| ("metadata", metadata)));
    adopted.item = map(place, entries);
    Ok(adopted)
}

/// Refuses an object that is not what a cluster has.
fn refuse_faults(object: &KubernetesObject, name: &str, around: &Surroundings<'_>) -> Result<(), Diagnostic> {
    if let Some(change) = object.changed_by.first() {
        let message = format!("`{}` of a kustomization changes Module `{name}` or its ConfigMap", change.value);
        return Err(Diagnostic::error("import", message)
            .at(change.span, "")
            .context(object.place(), "this object")
            .help("import what kustomize makes of it: `kubectl kustomize DIR | kmodgen import - -o OUT`"));
    }
    let span = object.node.span;
    let fault = around.objects.problems.iter().find(|problem| {
        let place = problem.diagnostic.labels.first().map(|label| label.span);
        problem.kind == ProblemKind::Shape
            && place.is_some_and(|at| at.source == span.source && at.start >= span.start && at.end <= span.end)
    });
    fault.map_or(Ok(()), |fault| Err(fault.diagnostic.clone()))
}

fn inexpressible(name: &str, Inexpressible { span, message }: Inexpressible) -> Diagnostic {
    Diagnostic::error("import", format!("Module `{name}` is not imported: {message}")).at(span, "")
}

/// Returns an image with the Module's name and namespace written out.
fn without_names(image: &Spanned<String>, name: &str, namespace: &str, is_hub: bool) -> Result<String, Inexpressible> {
    let mut text = image.value.clone();
    for (variable, value) in [("MOD_NAMESPACE", namespace), ("MOD_NAME", name)] {
        for form in [format!("${{{variable}}}"), format!("${variable}")] {
            if is_hub && text.contains(&form) {
                let message = format!("`{form}` has different values on the hub and on its spokes");
                return Err(Inexpressible { span: image.span, message });
            }
            text = text.replace(&form, value);
        }
    }
    Ok(text)
}

/// Returns `moduleSpec`: the Module's `spec` without what the manifest says elsewhere.
fn module_spec(module: &KmmModule) -> Arc<Node> {
    let (Some(loader), Some(container)) = (module.spec.get("moduleLoader"), &module.container) else {
        return module.spec.clone();
    };
    let mut own = without(container, &OF_MAPPINGS);
    let old = module
        .section("inTreeModuleToRemove")
        .filter(|name| name.as_scalar().is_some_and(|name| !name.text.is_empty()));
    if let Some(old) = old {
        own = with(&own, "inTreeModulesToRemove", list(old.span, vec![old.clone()]));
    }
    with(&module.spec, "moduleLoader", with(loader, "container", own))
}

/// Returns the ConfigMaps of a Module's builds that the manifest does not carry yet.
fn config_maps<'o>(
    adopted: &mut AdoptedModule<'o>,
    around: &mut Surroundings<'o>,
) -> Result<Vec<Arc<Node>>, Diagnostic> {
    let mut items = Vec::new();
    let sections = adopted.module.mappings.iter().map(|mapping| mapping.section("build"));
    let sections = sections.chain([adopted.module.section("build")]).flatten();
    let names = sections.filter_map(|build| build.get("dockerfileConfigMap")?.get("name").cloned());
    let names: Vec<Arc<Node>> = names.collect();
    for name in names {
        let Some(scalar) = name.as_scalar() else { continue };
        if around.carried.contains_key(&scalar.text) {
            continue;
        }
        let found = find_config_map(&scalar.text, name.span, around)?;
        let Some(found) = found else {
            let message = format!(
                "ConfigMap `{}` is in no input: it has to stay in the cluster for as long as KMM may build from it",
                scalar.text.escape_debug()
            );
            if !adopted.remarks.iter().any(|(_, known)| *known == message) {
                adopted.remarks.push((name.span, message));
            }
            continue;
        };
        around.carried.insert(scalar.text.clone(), name.span);
        adopted.config_maps.push(scalar.text.clone());
        items.push(config_map_item(found, name.span, adopted));
    }
    Ok(items)
}

fn config_map_item(found: &KubernetesObject, place: Span, adopted: &mut AdoptedModule<'_>) -> Arc<Node> {
    let ObjectKind::ConfigMap(config_map) = &found.kind else { return map(place, []) };
    let name = found.name.as_ref().map(|name| ("name", text(name.span, name.value.as_str())));
    let data = config_map.data.iter().map(|entry| (entry.key.as_str(), text(entry.text.span, entry.text.as_str())));
    let data = ("data", map(place, data));
    let immutable = config_map.is_immutable.then(|| ("immutable", truth(place)));
    let metadata = metadata(&found.node, &mut adopted.remarks).map(|metadata| ("metadata", metadata));
    map(place, name.into_iter().chain(immutable).chain(metadata).chain([data]))
}

/// Finds a ConfigMap of the manifest's namespace.
fn find_config_map<'o>(
    name: &str,
    place: Span,
    around: &Surroundings<'o>,
) -> Result<Option<&'o KubernetesObject>, Diagnostic> {
    let is_one = |object: &&KubernetesObject| {
        let namespace = object.namespace.as_ref();
        object.name.as_ref().is_some_and(|own| own.value == name)
            && namespace.is_none_or(|own| own.value == around.namespace)
    };
    let mut found = around.objects.config_maps().filter(is_one);
    let Some(first) = found.next() else { return Ok(None) };
    let shown = name.escape_debug();
    let fault = |message: String| Err(Diagnostic::error("import", message).at(place, "").context(first.place(), ""));
    let Some(config_map) = first.config_map() else { return Ok(None) };
    if config_map.is_hashed {
        return fault(format!("kustomize adds a hash to the name of ConfigMap `{shown}`")).map_err(
            |fault: Diagnostic| {
                fault.help("import what kustomize makes of it: `kubectl kustomize DIR | kmodgen import - -o OUT`")
            },
        );
    }
    if config_map.has_binary || config_map.get(DOCKERFILE_KEY).is_none() {
        return fault(format!("ConfigMap `{shown}` has no text `{DOCKERFILE_KEY}`, or has binary data"));
    }
    let texts = |object: &KubernetesObject| -> Vec<(String, String)> {
        let data = object.config_map().map(|config_map| config_map.data.iter()).into_iter().flatten();
        data.map(|entry| (entry.key.value.clone(), entry.text.value.clone())).collect()
    };
    if found.any(|other| texts(other) != texts(first)) {
        return fault(format!("the inputs have several ConfigMaps `{shown}` with different texts"));
    }
    Ok(Some(first))
}
