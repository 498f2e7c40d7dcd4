//! Proof of an adoption: the Module that kmodgen generates has the effects of the old one.

use std::sync::Arc;

use kmodgen_yaml::Node;
use serde_json::Value as Json;

use super::module::AdoptedModule;
use super::tree::{list, map, text};
use crate::lock::Lock;
use crate::manifest::{API_VERSION, Manifest};
use crate::objects::{KernelMapper, KmmModule, ObjectInput, Objects, json};
use crate::plan::{self, Expansion, Inputs};
use crate::render;
use crate::template::{InProcess, Renderers};
use crate::vocabulary::{Diagnostic, Diagnostics, InputFiles, NoFiles, SourceMap, Span};

/// Fields of the container that decide together with mappings.
const WITH_MAPPINGS: [&str; 7] = [
    "build",
    "containerImage",
    "inTreeModuleToRemove",
    "inTreeModulesToRemove",
    "kernelMappings",
    "registryTLS",
    "sign",
];

/// Checks a module of a manifest; returns warnings about it.
///
/// # Errors
/// The manifest does not take it, or KMM would do something else on one of the kernels.
pub(super) fn check(
    adopted: &AdoptedModule<'_>,
    namespace: &str,
    releases: &[String],
    sources: &mut SourceMap,
) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let mut faults = Diagnostics::default();
    let generated = generate(adopted, namespace, releases, sources, &mut faults);
    let warnings = faults.into_sorted();
    let Some(generated) = generated else { return Err(warnings) };
    let objects = Objects::read(vec![ObjectInput::Text { name: "the new Module".into(), text: generated }], sources);
    let new = objects.modules().find_map(|object| object.module());
    let place = adopted.object.place();
    let Some(new) = new else { return Err(vec![differs(adopted, place, "it is none".to_owned())]) };
    compare(&adopted.module, new, adopted, namespace, releases).map_err(|fault| vec![fault])?;
    Ok(warnings)
}

/// Returns the text of the module's objects, if the manifest is right.
fn generate(
    adopted: &AdoptedModule<'_>,
    namespace: &str,
    releases: &[String],
    sources: &mut SourceMap,
    faults: &mut Diagnostics,
) -> Option<String> {
    let node = manifest_node(adopted.object.place(), &adopted.item, namespace, releases);
    let manifest = Manifest::of_node(&node, sources, faults)?.into_iter().next()?;
    let lock = Lock::default();
    let files: Arc<dyn InputFiles> = Arc::new(NoFiles);
    let renderers: Arc<dyn Renderers> = Arc::new(InProcess);
    let inputs = Inputs { manifest: &manifest, lock: &lock, files: &files, templates: &files, renderers: &renderers };
    Expansion::of(inputs, faults)?;
    let module = manifest.modules.first()?;
    Some(render::module::render(module, (&manifest, &lock), &[], &plan::prebuilt(&manifest, module)))
}

fn manifest_node(place: Span, item: &Arc<Node>, namespace: &str, releases: &[String]) -> Arc<Node> {
    let releases: Vec<Arc<Node>> = releases.iter().map(|release| text(place, release.as_str())).collect();
    let kernels = (!releases.is_empty()).then(|| ("kernels", list(place, releases)));
    let head = [("apiVersion", text(place, API_VERSION)), ("namespace", text(place, namespace))];
    let modules = ("modules", list(place, vec![item.clone()]));
    map(place, head.into_iter().chain(kernels).chain([modules]))
}

/// Compares what KMM does with two Modules.
pub(super) fn compare(
    old: &KmmModule,
    new: &KmmModule,
    adopted: &AdoptedModule<'_>,
    namespace: &str,
    releases: &[String],
) -> Result<(), Diagnostic> {
    let (old_spec, new_spec) = (rest(&old.spec), rest(&new.spec));
    if old_spec != new_spec {
        let message = format!("its `spec` would be {new_spec} instead of {old_spec}");
        return Err(differs(adopted, adopted.object.place(), message));
    }
    let spokes = |module: &KmmModule| {
        let spokes = module.spokes.as_ref()?;
        Some((spokes.namespace.as_ref()?.value.clone(), json(spokes.selector.as_ref()?)))
    };
    if spokes(old) != spokes(new) {
        return Err(differs(adopted, adopted.object.place(), "its spokes would be others".to_owned()));
    }
    let [old_mapper, new_mapper] = [old, new].map(|module| KernelMapper::new(module, &adopted.name, namespace));
    for release in releases {
        let before = old_mapper.on(release).map_err(|error| error.diagnostic())?;
        let after = new_mapper.on(release).map_err(|error| error.diagnostic())?;
        let is_same = match (&before, &after) {
            (None, None) => true,
            (Some(before), Some(after)) => before.is_same(after),
            _ => false,
        };
        if !is_same {
            let place = before.as_ref().map(|before| old.mappings[before.mapping].place());
            let message = format!("KMM would do something else on kernel `{release}`");
            return Err(differs(adopted, place.unwrap_or(adopted.object.place()), message));
        }
    }
    Ok(())
}

/// Returns the error of a difference, which a manifest has no words for.
fn differs(adopted: &AdoptedModule<'_>, place: Span, why: String) -> Diagnostic {
    Diagnostic::error("import", format!("Module `{}` is not imported: {why}", adopted.name)).at(place, "")
}

/// Returns all of a `spec` but what mappings decide.
fn rest(spec: &Node) -> Json {
    let mut spec = json(spec);
    if let Some(container) = spec.pointer_mut("/moduleLoader/container").and_then(Json::as_object_mut) {
        WITH_MAPPINGS.iter().for_each(|key| drop(container.remove(*key)));
    }
    spec
}
