//! `kmodgen plan`: list the mappings with their state, hash and image.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::anyhow;
use serde::Serialize;

use super::presence::is_in_registry;
use super::project::Project;
use super::survey::{Scope, Survey};
use crate::adapters::{git, ui};
use crate::cli::{PlanArgs, PlanFormat};
use crate::driver::Answer;
use crate::handoff::{self, Job};
use crate::manifest::{Choice, Manifest};
use crate::output::{CONFIG_MAP, DOCKERFILE, MODULE};
use crate::plan::Mapping;
use crate::previous;
use crate::reconcile::Action;
use crate::settings::{self, Network, Only};

/// One mapping; also an element of `--format json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    module: String,
    release: String,
    /// `new`, `changed`, `unchanged`, `conflict`, or `removed` where no kernel asks for it any more.
    state: &'static str,
    /// The content hash, 64 hexadecimal digits; none where the mapping is to be removed.
    hash: Option<String>,
    image: String,
    config_map: Option<String>,
    /// The path of the Dockerfile.
    dockerfile: Option<String>,
    /// Whether the builder is chosen in the cluster, and so is not in the hash.
    builder_in_cluster: bool,
}

/// Runs the verb.
pub fn run(args: &PlanArgs) -> anyhow::Result<Answer> {
    let only = Only::parse(&args.output.only)?;
    let mut project = Project::find(&args.manifest)?;
    project.complete_lock(Network::from(&args.output.network))?;
    let survey = Survey::take(&project, &Scope::reading(&args.output, only.as_ref()), &())?;
    let mut rows = rows(&survey);
    if let Some(only) = &only {
        rows.retain(|row| only.selects(&row.module, &row.release));
    }
    match args.format {
        PlanFormat::Json => ui::result(&format!("{}\n", serde_json::to_string_pretty(&rows)?)),
        PlanFormat::Text => {
            print(&rows);
            ui::talk(&unwanted(&project.manifest));
        }
        PlanFormat::Images => ui::result(&images(&survey, &rows, args.since.as_deref())?),
        PlanFormat::Bake => ui::result(&handoff::bake(&jobs(args, &project, &survey, only.as_ref())?)),
        PlanFormat::Github => ui::result(&handoff::github(&jobs(args, &project, &survey, only.as_ref())?)),
        PlanFormat::Tekton => ui::result(&handoff::tekton(&jobs(args, &project, &survey, only.as_ref())?)),
    }
    Ok(Answer::Fine)
}

/// The kernels that no module is for, each with the reasons that the manifest gives.
fn unwanted(manifest: &Manifest) -> String {
    let mut text = String::new();
    for kernel in &manifest.kernels {
        let choices: Vec<_> =
            manifest.modules.iter().map(|module| (&module.name.value, module.kernels.choice(kernel))).collect();
        if choices.iter().any(|(_, choice)| *choice == Choice::Selected) {
            continue;
        }
        let reasons = choices.iter().filter_map(|(module, choice)| match choice {
            Choice::Excluded(Some(reason)) => Some(format!("{module}: {reason}")),
            _ => None,
        });
        let reasons: Vec<String> = reasons.collect();
        let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) };
        let _ = writeln!(text, "note: no module is for kernel {}{why}", kernel.release.value);
    }
    text
}

/// The images that a registry must keep: those that are planned, those that are still named on
/// disk, and those that were named since a revision.
fn images(survey: &Survey<'_>, rows: &[Row], since: Option<&str>) -> anyhow::Result<String> {
    let mut images: BTreeSet<String> = rows.iter().map(|row| row.image.clone()).collect();
    images.extend(survey.old.values().flat_map(|old| old.images.values().cloned()));
    if let Some(since) = since {
        let texts = git::texts_since(&survey.root, MODULE, since).map_err(|why| anyhow!("--since: {why}"))?;
        images.extend(
            texts.iter().filter_map(|text| previous::module_text(text)).flat_map(|old| old.images.into_values()),
        );
    }
    Ok(images.into_iter().map(|image| image + "\n").collect())
}

