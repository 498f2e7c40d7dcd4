//! Report of what `generate` did, or would do, for people and for scripts.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use serde::Serialize;

use super::alike::Groups;
use super::changes::{ComparedInputs, InputGroup, MappingName, shortened};
use super::drift::Drift;
use super::hold_notes::{HoldNotes, HoldRow};
use crate::adapters::ui::{self, CONFLICT};
use crate::cli::Format;
use crate::fingerprint::InputChange;
use crate::impact::{node_counts, reloaded};
use crate::output::mapping_of_config_map;
use crate::plan::MappingRenderer;
use crate::previous;
use crate::reconcile::{Action, Assembly, Change};
use crate::shared_files::{SHARED, below};
use crate::tree::{Found, Inaccessible};
use crate::vocabulary::{ClusterName, RelPath, SourceMap};

/// Limit on the paths in the report for people; the report for scripts has all paths.
const SHOWN: usize = 40;

/// Changes that a run made, or would make; also the object of `--format json`.
#[derive(Serialize)]
pub(super) struct Report {
    summary: Summary,
    nodes: Nodes,
    /// The paths that are not as they were, below the output folder: those in conflict, and as many others
    /// as are shown.
    files: Vec<FileReport>,
    /// Modules that are left as they are until someone decides.
    refused: Vec<RefusalReport>,
    /// Modules whose files stay as they were in a commit.
    holds: Vec<HoldRow>,
    /// Set if the date of a hold has passed.
    #[serde(skip)]
    is_overdue: bool,
    /// Number of files generated again that git has as unmerged.
    #[serde(skip)]
    merged: usize,
    /// Names of modules that nodes unload, each with the kernels.
    #[serde(skip)]
    unloads: Vec<(String, String)>,
    /// Inputs that changed, by equal changes.
    #[serde(skip)]
    inputs: Vec<InputGroup>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanations: Option<BTreeMap<String, Vec<InputChange>>>,
}

/// Number of files for each action.
#[derive(Serialize, Default)]
struct Summary {
    created: usize,
    updated: usize,
    unchanged: usize,
    removed: usize,
    conflicts: usize,
}

/// Number of mappings that nodes load, reload and unload because of the change.
#[derive(Serialize, Default)]
struct Nodes {
    load: usize,
    reload: usize,
    unload: usize,
}

/// Width of a column of a table.
pub(super) fn column_width(title: &str, values: impl Iterator<Item = usize>) -> usize {
    values.max().unwrap_or(0).max(title.len())
}

impl Summary {
    fn add(&mut self, other: &Self) {
        self.created += other.created;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.removed += other.removed;
        self.conflicts += other.conflicts;
    }
}

impl Nodes {
    fn add(&mut self, other: &Self) {
        self.load += other.load;
        self.reload += other.reload;
        self.unload += other.unload;
    }
}

#[derive(Serialize)]
struct FileReport {
    path: String,
    /// The object, if the file has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<String>,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'static str>,
    /// The place of the manifest that asks for the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<String>,
}

#[derive(Serialize)]
struct RefusalReport {
    module: String,
    reason: String,
    help: String,
}

impl FileReport {
    /// Returns the path for people, with the object in the file if it has several.
    fn place(&self, root: &Path) -> String {
        let path = below(&root.display().to_string(), &self.path);
        self.object.as_ref().map_or_else(|| path.clone(), |object| format!("{path}: {object}"))
    }
}

