//! `kmodgen plan`: list the mappings with their state, hash and image.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::anyhow;
use serde::Serialize;

use super::drift::{Drift, Scope};
use super::project::Project;
use super::registry_lookup::is_in_registry;
use super::report::column_width;
use crate::adapters::{git, ui};
use crate::cli::{PlanArgs, PlanFormat};
use crate::commands::Exit;
use crate::handoff::{self, Job};

use crate::manifest::{Manifest, Module};
use crate::output::{CONFIG_MAP, DOCKERFILE, MODULE};
use crate::plan::{self, Mapping};
use crate::previous::{self, OldModule};
use crate::reconcile::Action;
use crate::settings::{self, Network, Only, is_selected};

/// One mapping; also an element of `--format json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    /// Of which cluster, where the manifest has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<String>,
    module: String,
    release: String,
    /// `new`, `changed`, `unchanged`, `conflict`, or `removed` where no kernel asks for it any more.
    state: &'static str,
    /// The content hash, 64 hexadecimal digits; none where the mapping is to be removed, or the image is
    /// built elsewhere.
    hash: Option<String>,
    image: String,
    config_map: Option<String>,
    /// The path of the Dockerfile.
    dockerfile: Option<String>,
    /// The folder that it copies from, where it copies anything from outside: KMM does not build such.
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    /// Set if the builder is chosen in the cluster, and so is not in the hash.
    builder_in_cluster: bool,
}

/// Runs the verb.
pub fn run(args: &PlanArgs) -> anyhow::Result<Exit> {
    let only = Only::parse(&args.output.only)?;
    let projects = Project::find_all(&args.manifest, &args.output.cluster, Network::from(&args.output.network))?;
    let scope = Scope::reading(&args.output, only.as_ref());
    let drifts: Vec<Drift<'_>> =
        projects.iter().map(|project| Drift::find(project, &scope)).collect::<anyhow::Result<_>>()?;
    projects.iter().for_each(Project::note);
    only.as_ref().map_or(Ok(()), |only| only.check(drifts.iter().map(|drift| drift.selected)))?;
    let parts: Vec<(&Project, &Drift<'_>)> = projects.iter().zip(&drifts).collect();
    let mut rows: Vec<Row> = parts.iter().flat_map(|(project, drift)| rows(project, drift)).collect();
    if let Some(only) = &only {
        rows.retain(|row| only.selects(&row.module, &row.release));
    }
    match args.format {
        PlanFormat::Json => ui::result(&format!("{}\n", serde_json::to_string_pretty(&rows)?)),
        PlanFormat::Text => {
            print(&rows);
            projects.iter().for_each(|project| ui::talk(&unwanted(&project.manifest)));
        }
        PlanFormat::Images => ui::result(&images(&drifts, &rows, args.since.as_deref(), only.as_ref())?),
        PlanFormat::Bake => ui::result(&handoff::bake(&jobs(args, &parts, only.as_ref())?)),
        PlanFormat::Matrix => ui::result(&handoff::matrix(&jobs(args, &parts, only.as_ref())?)),
        PlanFormat::Tekton => ui::result(&handoff::tekton(&jobs(args, &parts, only.as_ref())?)),
    }
    Ok(Exit::Success)
}

/// The kernels that no module is for, each with the reasons that the manifest gives.
fn unwanted(manifest: &Manifest) -> String {
    let mut text = String::new();
    for kernel in &manifest.kernels {
        if manifest.modules.iter().any(|module| module.kernels.selects(kernel)) {
            continue;
        }
        let reasons = manifest.modules.iter().filter_map(|module| {
            let reason = module.kernels.reason_against(kernel)?;
            Some(format!("{}: {reason}", module.name.value))
        });
        let reasons: Vec<String> = reasons.collect();
        let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) };
        let _ = writeln!(text, "note: no module matches kernel {}{why}", kernel.release.value);
    }
    text
}

