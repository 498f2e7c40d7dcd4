//! One attempt to publish: clusters are compared with the branch one after the other, and of each only its tree, its
//! report and its part of the message stay in memory.

use std::collections::HashSet;
use std::path::Path;

use super::facts::Told;
use super::previous_run::{Checked, PreviousRun};
use super::wanted::place_flags;
use super::{Compared, Run, below, fault};
use crate::adapters::fs::{self, DocumentFile};
use crate::adapters::git::{BranchPast, CommittedFolder, Destination, EditedTree, Objects, Start, Unwritten};
use crate::bundle_folder::BundleFolder;
use crate::cache::Reuse;
use crate::checksum::ChecksumKey;
use crate::commands::drift::{BranchScope, Drift, Expanded, Scope, SharedMappings};
use crate::commands::project::Project;
use crate::commands::report::Report;
use crate::commands::unused_shared::unused_shared;
use crate::header::Owner;
use crate::ownership::TakeOver;
use crate::reconcile::{Action, BundleSink, Change, DocumentStore, TextSink};
use crate::settings;
use crate::shared_files::{ContentHash, SHARED, SharedPath};
use crate::tree::OutputFolder;
use crate::vocabulary::RelPath;

/// An attempt on top of a commit.
pub(super) struct Attempt<'r> {
    run: &'r Run<'r>,
    destination: &'r Destination,
    start: &'r Start,
    past: BranchPast<'r>,
    /// Flags that name the repository and the folder.
    flags: String,
    since: i64,
    pub(super) objects: Objects,
    pub(super) facts: Told,
    /// Set if any cluster has changes.
    pub(super) has_changes: bool,
    /// Folders whose changes are to be committed.
    pub(super) trees: Vec<EditedTree>,
    pub(super) compared: Vec<Compared<'r>>,
    /// The folder of the files that clusters share, as it is in the commit.
    shared_folder: Option<&'r CommittedFolder>,
    /// Changes in it.
    #[expect(clippy::vec_box, reason = "as in the drift")]
    shared_changes: Vec<Box<Change>>,
    /// Contents in it that the compared clusters use.
    used: HashSet<ContentHash>,
    /// Mappings of the clusters, if they are several.
    shared: Option<SharedMappings>,
    /// Key of the last cluster's checksums.
    key: Option<ChecksumKey>,
}

impl<'r> Attempt<'r> {
    pub(super) fn new(
        run: &'r Run<'r>,
        destination: &'r Destination,
        start: &'r Start,
        shared_folder: Option<&'r CommittedFolder>,
    ) -> Self {
        let has_clusters = run.projects.iter().any(|project| project.manifest.cluster.is_some());
        Self {
            run,
            destination,
            start,
            past: destination.past(start, has_clusters),
            flags: place_flags(run.args),
            since: fs::now(),
            objects: destination.objects(),
            facts: Told::new(run.wanted),
            has_changes: false,
            trees: Vec::new(),
            compared: Vec::new(),
            shared_folder,
            shared_changes: Vec::new(),
            used: HashSet::new(),
            shared: (run.projects.len() > 1).then(SharedMappings::default),
            key: None,
        }
    }