impl Report {
    /// The report of a drift, for people or for scripts.
    pub(super) fn new(
        drift: &Drift<'_>,
        sources: &SourceMap,
        format: Format,
        explain: bool,
    ) -> Result<Self, Inaccessible> {
        let mut summary = Summary { unchanged: drift.right, ..Summary::default() };
        let mut files = Vec::new();
        let mut shown = 0;
        for change in &drift.changes {
            if !change.is_of_file() {
                summary.unchanged += usize::from(change.is_there());
                continue;
            }
            let (counter, action) = match &change.action {
                Action::Create => (&mut summary.created, "created"),
                Action::Update => (&mut summary.updated, "updated"),
                Action::Unchanged => (&mut summary.unchanged, "unchanged"),
                Action::Remove => (&mut summary.removed, "removed"),
                Action::Conflict(_) => (&mut summary.conflicts, "conflict"),
            };
            *counter += 1;
            if !matches!(change.action, Action::Conflict(_)) {
                shown += 1;
                if format == Format::Text && shown > SHOWN {
                    continue;
                }
            }
            let (reason, help) = match &change.action {
                Action::Conflict(conflict) => (Some(conflict.why.clone()), conflict.help),
                _ => (None, None),
            };
            let manifest = change.origin.filter(|_| reason.is_some()).map(|span| sources.locate(span));
            let (path, object) =
                (change.file().into_owned(), change.object.as_ref().map(|object| object.name.to_string()));
            files.push(FileReport { path, object, action, reason, help, manifest });
        }
        let mut nodes = Nodes::default();
        let mut unloads = Vec::new();
        for (module, impact) in drift.impacts.iter().flat_map(|(name, impact)| impact.all(name)) {
            if !impact.unloads.is_empty() {
                unloads.push((module.to_owned(), shortened(&impact.unloads)));
            }
            nodes.load += impact.loads.len();
            nodes.reload += impact.reloads.len();
            nodes.unload += impact.unloads.len();
        }
        let refused = drift
            .refusals
            .iter()
            .map(|refusal| RefusalReport {
                module: refusal.module.clone(),
                reason: refusal.why.clone(),
                help: refusal.help.clone(),
            })
            .collect();
        let explained = if explain { Some(explanations(drift, usize::MAX)?) } else { None };
        let inputs = explained.as_ref().map(|explained| grouped(drift, explained)).unwrap_or_default();
        let explanations = explained.map(|all| all.into_iter().map(|(name, inputs)| (name, inputs.changes)).collect());
        let unmerged = drift.changes.iter().filter(|change| change.unmerged);
        let merged = unmerged.filter(|change| !matches!(change.action, Action::Conflict(_))).count();
        Ok(Self { summary, nodes, files, refused, merged, unloads, inputs, explanations, ..Self::unchanged(0, false) })
    }

    /// The report of a run that found all files as they should be.
    pub(super) fn unchanged(files: usize, explain: bool) -> Self {
        Self {
            summary: Summary { unchanged: files, ..Summary::default() },
            nodes: Nodes::default(),
            files: Vec::new(),
            refused: Vec::new(),
            holds: Vec::new(),
            is_overdue: false,
            merged: 0,
            unloads: Vec::new(),
            inputs: Vec::new(),
            explanations: explain.then(BTreeMap::new),
        }
    }

    /// Returns the report of shared files that go, whose paths are below the folder of these.
    pub(super) fn of_removals(changes: &[Box<Change>]) -> Self {
        let mut report = Self::unchanged(0, false);
        for change in changes {
            let path = format!("{SHARED}/{}", change.path);
            let (action, reason, help) = match &change.action {
                Action::Conflict(conflict) => ("conflict", Some(conflict.why.clone()), conflict.help),
                _ => ("removed", None, None),
            };
            match reason {
                Some(_) => report.summary.conflicts += 1,
                None => report.summary.removed += 1,
            }
            report.files.push(FileReport { path, object: None, action, reason, help, manifest: None });
        }
        report
    }

    /// The reports of all clusters as one, with their folders before their paths.
    pub(super) fn joined(reports: impl Iterator<Item = (Option<ClusterName>, Self)>) -> Self {
        let mut all = Self::unchanged(0, false);
        for (cluster, report) in reports {
            let name = cluster.as_ref().map_or("", ClusterName::as_str);
            let prefix = cluster.as_ref().map(|cluster| format!("{cluster}/")).unwrap_or_default();
            let Self { summary, nodes, files, refused, merged, inputs: _, explanations, .. } = report;
            all.merged += merged;
            all.summary.add(&summary);
            all.nodes.add(&nodes);
            for file in files {
                all.files.push(FileReport { path: below(name, &file.path), ..file });
            }
            for refused in refused {
                all.refused.push(RefusalReport { module: format!("{prefix}{}", refused.module), ..refused });
            }
            if let Some(explanations) = explanations {
                let own = explanations.into_iter().map(|(mapping, changes)| (format!("{prefix}{mapping}"), changes));
                all.explanations.get_or_insert_default().extend(own);
            }
        }
        all
    }

