//! The cached run of a drift whose changes are all made.

use std::collections::HashMap;

use super::modules::is_all_built;
use super::{Drift, FileState, MappingFiles};
use crate::adapters::fs;
use crate::cache::{CachedFiles, CachedMapping, CachedModule, FileEntry, MappingResult, MappingStats};
use crate::commands::project::Project;
use crate::file_stat::FileStat;
use crate::manifest::Kernel;
use crate::output;
use crate::plan::kernel_numbers;
use crate::reconcile::Action;
use crate::tree::OutputFolder;

/// What the next run can take over.
pub(in crate::commands) struct NextRun<'c> {
    pub(in crate::commands) files: CachedFiles,
    rows: Vec<Row<'c>>,
}

/// A mapping, which is most often as the previous run left it.
enum Row<'c> {
    Reused(CachedMapping<'c>),
    New(Box<(MappingStats, MappingResult)>),
}

impl NextRun<'_> {
    /// Returns all mappings.
    pub(in crate::commands) fn mappings(&self) -> impl Iterator<Item = CachedMapping<'_>> + Clone {
        self.rows.iter().map(|row| match row {
            Row::Reused(cached) => *cached,
            Row::New(row) => CachedMapping { stats: &row.0, result: &row.1 },
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
        let now = fs::now();
        let settled = |(path, stat): (String, FileStat)| (path, stat.settled(since));
        // As long as an earlier run's staging directory is there, the folder is read.
        let tidy = fs::left_over(&self.outline).next().is_none();
        let kernels = &project.manifest.kernels;
        let (releases, release_numbers) = unique_releases(kernels);
        let mut modules = Vec::new();
        let mut all_rows = Vec::with_capacity(self.keys.len());
        let mut rows: Vec<(u32, Row<'_>)> = Vec::new();
        let mut keys = self.keys.iter();
        for ((module, mappings), files) in self.plan.modules.iter().zip(&self.files.modules) {
            let numbers = kernel_numbers(kernels, mappings.iter().map(|mapping| mapping.kernel));
            rows.clear();
            for (((mapping, files), key), number) in
                mappings.iter().zip(&files.mappings).zip(keys.by_ref()).zip(numbers)
            {
                let row = match files {
                    MappingFiles::Reused(cached) => Row::Reused(*cached),
                    MappingFiles::Compared(files) => {
                        let [first, second] = [self.entry(&files[0], since, now)?, self.entry(&files[1], since, now)?];
                        let checksums = [first.checksum, second.checksum];
                        let result = MappingResult::new(*key, mapping.identity, checksums);
                        Row::New(Box::new(([first.stat, second.stat], result)))
                    }
                };
                rows.push((*release_numbers.get(number?)?, row));
            }
            if !output::is_asked_for(module, mappings, &project.manifest) {
                continue;
            }
            rows.sort_by_key(|(release, _)| *release);
            let releases = rows.iter().map(|(release, _)| *release).collect();
            all_rows.extend(rows.drain(..).map(|(_, row)| row));
            let name = module.name.value.to_string();
            modules.push(CachedModule {
                key: files.key,
                image: is_all_built(module).then(|| module.image.repository().to_owned()),
                version: module.version.clone(),
                length: files.length.unwrap_or_default() as u64,
                folder: folder.stat(&name).settled(since),
                name,
                own: self.entries(&files.own, since, now)?,
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
            top: self.entries(&self.files.top, since, now)?,
            modules,
        };
        Some(NextRun { files, rows: all_rows })
    }

    fn entries(&self, states: &[FileState], since: i64, now: i64) -> Option<Vec<FileEntry>> {
        states.iter().map(|state| self.entry(state, since, now)).collect()
    }

    fn entry(&self, state: &FileState, since: i64, now: i64) -> Option<FileEntry> {
        match state {
            FileState::NotAsked => None,
            FileState::Right(FileEntry { stat, checksum }) => {
                Some(FileEntry { stat: stat.settled(since), checksum: *checksum })
            }
            // Written by this run, and by nobody since.
            FileState::Change(at) => {
                let change = &self.changes[*at];
                let written = change.written.filter(|_| matches!(change.action, Action::Create | Action::Update))?;
                Some(FileEntry { stat: written.stat.settled(now), checksum: written.checksum })
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
