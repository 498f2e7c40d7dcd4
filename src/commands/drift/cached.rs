//! The cached run of a drift whose changes are all made.

use std::collections::HashMap;

use super::bundles::has_bundle;
use super::modules::is_all_built;
use super::{Drift, FileState, MappingFiles};
use crate::adapters::fs;
use crate::bundle::{document_of, file_name};
use crate::cache::{CachedFiles, CachedMapping, CachedModule, CachedResult, FileEntry, TextList};
use crate::checksum::Checksum;
use crate::commands::project::Project;
use crate::file_stat::FileStat;
use crate::manifest::Kernel;
use crate::output;
use crate::plan::Mapping;
use crate::reconcile::Action;
use crate::shared_files::ContentHash;
use crate::tree::OutputFolder;
use crate::vocabulary::Digest;

/// State that the next run can take over. Mappings are made when they are written: those of a fleet are megabytes.
pub(in crate::commands) struct NextRun<'d> {
    pub(in crate::commands) files: CachedFiles,
    drift: &'d Drift<'d>,
    times: Times,
    /// Mappings in the order of the cache.
    rows: Vec<Row<'d>>,
}

/// A mapping with its files and its key.
type Row<'d> = (&'d Mapping<'d>, &'d MappingFiles<'d>, &'d Checksum);

/// Times that decide which metadata shows every later change.
#[derive(Clone, Copy)]
struct Times {
    /// Time at which the run began.
    since: i64,
    /// Time at which all files were written.
    now: i64,
}

impl NextRun<'_> {
    /// Returns all mappings; `None` for one whose files are not right.
    pub(in crate::commands) fn mappings(&self) -> impl Iterator<Item = Option<CachedMapping>> {
        self.rows.iter().map(|(mapping, files, key)| match files {
            MappingFiles::Reused(cached) => Some(**cached),
            MappingFiles::Compared(files) => {
                let files = [self.drift.entry(&files[0], self.times)?, self.drift.entry(&files[1], self.times)?];
                Some(CachedMapping { files, result: CachedResult::new(**key, mapping.identity) })
            }
        })
    }
}

impl Drift<'_> {
    /// Returns what the next run can take over; `None` if a file that is of no mapping is not right. `lock` is the digest
    /// of the lock as the run leaves it, `folder` the output folder as it is now, and `since` the time at which the run
    /// began. A file or folder that changed later is read again by the next run, since its change may not be ours.
    pub(in crate::commands) fn to_cached_run(
        &self,
        (project, lock): (&Project, Option<Digest>),
        folder: &dyn OutputFolder,
        since: i64,
    ) -> Option<NextRun<'_>> {
        let times = Times { since, now: fs::now() };
        // As long as an earlier run's staging directory is there, the folder is read.
        let tidy = fs::left_over(&self.outline).next().is_none();
        let (releases, release_numbers) = unique_releases(&project.manifest.kernels);
        let mut modules = Vec::new();
        let mut rows = Vec::with_capacity(self.keys.len());
        let mut keys = self.keys.iter();
        for ((module, mappings), files) in self.plan.modules.iter().zip(&self.files.modules) {
            let rows_of_module = mappings.iter().zip(&files.mappings).zip(keys.by_ref());
            let contents = files.contents.iter().copied().map(Some).chain(std::iter::repeat(None));
            let of_module = rows_of_module.zip(contents).map(|(((mapping, files), key), content)| {
                (release_numbers[mapping.kernel_number], content, (mapping, files, key))
            });
            let mut of_module: Vec<(u32, Option<ContentHash>, Row<'_>)> = of_module.collect();
            if !output::is_asked_for(module, mappings, &project.manifest) {
                continue;
            }
            of_module.sort_by_key(|(release, ..)| *release);
            let releases = of_module.iter().map(|(release, ..)| *release).collect();
            let contents = of_module.iter().filter_map(|(_, content, _)| *content).collect();
            rows.extend(of_module.into_iter().map(|(.., row)| row));
            let name = module.name.value.to_string();
            modules.push(CachedModule {
                key: files.key,
                image: is_all_built(module).then(|| module.image_start()),
                version: module.version.clone(),
                length: files.length.unwrap_or_default() as u64,
                folder: folder.stat(&name).settled(since),
                bundle: match has_bundle(project.manifest.output.layout, mappings) {
                    true => self.bundles.right.get(&name)?.iter().map(|file| settled(file, since)).collect(),
                    false => Vec::new(),
                },
                name,
                own: self.entries(&files.own, times)?,
                releases,
                contents,
            });
        }
        let files = CachedFiles {
            inputs: project.read_inputs(lock),
            layout: project.manifest.output.layout,
            key: self.key,
            root: std::path::absolute(&self.root).ok()?.to_str()?.to_owned(),
            owner: project.manifest.owner.as_ref().map(ToString::to_string),
            messages: project.messages(),
            releases,
            unplanned: self.unplanned(folder, since),
            foreign: self.foreign(folder, since),
            folder: if tidy { folder.stat("").settled(since) } else { FileStat::NONE },
            top: self.top(times)?,
            held_documents: self.files.held.iter().filter(|(path, _)| document_of(path).is_some()).count() as u64,
            modules,
        };
        Some(NextRun { files, drift: self, times, rows })
    }

    /// Returns the files at the top and those of held modules.
    fn top(&self, times: Times) -> Option<Vec<(String, FileEntry)>> {
        let held = self.files.held.iter().filter(|(path, _)| document_of(path).is_none());
        let files = self.files.top.iter().chain(held);
        let files = files.map(|(name, state)| Some((name.clone(), self.entry(state, times)?)));
        let mut top: Vec<(String, FileEntry)> = files.collect::<Option<_>>()?;
        for (name, _) in self.held.iter().filter(|(_, held)| held.has_bundle()) {
            let bundle = self.bundles.right.get(name)?.iter().enumerate();
            top.extend(bundle.map(|(at, file)| (format!("{name}/{}", file_name(at)), settled(file, times.since))));
        }
        Some(top)
    }

    fn entries(&self, states: &[FileState], times: Times) -> Option<Vec<FileEntry>> {
        states.iter().map(|state| self.entry(state, times)).collect()
    }

    fn entry(&self, state: &FileState, times: Times) -> Option<FileEntry> {
        match state {
            FileState::NotAsked => None,
            FileState::Absent => Some(FileEntry::default()),
            FileState::Right(file) => Some(settled(file, times.since)),
            // Written by this run, and by nobody since.
            FileState::Change(at) => {
                let change = &self.changes[*at];
                let written = change.written.filter(|_| matches!(change.action, Action::Create | Action::Update))?;
                Some(FileEntry { stat: written.stat.settled(times.now), checksum: written.checksum })
            }
        }
    }
}

fn settled(file: &FileEntry, since: i64) -> FileEntry {
    FileEntry { stat: file.stat.settled(since), ..*file }
}

/// Returns the releases of kernels, each once, and the number that each kernel's release has among them.
fn unique_releases(kernels: &[Kernel]) -> (TextList, Vec<u32>) {
    let mut first = HashMap::with_capacity(kernels.len());
    let mut unique = TextList::default();
    let mut numbers = Vec::with_capacity(kernels.len());
    for kernel in kernels {
        let release = kernel.release.as_str();
        numbers.push(*first.entry(release).or_insert_with(|| unique.push(release)));
    }
    (unique, numbers)
}
