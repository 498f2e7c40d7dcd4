//! `generate` for one cluster, from the first read to the last write.

use std::collections::{BTreeSet, HashSet};
use std::mem::forget;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::output_lock::OutputLock;
use crate::adapters::fs::{
    self, BackgroundCheck, DocumentFile, DocumentMemory, FinishingCheck, KnownShared, MemorySink, Stage,
};
use crate::adapters::{git, ui};
use crate::cache::{CachedRunFile, Reuse};
use crate::checksum::ChecksumKey;
use crate::cli::{Format, GenerateArgs};
use crate::commands::cache_location::CacheLocation;
use crate::commands::drift::{Drift, Expanded, Scope, SharedMappings, folder_on_disk};
use crate::commands::input_check::InputCheck;
use crate::commands::make_files::MakeFiles;
use crate::commands::project::Project;
use crate::commands::report::{Report, differences};
use crate::commands::unused_shared::unused_shared;
use crate::header::Owner;
use crate::lock;
use crate::manifest::Layout;
use crate::ownership::TakeOver;
use crate::reconcile::{Assembly, BundleSink, DocumentStore, TextSink};
use crate::settings::{self, Network, Only};
use crate::shared_files::{ContentHash, SHARED};
use crate::tree::{Inaccessible, Outline, OutputFolder, View};
use crate::vocabulary::{ClusterName, OwnerName};

/// Result for one cluster.
pub(super) struct Done {
    pub(super) report: Report,
    /// Its output folder.
    pub(super) root: PathBuf,
    /// Set if the run was about any mapping or module of the cluster.
    pub(super) selected: bool,
    /// Owner of the manifest.
    pub(super) owner: Option<OwnerName>,
}

/// Arguments and manifest that all clusters of a run share.
pub(super) struct Pipeline<'r> {
    args: &'r GenerateArgs,
    manifest: &'r Path,
    only: Option<&'r Only>,
    /// The manifest as it was read for the first of its clusters.
    read: Option<Project>,
    /// Mappings of its clusters, if they are several.
    shared: Option<SharedMappings>,
    /// Key of the checksums of its clusters.
    key: Option<ChecksumKey>,
    /// Shared files that were compared with the previous run.
    known: Arc<KnownShared>,
    /// Lock of the folder that clusters share, which is taken before those of clusters.
    shared_lock: Option<OutputLock>,
    /// Contents of shared files that its clusters use.
    used: HashSet<ContentHash>,
}

impl<'r> Pipeline<'r> {
    pub(super) fn new(args: &'r GenerateArgs, manifest: &'r Path, only: Option<&'r Only>, clusters: usize) -> Self {
        let shared = (clusters > 1).then(SharedMappings::default);
        let (known, used) = (Arc::default(), HashSet::new());
        Self { args, manifest, only, read: None, shared, key: None, known, shared_lock: None, used }
    }

    /// Returns whether files are written.
    pub(super) fn writes(&self) -> bool {
        !self.args.dry_run && !self.args.check
    }

