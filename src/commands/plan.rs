//! `kmodgen plan`: list the mappings with their state, hash and image.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::project::Project;
use super::survey::Survey;
use crate::adapters::ui;
use crate::cli::{Format, PlanArgs};
use crate::driver::Answer;
use crate::output::{CONFIG_MAP, DOCKERFILE};
use crate::reconcile::{Action, Policy, reconcile};
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
    let mut project = Project::open(&args.manifest)?;
    project.complete_lock(Network::from(&args.output.network))?;
    let workers = settings::workers(args.output.jobs);
    let mut survey = Survey::take(&project, args.output.output.as_ref(), only.as_ref(), workers)?;
    let outputs = std::mem::take(&mut survey.outputs);
    let changes = reconcile(outputs, &survey.tree, &Policy::default());
    let actions = changes.iter().map(|change| (change.path.as_str(), &change.action)).collect();
    let mut rows = rows(&survey, &actions);
    if let Some(only) = &only {
        rows.retain(|row| only.selects(&row.module, &row.release));
    }
    match args.output.format {
        Format::Json => ui::result(&format!("{}\n", serde_json::to_string_pretty(&rows)?)),
        Format::Text => print(&rows),
    }
    Ok(Answer::Fine)
}

fn rows(survey: &Survey<'_>, actions: &BTreeMap<&str, &Action>) -> Vec<Row> {
    let planned = survey.plan.mappings().map(|mapping| {
        let (module, release) = (mapping.module.name.value.to_string(), mapping.kernel.release.value.to_string());
        let dockerfile = format!("{module}/{release}/{DOCKERFILE}");
        let config_map = format!("{module}/{release}/{CONFIG_MAP}");
        let files = [&dockerfile, &config_map].map(|path| actions.get(path.as_str()).copied());
        let image = mapping.image.to_string();
        let old_image = survey.old.get(&module).and_then(|old| old.images.get(&release));
        let state = if files.iter().flatten().any(|action| matches!(action, Action::Conflict(_))) {
            "conflict"
        } else if old_image.is_none() {
            "new"
        } else if old_image == Some(&image) && files.iter().all(|action| *action == Some(&Action::Unchanged)) {
            "unchanged"
        } else {
            "changed"
        };
        Row {
            state,
            hash: Some(mapping.hash.to_string()),
            image,
            config_map: Some(mapping.config_map.clone()),
            dockerfile: Some(survey.root.join(dockerfile).display().to_string()),
            builder_in_cluster: mapping.resolved.builder.is_none(),
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