/// The mappings whose images are not in their registry. A registry that does not answer has none
/// of them; offline, nobody is asked, and all mappings are listed.
fn jobs(args: &PlanArgs, project: &Project, survey: &Survey<'_>, only: Option<&Only>) -> anyhow::Result<Vec<Job>> {
    // A matrix only says what to build; its jobs run `kmodgen build`, which asks for itself.
    let dtk = match args.format {
        PlanFormat::Github => None,
        _ => settings::driver_toolkit(args.dtk.as_deref(), survey.plan.mappings())?,
    };
    let network = Network::from(&args.output.network);
    let selected =
        |m: &&Mapping<'_>| only.is_none_or(|only| only.selects(m.module.name.as_str(), m.kernel.release.as_str()));
    let stale = |m: &&Mapping<'_>| network.offline || !is_in_registry(m, network.timeout);
    let mappings = survey.plan.mappings().filter(selected).filter(stale);
    Ok(mappings
        .map(|mapping| Job {
            module: mapping.module.name.value.to_string(),
            release: mapping.kernel.release.value.to_string(),
            name: mapping.config_map(),
            image: mapping.image().to_string(),
            hash: mapping.identity.hash.to_string(),
            dockerfile: dockerfile(survey, mapping).display().to_string(),
            arguments: mapping.build_arguments(&project.manifest.namespace.value, dtk.as_ref()),
        })
        .collect())
}

fn dockerfile(survey: &Survey<'_>, mapping: &Mapping<'_>) -> PathBuf {
    survey.root.join(mapping.module.name.as_str()).join(mapping.kernel.release.as_str()).join(DOCKERFILE)
}

fn rows(survey: &Survey<'_>) -> Vec<Row> {
    let actions: HashMap<&str, &Action> =
        survey.changes.iter().map(|change| (change.path.as_str(), &change.action)).collect();
    let planned = survey.plan.mappings().map(|mapping| {
        let (module, release) = (mapping.module.name.value.to_string(), mapping.kernel.release.value.to_string());
        let dockerfile = format!("{module}/{release}/{DOCKERFILE}");
        let config_map = format!("{module}/{release}/{CONFIG_MAP}");
        let files = [&dockerfile, &config_map].map(|path| actions.get(path.as_str()).copied());
        let image = mapping.image().to_string();
        let old_image = survey.old_image(mapping);
        let state = if files.iter().flatten().any(|action| matches!(action, Action::Conflict(_))) {
            "conflict"
        } else if old_image.is_none() {
            "new"
        } else if old_image.as_ref() == Some(&image) && files.iter().all(Option::is_none) {
            "unchanged"
        } else {
            "changed"
        };
        Row {
            state,
            hash: Some(mapping.identity.hash.to_string()),
            image,
            config_map: Some(mapping.config_map()),
            dockerfile: Some(survey.root.join(dockerfile).display().to_string()),
            builder_in_cluster: mapping.builder().is_none(),
            module,
            release,
        }
    });
    let removed = survey.impacts.iter().flat_map(|(module, impact)| {
        impact.unloads.iter().map(|release| Row {
            module: module.clone(),
            release: release.clone(),
            state: "removed",
            hash: None,
            image: survey.old.get(module).and_then(|old| old.images.get(release)).cloned().unwrap_or_default(),
            config_map: None,
            dockerfile: None,
            builder_in_cluster: false,
        })
    });
    planned.chain(removed).collect()
}

fn print(rows: &[Row]) {
    let width = |column: fn(&Row) -> usize, title: &str| rows.iter().map(column).max().unwrap_or(0).max(title.len());
    let (module, release) = (width(|row| row.module.len(), "MODULE"), width(|row| row.release.len(), "KERNEL"));
    let mut text = format!("{:<module$}  {:<release$}  {:<9}  {:<12}  IMAGE\n", "MODULE", "KERNEL", "STATE", "HASH");
    for Row { module: name, release: kernel, state, hash, image, .. } in rows {
        let hash = hash.as_deref().map_or("-", |hash| &hash[..12]);
        let _ = writeln!(text, "{name:<module$}  {kernel:<release$}  {state:<9}  {hash:<12}  {image}");
    }
    ui::result(&text);
    let in_cluster = rows.iter().filter(|row| row.builder_in_cluster).count();
    if in_cluster > 0 {
        ui::talk(&format!(
            "note: {} without a pinned builder: KMM chooses the Driver Toolkit in the cluster, and it is not in the hash; \
             give the kernel a `dtk`\n",
            ui::count(in_cluster, "mapping")
        ));
    }
}
