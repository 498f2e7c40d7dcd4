//! Plans for other tools that build, and images that a registry must keep.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::anyhow;

use super::Row;
use crate::adapters::git;
use crate::cli::{PlanArgs, PlanFormat};
use crate::commands::drift::Drift;
use crate::commands::project::Project;
use crate::commands::registry_lookup::is_in_registry;
use crate::handoff::{Dockerfile, Job};
use crate::manifest::Layout;
use crate::output::{DOCKERFILE, MODULE};
use crate::plan::{Mapping, MappingRenderer};
use crate::previous::{self, OldModule};
use crate::settings::{self, Network, Only, is_selected};
use crate::shared_files::{SHARED, below};

/// The images that a registry must keep of the selected mappings: those that are planned, those that are
/// still named on disk, and those that were named since a revision.
pub(super) fn images(
    drifts: &[Drift<'_>],
    rows: &[Row],
    since: Option<&str>,
    only: Option<&Only>,
) -> anyhow::Result<String> {
    let mut images: BTreeSet<String> = rows.iter().map(|row| row.image.clone()).collect();
    for drift in drifts {
        for (module, old) in &drift.old {
            images.extend(old_images(module, old, only));
        }
        let Some(since) = since else { continue };
        let texts = git::texts_since(&drift.root, MODULE, since).map_err(|why| anyhow!("--since: {why}"))?;
        for (folder, text) in &texts {
            if let Some(old) = previous::module_text(text) {
                images.extend(old_images(folder, &old, only));
            }
        }
    }
    Ok(images.into_iter().map(|image| image + "\n").collect())
}

fn old_images(module: &str, old: &OldModule, only: Option<&Only>) -> Vec<String> {
    let selected = old.images.iter().filter(|(release, _)| is_selected(only, module, release));
    selected.map(|(_, image)| image.clone()).collect()
}

/// The mappings whose images are not in their registry. A registry that does not answer has none
/// of them; offline, nobody is asked, and all mappings are listed.
pub(super) fn jobs(args: &PlanArgs, parts: &[(&Project, &Drift<'_>)], only: Option<&Only>) -> anyhow::Result<Vec<Job>> {
    let selected = parts.iter().map(|(_, drift)| {
        let mappings = drift.plan.mappings();
        mappings.filter(|mapping| is_selected(only, mapping.module.name.as_str(), mapping.kernel.release.as_str()))
    });
    let selected: Vec<Vec<&Mapping<'_>>> = selected.map(Iterator::collect).collect();
    // A matrix only says what to build; its jobs run `kmodgen build`, which asks for itself.
    let dtk = match args.format {
        PlanFormat::Matrix => None,
        _ => settings::driver_toolkit(args.dtk.as_deref(), selected.iter().flatten().copied())?,
    };
    let network = Network::from(&args.output.network);
    let mut images = BTreeSet::new();
    let mut jobs = Vec::new();
    for ((project, drift), mut mappings) in parts.iter().zip(selected) {
        // What two clusters share is built once.
        mappings.retain(|mapping| images.insert(mapping.image_name()));
        mappings.retain(|mapping| network.offline || !is_in_registry(mapping, network.timeout));
        let mut renderer = MappingRenderer::new(drift.plan.inputs);
        for mapping in mappings {
            jobs.push(Job {
                module: mapping.module.name.value.to_string(),
                release: mapping.kernel.release.value.to_string(),
                architecture: mapping.kernel.architecture(),
                name: mapping.config_map(),
                image: mapping.image_name(),
                hash: mapping.identity.hash.to_string(),
                dockerfile: match project.manifest.output.layout {
                    Layout::Files => Dockerfile::File(dockerfile(project, drift, mapping).display().to_string()),
                    Layout::Bundle | Layout::Shared => {
                        let folder = folder_of_config_map(drift, mapping);
                        in_config_map(args.format, folder, mapping, &mut renderer)?
                    }
                },
                context: context(project, mapping),
                arguments: mapping.build_arguments(&project.manifest.namespace.value, dtk.as_ref()),
            });
        }
    }
    Ok(jobs)
}

/// Returns the folder with the ConfigMap of a mapping, which has no Dockerfile of its own.
fn folder_of_config_map(drift: &Drift<'_>, mapping: &Mapping<'_>) -> String {
    let (module, release) = (mapping.module.name.as_str(), mapping.kernel.release.as_str());
    let folder = match drift.content(mapping) {
        Some(hash) => format!("../{SHARED}/{module}/{release}/{hash}"),
        None => module.to_owned(),
    };
    below(&drift.root.display().to_string(), &folder)
}

/// Returns the Dockerfile of a mapping in a ConfigMap. Its text is rendered if the format has it.
fn in_config_map<'a>(
    format: PlanFormat,
    folder: String,
    mapping: &Mapping<'a>,
    renderer: &mut MappingRenderer<'a>,
) -> anyhow::Result<Dockerfile> {
    let mut text = String::new();
    if format == PlanFormat::Bake {
        let rendered = renderer.render(&mapping.planned());
        text = rendered.map_err(|_| anyhow!("a file of the manifest changed during the run"))?.dockerfile;
    }
    Ok(Dockerfile::InConfigMap { folder, text })
}

/// The path of a Dockerfile; with a context, one that can be told from there.
fn dockerfile(project: &Project, drift: &Drift<'_>, mapping: &Mapping<'_>) -> PathBuf {
    let path = drift.root.join(mapping.module.name.as_str()).join(mapping.kernel.release.as_str()).join(DOCKERFILE);
    if context(project, mapping).is_none() || path.starts_with(&project.folder) {
        return path;
    }
    std::path::absolute(&path).unwrap_or(path)
}

/// The folder that a mapping's build copies from: the manifest's, or none.
pub(super) fn context(project: &Project, mapping: &Mapping<'_>) -> Option<String> {
    mapping.context().next()?;
    let folder = project.folder.display().to_string();
    Some(if folder.is_empty() { ".".into() } else { folder })
}
