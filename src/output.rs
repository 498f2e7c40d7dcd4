//! The files that a plan stands for, as paths below the output folder and exact bytes.

use crate::contract::{self, module::Size};
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::render;
use crate::vocabulary::{Diagnostic, Diagnostics, ModuleName, RelPath, Span};

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
}

/// All files of a plan, in the order in which they are written: a Module only after the
/// ConfigMaps that it names, and what lists files after the files.
pub fn outputs(manifest: &Manifest, plan: &Plan<'_>) -> Vec<Output> {
    let namespace = &manifest.namespace.value;
    let mut outputs = Vec::new();
    let mut folders = Vec::new();
    for (module, mappings) in plan.modules.iter().filter(|(_, mappings)| !mappings.is_empty()) {
        let name = &module.name.value;
        let mut put = |path: String, text: String, origin: Span| {
            // Made of names that cannot leave the folder.
            if let Ok(path) = RelPath::parse(&format!("{name}/{path}")) {
                outputs.push(Output { path, text, origin, module: Some(name.clone()) });
            }
        };
        let mut resources = vec![MODULE.to_owned()];
        for mapping in mappings {
            let release = &mapping.kernel.release;
            let origin = release.span;
            put(format!("{release}/{DOCKERFILE}", release = release.value), mapping.dockerfile.clone(), origin);
            let config_map = format!("{}/{CONFIG_MAP}", release.value);
            put(config_map.clone(), render::configmap::render(mapping, namespace), origin);
            resources.push(config_map);
        }
        put(MODULE.into(), render::module::render(module, namespace, mappings.iter()), module.name.span);
        put(KUSTOMIZATION.into(), render::kustomization::render(resources), module.name.span);
        folders.push(name.to_string());
    }
    if let Ok(path) = RelPath::parse(KUSTOMIZATION) {
        let text = render::kustomization::render(folders);
        outputs.push(Output { path, text, origin: manifest.namespace.span, module: None });
    }
    outputs
}

/// Notes Modules that a cluster, or the usual way of applying, would not take.
pub fn check_sizes(outputs: &[Output], faults: &mut Diagnostics) {
    for output in outputs.iter().filter(|output| output.path.file_name() == MODULE) {
        let bytes = output.text.len();
        let name = output.module.as_ref().map(ToString::to_string).unwrap_or_default();
        let fault = match contract::module::size(bytes) {
            Size::Fine => continue,
            Size::ServerSideOnly => Diagnostic::warning(
                "large-module",
                format!("the Module of `{name}` has {bytes} bytes, too many for client-side apply"),
            )
            .help("apply it server-side: `kubectl apply --server-side`, or `ServerSideApply=true` in Argo CD"),
            Size::TooLarge => Diagnostic::error(
                "large-module",
                format!("the Module of `{name}` has {bytes} bytes, and a cluster takes no object over 1.5 MiB"),
            )
            .help("split it: two modules, each for a part of the kernels, on nodes of their own"),
        };
        faults.push(fault.at(output.origin, ""));
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;
    use crate::vocabulary::SourceMap;

    #[test]
    fn large_modules_are_told_of() {
        for (bytes, expected) in [(200_000, None), (300_000, Some(false)), (1_600_000, Some(true))] {
            let mut outputs = World::small().outputs();
            let module = outputs.iter_mut().find(|output| output.path.file_name() == MODULE).unwrap();
            module.text = "x".repeat(bytes);
            let mut faults = Diagnostics::default();
            check_sizes(&outputs, &mut faults);
            let told = (!faults.is_empty()).then(|| faults.has_errors());
            assert_eq!(told, expected, "{bytes}");
        }
    }

    #[test]
    fn outputs_come_after_what_they_name() {
        let outputs = World::small().outputs();
        let paths: Vec<&str> = outputs.iter().map(|output| output.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "first/5.14.0-1.el9.x86_64/Dockerfile",
                "first/5.14.0-1.el9.x86_64/configmap.yaml",
                "first/5.14.0-2.el9.x86_64+rt/Dockerfile",
                "first/5.14.0-2.el9.x86_64+rt/configmap.yaml",
                "first/module.yaml",
                "first/kustomization.yaml",
                "kustomization.yaml",
            ]
        );
        assert!(outputs.iter().all(|output| may_be_ours(&output.path)));
    }

    #[test]
    fn the_objects_read_well() {
        let outputs = World::small().outputs();
        let find = |path: &str| &outputs.iter().find(|output| output.path.as_str() == path).unwrap().text;
        assert_snapshot!("configmap", find("first/5.14.0-2.el9.x86_64+rt/configmap.yaml"));
        assert_snapshot!("module", find("first/module.yaml"));
        assert_snapshot!("kustomization", find("first/kustomization.yaml"));
        let mut sources = SourceMap::default();
        World::small().expand(&mut sources, |_, plan| {
            let mapping = plan.mappings().next().unwrap();
            let text = find("first/5.14.0-1.el9.x86_64/configmap.yaml");
            assert!(text.contains(&mapping.hash.to_string()) && text.contains(&mapping.config_map));
        });
    }
}