    /// Notes a folder of the output folder that is of no cluster any more, and says so.
    pub(super) fn orphan_cluster(&mut self, root: &Path, name: &str) {
        let reason = format!("`{}` does not belong to a cluster any more", root.join(name).display());
        let help = "delete the folder after removing its modules from the cluster".to_owned();
        ui::complain(&format!("{CONFLICT}: {reason}\n  help: {help}\n"));
        self.refused.push(RefusalReport { module: name.to_owned(), reason, help });
    }

    /// Adds the holds of all clusters.
    pub(super) fn note_holds(&mut self, notes: &HoldNotes) {
        self.holds = notes.rows();
        self.is_overdue = notes.is_any_overdue();
    }

    /// Returns whether something is left for someone to decide.
    pub(super) fn has_conflicts(&self) -> bool {
        self.summary.conflicts > 0 || !self.refused.is_empty()
    }

    /// Returns whether someone has to do something: decide, release a hold whose date has passed or, if the run
    /// `checks`, write the changes.
    pub(super) fn needs_action(&self, checks: bool) -> bool {
        self.has_conflicts() || self.is_overdue || (checks && self.has_changes())
    }

    /// Returns whether any file is out of date, or was before this run.
    pub(super) fn has_changes(&self) -> bool {
        self.summary.created + self.summary.updated + self.summary.removed > 0
    }

    /// Prints the report for people: results first, then what needs someone. `cluster` is whose it is.
    pub(super) fn print(&self, cluster: Option<&str>, root: &Path, written: bool, partial: bool) {
        let mut text = String::new();
        let (conflicts, done): (Vec<_>, Vec<_>) = self.files.iter().partition(|file| file.reason.is_some());
        for file in &done {
            let _ = writeln!(text, "{:<8} {}", file.action, file.place(root));
        }
        let Summary { created, updated, removed, .. } = &self.summary;
        if let Some(more) = (created + updated + removed).checked_sub(done.len()).filter(|more| *more > 0) {
            let _ = writeln!(text, "… and {more} more");
        }
        text.extend(self.inputs.iter().map(InputGroup::text));
        let Summary { created, updated, unchanged, removed, conflicts: number } = &self.summary;
        let number = ui::count(*number, "conflict");
        let whose = cluster.map(|cluster| format!("{cluster}: ")).unwrap_or_default();
        let would = if written { "" } else { " (nothing was written)" };
        let _ = writeln!(
            text,
            "{whose}{created} created, {updated} updated, {unchanged} unchanged, {removed} removed, {number}{would}"
        );
        let Nodes { load, reload, unload } = &self.nodes;
        if load + reload + unload > 0 {
            let load = ui::count(*load, "mapping");
            let _ = writeln!(text, "{whose}on nodes: {load} to load, {reload} to reload, {unload} to unload");
        }
        for (module, kernels) in &self.unloads {
            let _ = writeln!(text, "{whose}unloads {module} on {kernels}");
        }
        ui::result(&text);
        if written && self.merged > 0 {
            let (files, root) = (ui::count(self.merged, "file"), root.display());
            ui::talk(&format!("note: generated {files} that git could not merge; run `git add {root}`\n"));
        }
        self.print_conflicts(&conflicts, root, partial);
    }

