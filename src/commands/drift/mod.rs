//! Difference between the planned output and the output folder. `generate`, `publish`, `plan`, `explain` and `update` all
//! start from it, so that they cannot disagree.

mod cached;
mod expected;
mod files;
mod mappings;
mod modules;
mod unpushed;
mod whole_modules;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use self::expected::{expected_modules, is_expected};
use self::files::{Changes, ModuleFiles};
pub(super) use self::files::{FileState, Files, MappingFiles};
use self::mappings::{MappingResult, compare_mappings};
use self::modules::{ModuleComparer, ModuleResult};
use self::whole_modules::Left;
use super::project::Project;
use crate::adapters::{fs, git};
use crate::cache::Reuse;
use crate::checksum::{Checksum, ChecksumKey};
use crate::cli::OutputArgs;
use crate::file_stat::FileStat;
use crate::impact::{self, Hold, Impact};
use crate::output::{self, MODULE};
use crate::parallel::in_parts;
use crate::plan::{self, Expansion, Plan};
use crate::previous::{self, OldModule};
use crate::reconcile::{Action, Change, Inspector, TextSink, hold};
use crate::settings::{self, Only};
use crate::tree::{Outline, OutputFolder, View};
use crate::vocabulary::{Diagnostics, RelPath};

/// Flags that decide what is compared, and how.
pub(super) struct Scope<'s> {
    /// The output folder, if a flag names one.
    pub(super) output: Option<&'s PathBuf>,
    /// A part of the mappings.
    pub(super) only: Option<&'s Only>,
    /// Number of threads.
    pub(super) workers: usize,
    /// Set if conflicts are resolved in favour of the manifest.
    pub(super) force: bool,
    /// Set if mappings are removed even if nodes run their kernels.
    pub(super) allow_remove: bool,
}

impl<'s> Scope<'s> {
    /// Returns the scope of a command that writes nothing.
    pub(super) fn reading(args: &'s OutputArgs, only: Option<&'s Only>) -> Self {
        let workers = settings::workers(args.jobs);
        Self { output: args.output.as_ref(), only, workers, force: false, allow_remove: false }
    }
}

/// A project whose mappings are known, but not rendered.
pub(super) struct Expanded<'p> {
    pub(super) project: &'p Project,
    pub(super) expansion: Expansion<'p>,
    warnings: Diagnostics,
    /// Key of all checksums.
    key: ChecksumKey,
    /// Keys of all mappings.
    keys: Vec<Checksum>,
}

impl<'p> Expanded<'p> {
    /// Expands a project for a run that has checksums with this key.
    pub(super) fn of(project: &'p Project, key: ChecksumKey) -> anyhow::Result<Self> {
        let (expansion, warnings) = project.expand()?;
        let keys = plan::mapping_keys(&expansion, &key);
        Ok(Self { project, expansion, warnings, key, keys })
    }
}

/// Difference between the planned output and an output folder.
pub(super) struct Drift<'p> {
    /// The plan.
    pub(super) plan: Plan<'p>,
    /// The output folder.
    pub(super) root: PathBuf,
    /// Changes to the output folder, in an order that is safe to apply.
    #[expect(clippy::vec_box, reason = "those of a whole fleet take room once, where they are made")]
    pub(super) changes: Vec<Box<Change>>,
    /// State of all files.
    pub(super) files: Files<'p>,
    /// Key of all checksums.
    pub(super) key: ChecksumKey,
    /// Keys of all mappings, in the order of the plan.
    pub(super) keys: Vec<Checksum>,
    /// Number of files that are right.
    pub(super) right: usize,
    /// The Modules that are there, but for those that are right.
    pub(super) old: BTreeMap<String, OldModule>,
    /// Effects of the changes on nodes, by module.
    pub(super) impacts: BTreeMap<String, Impact>,
    /// Modules that are not written until someone decides.
    pub(super) holds: Vec<Hold>,
    /// Set if the run is about any mapping or module of the plan.
    pub(super) selected: bool,
    folder: Box<dyn OutputFolder + 'p>,
    /// Its names, as they were.
    pub(super) outline: Outline<'p>,
    /// Folders that no mapping asks for, as they were.
    unplanned: Vec<String>,
    /// Paths in them where a file of ours would be.
    candidates: Vec<RelPath>,
}

impl<'p> Drift<'p> {
    /// Expands a project and compares it with its output folder.
    pub(super) fn find(project: &'p Project, scope: &Scope<'p>) -> anyhow::Result<Self> {
        let root = settings::output_folder(scope.output, &project.manifest, &project.folder)?;
        let folder = Box::new(git::MergeFolder::new(&root));
        let expanded = Expanded::of(project, fs::random_checksum_key())?;
        Self::of(expanded, scope, None, root, folder, &())
    }