    /// Makes the files of one cluster what they should be.
    pub(super) fn run(
        &mut self,
        cluster: Option<&ClusterName>,
        make_files: &mut MakeFiles<'_>,
    ) -> anyhow::Result<Done> {
        let since = fs::now();
        let location = CacheLocation::of(self.manifest, cluster, self.args.output.output.as_ref());
        let mut lock = None;
        let previous = self.previous_run(&location, &mut lock)?;
        let workers = || settings::workers(self.args.output.jobs);
        let mut check = previous.map(|run| BackgroundCheck::start(run, self.args.check, workers, &self.known));
        let inputs = check.as_ref().map(|check| InputCheck::of(&check.files().inputs, self.manifest));
        // A module that is taken over was not planned then.
        let same_inputs = inputs.is_some_and(|inputs| inputs.same) && self.args.settle.take_over.is_empty();
        if let Some(check) = check.take_if(|check| same_inputs && check.wait().whole) {
            return self.finish_unchanged(check, &location, make_files);
        }

        let check = check.map(|check| check.finish_aside(workers()));
        let (project, root) = self.open(cluster, &mut lock)?;
        // The output folder may be another one now.
        let check = check.filter(|check| std::path::absolute(&root).is_ok_and(|root| root == check.root));
        let key = check.as_ref().map(|check| check.key).or(self.key);
        let key = *self.key.insert(key.unwrap_or_else(fs::random_checksum_key));
        let expanded = Expanded::of(&project, key, &git::OutputHistory::new(&root))?.sharing(self.shared.as_ref());
        let cached = check.and_then(FinishingCheck::finish);
        let same_templates = inputs.is_some_and(|inputs| inputs.same_templates);
        let cached = cached.filter(|(run, _)| run.files.layout == project.manifest.output.layout);
        let reuse = cached.as_ref().map(|(run, result)| Reuse::new(run, result, same_templates, &expanded.expansion));

        let (stage, texts) = (Stage::new(&root), MemorySink::default());
        let sink: &dyn TextSink = match (self.writes(), self.args.diff) {
            (true, true) => &(&stage, &texts),
            (true, false) => &stage,
            (false, true) => &texts,
            (false, false) => &(),
        };
        let (file, memory) = (DocumentFile::new(&root), DocumentMemory::default());
        let store: Option<&dyn DocumentStore> = match (self.writes(), self.args.diff) {
            (true, _) => Some(&file),
            (false, true) => Some(&memory),
            (false, false) => None,
        };
        let sink = BundleSink::new(sink, store);
        let folder = folder_on_disk(&root, &project, reuse.iter().flat_map(Reuse::listed));
        let mut drift = Drift::of(expanded, &self.scope(), reuse.as_ref(), root.clone(), folder, &sink)?;
        drift.refuse();
        let assembly = if store.is_some() { drift.assemble(&sink)? } else { None };
        project.note();
        let report = Report::new(&drift, &project.sources, self.args.format, self.args.explain)?;
        let diff =
            if self.args.diff { differences(&drift, assembly.as_ref(), &texts.into_texts())? } else { String::new() };
        let [files, templates] = project.read();
        make_files.note(self.manifest, &root, [&files, &templates])?;

        let saved = self.writes() && drift.selected && commit(&project, (&mut drift, assembly), stage, make_files)?;
        drift.note_used(&mut self.used);
        if let Some(shared) = &self.shared {
            shared.note_stored(drift.stored_files());
        }
        // A lock is for all clusters.
        if let Some(read) = &mut self.read {
            read.take_lock(&project, saved);
        }
        let settled = !report.has_conflicts() && (self.writes() || !report.has_changes());
        if settled
            && self.only.is_none()
            && let Some(run) = drift.to_cached_run((&project, project.saved_lock()), &fs::Folder::new(&root), since)
        {
            location.write(&run.files, run.mappings());
        }
        if self.args.format == Format::Text {
            ui::result(&diff);
        }
        let (owner, selected) = (project.manifest.owner.clone(), drift.selected);
        // A process with one cluster is about to end, and need not take ten thousand mappings apart first.
        if self.shared.is_none() {
            forget(drift);
            forget(reuse);
            forget(cached);
            forget(project);
        }
        Ok(Done { report, root, selected, owner })
    }

    /// Opens the cache, and locks the output folder that it is of. A run about a part of the mappings does without:
    /// the cache has whole runs.
    fn previous_run(
        &mut self,
        location: &CacheLocation,
        lock: &mut Option<OutputLock>,
    ) -> anyhow::Result<Option<CachedRunFile>> {
        let Some(run) = self.only.is_none().then(|| location.open()).flatten() else { return Ok(None) };
        if !self.writes() {
            return Ok(Some(run));
        }
        if run.files.layout == Layout::Shared {
            self.lock_shared(Path::new(&run.files.root))?;
        }
        *lock = OutputLock::take_existing(Path::new(&run.files.root))?;
        let Some(lock) = lock else { return Ok(None) };
        // The run that was waited for has left a newer one.
        let run = if lock.waited { location.open() } else { Some(run) };
        Ok(run.filter(|run| lock.is_of(Path::new(&run.files.root))))
    }

    /// Locks the folder of shared files beside the folder of a cluster.
    fn lock_shared(&mut self, root: &Path) -> Result<(), Inaccessible> {
        if !self.has_shared_lock(root) {
            self.shared_lock = None;
            self.shared_lock = Some(OutputLock::take(&root.with_file_name(SHARED))?);
        }
        Ok(())
    }

    fn has_shared_lock(&self, root: &Path) -> bool {
        self.shared_lock.as_ref().is_some_and(|lock| lock.is_of(&root.with_file_name(SHARED)))
    }

