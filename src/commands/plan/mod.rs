//! `kmodgen plan`: what becomes of each mapping.

mod builds;
mod further;
mod held;
mod imageset;
mod requires;
mod rows;
mod table;

use std::fmt::Write as _;

use anyhow::bail;
use serde::Serialize;

use self::builds::{images, jobs};
use self::imageset::image_set;
use self::rows::rows;
use self::table::{Refusals, text};
use super::changes::{ChangesBuilder, Direction, pull_request};
use super::drift::{Drift, Scope};
use super::hold_notes::{HoldNotes, HoldRow};
use super::project::Project;
use crate::adapters::ui;
use crate::cli::{PlanArgs, PlanFormat};
use crate::commands::Exit;
use crate::handoff;
use crate::impact::node_counts;
use crate::manifest::Manifest;
use crate::settings::{self, Network, Only, is_selected};
use crate::vocabulary::masked;

/// One mapping; also an element of `--format json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    /// The cluster, if the manifest has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<String>,
    module: String,
    release: String,
    /// `new`, `changed`, `unchanged`, `conflict`, or `removed` if no kernel asks for it any more.
    state: &'static str,
    /// Content hash, 64 hexadecimal digits; `None` if the mapping is to be removed, or if the image is built elsewhere.
    hash: Option<String>,
    image: String,
    config_map: Option<String>,
    /// Path of the Dockerfile.
    dockerfile: Option<String>,
    /// Folder that it copies from, if it copies anything from outside: KMM does not build such images.
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    /// Set if the builder is chosen in the cluster, and so is not in the hash.
    builder_in_cluster: bool,
    /// Actions for the image and on nodes; empty for a conflict, which is left as it is.
    actions: Vec<Act>,
    /// The reason in few words; `None` if nothing changes.
    why: Option<String>,
    /// Image that nodes have now, if it is another one.
    old_image: Option<String>,
    /// OpenShift version of the kernel, by its label `ocp`.
    ocp: Option<String>,
    /// Number of nodes that run the kernel, if it is known.
    nodes: Option<u64>,
    /// The hold of its module, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    hold: Option<HoldRow>,
}

/// One thing that happens with the image of a mapping, or on nodes.
#[derive(Serialize, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Act {
    /// The image is built, if the registry does not have it.
    Build,
    Load,
    Reload,
    /// Nothing happens.
    Keep,
    Unload,
}

/// Runs the command.
pub fn run(args: &PlanArgs) -> anyhow::Result<Exit> {
    let only = Only::parse(&args.output.only)?;
    let projects = Project::find_all(&args.manifest, &args.output.cluster, Network::from(&args.output.network))?;
    let scope = Scope::reading(&args.output, only.as_ref());
    let drifts: Vec<Drift<'_>> =
        projects.iter().map(|project| Drift::find(project, &scope)).collect::<anyhow::Result<_>>()?;
    projects.iter().for_each(Project::note);
    let holds = HoldNotes::of(projects.iter().flat_map(Project::holds).cloned().collect());
    holds.print();
    let refused = holds.print_refused(drifts.iter().flat_map(|drift| &drift.hold_refusals));
    only.as_ref().map_or(Ok(()), |only| only.check(drifts.iter().map(|drift| drift.selected)))?;
    let parts: Vec<(&Project, &Drift<'_>)> = projects.iter().zip(&drifts).collect();
    if args.requires {
        let requirements = requires::requirements(&parts, only.as_ref());
        ui::result(&masked(&match args.format {
            PlanFormat::Text => requires::text(&requirements),
            PlanFormat::Json => format!("{}\n", serde_json::to_string_pretty(&requirements)?),
            PlanFormat::Markdown => requires::markdown(&requirements),
            _ => bail!("--requires has the formats `text`, `json` and `markdown`"),
        }));
        return Ok(if refused { Exit::ActionNeeded } else { Exit::Success });
    }
    match args.format {
        PlanFormat::Json => {
            let rows = all_rows(&parts, only.as_ref(), true)?;
            ui::result(&format!("{}\n", serde_json::to_string_pretty(&rows)?));
        }
        PlanFormat::Text => {
            let rows = all_rows(&parts, only.as_ref(), true)?;
            ui::result(&text(&rows, &Refusals::of(&parts), args.all));
            ui::talk(&notes(&rows));
            projects.iter().for_each(|project| ui::talk(&unwanted(&project.manifest)));
        }
        PlanFormat::Images => {
            let rows = all_rows(&parts, only.as_ref(), false)?;
            ui::result(&images(&drifts, &rows, args.since.as_deref(), only.as_ref())?);
        }
        PlanFormat::Bake => ui::result(&handoff::bake(&jobs(args, &parts, only.as_ref())?)),
        PlanFormat::Matrix => ui::result(&handoff::matrix(&jobs(args, &parts, only.as_ref())?)),
        PlanFormat::Tekton => ui::result(&handoff::tekton(&jobs(args, &parts, only.as_ref())?)),
        PlanFormat::Markdown => ui::result(&description(args, &parts)?),
        PlanFormat::Imageset => {
            ui::result(&masked(&image_set(&parts, only.as_ref()).text()));
            ui::talk(&notes(&all_rows(&parts, only.as_ref(), false)?));
        }
    }
    Ok(if refused { Exit::ActionNeeded } else { Exit::Success })
}

/// Renders the changes of the output folder as the description of a pull request.
fn description(args: &PlanArgs, parts: &[(&Project, &Drift<'_>)]) -> anyhow::Result<String> {
    let mut builder = ChangesBuilder::default();
    for (project, drift) in parts {
        builder.add(project, drift, Direction::Forward, &node_counts(&project.manifest))?;
    }
    let root = parts.first().map(|(project, _)| {
        settings::output_root(args.output.output.as_ref(), &project.manifest, &project.folder).display().to_string()
    });
    Ok(pull_request(&builder.finish(), &root.unwrap_or_default(), None))
}

/// Returns the selected rows of all clusters, with the reasons of changes if they are wanted.
fn all_rows(parts: &[(&Project, &Drift<'_>)], only: Option<&Only>, reasons: bool) -> anyhow::Result<Vec<Row>> {
    let mut all = Vec::new();
    for (project, drift) in parts {
        all.extend(rows(project, drift, reasons)?);
    }
    all.retain(|row| is_selected(only, &row.module, &row.release));
    Ok(all)
}

/// Renders notes about mappings whose images depend on more than the plan.
fn notes(rows: &[Row]) -> String {
    let mut text = String::new();
    let in_cluster = rows.iter().filter(|row| row.builder_in_cluster).count();
    if in_cluster > 0 {
        let _ = writeln!(
            text,
            "note: {} without a pinned builder: KMM chooses the Driver Toolkit in the cluster, and the hash does not include it; \
             to pin it, set the kernel's `dtk`",
            ui::count(in_cluster, "mapping")
        );
    }
    let with_context = rows.iter().filter(|row| row.context.is_some()).count();
    if with_context > 0 {
        let _ = writeln!(
            text,
            "note: {} with sources beside the manifest, which KMM cannot build: run `kmodgen build --push`",
            ui::count(with_context, "mapping")
        );
    }
    text
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
