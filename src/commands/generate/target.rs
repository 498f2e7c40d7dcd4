//! The files of one target, made what they should be.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::before::{Before, Known};
use super::held::Held;
use crate::adapters::fs::{self, Kept, Looking, Stage};
use crate::adapters::ui;
use crate::cli::{Format, GenerateArgs};
use crate::commands::inputs::Unchanged;
use crate::commands::marks::Marks;
use crate::commands::memory::{self, Memory};
use crate::commands::project::Project;
use crate::commands::recall::Recall;
use crate::commands::report::{Report, differences};
use crate::commands::survey::{Scope, Survey};
use crate::impact::Impact;
use crate::lock;
use crate::reconcile::Shelf;
use crate::record::{Record, Standing, Unread};
use crate::settings::{self, Network, Only};
use crate::vocabulary::TargetName;

/// What was done for a target.
pub(super) struct Done {
    pub(super) report: Report,
    /// Its output folder.
    pub(super) root: PathBuf,
    /// What becomes of its modules on nodes.
    pub(super) impacts: BTreeMap<String, Impact>,
    /// Whether the run was about any of its mappings.
    pub(super) selected: bool,
}

/// What is the same for all targets.
pub(super) struct Run<'r> {
    pub(super) args: &'r GenerateArgs,
    pub(super) manifest: &'r Path,
    pub(super) only: Option<&'r Only>,
    /// The manifest as it was read for the first of its targets.
    pub(super) read: RefCell<Option<Project>>,
}

/// The run before, beside what its inputs and files are now.
enum Beside {
    /// All are as they were.
    Same((Arc<Record>, Unread), Standing),
    /// Not all are; with what is of use.
    Other(Option<Before>),
}

/// What is to be done, and the texts that it takes.
struct Draft<'p> {
    survey: Survey<'p>,
    stage: Stage,
    kept: Kept,
}

