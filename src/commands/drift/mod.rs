//! Difference between the planned output and the output folder. `generate`, `publish`, `plan`, `explain` and `update` all
//! start from it, so that they cannot disagree.

mod bundles;
mod cached;
mod expected;
mod files;
mod held;
mod left_out;
mod listed;
mod mappings;
mod modules;
mod on_disk;
mod reverts;
mod scope;
mod shared;
mod unpushed;
mod whole_modules;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use self::bundles::{BundleComparer, Bundles, has_bundle};
use self::expected::{expected_modules, is_expected};
use self::files::{Changes, ModuleFiles};
pub(super) use self::files::{FileState, Files, MappingFiles};
pub(super) use self::held::HeldModules;
use self::held::compare_held;
pub(super) use self::left_out::LeftOut;
use self::listed::{ListedFiles, listed_files, unlisted};
use self::mappings::{MappingComparer, MappingResult, compare_mappings};
use self::modules::{ModuleComparer, ModuleResult};
pub(super) use self::on_disk::folder_on_disk;
pub(super) use self::reverts::BranchScope;
use self::reverts::reverted;
pub(super) use self::scope::Scope;
pub(super) use self::shared::SharedMappings;
use self::whole_modules::Left;
use super::project::Project;
use crate::adapters::{fs, git};
use crate::bundle::is_in_bundle;
use crate::cache::Reuse;
use crate::checksum::{Checksum, ChecksumKey};
use crate::file_stat::FileStat;
use crate::header::{Ownership, ownership};
use crate::holds::{HeldFiles, HeldModule};
use crate::impact::{self, Impact, Refusal};
use crate::manifest::Layout;
use crate::output::{self, MODULE, NAMESPACE, OtherOwners};
use crate::ownership::{Claim, LeftModule};
use crate::parallel::in_parts;
use crate::plan::{self, Expansion, Plan};
use crate::previous::{self, OldModule};
use crate::reconcile::{Action, Change, Inspector, TextSink, refuse};
use crate::settings;
use crate::tree::{Found, Inaccessible, Outline, OutputFolder, View};
use crate::vocabulary::{Diagnostic, Diagnostics, RelPath, quoted_list};

/// A project whose mappings are known, but not rendered.
pub(super) struct Expanded<'p> {
    pub(super) project: &'p Project,
    pub(super) expansion: Expansion<'p>,
    warnings: Diagnostics,
    /// Key of all checksums.
    key: ChecksumKey,
    /// Keys of all mappings.
    keys: Vec<Checksum>,
    /// Held modules, which have no mappings in the expansion.
    held: HeldModules,
    /// Mappings of all clusters of the run.
    shared: Option<&'p SharedMappings>,
}

impl<'p> Expanded<'p> {
    /// Expands a project for a run that has checksums with this key. The files of held modules are in `history`.
    pub(super) fn of(project: &'p Project, key: ChecksumKey, history: &dyn HeldFiles) -> anyhow::Result<Self> {
        let held = HeldModules::read(project, history);
        let (expansion, warnings) = project.expand(|module| held.contains(module.name.as_str()))?;
        let keys = plan::mapping_keys(&expansion, &key);
        Ok(Self { project, expansion, warnings, key, keys, held, shared: None })
    }

    /// Shares mappings with other clusters.
    pub(super) fn sharing(self, shared: Option<&'p SharedMappings>) -> Self {
        Self { shared, ..self }
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
    /// Held modules whose files are known, by name.
    pub(super) held: BTreeMap<String, HeldModule>,
    /// Held modules whose files cannot be read.
    pub(super) hold_refusals: Vec<Refusal>,
    /// Modules that are not written until someone decides.
    pub(super) refusals: Vec<Refusal>,
    /// Modules that belong to other owners, although the plan has them; each has a refusal.
    pub(super) owned: BTreeSet<String>,
    /// Set if the run is about any mapping or module of the plan.
    pub(super) selected: bool,
    folder: Box<dyn OutputFolder + 'p>,
    /// Shared files, as the kustomizations of the modules named them.
    listed: ListedFiles,
    /// Its names, as they were.
    pub(super) outline: Outline<'p>,
    /// Folders that no mapping asks for, as they were.
    unplanned: Vec<String>,
    /// Paths in them where a file of ours would be.
    candidates: Vec<RelPath>,
    bundles: Bundles,
}

impl<'p> Drift<'p> {
    /// Expands a project and compares it with its output folder.
    pub(super) fn find(project: &'p Project, scope: &Scope<'_>) -> anyhow::Result<Self> {
        let root = settings::output_folder(scope.output, &project.manifest, &project.folder)?;
        let folder = folder_on_disk(&root, project, []);
        let expanded = Expanded::of(project, fs::random_checksum_key(), &git::OutputHistory::new(&root))?;
        Self::of(expanded, scope, None, root, folder, &())
    }

