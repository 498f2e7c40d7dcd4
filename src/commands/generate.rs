//! `kmodgen generate`: write the files that the manifest asks for, and only those that differ.

use std::time::Duration;

use super::project::Project;
use super::report::{Report, differences};
use super::survey::{Scope, Survey};
use crate::adapters::fs::{Guard, Kept, Stage};
use crate::adapters::ui;
use crate::cli::{Format, GenerateArgs};
use crate::driver::Answer;
use crate::reconcile::Shelf;
use crate::settings::{self, Network, Only};

/// How long another run in the same folder may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the verb.
pub fn run(args: &GenerateArgs) -> anyhow::Result<Answer> {
    let only = Only::parse(&args.output.only)?;
    let mut project = Project::open(&args.manifest)?;
    let mut network = Network::from(&args.output.network);
    network.locked |= args.check;
    project.complete_lock(network)?;
    let reading = Scope::reading(&args.output, only.as_ref());
    let scope = Scope { force: args.force, allow_remove: args.allow_remove, ..reading };
    let writes = !args.dry_run && !args.check;
    let root = settings::output_folder(scope.output, &project.manifest, &project.folder);
    let guard = writes.then(|| Guard::take(&root, PATIENCE, || ui::talk("waiting for another run of kmodgen\n")));
    let _guard = guard.transpose()?;
    let (stage, kept) = (Stage::new(&root), Kept::default());
    let shelf: &dyn Shelf = match (writes, args.diff) {
        (true, true) => &(&stage, &kept),
        (true, false) => &stage,
        (false, true) => &kept,
        (false, false) => &(),
    };
    let mut survey = Survey::take(&project, &scope, shelf)?;
    survey.hold();
    let report = Report::new(&survey, &project.sources, args.explain)?;
    let diff = if args.diff { differences(&survey, &kept.into_texts())? } else { String::new() };
    if writes {
        project.save_lock()?;
        stage.sweep(&survey.outline)?;
        stage.commit(&survey.changes, &survey.outline)?;
    }
    match args.format {
        Format::Json => ui::result(&format!("{}\n", serde_json::to_string_pretty(&report)?)),
        Format::Text => {
            ui::result(&diff);
            report.print(&survey, writes, only.is_some());
        }
    }
    let unsettled = report.has_conflicts() || (args.check && report.has_changes());
    Ok(if unsettled { Answer::NeedsSomeone } else { Answer::Fine })
}
