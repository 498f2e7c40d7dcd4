//! `kmodgen publish`: commit the files that the manifest asks for to a branch of a GitOps
//! repository, without a checkout.
//!
//! It is `generate` with a folder of a commit in the place of one on disk: the same survey, the
//! same conflicts, the same report.

mod facts;
mod recall;
mod report;
mod wanted;

use std::path::Path;
use std::thread;
use std::time::Duration;

use self::facts::Told;
use self::recall::{Remembered, Remembering, Seen};
use self::report::{Published, PullRequest};
use self::wanted::Wanted;
use super::abandoned::abandoned;
use super::memory;
use super::project::{Faults, Project};
use super::recall::Recall;
use super::report::Report;
use super::survey::{Scope, Survey};
use crate::adapters::engine;
use crate::adapters::fs;
use crate::adapters::git::{Destination, GitEnvironment, Landing, PublishError, Start, ToRemote};
use crate::adapters::ui;
use crate::cli::{Format, PublishArgs};
use crate::commands::Answer;
use crate::manifest::target_names;
use crate::publish::{Message, render};
use crate::reconcile::{Action, Change, Shelf};
use crate::settings::{self, Network};
use crate::tree::OutputFolder;
use crate::vocabulary::{Diagnostic, Diagnostics, SourceMap, TargetName};

/// How often a commit is made anew on top of one that came in between.
const TRIES: usize = 50;

/// Runs the verb.
pub fn run(args: &PublishArgs) -> anyhow::Result<Answer> {
    let manifest = settings::manifest_path(&args.manifest)?;
    let (mut projects, mut remembered) = open(args, &manifest)?;
    let Some(first) = projects.first() else { return Ok(Answer::Fine) };
    let wanted = Wanted::resolve(args, &first.manifest.publish, &first.folder)?;
    engine::sweep();
    let destination = reach(args, &wanted)?;
    // Another run may have been waited for: what changed meanwhile must not be undone.
    while !projects.iter().all(|project| project.is_current(&manifest)) {
        (projects, remembered) = open(args, &manifest)?;
    }
    let run = Run { args, manifest: &manifest, wanted: &wanted, projects: &projects, remembered: &remembered };
    let (report, published) = run.publish(&destination)?;
    if args.format == Format::Json {
        let mut told = serde_json::to_value(&report)?;
        told["publish"] = serde_json::to_value(&published)?;
        ui::result(&format!("{}\n", serde_json::to_string_pretty(&told)?));
    } else {
        published.print(args.dry_run || args.check, report.has_conflicts());
    }
    let unsettled = report.has_conflicts() || (args.check && report.has_changes());
    Ok(if unsettled { Answer::NeedsSomeone } else { Answer::Fine })
}

/// The manifest for each target, and what is known of the run before.
fn open(args: &PublishArgs, manifest: &Path) -> anyhow::Result<(Vec<Project>, Vec<Remembered>)> {
    let network = Network { locked: true, offline: args.offline, timeout: Duration::from_secs(args.timeout) };
    let (mut projects, mut remembering) = (Vec::new(), Vec::new());
    let flags = wanted::flags(args);
    let mut first = None;
    for target in settings::targets(&args.target, manifest)? {
        remembering.push(Remembering::start(manifest.to_owned(), target.as_ref(), &flags));
        let first = match &mut first {
            Some(first) => first,
            None => first.insert(Project::open(manifest, target.as_ref())?),
        };
        let mut project = first.for_target(target.as_ref())?;
        project.complete_lock(network)?;
        projects.push(project);
    }
    Ok((projects, remembering.into_iter().map(Remembering::finish).collect()))
}

/// The repository, which nobody else publishes to from here on, unless this run only looks.
fn reach(args: &PublishArgs, wanted: &Wanted) -> anyhow::Result<Destination> {
    let environment = GitEnvironment::from_process();
    let timeout = Duration::from_secs(args.timeout);
    let waits = || ui::talk("waiting for another run of kmodgen\n");
    let writes = !args.dry_run && !args.check;
    let cache = settings::cache_folder();
    let opened = Destination::open(&wanted.place(), environment, cache, timeout, !writes, waits);
    let destination = opened.map_err(fault)?;
    if wanted.push && writes {
        destination.check_push().map_err(fault)?;
    }
    Ok(destination)
}

/// A publish error as it is shown.
fn fault(error: PublishError) -> anyhow::Error {
    let diagnostic = Diagnostic::error("publish", error.to_string());
    let diagnostic = match error.help() {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    };
    shown(diagnostic, SourceMap::default())
}

fn shown(diagnostic: Diagnostic, sources: SourceMap) -> anyhow::Error {
    let mut faults = Diagnostics::default();
    faults.push(diagnostic);
    Faults::new(faults, sources).into()
}