impl Run<'_> {
    pub(super) fn writes(&self) -> bool {
        !self.args.dry_run && !self.args.check
    }

    /// Makes the files of one target what they should be.
    pub(super) fn generate(&self, target: Option<&TargetName>, marks: &mut Marks<'_>) -> anyhow::Result<Done> {
        let since = fs::now();
        let memory = Memory::of(self.manifest, target, self.args.output.output.as_ref());
        let mut held = None;
        let before = match if self.only.is_none() { memory.record() } else { None } {
            Some((record, outcomes)) => match self.look_at(record, outcomes, &mut held) {
                Beside::Same(before, standing) => return self.leave(before, &standing, &memory, marks),
                Beside::Other(before) => before,
            },
            None => None,
        };
        let (project, root) = self.open(target, &mut held)?;
        let (known, looking) = before.and_then(|before| before.read(&project)).unzip();
        // The plan is made as if nobody had touched the files, while that is found out. Where somebody
        // has, it is made anew.
        let expected = known.as_ref().and_then(|known: &Known| known.recall(&known.expected, &project, &root));
        let (seen, actual);
        let mut recall = expected.as_ref();
        let mut draft = self.draft(&project, &root, recall);
        seen = looking.map(Looking::finish);
        if let (Some(known), Some(seen), Some(_)) = (&known, &seen, recall)
            && seen.whole != known.expected.whole
        {
            drop(draft);
            actual = known.recall(seen, &project, &root);
            recall = actual.as_ref();
            draft = self.draft(&project, &root, recall);
        }
        let Draft { mut survey, stage, kept } = draft?;
        project.note();
        let report = Report::new(&survey, &project.sources, self.args.format, self.args.explain)?;
        let diff = if self.args.diff { differences(&survey, &kept.into_texts())? } else { String::new() };
        let [files, templates] = project.read();
        marks.note(self.manifest, &root, [&files, &templates])?;
        let saved = self.writes() && survey.selected && write(&project, &mut survey, stage, marks)?;
        // What one target has pinned is pinned for all.
        if let Some(read) = &mut *self.read.borrow_mut() {
            read.take_lock(&project, saved);
        }
        let settled = !report.has_conflicts() && (self.writes() || !report.has_changes());
        if settled && self.only.is_none() {
            let record = known.as_ref().zip(seen.as_ref()).map(|(known, seen)| known.record.renewed(seen));
            let recall = recall.zip(record.as_deref());
            if let Some((record, outcomes)) = memory::record(&project, &survey, &fs::Folder::new(&root), recall, since)
            {
                memory.keep(&record, &outcomes);
            }
        }
        if self.args.format == Format::Text {
            ui::result(&diff);
        }
        let (impacts, selected) = (std::mem::take(&mut survey.impacts), survey.selected);
        if target.is_none() {
            // The process is about to end: to take a fleet apart first would only take time.
            std::mem::forget(survey);
            std::mem::forget((known, project));
        }
        Ok(Done { report, root, impacts, selected })
    }

    /// Looks at the files of the run before, and at its inputs, and takes the output folder as long as
    /// its files count.
    fn look_at(&self, record: Record, outcomes: Unread, held: &mut Option<Held>) -> Beside {
        let record = Arc::new(record);
        let root = Path::new(&record.root);
        *held = if self.writes() { Held::take_if_free(root) } else { None };
        let look = || Looking::start(&record, self.args.check, settings::workers(self.args.output.jobs));
        let mut looking = look();
        let unchanged = Unchanged::since(&record, self.manifest);
        if unchanged.all {
            let standing = looking.finish();
            if standing.whole {
                return Beside::Same((record, outcomes), standing);
            }
            looking = Looking::done(standing);
        }
        if unchanged.templates && self.writes() && held.is_none() {
            // Another run has been at work there: what was seen of the files need not last.
            looking.stop();
            *held = Held::take(root).ok();
            looking = look();
        }
        if unchanged.templates && self.writes() == held.is_some() {
            return Beside::Other(Some(Before { record, outcomes, looking }));
        }
        looking.stop();
        Beside::Other(None)
    }

    /// Ends a run that has nothing to do.
    fn leave(
        &self,
        (record, outcomes): (Arc<Record>, Unread),
        standing: &Standing,
        memory: &Memory,
        marks: &mut Marks<'_>,
    ) -> anyhow::Result<Done> {
        if let Some(outcomes) = (!standing.renewed.is_empty()).then(|| outcomes.read()).flatten() {
            memory.keep(&record.renewed(standing), &outcomes);
        }
        marks.note(self.manifest, Path::new(&record.root), [&record.files, &record.templates])?;
        record.said.iter().for_each(|message| ui::talk_once(message));
        let report = Report::unchanged(record.files(), self.args.explain);
        Ok(Done { report, root: PathBuf::from(&record.root), impacts: BTreeMap::new(), selected: true })
    }

    /// Reads the manifest, and takes its output folder where that is to be written to.
    fn open(&self, target: Option<&TargetName>, held: &mut Option<Held>) -> anyhow::Result<(Project, PathBuf)> {
        let mut network = Network::from(&self.args.output.network);
        network.locked |= self.args.check;
        loop {
            let mut project = self.read(target)?;
            project.complete_lock(network)?;
            let root = settings::output_folder(self.args.output.output.as_ref(), &project.manifest, &project.folder)?;
            if !self.writes() || held.as_ref().is_some_and(|held| held.is_of(&root)) {
                return Ok((project, root));
            }
            // Never two at once: two runs could wait for each other.
            drop(held.take());
            *held = Some(Held::take(&root)?);
            // A run that began later may have been here first, and must not be undone.
            if project.is_current(self.manifest) {
                return Ok((project, root));
            }
        }
    }

    /// Reads the manifest for one of its targets, which takes long if it has many: as it was read for
    /// another one, if nothing has changed since.
    fn read(&self, target: Option<&TargetName>) -> anyhow::Result<Project> {
        if target.is_none() {
            return Project::open(self.manifest, None);
        }
        let mut read = self.read.borrow_mut();
        let current = read.take().filter(|project| project.is_current(self.manifest));
        let project = match current {
            Some(project) => project,
            None => Project::open(self.manifest, target)?,
        };
        read.insert(project).for_target(target)
    }

    /// Finds what is to be done, and writes the texts that it takes to where they wait.
    fn draft<'p>(
        &'p self,
        project: &'p Project,
        root: &Path,
        recall: Option<&'p Recall<'p>>,
    ) -> anyhow::Result<Draft<'p>> {
        if let Some(recall) = recall {
            // A mapping that is recalled does not read its template.
            project.rely_on(recall.templates());
        }
        let reading = Scope::reading(&self.args.output, self.only);
        let scope =
            Scope { force: self.args.settle.force, allow_remove: self.args.settle.allow_remove, recall, ..reading };
        let (stage, kept) = (Stage::new(root), Kept::default());
        let shelf: &dyn Shelf = match (self.writes(), self.args.diff) {
            (true, true) => &(&stage, &kept),
            (true, false) => &stage,
            (false, true) => &kept,
            (false, false) => &(),
        };
        let mut survey = Survey::take(project, &scope, shelf)?;
        survey.hold();
        Ok(Draft { survey, stage, kept })
    }
}

/// Writes the lock and the files; returns whether the lock was not yet on disk.
fn write(project: &Project, survey: &mut Survey<'_>, stage: Stage, marks: &mut Marks<'_>) -> anyhow::Result<bool> {
    let saved = project.save_lock()?;
    if saved {
        marks.wrote(project.folder.join(lock::FILE_NAME));
    }
    stage.sweep(survey.tree())?;
    let mut changes = std::mem::take(&mut survey.changes);
    stage.commit(&mut changes, survey.tree())?;
    survey.changes = changes;
    Ok(saved)
}
