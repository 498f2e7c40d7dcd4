//! `kmodgen publish`: commit the files that the manifest asks for to a branch of a GitOps
//! repository, without a checkout.
//!
//! It is `generate` with a folder of a commit in the place of one on disk: the same drift, the
//! same conflicts, the same report.

mod attempt;
mod facts;
mod previous_run;
mod pull_request;
mod report;
mod shared_ids;
mod wanted;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use self::attempt::Attempt;
use self::facts::Told;
use self::previous_run::{Checked, PreviousRun, Reading};
use self::report::{Published, PullRequest};
use self::shared_ids::SharedIds;
pub(super) use self::wanted::Target;
use self::wanted::Wanted;
use super::drift::LeftOut;
use super::faults::Faults;
use super::hold_notes::HoldNotes;
use super::known_modules::KnownModules;
use super::orphan_clusters::orphan_clusters;
use super::project::Project;
use super::report::Report;
use crate::adapters::engine;
use crate::adapters::git::{CommittedFolder, Destination, GitEnvironment, Landing, PublishError, Start, ToRemote};
use crate::adapters::ui;
use crate::cli::{Format, PublishArgs};
use crate::commands::Exit;
use crate::header::Owner;
use crate::manifest::Layout;
use crate::publish::{Message, render};
use crate::settings::{self, Network};
use crate::shared_files::SHARED;
use crate::tree::OutputFolder;
use crate::vocabulary::{ClusterName, Diagnostic, Diagnostics, SourceMap};

/// Limit on attempts to commit. If another commit came in between, the next attempt is made on top of that one.
const TRIES: usize = 50;

/// Runs the verb.
pub fn run(args: &PublishArgs) -> anyhow::Result<Exit> {
    let manifest = settings::manifest_path(&args.manifest)?;
    let (mut projects, mut previous) = open(args, &manifest)?;
    let Some(first) = projects.first() else { return Ok(Exit::Success) };
    let wanted = Wanted::resolve(args, &first.manifest.publish, &first.folder)?;
    engine::sweep();
    let destination = reach(args, &wanted)?;
    // Another run may have been waited for: what changed meanwhile must not be undone.
    while !projects.iter().all(|project| project.is_current(&manifest)) {
        (projects, previous) = open(args, &manifest)?;
    }
    let run = Run { args, manifest: &manifest, wanted: &wanted, projects: &projects, previous: &previous };
    let (mut report, published) = run.publish(&destination)?;
    let holds = HoldNotes::of(projects.iter().flat_map(Project::holds).cloned().collect());
    report.note_holds(&holds);
    holds.print();
    if args.format == Format::Json {
        let mut told = serde_json::to_value(&report)?;
        told["publish"] = serde_json::to_value(&published)?;
        ui::result(&format!("{}\n", serde_json::to_string_pretty(&told)?));
    } else {
        published.print(args.dry_run || args.check, report.has_conflicts());
    }
    Ok(if report.needs_action(args.check) { Exit::ActionNeeded } else { Exit::Success })
}

/// The manifest for each cluster, and what is known of the run before.
fn open(args: &PublishArgs, manifest: &Path) -> anyhow::Result<(Vec<Project>, Vec<PreviousRun>)> {
    let network = Network { locked: true, offline: args.offline, timeout: Duration::from_secs(args.timeout) };
    let (mut projects, mut reading) = (Vec::new(), Vec::new());
    let flags = wanted::flags(args);
    let mut first = None;
    for cluster in settings::clusters(&args.cluster, manifest)? {
        reading.push(Reading::start(manifest.to_owned(), cluster.as_ref(), &flags));
        let first = match &mut first {
            Some(first) => first,
            None => first.insert(Project::open(manifest, cluster.as_ref())?),
        };
        let mut project = first.for_cluster(cluster.as_ref())?;
        project.complete_lock(network)?;
        projects.push(project);
    }
    Ok((projects, reading.into_iter().map(Reading::finish).collect()))
}