    /// Removes the shared files below the folder of all clusters that no cluster has any more, and reports them. A run
    /// that writes nothing reports them if all else is as it should be.
    pub(super) fn remove_unused(&mut self, all: &Path, owner: Owner<'_>, is_settled: bool) -> anyhow::Result<Report> {
        let shared = all.join(SHARED);
        if fs::check_folder(&shared).is_err() || !shared.is_dir() || !self.writes() && !is_settled {
            return Ok(Report::unchanged(0, false));
        }
        if self.writes() {
            self.lock_shared(&shared)?;
        }
        let at =
            |below: &str| -> anyhow::Result<Box<dyn OutputFolder>> { Ok(Box::new(fs::Folder::new(&all.join(below)))) };
        let used = std::mem::take(&mut self.used);
        let mut changes = unused_shared(&at, (|_: &str| false, used), owner, self.args.settle.force)?;
        let report = Report::of_removals(&changes);
        if self.writes() {
            let folder = fs::Folder::new(&shared);
            let outline = Outline::read(&folder, |_| None)?;
            let stage = Stage::new(&shared);
            stage.sweep(View { folder: &folder, outline: &outline })?;
            stage.commit(&mut changes, &BTreeSet::new(), View { folder: &folder, outline: &outline })?;
            fs::remove_if_empty(&shared)?;
        }
        Ok(report)
    }

    /// Ends a run that has nothing to do.
    fn finish_unchanged(
        &self,
        check: BackgroundCheck,
        location: &CacheLocation,
        make_files: &mut MakeFiles<'_>,
    ) -> anyhow::Result<Done> {
        let files = check.files();
        let root = settings::named_folder(self.args.output.output.as_ref(), self.manifest, check.root());
        make_files.note(self.manifest, &root, [&files.inputs.files, &files.inputs.templates])?;
        files.messages.iter().for_each(|message| ui::talk_once(message));
        let report = Report::unchanged(files.file_count(), self.args.explain);
        let owner = files.owner.as_deref().and_then(|owner| OwnerName::parse(owner).ok());
        if check.has_touched()
            && let Some((run, _)) = check.finish()
        {
            location.write(&run.files, run.mappings.into_iter().map(Some));
        }
        Ok(Done { report, root, selected: true, owner })
    }

    /// Reads the manifest, and locks its output folder if it is to be written to.
    fn open(
        &mut self,
        cluster: Option<&ClusterName>,
        lock: &mut Option<OutputLock>,
    ) -> anyhow::Result<(Project, PathBuf)> {
        let mut network = Network::from(&self.args.output.network);
        network.locked |= self.args.check;
        loop {
            let mut project = self.read(cluster)?;
            project.complete_lock(network)?;
            let root = settings::output_folder(self.args.output.output.as_ref(), &project.manifest, &project.folder)?;
            let has_shared = project.manifest.output.layout != Layout::Shared || self.has_shared_lock(&root);
            if !self.writes() || has_shared && lock.as_ref().is_some_and(|lock| lock.is_of(&root)) {
                return Ok((project, root));
            }
            // Never two of clusters at once, and that of shared files first: two runs could wait for each other.
            drop(lock.take());
            if !has_shared {
                self.lock_shared(&root)?;
            }
            *lock = Some(OutputLock::take(&root)?);
            // A run that began later may have been here first, and must not be undone.
            if project.is_current(self.manifest) {
                return Ok((project, root));
            }
        }
    }

    /// Reads the manifest for one of its clusters: as it was read for another one, if nothing has changed since.
    fn read(&mut self, cluster: Option<&ClusterName>) -> anyhow::Result<Project> {
        if cluster.is_none() {
            return Project::open(self.manifest, None);
        }
        let current = self.read.take().filter(|project| project.is_current(self.manifest));
        let project = match current {
            Some(project) => project,
            None => Project::open(self.manifest, cluster)?,
        };
        self.read.insert(project).for_cluster(cluster)
    }

    fn scope(&self) -> Scope<'r> {
        let settle = &self.args.settle;
        let reading = Scope::reading(&self.args.output, self.only);
        let take_over = TakeOver::Modules(&settle.take_over);
        Scope { force: settle.force, allow_remove: settle.allow_remove, take_over, ..reading }
    }
}

/// Writes the lock and the files; returns whether the lock was not yet on disk.
fn commit(
    project: &Project,
    (drift, assembly): (&mut Drift<'_>, Option<Assembly>),
    stage: Stage,
    make_files: &mut MakeFiles<'_>,
) -> anyhow::Result<bool> {
    let saved = project.save_lock()?;
    if saved {
        make_files.wrote(project.folder.join(lock::FILE_NAME));
    }
    stage.sweep(drift.tree())?;
    if let Some(mut assembly) = assembly {
        stage.commit(&mut assembly.changes, &assembly.replacing, drift.tree())?;
        drift.note_written(&assembly);
        return Ok(saved);
    }
    let mut changes = std::mem::take(&mut drift.changes);
    stage.commit(&mut changes, &BTreeSet::new(), drift.tree())?;
    drift.changes = changes;
    Ok(saved)
}
