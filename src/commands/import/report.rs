//! The report of `import`: what each Module became, and the next commands.

use std::fmt::Write as _;
use std::path::Path;

use crate::adapters::{fs, ui};
use crate::cli::ImportArgs;
use crate::import::adopt::{AdoptedModule, Adoption};
use crate::objects::KubernetesObject;
use crate::settings::MANIFEST;
use crate::vocabulary::SourceMap;

/// Writes the report.
pub(super) fn text(
    adoption: &Adoption<'_>,
    generated: &[String],
    written: &[&Path],
    has_list: bool,
    sources: &SourceMap,
) -> String {
    let mut text = String::new();
    let modules = adoption
        .manifests
        .iter()
        .flat_map(|manifest| manifest.modules.iter().map(|module| (manifest.namespace.as_str(), module)));
    let modules: Vec<(&str, &AdoptedModule<'_>)> = modules.collect();
    for (namespace, module) in &modules {
        let _ = writeln!(text, "imported {namespace}/{}: {}", module.name, parts(module));
        for (place, remark) in &module.remarks {
            let _ = writeln!(text, "  {}: {remark}", sources.locate(*place).escape_debug());
        }
    }
    for line in generated {
        let _ = writeln!(text, "skipped {line}");
    }
    if adoption.refused > 0 {
        let _ = writeln!(text, "not imported: {}, for the reasons above", ui::count(adoption.refused, "Module"));
    }
    if !modules.is_empty() {
        let kernels: usize = adoption.manifests.iter().map(|manifest| manifest.releases.len()).sum();
        if kernels > 0 {
            let kernels = ui::count(kernels, "kernel");
            let _ = writeln!(text, "compared on {kernels}: 0 loads, 0 reloads, 0 unloads");
        }
    }
    let has_regexps = modules.iter().any(|(_, module)| module.regexps > 0);
    if has_regexps && has_list {
        text.push_str("regular expressions stay as `fallback`; the listed kernels have literal mappings before them\n");
    } else if has_regexps {
        text.push_str(
            "regular expressions stay as `fallback`; with `--nodes FILE`, the output of `oc get nodes -o json`, each kernel\n  \
             of the cluster has a literal mapping, and `kmodgen plan` names every change kernel by kernel\n",
        );
    }
    for path in written {
        let _ = writeln!(text, "{} written", path.display());
    }
    let manifests = written.iter().filter(|path| path.ends_with(MANIFEST)).map(|path| path.display());
    let manifests: Vec<String> = manifests.map(|path| path.to_string()).collect();
    if !manifests.is_empty() {
        text.push_str("next:\n");
    }
    for manifest in manifests {
        let _ = writeln!(
            text,
            "  kmodgen generate -f {manifest}\n  kubectl diff -k {}gitops  # only labels and forms differ",
            manifest.strip_suffix(MANIFEST).unwrap_or_default()
        );
    }
    text
}

/// Counts the parts of a Module.
fn parts(module: &AdoptedModule<'_>) -> String {
    let mut parts = Vec::new();
    if module.literals > 0 {
        parts.push(ui::count(module.literals, "literal mapping"));
    }
    if module.regexps > 0 {
        parts.push(ui::count(module.regexps, "regular expression"));
    }
    if !module.config_maps.is_empty() {
        parts.push(ui::count(module.config_maps.len(), "ConfigMap"));
    }
    if parts.is_empty() { "a device plugin alone".to_owned() } else { parts.join(", ") }
}

/// Names a Module that kmodgen generated, with its manifest.
pub(super) fn generated(object: &KubernetesObject, args: &ImportArgs, sources: &SourceMap) -> String {
    let name = object.name.as_ref().map(|name| name.value.escape_debug().to_string()).unwrap_or_default();
    let place = sources.locate(object.place());
    let place = place.escape_debug();
    let input = args.inputs.get(object.origin.input).map(Path::new).filter(|path| path.as_os_str() != "-");
    let folder = input.and_then(|input| std::path::absolute(input).ok());
    let manifest = folder.and_then(|folder| fs::find_upwards(&folder, MANIFEST).ok().flatten());
    match manifest {
        Some(manifest) => format!("{name} ({place}): kmodgen generated it from {}", manifest.display()),
        None => format!("{name} ({place}): kmodgen generated it; change its manifest instead"),
    }
}
