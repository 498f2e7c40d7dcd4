//! What there is beside what should be: the plan, and what it takes to make the output folder
//! like it. `generate`, `plan` and `explain` all start from it, so that they cannot disagree.

mod eye;
mod planned;
mod tally;
mod units;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use self::eye::{Eye, ModuleSeen, Seen};
use self::planned::{planned, wanted};
pub(super) use self::tally::{FileState, Files, MappingFiles};
use self::tally::{ModuleFiles, Tally};
use self::units::Left;
use super::project::Project;
use super::recall::Recall;
use crate::adapters::{fs, git};
use crate::cli::OutputArgs;
use crate::impact::{self, Hold, Impact};
use crate::output::{self, MODULE};
use crate::parallel::in_parts;
use crate::plan::{Mapping, Plan};
use crate::previous::{self, OldModule};
use crate::reconcile::{Action, Change, Inspector, Shelf, hold};
use crate::record::{Evidence, SealKey};
use crate::settings::{self, Only};
use crate::tree::{Outline, OutputFolder, View};
use crate::vocabulary::{Diagnostics, RelPath};

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
    #[expect(clippy::vec_box, reason = "those of a whole fleet take room once, where they are made")]
    pub(super) changes: Vec<Box<Change>>,
    /// How it stands with all files.
    pub(super) files: Files,
    /// What they are sealed with.
    pub(super) key: SealKey,
    /// How many files are right.
    pub(super) right: usize,
    /// The Modules that are there, but for those that are right.
    pub(super) old: BTreeMap<String, OldModule>,
    /// What becomes of them on nodes.
    pub(super) impacts: BTreeMap<String, Impact>,
    /// The modules that must not be written without someone's word.
    pub(super) holds: Vec<Hold>,
    /// Whether it is about any mapping.
    pub(super) selected: bool,
    folder: Box<dyn OutputFolder>,
    /// Its names, as they were.
    pub(super) outline: Outline<'p>,
    /// Folders that no mapping asks for, as they were.
    strangers: Vec<String>,
    /// The paths in them where a file of ours would be.
    candidates: Vec<RelPath>,
}

impl<'p> Survey<'p> {
    /// Plans the project, and looks at its output folder; texts that are to be written go to
    /// `shelf`.
    pub(super) fn take(project: &'p Project, scope: &Scope<'p>, shelf: &dyn Shelf) -> anyhow::Result<Self> {
        let root = settings::output_folder(scope.output, &project.manifest, &project.folder)?;
        let folder = Box::new(git::MergeFolder::new(&root));
        Self::of(project, scope, root, folder, shelf)
    }

