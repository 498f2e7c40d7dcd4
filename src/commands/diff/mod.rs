//! `kmodgen diff REV1 [REV2]`: what changes on nodes between two revisions of a project.

mod planned_folder;
mod revision;

use std::path::PathBuf;

use serde::Serialize;

use self::planned_folder::PlannedFolder;
use self::revision::Revision;
use super::changes::{ChangesBuilder, Direction, ProjectChanges, markdown, text};
use super::drift::{Drift, Expanded, Scope};
use super::hold_notes::HoldNotes;
use super::project::Project;
use crate::adapters::{fs, git, ui};
use crate::cli::{DiffArgs, DiffFormat};
use crate::commands::Exit;
use crate::impact::node_counts;
use crate::ownership::TakeOver;
use crate::settings;
use crate::vocabulary::{ClusterName, code_span, masked};

/// Changes between two revisions; the object of `--format json`.
#[derive(Serialize)]
struct RevisionChanges<'c> {
    from: &'c str,
    /// `None` for the working tree.
    to: Option<&'c str>,
    #[serde(flatten)]
    changes: &'c ProjectChanges,
}

/// Runs the command.
pub fn run(args: &DiffArgs) -> anyhow::Result<Exit> {
    let manifest = settings::manifest_path(&args.manifest)?;
    let renderers = settings::renderers()?;
    let old = Revision::open(&manifest, Some(&args.from), &renderers)?;
    let new = Revision::open(&manifest, args.to.as_deref(), &renderers)?;
    let workers = settings::workers(args.jobs);
    let mut builder = ChangesBuilder::default();
    for cluster in clusters(args, &old, &new)? {
        let sides = [old.project(cluster.as_ref())?, new.project(cluster.as_ref())?];
        match &sides {
            [Some(before), Some(after)] => {
                let folder = old.placed(PlannedFolder::of(before, workers, &output_history(before)?))?;
                let drift = new.placed(compare(after, folder, workers))?;
                builder.add(after, &drift, Direction::Forward, &node_counts(&before.manifest))?;
            }
            [None, Some(after)] => {
                let drift = new.placed(compare(after, PlannedFolder::empty(after), workers))?;
                builder.add(after, &drift, Direction::Forward, &node_counts(&after.manifest))?;
            }
            [Some(before), None] => {
                let drift = old.placed(compare(before, PlannedFolder::empty(before), workers))?;
                builder.add(before, &drift, Direction::Backward, &node_counts(&before.manifest))?;
            }
            [None, None] => {}
        }
    }
    HoldNotes::of(new.holds()).print();
    print(args, &builder.finish())?;
    Ok(Exit::Success)
}

/// Returns the selected clusters of both sides, those that are gone last.
fn clusters(args: &DiffArgs, old: &Revision<'_>, new: &Revision<'_>) -> anyhow::Result<Vec<Option<ClusterName>>> {
    let mut all = new.clusters();
    for cluster in old.clusters() {
        if !all.contains(&cluster) {
            all.push(cluster);
        }
    }
    let selected = settings::select_clusters(&args.cluster, all.iter().flatten().cloned().collect())?;
    // A manifest may have had none.
    all.retain(|cluster| selected.contains(cluster) || (cluster.is_none() && args.cluster.cluster.is_empty()));
    Ok(all)
}

/// Compares a project with a folder.
fn compare<'p>(project: &'p Project, folder: PlannedFolder<'p>, workers: usize) -> anyhow::Result<Drift<'p>> {
    let scope = Scope::whole(workers, TakeOver::All);
    let history = output_history(project)?;
    let expanded = Expanded::of(project, fs::random_checksum_key(), &history)?;
    Drift::of(expanded, &scope, None, PathBuf::new(), Box::new(folder), &())
}

/// Returns the commits of the output folder on disk, which have the files of held modules.
fn output_history(project: &Project) -> anyhow::Result<git::OutputHistory> {
    let root = settings::output_folder(None, &project.manifest, &project.folder)?;
    Ok(git::OutputHistory::new(&root))
}

fn print(args: &DiffArgs, changes: &ProjectChanges) -> anyhow::Result<()> {
    let DiffArgs { from, to, .. } = args;
    let printed = match args.format {
        DiffFormat::Text => text(changes),
        DiffFormat::Json => {
            let object = RevisionChanges { from, to: to.as_deref(), changes };
            format!("{}\n", serde_json::to_string_pretty(&object)?)
        }
        DiffFormat::Markdown => {
            let to = to.as_ref().map_or("the working tree".to_owned(), |to| code_span(to));
            markdown(changes, &format!("Changes from {} to {to}", code_span(from)))
        }
    };
    ui::result(&masked(&printed));
    Ok(())
}
