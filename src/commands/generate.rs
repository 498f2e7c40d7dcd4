//! `kmodgen generate`: write the files that the manifest asks for, and only those that differ.

use super::project::Project;
use super::report::{Report, differences};
use super::survey::Survey;
use crate::adapters::{fs, ui};
use crate::cli::{Format, GenerateArgs};
use crate::driver::Answer;
use crate::output;
use crate::reconcile::{Policy, reconcile};
use crate::settings::{self, Network, Only};

/// Runs the verb.
pub fn run(args: &GenerateArgs) -> anyhow::Result<Answer> {
    let only = Only::parse(&args.output.only)?;
    let mut project = Project::open(&args.manifest)?;
    let mut network = Network::from(&args.output.network);
    network.locked |= args.check;
    project.complete_lock(network)?;
    let workers = settings::workers(args.output.jobs);
    let mut survey = Survey::take(&project, args.output.output.as_ref(), only.as_ref(), workers)?;
    let paths = only.as_ref().map(|only| only.paths(&survey.outputs, &survey.tree));
    let mut holds = survey.holds(&project, args.allow_remove);
    if let Some(paths) = &paths {
        holds.retain(|hold| paths.iter().any(|path| path.as_str().split('/').next() == Some(&hold.module)));
    }
    let mut outputs = std::mem::take(&mut survey.outputs);
    output::keep_listed(&mut outputs, holds.iter().map(|hold| hold.module.as_str()));
    let policy = Policy {
        force: args.force,
        held: holds.iter().map(|hold| (hold.module.clone(), hold.why.clone())).collect(),
        only: paths,
    };
    let changes = reconcile(outputs, &survey.tree, &policy);
    survey.keep_impacts_of(&changes);
    let writes = !args.dry_run && !args.check;
    if writes {
        project.save_lock()?;
        fs::apply(&survey.root, &changes)?;
    }
    let report = Report::new(&survey, &changes, &holds, &project.sources, args.explain);
    match args.format {
        Format::Json => ui::result(&format!("{}\n", serde_json::to_string_pretty(&report)?)),
        Format::Text => {
            if args.diff {
                ui::result(&differences(&survey.root, &changes, &survey.tree));
            }
            report.print(&survey, writes, only.is_some());
        }
    }
    let unsettled = report.has_conflicts() || (args.check && report.has_changes());
    Ok(if unsettled { Answer::NeedsSomeone } else { Answer::Fine })
}
