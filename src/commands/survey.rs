//! What there is beside what should be: the plan, and what it takes to make the output folder
//! like it. `generate`, `plan` and `explain` all start from it, so that they cannot disagree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::memory::Recall;
use super::project::Project;
use crate::adapters::fs;
use crate::cli::OutputArgs;
use crate::impact::{self, Hold, Impact};
use crate::manifest::{Kernel, Manifest, Module};
use crate::output::{self, MODULE};
use crate::plan::{Draft, Keys, Mapping, Plan, Visitor};
use crate::previous::{self, OldModule};
use crate::reconcile::{Action, Change, Inspector, Shelf, Verdict, hold};
use crate::record::{FileRecord, Identity};
use crate::settings::{self, Only};
use crate::tree::{Inaccessible, Outline, View};
use crate::vocabulary::Diagnostics;

/// What a survey is about.
pub(super) struct Scope<'s> {
    /// The output folder, where a flag names one.
    pub(super) output: Option<&'s PathBuf>,
    /// A part of the mappings.
    pub(super) only: Option<&'s Only>,
    /// How many threads render.
    pub(super) workers: usize,
    /// Settle conflicts in favour of the manifest.
    pub(super) force: bool,
    /// Remove mappings also where nodes run their kernels.
    pub(super) allow_remove: bool,
    /// What is known from the run before.
    pub(super) recall: Option<&'s Recall<'s>>,
}

impl<'s> Scope<'s> {
    /// For a verb that only looks.
    pub(super) fn reading(args: &'s OutputArgs, only: Option<&'s Only>) -> Self {
        let workers = settings::workers(args.jobs);
        Self { output: args.output.as_ref(), only, workers, force: false, allow_remove: false, recall: None }
    }
}

/// What there is beside what should be.
pub(super) struct Survey<'p> {
    /// What should be, mapping by mapping.
    pub(super) plan: Plan<'p>,
    /// The output folder.
    pub(super) root: PathBuf,
    /// What has to change in it, in the order in which it is safe to do.
    pub(super) changes: Vec<Change>,
    /// All files that were asked for, in the order of the outputs.
    pub(super) files: Vec<FileState>,
    /// How many files are right.
    pub(super) right: usize,
    /// The modules whose Modules are right.
    right_modules: BTreeSet<String>,
    /// The other Modules that are there.
    pub(super) old: BTreeMap<String, OldModule>,
    /// What becomes of them on nodes.
    pub(super) impacts: BTreeMap<String, Impact>,
    /// The modules that must not be written without someone's word.
    pub(super) holds: Vec<Hold>,
    folder: fs::Folder,
    /// Its names, as they were.
    pub(super) outline: Outline,
}

impl<'p> Survey<'p> {
    /// Plans the project, and looks at its output folder; texts that are to be written go to
    /// `shelf`.
    pub(super) fn take(project: &'p Project, scope: &Scope<'_>, shelf: &dyn Shelf) -> anyhow::Result<Self> {
        let manifest = &project.manifest;
        let root = settings::output_folder(scope.output, manifest, &project.folder);
        let folder = fs::Folder::new(&root);
        let outline = Outline::read(&folder)?;
        let tree = View { folder: &folder, outline: &outline };
        let concerns = scope.only.map(|only| move |path: &_| only.concerns(path));
        let only = concerns.as_ref().map(|concerns| concerns as &(dyn Fn(&_) -> bool + Sync));
        let inspector = Inspector { tree, shelf, force: scope.force, only };
        let (plan, seen) =
            project.plan(&Eye { manifest, inspector: &inspector, recall: scope.recall }, scope.workers)?;
        scope.only.map_or(Ok(()), |only| only.check(&plan))?;

        let mut tally = Tally::default();
        let mut seen = seen.into_iter();
        let mut faults = Diagnostics::default();
        for (module, mappings) in &plan.modules {
            for verdicts in seen.by_ref().take(mappings.len()) {
                verdicts?.into_iter().for_each(|verdict| tally.add(verdict));
            }
            for output in output::of_module(module, mappings, &manifest.namespace.value).into_iter().flatten() {
                output::check_size(&output, &mut faults);
                let is_module = output.path.file_name() == MODULE;
                let verdict = inspector.inspect(output)?;
                if is_module && matches!(verdict, Verdict::Right(_)) {
                    tally.right_modules.insert(module.name.value.to_string());
                }
                tally.add(verdict);
            }
        }
        project.report(faults)?;
        let old = old_modules(&tally.right_modules, tree)?;
        let impacts = impact::impacts(&plan, &old, &tally.right_modules);
        let mut holds = impact::holds(manifest, &impacts, &old, scope.allow_remove);
        let planned = planned(&plan);
        holds.retain(|hold| {
            let releases = planned.get(hold.module.as_str()).into_iter().flatten().copied();
            let old = old.get(&hold.module).into_iter().flat_map(|old| old.images.keys().map(String::as_str));
            scope.only.is_none_or(|only| only.touches(&hold.module, releases.chain(old)))
        });
        tally.add(inspector.inspect(output::of_all(manifest, listed(&plan, &holds)))?);
        tally.changes.extend(inspector.orphans(outline.candidates(wanted(&planned)))?);
        let Tally { changes, files, right, right_modules } = tally;
        Ok(Self { plan, root, changes, files, right, right_modules, old, impacts, holds, folder, outline })
    }