    /// Compares a cluster with the branch, and writes the objects of its changes.
    pub(super) fn compare(
        &mut self,
        project: &'r Project,
        check: Option<&Checked<'_>>,
        previous: &PreviousRun,
    ) -> anyhow::Result<()> {
        let Self { run, destination, start, .. } = *self;
        let below = below(project);
        let layout = project.manifest.output.layout;
        let check = check.filter(|check| check.files.layout == layout);
        let cached = check.and_then(|check| Some((check, check.read()?)));
        let key = cached.as_ref().map(|(_, run)| run.files.key).or(self.key);
        let key = *self.key.insert(key.unwrap_or_else(fs::random_checksum_key));
        let expanded = Expanded::of(project, key, &destination.history(below))?.sharing(self.shared.as_ref());
        let reuse = cached
            .as_ref()
            .map(|(check, run)| Reuse::new(run, &check.result, check.inputs.same_templates, &expanded.expansion));
        let documents = DocumentFile::new(self.objects.folder());
        let store: Option<&dyn DocumentStore> = if run.writes() { Some(&documents) } else { None };
        let sink: &dyn TextSink = if run.writes() { &self.objects } else { &Unwritten };
        let sink = BundleSink::new(sink, store);
        let folder = BundleFolder::new(destination.folder(start, below).map_err(fault)?);
        let folder = folder.with_shared(self.shared_folder).with_listed(reuse.iter().flat_map(Reuse::listed));
        let folder = Box::new(folder);
        let root = Path::new(run.wanted.path.as_str()).join(below);
        let settle = &run.args.settle;
        let scope = Scope {
            force: settle.force,
            allow_remove: settle.allow_remove,
            branch: Some(BranchScope { past: &self.past, cluster: below, flags: &self.flags, again: &run.args.again }),
            ..Scope::whole(settings::workers(run.args.jobs), TakeOver::Modules(&settle.take_over))
        };
        let mut drift = Drift::of(expanded, &scope, reuse.as_ref(), root, folder, &sink)?;
        drift.refuse();
        let assembly = if store.is_some() { drift.assemble(&sink)? } else { None };
        if let Some(assembly) = &assembly {
            drift.note_written(assembly);
        }
        let report = Report::new(&drift, &project.sources, run.args.format, false)?;
        self.facts.add(below, &drift)?;
        let changes = assembly.as_ref().map_or(&drift.changes, |assembly| &assembly.changes);
        let has_changes = changes.iter().any(|change| is_written(change));
        self.has_changes |= has_changes;
        drift.note_used(&mut self.used);
        if let Some(shared) = &self.shared {
            shared.note_stored(drift.stored_files());
        }
        if !has_changes {
            self.write_cache((project, previous), &drift, &destination.folder(start, below).map_err(fault)?);
        } else if run.writes() {
            let (shared, own): (Vec<_>, Vec<_>) =
                changes.iter().cloned().partition(|change| SharedPath::parse(change.path.as_str()).is_some());
            self.shared_changes.extend(shared.iter().filter_map(|change| in_shared_folder(change)));
            let edited = destination.edit(start, &self.objects, below, &own).map_err(fault)?;
            self.write_cache((project, previous), &drift, &destination.edited_folder(&edited));
            self.trees.push(edited.into_tree());
        }
        self.compared.push(Compared { project, report, root: drift.root.clone(), left_out: drift.left_out() });
        // A process with one cluster is about to end. To take ten thousand mappings apart first would be a tenth of the
        // run.
        if self.shared.is_none() {
            std::mem::forget(drift);
        }
        Ok(())
    }

    /// Finishes the folder of the files that clusters share, and returns the report of what goes from it.
    pub(super) fn finish_shared(&mut self) -> anyhow::Result<Report> {
        let Self { run, destination, start, .. } = *self;
        if !self.has_changes || self.shared_folder.is_none() {
            return Ok(Report::of_removals(&[]));
        }
        let at = |below: &str| -> anyhow::Result<Box<dyn OutputFolder>> {
            Ok(Box::new(destination.folder(start, below).map_err(fault)?))
        };
        let is_compared = |name: &str| run.projects.iter().any(|project| below(project) == name);
        let owner = run.projects.first().map_or(Owner::Nobody, |project| project.manifest.file_owner());
        let used = std::mem::take(&mut self.used);
        let removals = unused_shared(&at, (is_compared, used), owner, run.args.settle.force)?;
        let report = Report::of_removals(&removals);
        self.facts.add_files(&removals);
        self.shared_changes.extend(removals);
        if run.writes() && self.shared_changes.iter().any(|change| is_written(change)) {
            let edited = destination.edit(start, &self.objects, SHARED, &self.shared_changes).map_err(fault)?;
            self.trees.push(edited.into_tree());
        }
        Ok(report)
    }

    /// Caches the run for the next one. Should the branch move before the commit, it is of a tree that is on no branch,
    /// and no use.
    fn write_cache(&self, (project, previous): (&Project, &PreviousRun), drift: &Drift<'_>, folder: &dyn OutputFolder) {
        let settled = !drift.changes.iter().any(|change| matches!(change.action, Action::Conflict(_)));
        if settled && let Some(run) = drift.to_cached_run((project, project.read_lock()), folder, self.since) {
            previous.location.write(&run.files, run.mappings());
        }
    }
}

/// Returns a change of a shared file with its path below the folder of these.
fn in_shared_folder(change: &Change) -> Option<Box<Change>> {
    let path = RelPath::parse(&SharedPath::parse(change.path.as_str())?.stored()?).ok()?;
    Some(Box::new(Change { path, ..change.clone() }))
}

fn is_written(change: &Change) -> bool {
    matches!(change.action, Action::Create | Action::Update | Action::Remove)
}