    /// Compares an expanded project with a folder, which messages call `root`. Texts that differ go to `sink`; what
    /// the previous run knows is not rendered.
    pub(super) fn of(
        expanded: Expanded<'p>,
        scope: &Scope<'_>,
        reuse: Option<&'p Reuse<'p>>,
        root: PathBuf,
        folder: Box<dyn OutputFolder + 'p>,
        sink: &dyn TextSink,
    ) -> anyhow::Result<Self> {
        let Expanded { project, expansion, warnings, key, keys, held, shared } = expanded;
        let manifest = &project.manifest;
        project.rely_on(reuse.map(Reuse::templates).unwrap_or_default());
        project.rely_on(&shared.map(SharedMappings::templates).unwrap_or_default());
        let outline = Outline::read(&*folder, |module| {
            // All files of a held module are compared with those of its commit.
            reuse.filter(|_| !held.contains(module))?.unplanned_folders(module)
        })?;
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
        let claim = Claim { owner: manifest.file_owner(), take_over: scope.take_over };
        let inspector = Inspector { tree, sink, key, force: scope.force, claim, only };
        let shared_files = listed_files(&tree, manifest.output.layout)?;
        let (earlier, listed) = (shared.map(SharedMappings::earlier), &shared_files);
        let earlier = earlier.as_deref();
        let comparer = MappingComparer { project, inspector: &inspector, keys: &keys, reuse, shared, earlier, listed };
        let (plan, results) = compare_mappings((&expansion, warnings), &comparer, scope.workers)?;
        drop(expansion);
        let selected = scope.only.is_none_or(|only| {
            let is_named = manifest.modules.iter().any(|module| only.names(module.name.as_str()));
            is_named || only.selects_any(&plan) || held.is_selected(only)
        });

        let expected = expected_modules(&plan, manifest, &outline);
        let unexpected = outline.modules().filter(|name| !expected.contains_key(name) && !held.contains(name));
        let others = claim.left(unexpected, &tree)?;
        let comparer = ModuleComparer {
            project,
            inspector: &inspector,
            reuse,
            plan: &plan,
            keys: &keys,
            results: &results,
            left: &others,
        };
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
        let (layout, mut bundles) = (manifest.output.layout, Bundles::default());
        let bundle_comparer = BundleComparer { inspector: &inspector, reuse };
        for (compared, (module, mappings)) in modules.into_iter().zip(&plan.modules) {
            let ModuleResult { own, key, length, old: before, impact } = compared?;
            let (mut states, mut contents) = (Vec::with_capacity(mappings.len()), Vec::new());
            for result in results.by_ref().take(mappings.len()) {
                states.push(match result {
                    MappingResult::Reused(cached, content) => {
                        contents.extend(content);
                        found.right += layout.outputs_of_mapping();
                        MappingFiles::Reused(cached)
                    }
                    MappingResult::Compared(verdicts, content) => {
                        contents.extend((layout == Layout::Shared).then_some(content));
                        let verdicts = verdicts.map_err(|inaccessible| *inaccessible)?;
                        MappingFiles::Compared(verdicts.map(|verdict| found.add(verdict)))
                    }
                });
            }
            if has_bundle(layout, mappings) {
                bundle_comparer.compare(module, mappings, &states, (&mut bundles, &mut found))?;
            }
            let own = own.into_iter().flatten().map(|verdict| found.add(verdict)).collect();
            files.modules.push(ModuleFiles { mappings: states, contents, own, key, length });
            lengths.extend(length.map(|length| (*module, length)));
            old.extend(before.map(|before| (module.name.value.to_string(), before)));
            impacts.extend(impact.map(|impact| (module.name.value.to_string(), impact)));
        }
        for (name, module) in &held.modules {
            let compared = compare_held(module, manifest, &inspector)?;
            bundle_comparer.compare_held(module, &compared, (&mut bundles, &mut found))?;
            files.held.extend(compared.files.into_iter().map(|(path, verdict)| (path, found.add(verdict))));
            old.extend(compared.old.map(|before| (name.clone(), before)));
            impacts.extend(compared.impact.map(|impact| (name.clone(), impact)));
        }
        let mut faults = Diagnostics::default();
        output::check_sizes(&lengths, &mut faults);
        faults.extend(note_ownerless(&others));
        project.report(faults)?;
        let mut gone = Vec::new();
        let others_apart = outline.modules().filter(|name| !others.contains_key(*name) && !held.contains(name));
        for name in others_apart.filter(|name| !plan.modules.iter().any(|(module, _)| module.name.as_str() == *name)) {
            if let Some(module) = previous::module(name, &tree)? {
                impacts.insert(name.to_owned(), Impact { is_removed: true, ..Impact::of(&[], &[], &module) });
                old.insert(name.to_owned(), module);
                gone.push(name.to_owned());
            }
        }
        let planned = plan.modules.iter().filter(|(_, mappings)| has_bundle(layout, mappings));
        let planned: BTreeSet<&str> = planned.map(|(module, _)| module.name.as_str()).chain(held.bundles()).collect();
        for name in outline.modules().filter(|name| outline.has_bundle(name) && !planned.contains(name)) {
            match others.get(name) {
                _ if held.is_refused(name) => {}
                Some(other) if other.has_own_files => {}
                Some(_) => bundle_comparer.note_unplanned(name, &mut bundles)?,
                None => bundle_comparer.compare_unplanned(name, (&mut bundles, &mut found))?,
            }
        }
        let mut unplanned = outline.unplanned(|module, release| {
            is_expected(&expected, module, release)
                || (release.is_some() && others.get(module).is_some_and(|other| other.has_own_files))
        });
        let candidates = outline.candidates(&unplanned, output::not_at_top(manifest));
        let own = candidates.iter().chain(&bundles.orphans).filter(|path| {
            !held.keeps(path) && !others.contains_key(path.as_str().split('/').next().unwrap_or_default())
        });
        let mut orphans =
            inspector.orphans(own.cloned(), |module| expected.contains_key(module) || held.contains(module))?;
        orphans.extend(unlisted(&shared_files, (&plan, &held), |module| others.contains_key(module), &inspector)?);
        held.add_folders(&mut unplanned);
        let mut left = Left { chosen: chosen.as_ref(), kept: BTreeSet::new() };
        let mut refusals = left.keep_owned(found.changes.iter().chain(&orphans).map(|change| &**change), &claim);
        let owned = left.kept.clone();
        let why = refusals.iter().map(|refusal| (refusal.module.clone(), refusal.why.clone())).collect();
        refuse(&mut found.changes, &why);
        refuse(&mut orphans, &why);
        let mut decided = impact::refusals(manifest, &impacts, &old, &held.modules, scope.allow_remove);
        decided.extend(held.refusals.iter().cloned());
        decided.extend(unpushed::unpushed(&plan, &project.lock));
        decided.retain(|refusal| !owned.contains(&refusal.module));
        if let Some(branch) = &scope.branch {
            let changes = found.changes.iter().chain(&orphans).map(|change| &**change);
            reverted(branch, changes, tree.folder, &mut decided);
        }
        refusals.extend(decided);
        refusals.retain(|refusal| chosen.as_ref().is_none_or(|chosen| chosen.contains(&refusal.module)));
        left.kept.extend(refusals.iter().map(|refusal| refusal.module.clone()));
        refusals.extend(left.keep_conflicts(found.changes.iter().chain(&orphans).map(|change| &**change)));
        left.keep_stored(&mut found.changes);
        let gone = gone.iter().map(String::as_str);
        let listed = left.listed(manifest, (&expected, &held), gone, &others, &tree)?;
        let at_top = OtherOwners {
            have_modules: !owned.is_empty() || others.values().any(|other| other.is_listed),
            have_namespace: has_others_namespace(&claim, &tree)?,
        };
        for output in output::of_all(manifest, listed, &held.layouts(), at_top) {
            let name = output.path.to_string();
            files.top.push((name, found.add(inspector.inspect_top(output)?)));
        }
        found.changes.extend(orphans);
        let Changes { mut changes, right } = found;
        refusals.extend(left.keep_listed(&mut changes, &tree)?);
        impacts.retain(|module, _| chosen.as_ref().is_none_or(|chosen| chosen.contains(module)));
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
            held: held.modules,
            hold_refusals: held.refusals,
            refusals,
            owned,
            selected,
            folder,
            listed: shared_files,
            outline,
            unplanned,
            candidates,
            bundles,
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
    pub(super) fn unplanned(&self, folder: &dyn OutputFolder, since: i64) -> Vec<(String, FileStat)> {
        there(folder, self.unplanned.iter().filter(|path| !is_in_bundle(path)).cloned(), since).collect()
    }

    /// Returns the candidates for removal that exist in `folder`, with their metadata.
    pub(super) fn foreign(&self, folder: &dyn OutputFolder, since: i64) -> Vec<(String, FileStat)> {
        let paths = self.candidates.iter().map(ToString::to_string).chain(self.bundles.unplanned.iter().cloned());
        there(folder, paths, since).collect()
    }

    /// Returns a view of the output folder, with its names.
    pub(super) fn tree(&self) -> View<'_> {
        View { folder: &*self.folder, outline: &self.outline }
    }