    /// The image that a mapping has now, if any.
    pub(super) fn old_image(&self, mapping: &Mapping<'_>) -> Option<String> {
        if self.right_modules.contains(mapping.module.name.as_str()) {
            return Some(mapping.image.to_string());
        }
        self.old.get(mapping.module.name.as_str())?.images.get(mapping.kernel.release.as_str()).cloned()
    }

    /// Folders that no mapping asks for and that are there, but for those that this run removes.
    pub(super) fn strangers(&self) -> Vec<String> {
        let planned = planned(&self.plan);
        let mut folders = self.outline.strangers(wanted(&planned));
        folders.retain(|folder| self.root.join(folder).exists());
        folders
    }

    /// What is there.
    pub(super) fn tree(&self) -> View<'_> {
        View { folder: &self.folder, outline: &self.outline }
    }

    /// Leaves held modules as they are, and tells nothing of what becomes of modules whose Modules
    /// are not written after all.
    pub(super) fn hold(&mut self) {
        hold(&mut self.changes, &self.holds.iter().map(|hold| (hold.module.clone(), hold.why.clone())).collect());
        let written = |action: &Action| matches!(action, Action::Create | Action::Update | Action::Remove);
        let modules = self.changes.iter().filter(|c| c.path.file_name() == MODULE && written(&c.action));
        let modules: BTreeSet<&str> = modules.map(|change| change.path.parent()).collect();
        self.impacts.retain(|module, _| modules.contains(module.as_str()));
    }
}

/// How it stands with a file.
pub(super) enum FileState {
    /// It is right.
    Right(FileRecord),
    /// It has to change: an index into the survey's changes.
    Change(usize),
}

/// Looks at each mapping's files while its texts are at hand.
struct Eye<'e> {
    manifest: &'e Manifest,
    inspector: &'e Inspector<'e>,
    recall: Option<&'e Recall<'e>>,
}

impl Visitor for Eye<'_> {
    type Seen = Result<[Verdict; 2], Inaccessible>;

    fn visit(&self, mapping: &Mapping<'_>, draft: &Draft) -> Self::Seen {
        let [dockerfile, config_map] = output::of_mapping(mapping, draft, &self.manifest.namespace.value);
        Ok([self.inspector.inspect(dockerfile)?, self.inspector.inspect(config_map)?])
    }

    fn recall(&self, module: &Module, kernel: &Kernel, keys: &Keys) -> Option<(Identity, Self::Seen)> {
        let mapping = self.recall?.mapping(module, kernel, keys)?;
        Some((mapping.identity, Ok(mapping.files.map(Verdict::Right))))
    }
}

/// Verdicts, added up.
#[derive(Default)]
struct Tally {
    changes: Vec<Change>,
    files: Vec<FileState>,
    right: usize,
    /// The modules whose Modules are right.
    right_modules: BTreeSet<String>,
}

impl Tally {
    fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::NotAsked => {}
            Verdict::Right(file) => {
                self.right += 1;
                self.files.push(FileState::Right(file));
            }
            Verdict::Change(change) => {
                self.files.push(FileState::Change(self.changes.len()));
                self.changes.push(change);
            }
        }
    }
}

type Planned<'p> = BTreeMap<&'p str, BTreeSet<&'p str>>;

/// Whether a plan has a module, or a mapping.
fn wanted<'p>(planned: &'p Planned<'_>) -> impl Fn(&str, Option<&str>) -> bool + 'p {
    |module, release| {
        planned.get(module).is_some_and(|releases| release.is_none_or(|release| releases.contains(release)))
    }
}

fn planned<'p>(plan: &'p Plan<'_>) -> Planned<'p> {
    let with_mappings = plan.modules.iter().filter(|(_, mappings)| !mappings.is_empty());
    with_mappings
        .map(|(module, mappings)| (module.name.as_str(), mappings.iter().map(|m| m.kernel.release.as_str()).collect()))
        .collect()
}

/// The Modules that are there and not known to be as planned.
fn old_modules(right: &BTreeSet<String>, tree: View<'_>) -> Result<BTreeMap<String, OldModule>, Inaccessible> {
    let mut old = BTreeMap::new();
    for name in tree.outline.modules().filter(|name| !right.contains(*name)) {
        if let Some(module) = previous::module(name, &tree)? {
            old.insert(name.to_owned(), module);
        }
    }
    Ok(old)
}

/// The folders that the top lists: those of modules with mappings, and of held ones, which stay
/// although the manifest may not have them any more. What is not listed is gone for the cluster.
fn listed(plan: &Plan<'_>, holds: &[Hold]) -> Vec<String> {
    let with_mappings = plan.modules.iter().filter(|(_, mappings)| !mappings.is_empty());
    let mut folders: Vec<String> = with_mappings.map(|(module, _)| module.name.value.to_string()).collect();
    for hold in holds {
        if !folders.contains(&hold.module) {
            folders.push(hold.module.clone());
        }
    }
    folders
}
