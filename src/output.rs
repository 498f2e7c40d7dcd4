//! The files that a plan stands for, as paths below the output folder and exact bytes.

use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::render;
use crate::vocabulary::{KernelRelease, ModuleName, RelPath, Span};

/// The file of a mapping's Dockerfile.
pub const DOCKERFILE: &str = "Dockerfile";
/// The file of a mapping's ConfigMap.
pub const CONFIG_MAP: &str = "configmap.yaml";
/// The file of a KMM Module.
pub const MODULE: &str = "module.yaml";
/// The file that makes a folder build with kustomize.
pub const KUSTOMIZATION: &str = "kustomization.yaml";

/// One file.
#[derive(Debug, Clone)]
pub struct Output {
    /// Where, below the output folder.
    pub path: RelPath,
    /// Its whole text.
    pub text: String,
    /// The place of the manifest that asks for it.
    pub origin: Span,
    /// The module that it belongs to; none for the top.
    pub module: Option<ModuleName>,
    /// The kernel that it belongs to; none for what a module has once.
    pub release: Option<KernelRelease>,
}

/// All files of a plan, in the order in which they are written: a Module only after the
/// ConfigMaps that it names, and what lists files after the files.
pub fn outputs(manifest: &Manifest, plan: &Plan<'_>) -> Vec<Output> {
    let namespace = &manifest.namespace.value;
    let mut outputs = Vec::new();
    let mut folders = Vec::new();
    for (module, mappings) in plan.modules.iter().filter(|(_, mappings)| !mappings.is_empty()) {
        let name = &module.name.value;
        let mut put = |path: String, text: String, origin: Span, release: Option<KernelRelease>| {
            // Made of names that cannot leave the folder.
            if let Ok(path) = RelPath::parse(&format!("{name}/{path}")) {
                outputs.push(Output { path, text, origin, module: Some(name.clone()), release });
            }
        };
        let mut resources = vec![MODULE.to_owned()];
        for mapping in mappings {
            let release = &mapping.kernel.release;
            let origin = release.span;
            put(
                format!("{release}/{DOCKERFILE}", release = release.value),
                mapping.dockerfile.clone(),
                origin,
                Some(release.value.clone()),
            );
            let config_map = format!("{}/{CONFIG_MAP}", release.value);
            put(config_map.clone(), render::configmap::render(mapping, namespace), origin, Some(release.value.clone()));
            resources.push(config_map);
        }
        put(MODULE.into(), render::module::render(module, namespace, mappings.iter()), module.name.span, None);
        put(KUSTOMIZATION.into(), render::kustomization::render(resources), module.name.span, None);
        folders.push(name.to_string());
    }
    if let Ok(path) = RelPath::parse(KUSTOMIZATION) {
        let text = render::kustomization::render(folders);
        outputs.push(Output { path, text, origin: manifest.namespace.span, module: None, release: None });
    }
    outputs
}

/// Lists `held` modules too, which stay as they are although the manifest may not have them any
/// more: what no kustomization lists is gone for the cluster.
pub fn keep_listed<'h>(outputs: &mut [Output], held: impl Iterator<Item = &'h str>) {
    let modules = outputs.iter().filter(|output| output.path.file_name() == MODULE);
    let mut folders: Vec<String> = modules.filter_map(|output| Some(output.module.as_ref()?.to_string())).collect();
    for module in held {
        if !folders.iter().any(|folder| folder == module) {
            folders.push(module.to_owned());
        }
    }
    if let Some(top) = outputs.iter_mut().find(|output| output.module.is_none()) {
        top.text = render::kustomization::render(folders);
    }
}

/// Whether a path below the output folder is one that kmodgen may have written: only such files
/// are ever looked at for removal.
pub fn may_be_ours(path: &RelPath) -> bool {
    let parts: Vec<&str> = path.as_str().split('/').collect();
    match parts.as_slice() {
        [file] => *file == KUSTOMIZATION,
        [_, file] => [MODULE, KUSTOMIZATION].contains(file),
        [_, _, file] => [DOCKERFILE, CONFIG_MAP].contains(file),
        _ => false,
    }
}
