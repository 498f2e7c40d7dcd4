//! The cached run of a drift whose changes are all made.

use std::collections::HashMap;

use super::modules::is_all_built;
use super::{Drift, FileState, MappingFiles};
use crate::adapters::fs;
use crate::cache::{CachedFiles, CachedModule, FileEntry, MappingResult, MappingRow};
use crate::commands::project::Project;
use crate::file_stat::FileStat;
use crate::manifest::Kernel;
use crate::output;
use crate::plan::kernel_numbers;
use crate::reconcile::Action;
use crate::tree::OutputFolder;

/// State that the next run can take over. Rows of tables are made when they are written: those of a fleet are megabytes.
pub(in crate::commands) struct NextRun<'d> {
    pub(in crate::commands) files: CachedFiles,
    drift: &'d Drift<'d>,
    times: Times,
    /// Mappings in the order of the tables: the number of the module, of its first mapping, and within the module.
    order: Vec<[u32; 3]>,
}

/// Times that decide which metadata shows every later change.
#[derive(Clone, Copy)]
struct Times {
    /// Time at which the run began.
    since: i64,
    /// Time at which all files were written.
    now: i64,
}

impl NextRun<'_> {
    /// Returns all mappings.
    pub(in crate::commands) fn mappings(&self) -> impl Iterator<Item = MappingRow> + Clone {
        self.order.iter().filter_map(|[module, first, at]| {
            self.drift.cached_mapping(*module as usize, *first as usize, *at as usize, self.times)
        })
    }
}

impl Drift<'_> {
    /// Returns what the next run can take over; `None` if any file is not right. `folder` is the output folder as it is
    /// now, and `since` the time at which the run began. A file or folder that changed later is read again by the next
    /// run, since its change may not be ours.
    pub(in crate::commands) fn to_cached_run(
        &self,
        project: &Project,
        folder: &dyn OutputFolder,
        since: i64,
    ) -> Option<NextRun<'_>> {
        let times = Times { since, now: fs::now() };
        let settled = |(path, stat): (String, FileStat)| (path, stat.settled(since));
        // As long as an earlier run's staging directory is there, the folder is read.
        let tidy = fs::left_over(&self.outline).next().is_none();
        let kernels = &project.manifest.kernels;
        let (releases, release_numbers) = unique_releases(kernels);
        let mut modules = Vec::new();
        let mut order = Vec::with_capacity(self.keys.len());
        let mut first = 0;
        for (number, ((module, mappings), files)) in (0..).zip(self.plan.modules.iter().zip(&self.files.modules)) {
            let mut rows = Vec::with_capacity(mappings.len());
            for (at, kernel) in kernel_numbers(kernels, mappings.iter().map(|mapping| mapping.kernel)).enumerate() {
                self.cached_mapping(number as usize, first as usize, at, times)?;
                rows.push((*release_numbers.get(kernel?)?, at as u32));
            }
            let start = first;
            first += mappings.len() as u32;
            if !output::is_asked_for(module, mappings, &project.manifest) {
                continue;
            }
            rows.sort_by_key(|(release, _)| *release);
            let releases = rows.iter().map(|(release, _)| *release).collect();
            order.extend(rows.iter().map(|(_, at)| [number, start, *at]));
            let name = module.name.value.to_string();
            modules.push(CachedModule {
                key: files.key,
                image: is_all_built(module).then(|| module.image.repository().to_owned()),
                version: module.version.clone(),
                length: files.length.unwrap_or_default() as u64,
                folder: folder.stat(&name).settled(since),
                name,
                own: self.entries(&files.own, times)?,
                releases,
            });
        }
        let files = CachedFiles {
            inputs: project.read_inputs(),
            key: self.key,
            root: std::path::absolute(&self.root).ok()?.to_str()?.to_owned(),
            messages: project.messages(),
            releases,
            unplanned: self.unplanned(folder).into_iter().map(settled).collect(),
            foreign: self.foreign(folder).into_iter().map(settled).collect(),
            folder: if tidy { folder.stat("").settled(since) } else { FileStat::NONE },
            top: self.entries(&self.files.top, times)?,
            modules,
        };
        Some(NextRun { files, drift: self, times, order })
    }

    /// Returns a mapping of a module, whose first mapping has the number `first`; `None` if a file is not right.
    fn cached_mapping(&self, module: usize, first: usize, at: usize, times: Times) -> Option<MappingRow> {
        match self.files.modules.get(module)?.mappings.get(at)? {
            MappingFiles::Reused(cached) => Some((*cached.stats, *cached.result)),
            MappingFiles::Compared(files) => {
                let [dockerfile, config_map] = [self.entry(&files[0], times)?, self.entry(&files[1], times)?];
                let (_, mappings) = self.plan.modules.get(module)?;
                let checksums = [dockerfile.checksum, config_map.checksum];
                let result = MappingResult::new(*self.keys.get(first + at)?, mappings.get(at)?.identity, checksums);
                Some(([dockerfile.stat, config_map.stat], result))
            }
        }
    }

    fn entries(&self, states: &[FileState], times: Times) -> Option<Vec<FileEntry>> {
        states.iter().map(|state| self.entry(state, times)).collect()
    }

    fn entry(&self, state: &FileState, times: Times) -> Option<FileEntry> {
        match state {
            FileState::NotAsked => None,
            FileState::Right(file) => Some(FileEntry { stat: file.stat.settled(times.since), ..**file }),
            // Written by this run, and by nobody since.
            FileState::Change(at) => {
                let change = &self.changes[*at];
                let written = change.written.filter(|_| matches!(change.action, Action::Create | Action::Update))?;
                Some(FileEntry { stat: written.stat.settled(times.now), checksum: written.checksum })
            }
        }
    }
}

/// Returns the releases of kernels, each once, and the number that each kernel's release has among them.
fn unique_releases(kernels: &[Kernel]) -> (Vec<String>, Vec<u32>) {
    let mut first = HashMap::with_capacity(kernels.len());
    let mut unique = Vec::with_capacity(kernels.len());
    let mut numbers = Vec::with_capacity(kernels.len());
    for kernel in kernels {
        let release = kernel.release.as_str();
        numbers.push(*first.entry(release).or_insert_with(|| {
            unique.push(release.to_owned());
            unique.len() as u32 - 1
        }));
    }
    (unique, numbers)
}
