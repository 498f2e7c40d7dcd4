//! `kmodgen generate`: write the files that the manifest asks for, and only those that differ.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::bail;

use super::abandoned::abandoned;
use super::marks::Marks;
use super::memory::{self, Memory, Unchanged};
use super::project::Project;
use super::recall::Recall;
use super::report::{Report, differences};
use super::survey::{Scope, Survey};
use crate::adapters::fs::{self, Guard, Kept, Stage, Standing};
use crate::adapters::ui;
use crate::cli::{Format, GenerateArgs};
use crate::driver::Answer;
use crate::impact::Impact;
use crate::lock;
use crate::manifest::target_names;
use crate::plan;
use crate::reconcile::Shelf;
use crate::record::Record;
use crate::settings::{self, Network, Only};
use crate::tree::{Inaccessible, OutputFolder};
use crate::vocabulary::TargetName;

/// How long another run in the same folder may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the verb.
pub fn run(args: &GenerateArgs) -> anyhow::Result<Answer> {
    let mut marks = Marks::begin(args)?;
    let only = Only::parse(&args.output.only)?;
    let manifest = settings::manifest_path(&args.manifest)?;
    let targets = settings::targets(&args.output.target, &manifest)?;
    if args.depfile.is_some() && args.stamp.is_none() && targets.iter().any(Option::is_some) {
        bail!("--depfile needs --stamp where the manifest has targets: there is no one file that stands for them all");
    }
    let run = Run { args, manifest: &manifest, only: only.as_ref() };
    let mut dones = Vec::new();
    // All targets are in one folder, each in its own.
    let mut roots = BTreeSet::new();
    for target in targets {
        let done = run.generate(target.as_ref(), &mut marks)?;
        // What --only does not name in any target is refused below.
        if args.format == Format::Text && done.selected {
            let name = target.as_ref().map(TargetName::as_str);
            done.report.print(name, &done.root, &done.impacts, run.writes(), only.is_some());
        }
        roots.extend(target.as_ref().and(done.root.parent()).map(Path::to_path_buf));
        dones.push((target, done));
    }
    only.as_ref().map_or(Ok(()), |only| only.check(dones.iter().map(|(_, done)| done.selected)))?;
    let mut report = Report::joined(dones.into_iter().map(|(target, done)| (target, done.report)));
    let known = target_names(&fs::read_text(&manifest).unwrap_or_default());
    for root in roots {
        let at =
            |below: &str| -> anyhow::Result<Box<dyn OutputFolder>> { Ok(Box::new(fs::Folder::new(&root.join(below)))) };
        for name in abandoned(&at, |name| known.iter().any(|target| target.as_str() == name))? {
            report.abandoned(&root, &name);
        }
    }
    if args.format == Format::Json {
        ui::result(&format!("{}\n", serde_json::to_string_pretty(&report)?));
    }
    let unsettled = report.has_conflicts() || (args.check && report.has_changes());
    marks.leave(if unsettled { Answer::NeedsSomeone } else { Answer::Fine })
}

/// What was done for a target.
struct Done {
    report: Report,
    /// Its output folder.
    root: PathBuf,
    /// What becomes of its modules on nodes.
    impacts: BTreeMap<String, Impact>,
    /// Whether the run was about any of its mappings.
    selected: bool,
}

/// What is the same for all targets.
struct Run<'r> {
    args: &'r GenerateArgs,
    manifest: &'r Path,
    only: Option<&'r Only>,
}

