//! What there is beside what should be: the plan, and what it takes to make the output folder
//! like it. `generate`, `plan` and `explain` all start from it, so that they cannot disagree.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;

use super::memory::Recall;
use super::project::Project;
use crate::adapters::fs;
use crate::cli::OutputArgs;
use crate::impact::{self, Hold, Impact};
use crate::manifest::{Kernel, Manifest, Module};
use crate::output::{self, MODULE, NAMESPACE};
use crate::parallel::in_parts;
use crate::plan::{self, Draft, Keys, Mapping, Plan, Visitor};
use crate::previous::{self, OldModule};
use crate::reconcile::{Action, Change, Inspector, Shelf, Verdict, hold};
use crate::record::{Evidence, FileRecord, Identity};
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
    /// What it is a plan of.
    manifest: &'p Manifest,
    /// The output folder.
    pub(super) root: PathBuf,
    /// What has to change in it, in the order in which it is safe to do.
    pub(super) changes: Vec<Change>,
    /// All files that were asked for, in the order of the outputs.
    pub(super) files: Vec<FileState>,
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
        let outline = Outline::read(&folder, |module| scope.recall?.folders(module))?;
        let tree = View { folder: &folder, outline: &outline };
        let concerns = scope.only.map(|only| move |path: &_| only.concerns(path));
        let only = concerns.as_ref().map(|concerns| concerns as &(dyn Fn(&_) -> bool + Sync));
        let inspector = Inspector { tree, shelf, force: scope.force, only };
        let eye = Eye { manifest, inspector: &inspector, recall: scope.recall };
        let (plan, seen) = project.plan(&eye, scope.workers)?;
        let selected = scope.only.is_none_or(|only| only.selects_any(&plan));

        let modules = in_parts(plan.modules.iter().collect(), scope.workers, |(module, mappings)| {
            eye.look_at(module, mappings).map(|seen| (*module, seen))
        });
        let (mut tally, mut faults) = (Tally::default(), Diagnostics::default());
        let (mut old, mut impacts) = (BTreeMap::new(), BTreeMap::new());
        let mut seen = seen.into_iter();
        for (module, (_, mappings)) in modules.into_iter().zip(&plan.modules) {
            let (module, ModuleSeen { verdicts, sizes, old: before, impact }) = module?;
            for verdicts in seen.by_ref().take(mappings.len()) {
                verdicts?.into_iter().for_each(|verdict| tally.add(verdict));
            }
            verdicts.into_iter().flatten().for_each(|verdict| tally.add(verdict));
            faults.extend(sizes.into_sorted());
            old.extend(before.map(|before| (module.name.value.to_string(), before)));
            impacts.extend(impact.map(|impact| (module.name.value.to_string(), impact)));
        }
        project.report(faults)?;
        for name in
            outline.modules().filter(|name| !plan.modules.iter().any(|(module, _)| module.name.as_str() == *name))
        {
            if let Some(gone) = previous::module(name, &tree)? {
                impacts.insert(name.to_owned(), Impact::of([], &[], Some(&gone)));
                old.insert(name.to_owned(), gone);
            }
        }
        let mut holds = impact::holds(manifest, &impacts, &old, scope.allow_remove);
        let planned = planned(&plan, manifest);
        holds.retain(|hold| {
            let releases = planned.get(hold.module.as_str()).into_iter().flat_map(|(_, releases)| releases).copied();
            let old = old.get(&hold.module).into_iter().flat_map(|old| old.images.keys().map(String::as_str));
            scope.only.is_none_or(|only| only.touches(&hold.module, releases.chain(old)))
        });
        for output in output::of_all(manifest, listed(&plan, manifest, &holds)) {
            tally.add(inspector.inspect(output)?);
        }
        tally.changes.extend(inspector.orphans(outline.candidates(wanted(&planned)))?);
        let Tally { changes, files, right } = tally;
        Ok(Self { plan, manifest, root, changes, files, right, old, impacts, holds, selected, folder, outline })
    }

    /// The image that a mapping has now, if any.
    pub(super) fn old_image(&self, mapping: &Mapping<'_>) -> Option<String> {
        let module = mapping.module.name.as_str();
        if !self.impacts.contains_key(module) {
            return Some(mapping.image().to_string());
        }
        self.old.get(module)?.images.get(mapping.kernel.release.as_str()).cloned()
    }

    /// The image that one of a module's objects has now on a kernel, if any.
    pub(super) fn old_image_of(&self, module: &str, object: &str, release: &str) -> Option<&String> {
        let old = self.old.get(module)?;
        let images = if object == module { &old.images } else { old.others.get(object)? };
        images.get(release)
    }

    /// Folders that no mapping asks for and that are there, but for those that this run removes.
    pub(super) fn strangers(&self) -> Vec<String> {
        let planned = planned(&self.plan, self.manifest);
        let mut folders = self.outline.strangers(wanted(&planned));
        folders.retain(|folder| fs::is_there(&self.root.join(folder)));
        folders
    }

    /// What is in those folders where a file of ours would be, and how it looks.
    pub(super) fn foreign(&self) -> Vec<(String, Evidence)> {
        let candidates = self.outline.candidates(wanted(&planned(&self.plan, self.manifest))).into_iter();
        let there = candidates.filter(|path| fs::is_there(&self.root.join(path.as_str())));
        there.map(|path| (path.to_string(), fs::path_evidence(&self.root.join(path.as_str())))).collect()
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

/// What was seen of a module beside its mappings.
struct ModuleSeen {
    /// Its files; none where it has no mapping.
    verdicts: Option<[Verdict; 2]>,
    /// Faults about their size.
    sizes: Diagnostics,
    /// What is there now, and what becomes of it; nothing where its Module is right.
    old: Option<OldModule>,
    impact: Option<Impact>,
}

impl Eye<'_> {
    fn look_at(&self, module: &Module, mappings: &[Mapping<'_>]) -> Result<ModuleSeen, Inaccessible> {
        let mut sizes = Diagnostics::default();
        let verdicts = match output::of_module(module, mappings, self.manifest) {
            Some([object, list]) => {
                output::check_size(&object, &mut sizes);
                Some([self.inspector.inspect(object)?, self.inspector.inspect(list)?])
            }
            None => None,
        };
        if matches!(verdicts, Some([Verdict::Right(_), _])) {
            return Ok(ModuleSeen { verdicts, sizes, old: None, impact: None });
        }
        let further =
            !module.kmm.others.is_empty() || previous::has_others(module.name.as_str(), &self.inspector.tree)?;
        let recall = self.recall.filter(|_| !further);
        let (old, impact) = match recall.and_then(|recall| recall.impact(module, mappings)) {
            Some((old, impact)) => (Some(old), impact),
            None => {
                let old = previous::module(module.name.as_str(), &self.inspector.tree)?;
                let told = if module.has_objects() { mappings } else { &[] };
                let built = told.iter().map(|m| (m.kernel.release.as_str(), m.image().to_string()));
                let others = plan::prebuilt(self.manifest, module);
                let others = others.into_iter().map(|(kernel, image)| (kernel.release.as_str(), image));
                let images: Vec<(&str, String)> = built.chain(others).collect();
                let further = module.kmm.others.iter().filter(|_| module.has_objects());
                let further: Vec<&str> = further.map(|(name, _)| name.as_str()).collect();
                let impact = Impact::of(images, &further, old.as_ref());
                (old, impact)
            }
        };
        Ok(ModuleSeen { verdicts, sizes, old, impact: Some(impact) })
    }
}

impl Visitor for Eye<'_> {
    type Seen = Result<[Verdict; 2], Inaccessible>;

    fn visit(&self, mapping: &Mapping<'_>, draft: &Draft) -> Self::Seen {
        let [dockerfile, config_map] = output::of_mapping(mapping, draft, self.manifest);
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

/// Whether a module has objects, and the releases that it has mappings on.
type Planned<'p> = HashMap<&'p str, (bool, HashSet<&'p str>)>;

/// Whether a plan has a module's objects, or a mapping.
fn wanted<'p>(planned: &'p Planned<'_>) -> impl Fn(&str, Option<&str>) -> bool + 'p {
    |module, release| {
        planned.get(module).is_some_and(|(objects, releases)| match release {
            Some(release) => releases.contains(release),
            None => *objects,
        })
    }
}

fn planned<'p>(plan: &'p Plan<'_>, manifest: &Manifest) -> Planned<'p> {
    let with_mappings = plan.modules.iter().filter(|(module, m)| output::is_asked_for(module, m, manifest));
    // No module has such a name.
    let namespace = manifest.output.namespace.then(|| (NAMESPACE, (true, HashSet::new())));
    let releases = |mappings: &'p Vec<Mapping<'_>>| mappings.iter().map(|m| m.kernel.release.as_str()).collect();
    with_mappings
        .map(|(module, mappings)| (module.name.as_str(), (module.has_objects(), releases(mappings))))
        .chain(namespace)
        .collect()
}

/// The folders that the top lists: those of modules with mappings, and of held ones, which stay
/// although the manifest may not have them any more. What is not listed is gone for the cluster.
fn listed(plan: &Plan<'_>, manifest: &Manifest, holds: &[Hold]) -> Vec<String> {
    let with_mappings =
        plan.modules.iter().filter(|(module, m)| module.has_objects() && output::is_asked_for(module, m, manifest));
    let mut folders: Vec<String> = with_mappings.map(|(module, _)| module.name.value.to_string()).collect();
    for hold in holds {
        if !folders.contains(&hold.module) {
            folders.push(hold.module.clone());
        }
    }
    folders
}