/// What is the same for all attempts.
struct Run<'r> {
    args: &'r PublishArgs,
    manifest: &'r Path,
    wanted: &'r Wanted,
    projects: &'r [Project],
    /// What is known of the run before, for each of them.
    remembered: &'r [Remembered],
}

/// A target, and what there is beside what should be.
struct Surveyed<'r> {
    project: &'r Project,
    survey: Survey<'r>,
    recall: Option<&'r Recall<'r>>,
    remembered: &'r Remembered,
}

/// The folder of a target below that of all.
fn below(project: &Project) -> &str {
    project.manifest.target.as_ref().map_or("", TargetName::as_str)
}

impl Run<'_> {
    fn writes(&self) -> bool {
        !self.args.dry_run && !self.args.check
    }

    fn publish(&self, destination: &Destination) -> anyhow::Result<(Report, Published)> {
        for attempt in 1.. {
            if let Some(done) = self.attempt(destination)? {
                destination.end();
                return Ok(done);
            }
            if attempt >= TRIES {
                break;
            }
            // Two that race come out of step.
            let odd = u64::from(std::process::id() % 7) + 1;
            thread::sleep(Duration::from_millis(odd * attempt.min(10) as u64));
        }
        Err(fault(PublishError::KeepsMoving { branch: self.wanted.branch.to_string(), times: TRIES }))
    }

    /// Publishes on top of what is there; `None` where that has moved meanwhile.
    fn attempt(&self, destination: &Destination) -> anyhow::Result<Option<(Report, Published)>> {
        let start = destination.start().map_err(fault)?;
        let mut seen = Vec::new();
        for (project, remembered) in self.projects.iter().zip(self.remembered) {
            let folder = destination.folder(&start, below(project)).map_err(fault)?;
            seen.push(remembered.beside(project, &folder));
        }
        let mut published = self.published(destination, &start);
        let whole: Option<Vec<usize>> = seen.iter().map(|seen| seen.as_ref()?.whole()).collect();
        if let Some(files) = whole {
            self.push_on(destination, &mut published)?;
            let known = self.projects.iter().zip(&seen).zip(files);
            let reports = known.map(|((project, seen), files)| {
                // Those of the plan; the manifest was read.
                seen.iter().flat_map(Seen::said).for_each(|message| ui::talk_once(message));
                let report = Report::unchanged(files, false);
                if self.args.format == Format::Text {
                    report.print(target_name(project), Path::new(""), &[].into(), self.writes(), false);
                }
                (project.manifest.target.clone(), report)
            });
            let mut report = Report::joined(reports);
            self.note_abandoned(destination, &start, &mut report)?;
            self.finish_unchanged(destination, &start, &mut published)?;
            return Ok(Some((report, published)));
        }
        let recalls: Vec<Option<Recall<'_>>> =
            self.projects.iter().zip(&seen).map(|(project, seen)| seen.as_ref()?.recall(project)).collect();
        let objects = destination.objects();
        let since = fs::now();
        let mut surveys = Vec::new();
        for ((project, remembered), recall) in self.projects.iter().zip(self.remembered).zip(&recalls) {
            let survey = self.survey(destination, &start, project, recall.as_ref(), &objects)?;
            surveys.push(Surveyed { project, survey, recall: recall.as_ref(), remembered });
        }
        let changes: Vec<(String, &[Box<Change>])> = surveys
            .iter()
            .map(|surveyed| (below(surveyed.project).to_owned(), surveyed.survey.changes.as_slice()))
            .collect();
        let written = |change: &Change| matches!(change.action, Action::Create | Action::Update | Action::Remove);
        let any = changes.iter().any(|(_, changes)| changes.iter().any(|change| written(change)));
        let mut reports = Vec::new();
        for Surveyed { project, survey, .. } in &surveys {
            reports.push((
                project.manifest.target.clone(),
                Report::new(survey, &project.sources, self.args.format, false)?,
            ));
        }
        let mut landed = start.parent;
        if any {
            let message = self.message(&surveys)?;
            if self.writes() {
                let landing = destination.commit(&start, objects, &changes, message.as_str()).map_err(fault)?;
                let Landing::Landed(commit) = landing else { return Ok(None) };
                landed = Some(commit);
                published.landed(commit);
            }
            published.tell(&message, self.args.pull_request);
        } else {
            self.finish_unchanged(destination, &start, &mut published)?;
        }
        self.push_on(destination, &mut published)?;
        self.remember(destination, landed.filter(|_| self.writes() || !any), &surveys, since);
        if self.args.format == Format::Text {
            for (Surveyed { project, survey, .. }, (_, report)) in surveys.iter().zip(&reports) {
                report.print(target_name(project), &survey.root, &survey.impacts, self.writes(), false);
            }
        }
        let mut report = Report::joined(reports.into_iter());
        self.note_abandoned(destination, &start, &mut report)?;
        // The process is about to end. To take ten thousand mappings apart first would be a tenth of
        // the run.
        std::mem::forget(surveys);
        Ok(Some((report, published)))
    }

    /// Pushes from a repository on disk, what was committed there before included.
    fn push_on(&self, destination: &Destination, published: &mut Published) -> anyhow::Result<()> {
        if self.writes() && self.wanted.push && !destination.is_remote() {
            let pushed = destination.push_to_remote().map_err(fault)?;
            published.pushed = pushed != ToRemote::Unchanged;
            if pushed == ToRemote::PushedWithoutHooks {
                ui::talk(
                    "note: hooks of the remote were not run, since it is in the checkout; pass --run-hooks to run them\n",
                );
            }
        }
        Ok(())
    }

    fn survey<'p>(
        &self,
        destination: &Destination,
        start: &Start,
        project: &'p Project,
        recall: Option<&'p Recall<'p>>,
        objects: &dyn Shelf,
    ) -> anyhow::Result<Survey<'p>> {
        let folder = Box::new(destination.folder(start, below(project)).map_err(fault)?);
        let root = Path::new(self.wanted.path.as_str()).join(below(project));
        if let Some(recall) = recall {
            project.rely_on(recall.templates());
        }
        let scope = Scope {
            output: None,
            only: None,
            workers: settings::workers(self.args.jobs),
            force: self.args.settle.force,
            allow_remove: self.args.settle.allow_remove,
            recall,
        };
        let shelf: &dyn Shelf = if self.writes() { objects } else { &() };
        let mut survey = Survey::of(project, &scope, root, folder, shelf)?;
        survey.hold();
        Ok(survey)
    }

    fn message(&self, surveys: &[Surveyed<'_>]) -> anyhow::Result<Message> {
        let mut told = Told::new(self.wanted);
        for surveyed in surveys {
            told.add(below(surveyed.project), &surveyed.survey)?;
        }
        // A change is one of some project.
        let mut renderer = surveys[0].project.renderer();
        render(self.wanted.message.as_deref(), &told.into_facts(), &mut *renderer).map_err(|wrong| {
            let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
            faults
                .extend(wrong.into_iter().map(|fault| fault.into_diagnostic(&mut sources, "the commit message", None)));
            Faults::new(faults, sources).into()
        })
    }

    fn published(&self, destination: &Destination, start: &Start) -> Published {
        let name = destination.name().trim_matches('`').to_owned();
        let base = self.wanted.base.as_ref().map(ToString::to_string).or_else(|| destination.default_branch());
        Published::new(name, self.wanted, base, start, self.wanted.push && destination.is_remote())
    }

    /// Where nothing is left to do, a pull request may still have to be opened for what was published
    /// before.
    fn finish_unchanged(
        &self,
        destination: &Destination,
        start: &Start,
        published: &mut Published,
    ) -> anyhow::Result<()> {
        if self.args.pull_request && destination.is_ahead(start) {
            let (subject, body) = destination.message(start).map_err(fault)?;
            published.pull_request = PullRequest::of(published, &subject, &body);
        }
        Ok(())
    }

    /// Leaves records for the next run.
    fn remember(&self, destination: &Destination, commit: Option<git2::Oid>, surveys: &[Surveyed<'_>], since: i64) {
        let Some(commit) = commit else { return };
        for Surveyed { project, survey, recall, remembered } in surveys {
            let settled = !survey.changes.iter().any(|change| matches!(change.action, Action::Conflict(_)));
            let Ok(folder) = destination.folder_of(commit, below(project)) else { continue };
            let record =
                memory::record(project, survey, &folder, recall.map(|recall| (recall, recall.record())), since)
                    .filter(|_| settled);
            if let Some((record, outcomes)) = record {
                remembered.keep(&record, &outcomes);
            }
        }
    }

    fn note_abandoned(&self, destination: &Destination, start: &Start, report: &mut Report) -> anyhow::Result<()> {
        if self.projects.iter().all(|project| project.manifest.target.is_none()) {
            return Ok(());
        }
        let known = target_names(&fs::read_text(self.manifest).unwrap_or_default());
        let at = |below: &str| -> anyhow::Result<Box<dyn OutputFolder>> {
            Ok(Box::new(destination.folder(start, below).map_err(fault)?))
        };
        for name in abandoned(&at, |name| known.iter().any(|target| target.as_str() == name))? {
            report.abandoned(Path::new(self.wanted.path.as_str()), &name);
        }
        Ok(())
    }
}

fn target_name(project: &Project) -> Option<&str> {
    project.manifest.target.as_ref().map(TargetName::as_str)
}