/// The images that a registry must keep of the selected mappings: those that are planned, those that are
/// still named on disk, and those that were named since a revision.
fn images(drifts: &[Drift<'_>], rows: &[Row], since: Option<&str>, only: Option<&Only>) -> anyhow::Result<String> {
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
fn jobs(args: &PlanArgs, parts: &[(&Project, &Drift<'_>)], only: Option<&Only>) -> anyhow::Result<Vec<Job>> {
    let mut selected = Vec::new();
    for (project, drift) in parts {
        for mapping in drift.plan.mappings() {
            if is_selected(only, mapping.module.name.as_str(), mapping.kernel.release.as_str()) {
                selected.push((project, drift, mapping));
            }
        }
    }
    // A matrix only says what to build; its jobs run `kmodgen build`, which asks for itself.
    let dtk = match args.format {
        PlanFormat::Matrix => None,
        _ => settings::driver_toolkit(args.dtk.as_deref(), selected.iter().map(|(_, _, mapping)| *mapping))?,
    };
    let network = Network::from(&args.output.network);
    let mut images = BTreeSet::new();
    // What two clusters share is built once.
    selected.retain(|(_, _, mapping)| images.insert(mapping.image_name()));
    selected.retain(|(_, _, mapping)| network.offline || !is_in_registry(mapping, network.timeout));
    let jobs = selected.into_iter().map(|(project, drift, mapping)| Job {
        module: mapping.module.name.value.to_string(),
        release: mapping.kernel.release.value.to_string(),
        architecture: mapping.kernel.architecture(),
        name: mapping.config_map(),
        image: mapping.image_name(),
        hash: mapping.identity.hash.to_string(),
        dockerfile: dockerfile(project, drift, mapping).display().to_string(),
        context: context(project, mapping),
        arguments: mapping.build_arguments(&project.manifest.namespace.value, dtk.as_ref()),
    });
    Ok(jobs.collect())
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
fn context(project: &Project, mapping: &Mapping<'_>) -> Option<String> {
    mapping.context().next()?;
    let folder = project.folder.display().to_string();
    Some(if folder.is_empty() { ".".into() } else { folder })
}

fn rows(project: &Project, drift: &Drift<'_>) -> Vec<Row> {
    let cluster = project.manifest.cluster.as_ref().map(ToString::to_string);
    let actions: HashMap<&str, &Action> =
        drift.changes.iter().map(|change| (change.path.as_str(), &change.action)).collect();
    let planned = drift.plan.mappings().map(|mapping| {
        let (module, release) = (mapping.module.name.value.to_string(), mapping.kernel.release.value.to_string());
        let dockerfile = format!("{module}/{release}/{DOCKERFILE}");
        let config_map = format!("{module}/{release}/{CONFIG_MAP}");
        let files = [&dockerfile, &config_map].map(|path| actions.get(path.as_str()).copied());
        let image = mapping.image_name();
        let old_image = drift.old_image(mapping);
        let state = if files.iter().flatten().any(|action| matches!(action, Action::Conflict(_))) {
            "conflict"
        } else if old_image.is_none() && mapping.module.has_objects() {
            "new"
        } else if !mapping.module.has_objects() {
            // No Module names its image: its files tell.
            match files {
                [None, None] => "unchanged",
                [Some(Action::Create), _] => "new",
                _ => "changed",
            }
        } else if old_image.as_ref() == Some(&image) && files.iter().all(Option::is_none) {
            "unchanged"
        } else {
            "changed"
        };
        Row {
            cluster: cluster.clone(),
            state,
            hash: Some(mapping.identity.hash.to_string()),
            image,
            config_map: Some(mapping.config_map()),
            dockerfile: Some(drift.root.join(dockerfile).display().to_string()),
            context: context(project, mapping),
            builder_in_cluster: mapping.builder().is_none(),
            module,
            release,
        }
    });
    let further = drift.plan.modules.iter().flat_map(|(module, mappings)| further(project, drift, module, mappings));
    let each = drift.impacts.iter().flat_map(|(module, impact)| impact.all(module).map(move |one| (module, one)));
    let removed = each.flat_map(|(module, (object, impact))| {
        impact.unloads.iter().map(|release| Row {
            cluster: cluster.clone(),
            module: object.to_owned(),
            release: release.clone(),
            state: "removed",
            hash: None,
            image: drift.old_image_of(module, object, release).cloned().unwrap_or_default(),
            config_map: None,
            dockerfile: None,
            context: None,
            builder_in_cluster: false,
        })
    });
    let prebuilt = drift.plan.modules.iter().flat_map(|(module, _)| {
        plan::prebuilt(&project.manifest, module).into_iter().map(|(kernel, image)| {
            let (module, release) = (module.name.as_str(), kernel.release.as_str());
            let old = drift.old.get(module).and_then(|old| old.images.get(release));
            Row {
                cluster: cluster.clone(),
                // A Module that is right is not looked into.
                state: match old {
                    _ if !drift.impacts.contains_key(module) => "unchanged",
                    None => "new",
                    Some(old) if *old == image => "unchanged",
                    Some(_) => "changed",
                },
                module: module.to_owned(),
                release: release.to_owned(),
                hash: None,
                image,
                config_map: None,
                dockerfile: None,
                context: None,
                builder_in_cluster: false,
            }
        })
    });
    planned.chain(further).chain(prebuilt).chain(removed).collect()
}

/// The mappings of further Modules, which load what another one builds.
fn further(project: &Project, drift: &Drift<'_>, module: &Module, mappings: &[Mapping<'_>]) -> Vec<Row> {
    let built = mappings.iter().map(|mapping| {
        let hash = mapping.identity.hash.to_string();
        (mapping.kernel.release.as_str(), mapping.image_name(), Some(hash))
    });
    let prebuilt = plan::prebuilt(&project.manifest, module).into_iter();
    let prebuilt = prebuilt.map(|(kernel, image)| (kernel.release.as_str(), image, None));
    let images: Vec<(&str, String, Option<String>)> = built.chain(prebuilt).collect();
    let impact = drift.impacts.get(module.name.as_str());
    let mut rows = Vec::new();
    for name in module.objects.additional.iter().map(|module| &module.name) {
        let impact = impact.and_then(|impact| impact.others.get(name.as_str()));
        let [loads, reloads] = [impact.map(|impact| &impact.loads), impact.map(|impact| &impact.reloads)]
            .map(|releases| releases.into_iter().flatten().map(String::as_str).collect::<HashSet<_>>());
        rows.extend(images.iter().map(|(release, image, hash)| Row {
            cluster: project.manifest.cluster.as_ref().map(ToString::to_string),
            module: name.to_string(),
            release: (*release).to_owned(),
            state: match (loads.contains(release), reloads.contains(release)) {
                (true, _) => "new",
                (_, true) => "changed",
                _ => "unchanged",
            },
            hash: hash.clone(),
            image: image.clone(),
            config_map: None,
            dockerfile: None,
            context: None,
            builder_in_cluster: false,
        }));
    }
    rows
}

fn print(rows: &[Row]) {
    let module = column_width("MODULE", rows.iter().map(|row| row.module.len()));
    let release = column_width("KERNEL", rows.iter().map(|row| row.release.len()));
    let clusters: Vec<&String> = rows.iter().filter_map(|row| row.cluster.as_ref()).collect();
    let (heading, cluster) = if clusters.is_empty() {
        ("", 0)
    } else {
        ("CLUSTER", column_width("CLUSTER", clusters.into_iter().map(String::len)) + 2)
    };
    let mut text = format!(
        "{heading:<cluster$}{:<module$}  {:<release$}  {:<9}  {:<12}  IMAGE\n",
        "MODULE", "KERNEL", "STATE", "HASH"
    );
    for Row { cluster: of, module: name, release: kernel, state, hash, image, .. } in rows {
        let hash = hash.as_deref().map_or("-", |hash| &hash[..12]);
        let of = of.as_deref().unwrap_or_default();
        let _ = writeln!(text, "{of:<cluster$}{name:<module$}  {kernel:<release$}  {state:<9}  {hash:<12}  {image}");
    }
    ui::result(&text);
    let in_cluster = rows.iter().filter(|row| row.builder_in_cluster).count();
    if in_cluster > 0 {
        ui::talk(&format!(
            "note: {} without a pinned builder: KMM chooses the Driver Toolkit in the cluster, and the hash does not include it; \
             to pin it, set the kernel's `dtk`\n",
            ui::count(in_cluster, "mapping")
        ));
    }
    let with_context = rows.iter().filter(|row| row.context.is_some()).count();
    if with_context > 0 {
        ui::talk(&format!(
            "note: {} with sources beside the manifest, which KMM cannot build: run `kmodgen build --push`\n",
            ui::count(with_context, "mapping")
        ));
    }
}