    fn print_conflicts(&self, conflicts: &[&FileReport], root: &Path, partial: bool) {
        let mut text = String::new();
        for RefusalReport { module, reason, help } in &self.refused {
            let _ = writeln!(text, "{CONFLICT}: skipped module `{module}`: {reason}\n  help: {help}");
        }
        // What belongs to a refused module was told with it.
        let others: Vec<_> = conflicts.iter().filter(|file| file.help.is_some()).collect();
        for file in &others {
            let path = file.place(root);
            let asked = file.manifest.as_ref().map(|place| format!(" (required at {place})")).unwrap_or_default();
            let reason = file.reason.as_deref().unwrap_or_default();
            let _ = writeln!(text, "{CONFLICT}: skipped `{path}`: {reason}{asked}");
        }
        for help in others.iter().filter_map(|file| file.help).collect::<BTreeSet<_>>() {
            let _ = writeln!(text, "  help: {help}");
        }
        if partial && !self.files.is_empty() {
            text.push_str("note: --only writes whole modules and does not change other modules\n");
        }
        ui::talk(&text);
    }
}

/// The differences of all paths that are not as they should be, in the unified form.
pub(super) fn differences(
    drift: &Drift<'_>,
    assembly: Option<&Assembly>,
    texts: &BTreeMap<RelPath, String>,
) -> Result<String, Inaccessible> {
    let shown = assembly.map_or(&drift.changes, |assembly| &assembly.changes).iter();
    shown
        .map(|change| {
            let found = drift.find_file(&change.path)?;
            let old = found.as_ref().and_then(Found::bytes);
            let old = old.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
            let path = PathBuf::from(below(&drift.root.display().to_string(), &change.file()));
            // git takes neither `./` nor `/` at the start.
            let path: PathBuf =
                path.components().filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir)).collect();
            let new = texts.get(&change.path).map(String::as_str);
            Ok(ui::unified(&path.display().to_string(), old.as_deref(), new))
        })
        .collect()
}

/// Which inputs changed, for the mappings whose ConfigMaps are written anew, the first `most` of them.
pub(super) fn explanations(drift: &Drift<'_>, most: usize) -> Result<BTreeMap<String, ComparedInputs>, Inaccessible> {
    let updated = drift.changes.iter().filter(|change| change.action == Action::Update);
    let updated: HashSet<(&str, &str)> = updated.filter_map(|change| mapping_of_config_map(&change.path)).collect();
    let mut explanations = BTreeMap::new();
    let concerned = drift.plan.mappings().filter(|mapping| {
        !updated.is_empty() && updated.contains(&(mapping.module.name.as_str(), mapping.kernel.release.as_str()))
    });
    let mut renderer = MappingRenderer::new(drift.plan.inputs);
    for mapping in concerned.take(most) {
        let (module, release) = (mapping.module.name.as_str(), mapping.kernel.release.as_str());
        let old = previous::mapping(module, release, &drift.tree())?;
        // Of two runs at once, the other one may have changed a file.
        if let (Some(old), Ok(new)) = (old, renderer.render(&mapping.planned())) {
            explanations.insert(format!("{module}/{release}"), ComparedInputs::of(&old.explanation, &new.explanation));
        }
    }
    Ok(explanations)
}

/// Puts mappings with equal changes together, in the order of the plan.
fn grouped(drift: &Drift<'_>, explained: &BTreeMap<String, ComparedInputs>) -> Vec<InputGroup> {
    let mut groups = Groups::default();
    let (nodes, reloaded) = (node_counts(drift.plan.inputs.manifest), reloaded(&drift.impacts));
    for mapping in drift.plan.mappings() {
        let (module, release) = (mapping.module.name.as_str(), &mapping.kernel.release.value);
        let Some(inputs) = explained.get(&format!("{module}/{release}")) else { continue };
        let name = MappingName {
            cluster: None,
            module: module.to_owned(),
            release: Some(release.to_string()),
            nodes: nodes.get(release.as_str()).copied().flatten(),
        };
        let verb = if reloaded.contains(&(module, release.as_str())) { "reload" } else { "change" };
        InputGroup::add(&mut groups, name, verb, release, inputs);
    }
    groups.into_all()
}
