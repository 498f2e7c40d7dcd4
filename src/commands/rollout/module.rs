//! Module of a rollout, from the manifest.

use anyhow::bail;

use crate::commands::project::Project;
use crate::manifest::{Fallback, Module, ModuleSpec};
use crate::plan;
use crate::rollout::{RolloutTarget, Toleration};
use crate::settings;
use crate::vocabulary::{Diagnostic, Diagnostics, GoRegexp, Span, nearest, quoted_list};

/// KMM Module in the manifest.
struct NamedModule<'m> {
    module: &'m Module,
    place: Span,
    spec: &'m ModuleSpec,
    fallback: &'m [Fallback],
}

/// Returns the Module of this name with its images.
pub(super) fn target(project: &Project, name: &str) -> anyhow::Result<RolloutTarget> {
    let manifest = project.manifest.clone();
    let found = find(&manifest.modules, name)?;
    let NamedModule { module, place, spec, fallback } = found;
    let Some(version) = &module.version else {
        let mut faults = Diagnostics::default();
        faults.push(no_version(name, place));
        project.report(faults)?;
        bail!("module `{name}` has no `version`");
    };
    let mut images: Vec<(String, String)> = plan::prebuilt(&manifest, module)
        .into_iter()
        .map(|(kernel, image)| (kernel.release.as_str().to_owned(), image))
        .collect();
    if module.is_built() {
        let alone = project.for_cluster(manifest.cluster.as_ref())?.of_module(&module.name.value);
        let plan = alone.plan(settings::workers(None))?;
        images.extend(
            plan.mappings()
                .map(|mapping| (mapping.kernel.release.as_str().to_owned(), mapping.pulled_image(&alone.lock))),
        );
    }
    let fallback =
        fallback.iter().filter_map(|one| Some((GoRegexp::parse(&one.regexp).ok()?, one.image.value.clone())));
    let hub = module.objects.hub.as_ref();
    Ok(RolloutTarget {
        module: name.to_owned(),
        namespace: hub.map_or(&manifest.namespace.value, |hub| &hub.value.namespace).to_string(),
        version: version.clone(),
        selector: spec.selector().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        tolerations: spec.field("tolerations").map(Toleration::read_all).unwrap_or_default(),
        images: images.into_iter().collect(),
        fallback: fallback.collect(),
    })
}

fn find<'m>(modules: &'m [Module], name: &str) -> anyhow::Result<NamedModule<'m>> {
    let mut names = Vec::new();
    for module in modules.iter().filter(|module| module.has_objects()) {
        let fallback = module.objects.additional.iter().map(|module| &module.fallback[..]);
        let fallback = std::iter::once(&module.objects.fallback[..]).chain(fallback);
        for ((own, spec), fallback) in module.names().zip(module.objects.specs()).zip(fallback) {
            if own.as_str() == name {
                return Ok(NamedModule { module, place: own.span, spec, fallback });
            }
            names.push(own.as_str());
        }
    }
    let shown = name.escape_debug();
    match nearest(name, names.iter().copied()) {
        Some(near) => bail!("the manifest has no Module `{shown}`; did you mean `{near}`?"),
        None => bail!("the manifest has no Module `{shown}`, only {}", quoted_list(&names)),
    }
}

fn no_version(name: &str, place: Span) -> Diagnostic {
    Diagnostic::error("no-version", format!("Module `{name}` has no `version`, which an ordered upgrade requires"))
        .at(place, "")
        .help("write `version: \"1.0\"` in the module")
        .help(
            "KMM rejects a `version` in a Module that was created without one: delete the Module in the cluster, which \
             unloads its kmods, label the nodes, and apply the Module again",
        )
}
