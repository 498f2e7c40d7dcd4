//! The cached run of a drift whose changes are all made.

use std::collections::HashMap;

use super::modules::is_all_built;
use super::{Drift, FileState, MappingFiles};
use crate::adapters::fs;
use crate::cache::{CachedMapping, CachedModule, CachedRun, FileEntry};
use crate::commands::project::Project;
use crate::file_stat::FileStat;
use crate::output;
use crate::reconcile::Action;
use crate::tree::OutputFolder;

impl Drift<'_> {
    /// Returns what the next run can take over; `None` if any file is not right. `folder` is the output folder as it is
    /// now, and `since` the time at which the run began. A file or folder that changed later is read again by the next
    /// run, since its change may not be ours.
    pub(in crate::commands) fn to_cached_run(
        &self,
        project: &Project,
        folder: &dyn OutputFolder,
        since: i64,
    ) -> Option<CachedRun> {
        let now = fs::now();
        let entries =
            |states: &[FileState]| states.iter().map(|state| self.entry(state, since, now)).collect::<Option<_>>();
        let releases = project.manifest.kernels.iter().map(|kernel| kernel.release.as_str());
        let mut numbers = HashMap::new();
        let mut unique = Vec::new();
        for release in releases {
            numbers.entry(release).or_insert_with(|| {
                unique.push(release.to_owned());
                unique.len() - 1
            });
        }
        let settled = |(path, stat): (String, FileStat)| (path, stat.settled(since));
        let root = std::path::absolute(&self.root).ok()?;
        // As long as an earlier run's staging directory is there, the folder is read.
        let tidy = fs::left_over(&self.outline).next().is_none();
        let top = if tidy { folder.stat("").settled(since) } else { FileStat::NONE };
        let mut modules = Vec::new();
        let mut keys = self.keys.iter();
        for ((module, mappings), files) in self.plan.modules.iter().zip(&self.files.modules) {
            let keys = keys.by_ref().take(mappings.len());
            let rows = mappings.iter().zip(&files.mappings).zip(keys).map(|((mapping, files), key)| {
                let release = u32::try_from(*numbers.get(mapping.kernel.release.as_str())?).ok()?;
                let files = match files {
                    MappingFiles::Reused(cached) => cached.files,
                    MappingFiles::Compared(files) => {
                        [self.entry(&files[0], since, now)?, self.entry(&files[1], since, now)?]
                    }
                };
                Some(CachedMapping { release, key: *key, identity: mapping.identity, files })
            });
            let mut cached: Vec<CachedMapping> = rows.collect::<Option<_>>()?;
            if !output::is_asked_for(module, mappings, &project.manifest) {
                continue;
            }
            cached.sort_by_key(|mapping| mapping.release);
            let name = module.name.value.to_string();
            modules.push(CachedModule {
                key: files.key,
                image: is_all_built(module).then(|| module.image.repository().to_owned()),
                version: module.version.clone(),
                length: files.length.unwrap_or_default() as u64,
                folder: folder.stat(&name).settled(since),
                name,
                own: entries(&files.own)?,
                mappings: cached,
            });
        }
        Some(CachedRun {
            inputs: project.read_inputs(),
            key: self.key,
            root: root.to_str()?.to_owned(),
            messages: project.messages(),
            releases: unique,
            unplanned: self.unplanned(folder).into_iter().map(settled).collect(),
            foreign: self.foreign(folder).into_iter().map(settled).collect(),
            folder: top,
            top: entries(&self.files.top)?,
            modules,
        })
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