    /// Leaves refused modules as they are, and drops the impacts of modules whose Modules are not written after all.
    pub(super) fn refuse(&mut self) {
        refuse(
            &mut self.changes,
            &self.refusals.iter().map(|refusal| (refusal.module.clone(), refusal.why.clone())).collect(),
        );
        let written = self.changes.iter().filter(|change| {
            change.path.file_name() == MODULE
                && matches!(change.action, Action::Create | Action::Update | Action::Remove)
        });
        let modules: BTreeSet<&str> = written.map(|change| change.path.parent()).collect();
        self.impacts.retain(|module, _| modules.contains(module.as_str()));
    }
}

/// Returns whether the namespace at the top belongs to another owner.
fn has_others_namespace(claim: &Claim<'_>, tree: &View<'_>) -> Result<bool, Inaccessible> {
    let Ok(path) = RelPath::parse(NAMESPACE) else { return Ok(false) };
    let found = tree.find(&path)?;
    let bytes = found.as_ref().and_then(Found::bytes).filter(|bytes| ownership(bytes) != Ownership::Foreign);
    Ok(bytes.is_some() && found.is_some_and(|found| !claim.is_own(&found)))
}

/// Returns a note on modules without an owner that a manifest with an owner leaves as they are.
fn note_ownerless(others: &BTreeMap<String, LeftModule>) -> Option<Diagnostic> {
    let names = others.iter().filter(|(_, other)| other.is_ownerless).map(|(name, _)| name.as_str());
    let names: Vec<&str> = names.collect();
    let message = format!("left {}, whose files name no owner and are not in the manifest", quoted_list(&names));
    let help = "if they are this manifest's, pass `--take-over MODULE` to remove them";
    (!names.is_empty()).then(|| Diagnostic::note("no-owner", message).help(help))
}

/// Returns those paths at which something exists, or at which that cannot be determined, with the metadata.
fn there(
    folder: &dyn OutputFolder,
    paths: impl IntoIterator<Item = String>,
    since: i64,
) -> impl Iterator<Item = (String, FileStat)> {
    paths.into_iter().filter(|path| !matches!(folder.kind(path), Ok(None))).map(move |path| {
        let stat = folder.stat(&path).settled(since);
        (path, stat)
    })
}