/// The repository, which nobody else publishes to from here on, unless this run only looks.
fn reach(args: &PublishArgs, wanted: &Wanted) -> anyhow::Result<Destination> {
    let environment = GitEnvironment::from_process();
    let timeout = Duration::from_secs(args.timeout);
    let writes = !args.dry_run && !args.check;
    let cache = settings::cache_folder();
    let opened = Destination::open(&wanted.place(), environment, cache, timeout, !writes, || {
        ui::talk("waiting for another run of kmodgen\n");
    });
    let destination = opened.map_err(fault)?;
    if wanted.push && writes {
        destination.check_push().map_err(fault)?;
    }
    Ok(destination)
}

/// A publish error as it is shown.
pub(super) fn fault(error: PublishError) -> anyhow::Error {
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

/// Parameters that all attempts share.
struct Run<'r> {
    args: &'r PublishArgs,
    manifest: &'r Path,
    wanted: &'r Wanted,
    projects: &'r [Project],
    /// The previous run of each of them.
    previous: &'r [PreviousRun],
}

/// A cluster that was compared with the branch: what is left of it when the next one is compared.
struct Compared<'r> {
    project: &'r Project,
    report: Report,
    root: PathBuf,
    left_out: LeftOut,
}

/// The folder of a cluster below that of all.
fn below(project: &Project) -> &str {
    project.manifest.cluster.as_ref().map_or("", ClusterName::as_str)
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
        self.check_names(destination, &start)?;
        let shared = self.shared_folder(destination, &start)?;
        let ids = shared.as_ref().map(SharedIds::new);
        let mut checks = Vec::new();
        for (project, previous) in self.projects.iter().zip(self.previous) {
            let folder = destination.folder(&start, below(project)).map_err(fault)?;
            checks.push(previous.check(&folder, ids.as_ref()));
        }
        let mut published = self.published(destination, &start);
        let unchanged: Option<Vec<&Checked<'_>>> =
            checks.iter().map(|check| check.as_ref().filter(|check| check.is_same())).collect();
        if let Some(unchanged) = unchanged.filter(|_| self.args.settle.take_over.is_empty()) {
            self.push_on(destination, &mut published)?;
            let reports = self.projects.iter().zip(unchanged).map(|(project, check)| {
                // Those of the plan; the manifest was read.
                check.files.messages.iter().for_each(|message| ui::talk_once(message));
                let report = Report::unchanged(check.files.file_count(), false);
                if self.args.format == Format::Text {
                    report.print(cluster_name(project), Path::new(""), self.writes(), false);
                }
                (project.manifest.cluster.clone(), report)
            });
            let mut report = Report::joined(reports);
            self.note_orphan_clusters(destination, &start, &mut report)?;
            self.finish_unchanged(destination, &start, (&[], &mut published))?;
            return Ok(Some((report, published)));
        }
        let mut attempt = Attempt::new(self, destination, &start, shared.as_ref());
        for ((project, check), previous) in self.projects.iter().zip(&checks).zip(self.previous) {
            attempt.compare(project, check.as_ref(), previous)?;
        }
        let removed = attempt.finish_shared()?;
        let Attempt { objects, facts, has_changes, trees, compared, .. } = attempt;
        if has_changes {
            let message = self.message(facts)?;
            self.tell_pull_request(destination, message.subject(), (&compared, &mut published))?;
            if self.writes() {
                let landing = destination.commit(&start, objects, &trees, message.as_str()).map_err(fault)?;
                let Landing::Landed(commit) = landing else { return Ok(None) };
                published.landed(commit);
            }
            published.tell(&message);
        } else {
            self.finish_unchanged(destination, &start, (&compared, &mut published))?;
        }
        self.push_on(destination, &mut published)?;
        if self.args.format == Format::Text {
            for Compared { project, report, root, .. } in &compared {
                report.print(cluster_name(project), root, self.writes(), false);
            }
        }
        if self.args.format == Format::Text && (removed.has_changes() || removed.has_conflicts()) {
            removed.print(Some(SHARED), Path::new(self.wanted.path.as_str()), self.writes(), false);
        }
        let reports = compared.into_iter().map(|cluster| (cluster.project.manifest.cluster.clone(), cluster.report));
        let mut report = Report::joined(reports.chain([(None, removed)]));
        self.note_orphan_clusters(destination, &start, &mut report)?;
        Ok(Some((report, published)))
    }

    /// The folder of the files that clusters share, as it is in the commit.
    fn shared_folder(&self, destination: &Destination, start: &Start) -> anyhow::Result<Option<CommittedFolder>> {
        let has_clusters = self.projects.iter().any(|project| project.manifest.cluster.is_some());
        let has_shared = self.projects.iter().any(|project| project.manifest.output.layout == Layout::Shared);
        match destination.folder(start, SHARED) {
            Ok(folder) => Ok(has_clusters.then(|| folder.keeping_all())),
            Err(error) if has_shared => Err(fault(error)),
            Err(_) => Ok(None),
        }
    }

    /// Pushes from a repository on disk, what was committed there before included.
    fn push_on(&self, destination: &Destination, published: &mut Published) -> anyhow::Result<()> {
        if self.writes() && self.wanted.push && !destination.is_remote() {
            let pushed = destination.push_to_remote().map_err(fault)?;
            published.pushed = pushed != ToRemote::Unchanged;
            if pushed == ToRemote::PushedWithoutHooks {
                ui::talk(
                    "note: skipped the hooks of the remote, because it is in the checkout; pass --run-hooks to run them\n",
                );
            }
        }
        Ok(())
    }

    /// Refuses modules in flags that neither the manifest nor the branch has.
    fn check_names(&self, destination: &Destination, start: &Start) -> anyhow::Result<()> {
        let (again, take_over) = (&self.args.again, &self.args.settle.take_over);
        if again.is_empty() && take_over.is_empty() {
            return Ok(());
        }
        let mut known = KnownModules::default();
        for project in self.projects {
            known.add(&project.manifest, &destination.folder(start, below(project)).map_err(fault)?)?;
        }
        known.check("--again", again)?;
        known.check("--take-over", take_over)
    }

    fn message(&self, facts: Told) -> anyhow::Result<Message> {
        // All templates are of one folder.
        let mut renderer = self.projects[0].renderer();
        render(self.wanted.message.as_deref(), &facts.into_facts(), &mut *renderer).map_err(|wrong| {
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

    /// Prepares the pull request that may still have to be opened for what was published before, if nothing is left to
    /// do.
    fn finish_unchanged(
        &self,
        destination: &Destination,
        start: &Start,
        (compared, published): (&[Compared<'_>], &mut Published),
    ) -> anyhow::Result<()> {
        if self.args.pull_request && destination.is_ahead(start) {
            let subject = destination.subject(start).map_err(fault)?;
            self.tell_pull_request(destination, &subject, (compared, published))?;
        }
        Ok(())
    }

    /// Prepares the pull request if one was asked for and there is anything to merge into.
    fn tell_pull_request(
        &self,
        destination: &Destination,
        title: &str,
        (compared, published): (&[Compared<'_>], &mut Published),
    ) -> anyhow::Result<()> {
        if self.args.pull_request && published.is_mergeable() {
            let base = published.base.as_deref();
            let body = pull_request::description(self, destination, compared, base)?;
            published.pull_request = Some(PullRequest::of(published, title, body));
        }
        Ok(())
    }

    fn note_orphan_clusters(
        &self,
        destination: &Destination,
        start: &Start,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        if self.projects.iter().all(|project| project.manifest.cluster.is_none()) {
            return Ok(());
        }
        let known = settings::known_clusters(self.manifest);
        let at = |below: &str| -> anyhow::Result<Box<dyn OutputFolder>> {
            Ok(Box::new(destination.folder(start, below).map_err(fault)?))
        };
        let owner = self.projects.first().map_or(Owner::Nobody, |project| project.manifest.file_owner());
        let orphans = orphan_clusters(&at, |name| known.iter().any(|cluster| cluster.as_str() == name), owner)?;
        for name in orphans {
            report.orphan_cluster(Path::new(self.wanted.path.as_str()), &name);
        }
        Ok(())
    }
}

fn cluster_name(project: &Project) -> Option<&str> {
    project.manifest.cluster.as_ref().map(ClusterName::as_str)
}