    /// Compares an expanded project with a folder, which messages call `root`. Texts that differ go to `sink`; what
    /// the previous run knows is not rendered.
    pub(super) fn of(
        expanded: Expanded<'p>,
        scope: &Scope<'p>,
        reuse: Option<&'p Reuse<'p>>,
        root: PathBuf,
        folder: Box<dyn OutputFolder + 'p>,
        sink: &dyn TextSink,
    ) -> anyhow::Result<Self> {
        let Expanded { project, expansion, warnings, key, keys } = expanded;
        let manifest = &project.manifest;
        project.rely_on(reuse.map(Reuse::templates).unwrap_or_default());
        let outline = Outline::read(&*folder, |module| reuse?.unplanned_folders(module))?;
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
        let inspector = Inspector { tree, sink, key, force: scope.force, only };
        let (plan, results) =
            compare_mappings(project, (&expansion, warnings), &keys, reuse, &inspector, scope.workers)?;
        drop(expansion);
        let names = |only: &Only| manifest.modules.iter().any(|module| only.names(module.name.as_str()));
        let selected = scope.only.is_none_or(|only| only.selects_any(&plan) || names(only));

        let comparer = ModuleComparer { project, inspector: &inspector, reuse, plan: &plan, keys: &keys };
        let mut first = 0;
        let numbered = plan.modules.iter().enumerate().map(|(at, (_, mappings))| {
            first += mappings.len();
            (at, first - mappings.len())
        });
        let modules = in_parts(numbered.collect(), scope.workers, |module| comparer.compare(module));
        let mut found = Changes::default();
        let mut files = Files::default();
        let mut lengths = Vec::new();
        let (mut old, mut impacts) = (BTreeMap::new(), BTreeMap::new());
        let mut results = results.into_iter();
        for (compared, (module, mappings)) in modules.into_iter().zip(&plan.modules) {
            let ModuleResult { own, key, length, old: before, impact } = compared?;
            let mut states = Vec::with_capacity(mappings.len());
            for result in results.by_ref().take(mappings.len()) {
                states.push(match result {
                    MappingResult::Reused(cached) => {
                        found.right += 2;
                        MappingFiles::Reused(cached)
                    }
                    MappingResult::Compared(verdicts) => {
                        let verdicts = verdicts.map_err(|inaccessible| *inaccessible)?;
                        MappingFiles::Compared(Box::new(verdicts.map(|verdict| found.add(verdict))))
                    }
                });
            }
            let own = own.into_iter().flatten().map(|verdict| found.add(verdict)).collect();
            files.modules.push(ModuleFiles { mappings: states, own, key, length });
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
        let expected = expected_modules(&plan, manifest, &outline);
        let unplanned = outline.unplanned(|module, release| is_expected(&expected, module, release));
        let candidates = outline.candidates(&unplanned, output::not_at_top(manifest));
        let orphans = inspector.orphans(candidates.clone())?;
        let mut holds = impact::holds(manifest, &impacts, &old, scope.allow_remove);
        holds.extend(unpushed::unpushed(&plan, &project.lock));
        holds.retain(|hold| chosen.as_ref().is_none_or(|chosen| chosen.contains(&hold.module)));
        let kept = holds.iter().map(|hold| hold.module.clone()).collect();
        let mut left = Left { chosen: chosen.as_ref(), kept };
        holds.extend(left.keep_conflicts(found.changes.iter().chain(&orphans).map(|change| &**change)));
        let listed = left.listed(&plan, &expected, gone.iter().map(String::as_str), &tree)?;
        for output in output::of_all(manifest, listed) {
            let name = output.path.to_string();
            files.top.push((name, found.add(inspector.inspect(output, None)?)));
        }
        found.changes.extend(orphans);
        let Changes { mut changes, right } = found;
        holds.extend(left.keep_listed(&mut changes, &tree)?);
        Ok(Self {
            plan,
            root,
            changes,
            files,
            key,
            keys,
            right,
            old,
            impacts,
            holds,
            selected,
            folder,
            outline,
            unplanned,
            candidates,
        })
    }

    /// The image that one of a module's objects has now on a kernel, if any.
    pub(super) fn old_image_of(&self, module: &str, object: &str, release: &str) -> Option<&String> {
        let old = self.old.get(module)?;
        let images = if object == module { &old.images } else { old.others.get(object)? };
        images.get(release)
    }

    /// Folders that no mapping asks for and that are in `folder`, as it is after this run, with how
    /// each looks.
    pub(super) fn unplanned(&self, folder: &dyn OutputFolder) -> Vec<(String, FileStat)> {
        there(folder, self.unplanned.iter().cloned()).collect()
    }

    /// Returns the candidates for removal that exist in `folder`, with their metadata.
    pub(super) fn foreign(&self, folder: &dyn OutputFolder) -> Vec<(String, FileStat)> {
        there(folder, self.candidates.iter().map(ToString::to_string)).collect()
    }

    /// Returns a view of the output folder, with its names.
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

/// Returns those paths at which something exists, or at which that cannot be determined, with the metadata.
fn there(
    folder: &dyn OutputFolder,
    paths: impl IntoIterator<Item = String>,
) -> impl Iterator<Item = (String, FileStat)> {
    let is_there = |path: &String| !matches!(folder.kind(path), Ok(None));
    paths.into_iter().filter(is_there).map(|path| {
        let stat = folder.stat(&path);
        (path, stat)
    })
}