    /// Plans the project, and looks at a folder that is to be like it; messages call it `root`.
    pub(super) fn of(
        project: &'p Project,
        scope: &Scope<'p>,
        root: PathBuf,
        folder: Box<dyn OutputFolder>,
        shelf: &dyn Shelf,
    ) -> anyhow::Result<Self> {
        let manifest = &project.manifest;
        let outline = Outline::read(&*folder, |module| scope.recall?.folders(module))?;
        let tree = View { folder: &*folder, outline: &outline };
        let chosen: Option<BTreeSet<String>> = scope.only.map(|only| {
            let modules = manifest.modules.iter().filter(|module| only.touches(module, &manifest.kernels));
            let there = outline.modules().filter(|name| only.names(name)).map(str::to_owned);
            modules.map(|module| module.name.value.to_string()).chain(there).collect()
        });
        let concerns = chosen.as_ref().map(|chosen| {
            move |path: &RelPath| path.as_str().split_once('/').is_none_or(|(module, _)| chosen.contains(module))
        });
        let only = concerns.as_ref().map(|concerns| concerns as &(dyn Fn(&RelPath) -> bool + Sync));
        let key = scope.recall.map_or_else(fs::seal_key, Recall::key);
        let inspector = Inspector { tree, shelf, key, force: scope.force, only };
        let eye = Eye { manifest, inspector: &inspector, recall: scope.recall };
        let (plan, seen) = project.plan(&eye, scope.workers)?;
        let names = |only: &Only| manifest.modules.iter().any(|module| only.names(module.name.as_str()));
        let selected = scope.only.is_none_or(|only| only.selects_any(&plan) || names(only));

        let modules = in_parts((0..plan.modules.len()).collect(), scope.workers, |at| eye.look_at(&plan, at));
        let mut tally = Tally::default();
        let mut files = Files::default();
        let mut lengths = Vec::new();
        let (mut old, mut impacts) = (BTreeMap::new(), BTreeMap::new());
        let mut seen = seen.into_iter();
        for (looked_at, (module, mappings)) in modules.into_iter().zip(&plan.modules) {
            let ModuleSeen { own, settled, length, old: before, impact } = looked_at?;
            let mut states = Vec::with_capacity(mappings.len());
            for seen in seen.by_ref().take(mappings.len()) {
                states.push(match seen {
                    Seen::Recalled(place) => tally.recall(place),
                    Seen::Inspected(verdicts) => {
                        let verdicts = verdicts.map_err(|inaccessible| *inaccessible)?;
                        MappingFiles::of(verdicts.map(|verdict| tally.add(verdict)))
                    }
                });
            }
            let own = own.into_iter().flatten().map(|verdict| tally.add(verdict)).collect();
            files.modules.push(ModuleFiles { mappings: states, own, settled });
            lengths.extend(length.map(|length| (*module, length)));
            old.extend(before.map(|before| (module.name.value.to_string(), before)));
            impacts.extend(impact.map(|impact| (module.name.value.to_string(), impact)));
        }
        let mut faults = Diagnostics::default();
        output::check_sizes(&lengths, &mut faults);
        project.report(faults)?;
        let mut gone = Vec::new();
        for name in
            outline.modules().filter(|name| !plan.modules.iter().any(|(module, _)| module.name.as_str() == *name))
        {
            if let Some(module) = previous::module(name, &tree)? {
                impacts.insert(name.to_owned(), Impact::of([], &[], Some(&module)));
                old.insert(name.to_owned(), module);
                gone.push(name.to_owned());
            }
        }
        let planned = planned(&plan, manifest, scope.recall);
        let strangers = outline.strangers(wanted(&planned));
        let candidates = outline.candidates(&strangers, manifest.output.namespace);
        let orphans = inspector.orphans(candidates.clone())?;
        let mut holds = impact::holds(manifest, &impacts, &old, scope.allow_remove);
        holds.retain(|hold| chosen.as_ref().is_none_or(|chosen| chosen.contains(&hold.module)));
        let kept = holds.iter().map(|hold| hold.module.clone()).collect();
        let mut left = Left { chosen: chosen.as_ref(), kept };
        holds.extend(left.keep_conflicts(tally.changes.iter().chain(&orphans).map(|change| &**change)));
        let listed = left.listed(&plan, &planned, gone.iter().map(String::as_str), &tree)?;
        for output in output::of_all(manifest, listed) {
            files.top.push(tally.add(inspector.inspect(output, None)?));
        }
        tally.changes.extend(orphans);
        let Tally { mut changes, right } = tally;
        holds.extend(left.keep_listed(&mut changes, &tree)?);
        Ok(Self {
            plan,
            root,
            changes,
            files,
            key,
            right,
            old,
            impacts,
            holds,
            selected,
            folder,
            outline,
            strangers,
            candidates,
        })
    }

    /// The image that a mapping has now, if any.
    pub(super) fn old_image(&self, mapping: &Mapping<'_>) -> Option<String> {
        let module = mapping.module.name.as_str();
        if !self.impacts.contains_key(module) {
            return Some(mapping.image_name());
        }
        self.old.get(module)?.images.get(mapping.kernel.release.as_str()).cloned()
    }

    /// The image that one of a module's objects has now on a kernel, if any.
    pub(super) fn old_image_of(&self, module: &str, object: &str, release: &str) -> Option<&String> {
        let old = self.old.get(module)?;
        let images = if object == module { &old.images } else { old.others.get(object)? };
        images.get(release)
    }

    /// Folders that no mapping asks for and that are in `folder`, as it is after this run, with how
    /// each looks.
    pub(super) fn strangers(&self, folder: &dyn OutputFolder) -> Vec<(String, Evidence)> {
        there(folder, self.strangers.iter().cloned()).collect()
    }

    /// What is in those folders where a file of ours would be, and how it looks.
    pub(super) fn foreign(&self, folder: &dyn OutputFolder) -> Vec<(String, Evidence)> {
        there(folder, self.candidates.iter().map(ToString::to_string)).collect()
    }

    /// What is there.
    pub(super) fn tree(&self) -> View<'_> {
        View { folder: &*self.folder, outline: &self.outline }
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

/// Those of the paths at which there is anything, as far as can be told, with how it looks.
fn there(
    folder: &dyn OutputFolder,
    paths: impl IntoIterator<Item = String>,
) -> impl Iterator<Item = (String, Evidence)> {
    let is_there = |path: &String| !matches!(folder.kind(path), Ok(None));
    paths.into_iter().filter(is_there).map(|path| {
        let evidence = folder.evidence(&path);
        (path, evidence)
    })
}