impl Run<'_> {
    fn writes(&self) -> bool {
        !self.args.dry_run && !self.args.check
    }

    /// Makes the files of one target what they should be.
    fn generate(&self, target: Option<&TargetName>, marks: &mut Marks<'_>) -> anyhow::Result<Done> {
        let Self { args, manifest, only } = *self;
        let since = fs::now();
        let workers = settings::workers(args.output.jobs);
        let memory = Memory::of(manifest, target, args.output.output.as_ref());
        let record = if only.is_none() { memory.record() } else { None };
        let writes = self.writes();
        let mut held = None;
        let recalling = match record {
            Some((mut record, outcomes)) => {
                let unchanged = Unchanged::since(&record, manifest);
                if unchanged.all {
                    let standing = recalled(&mut record, args.check, workers);
                    if standing.whole {
                        if let Some(outcomes) = standing.fresh.then(|| outcomes.read()).flatten() {
                            memory.keep(&record, &outcomes);
                        }
                        marks.note(manifest, Path::new(&record.root), [&record.files, &record.templates])?;
                        ui::talk(&record.said);
                        let report = Report::unchanged(record.files(), args.explain);
                        let root = PathBuf::from(record.root);
                        return Ok(Done { report, root, impacts: BTreeMap::new(), selected: true });
                    }
                }
                // What is seen of the files from here on has to last until they are written.
                held = if writes && unchanged.templates { Held::take(Path::new(&record.root)).ok() } else { None };
                let lasts = unchanged.templates && (held.is_some() || !writes);
                // The manifest is read meanwhile.
                lasts.then(|| Recalling::start(record, args.check, workers)).flatten().zip(Some(outcomes))
            }
            None => None,
        };
        let mut network = Network::from(&args.output.network);
        network.locked |= args.check;
        let (project, root) = loop {
            let mut project = Project::open(manifest, target)?;
            project.complete_lock(network)?;
            let root = settings::output_folder(args.output.output.as_ref(), &project.manifest, &project.folder);
            if !writes || held.as_ref().is_some_and(|held| held.is_of(&root)) {
                break (project, root);
            }
            // Never two at once: two runs could wait for each other.
            drop(held.take());
            held = Some(Held::take(&root)?);
            // A run that began later may have been here first, and must not be undone.
            if project.is_current(manifest) {
                break (project, root);
            }
        };
        let recalled = recalling.and_then(|(recalling, outcomes)| {
            let (outcomes, keys) = (outcomes.read(), plan::kernel_keys(&project.manifest));
            // Whatever came of the outcomes, nothing of this run goes on beside what follows.
            let (record, standing) = recalling.finish();
            Some((record, outcomes?, standing, keys))
        });
        let recall = recalled
            .as_ref()
            .map(|(record, outcomes, standing, keys)| Recall::new((record, outcomes), standing, &project, keys));
        let reading = Scope::reading(&args.output, only);
        let recall = recall.as_ref().filter(|recall| recall.is_of(&root));
        if let Some(recall) = recall {
            // A mapping that is recalled does not read its template.
            project.rely_on(recall.templates());
        }
        let scope = Scope { force: args.force, allow_remove: args.allow_remove, recall, ..reading };
        let (stage, kept) = (Stage::new(&root), Kept::default());
        let shelf: &dyn Shelf = match (writes, args.diff) {
            (true, true) => &(&stage, &kept),
            (true, false) => &stage,
            (false, true) => &kept,
            (false, false) => &(),
        };
        let mut survey = Survey::take(&project, &scope, shelf)?;
        survey.hold();
        let report = Report::new(&survey, &project.sources, args.format, args.explain)?;
        let diff = if args.diff { differences(&survey, &kept.into_texts())? } else { String::new() };
        let [files, templates] = project.read();
        marks.note(manifest, &root, [&files, &templates])?;
        if writes && survey.selected {
            if project.save_lock()? {
                marks.wrote(project.folder.join(lock::FILE_NAME));
            }
            stage.sweep(survey.tree())?;
            let mut changes = std::mem::take(&mut survey.changes);
            stage.commit(&mut changes, survey.tree())?;
            survey.changes = changes;
        }
        let settled = !report.has_conflicts() && (writes || !report.has_changes());
        let folder = fs::Folder::new(&root);
        let record = || memory::record(&project, &survey, &folder, recall, since);
        let record = (settled && only.is_none()).then(record).flatten();
        if let Some((record, outcomes)) = record {
            memory.keep(&record, &outcomes);
        }
        if args.format == Format::Text {
            ui::result(&diff);
        }
        let Survey { impacts, selected, .. } = survey;
        Ok(Done { report, root, impacts, selected })
    }
}

fn recalled(record: &mut Record, read: bool, workers: usize) -> Standing {
    let root = record.root.clone();
    fs::compare(Path::new(&root), record, read, workers)
}

/// A record, and how it stands with its files, which is looked at by a thread of its own.
struct Recalling(JoinHandle<(Record, Standing)>);

impl Recalling {
    /// `None` where the system gives no thread: a run goes without.
    fn start(mut record: Record, read: bool, workers: usize) -> Option<Self> {
        let look = move || {
            let standing = recalled(&mut record, read, workers);
            (record, standing)
        };
        std::thread::Builder::new().spawn(look).ok().map(Self)
    }

    fn finish(self) -> (Record, Standing) {
        self.0.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// An output folder that no other run writes to.
struct Held {
    _guard: Guard,
    root: Option<PathBuf>,
}

impl Held {
    fn take(root: &Path) -> Result<Self, Inaccessible> {
        let guard = Guard::take(root, PATIENCE, || ui::talk("waiting for another run of kmodgen\n"))?;
        Ok(Self { _guard: guard, root: std::path::absolute(root).ok() })
    }

    fn is_of(&self, root: &Path) -> bool {
        self.root.is_some() && std::path::absolute(root).ok() == self.root
    }
}
