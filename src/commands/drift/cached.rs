//! The cached run of a drift whose changes are all made.

use std::collections::HashMap;

use super::modules::is_all_built;
use super::{Drift, FileState};
use crate::adapters::fs;
use crate::cache::{CachedMapping, CachedModule, CachedRun, FileEntry};
use crate::commands::project::Project;
use crate::file_stat::{FileStat, StatToken};
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
        let token = |stat: FileStat| stat.settled(since).token(&self.key);
        let entries = |states: &[FileState]| states.iter().map(|state| self.entry(state, now)).collect::<Option<_>>();
        let releases = project.manifest.kernels.iter().map(|kernel| kernel.release.as_str());
        let mut numbers = HashMap::new();
        let mut unique = Vec::new();
        for release in releases {
            numbers.entry(release).or_insert_with(|| {
                unique.push(release.to_owned());
                unique.len() - 1
            });
        }
        let tokens = |stats: Vec<(String, FileStat)>| -> Vec<(String, StatToken)> {
            stats.into_iter().map(|(path, stat)| (path, token(stat))).collect()
        };
        let root = std::path::absolute(&self.root).ok()?;
        // As long as an earlier run's staging directory is there, the folder is read.
        let tidy = fs::left_over(&self.outline).next().is_none();
        let top = if tidy { token(folder.stat("")) } else { StatToken::NONE };
        let mut modules = Vec::new();
        let mut keys = self.keys.iter();
        for ((module, mappings), files) in self.plan.modules.iter().zip(&self.files.modules) {
            let keys = keys.by_ref().take(mappings.len());
            let rows = mappings.iter().zip(&files.mappings).zip(keys).map(|((mapping, files), key)| {
                let release = u32::try_from(*numbers.get(mapping.kernel.release.as_str())?).ok()?;
                let files = [self.entry(&files[0], now)?, self.entry(&files[1], now)?];
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
                folder: token(folder.stat(&name)),
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
            unplanned: tokens(self.unplanned(folder)),
            foreign: tokens(self.foreign(folder)),
            folder: top,
            top: entries(&self.files.top)?,
            modules,
        })
    }

    fn entry(&self, state: &FileState, now: i64) -> Option<FileEntry> {
        match state {
            FileState::NotAsked => None,
            FileState::Right(entry) => Some(*entry),
            // Written by this run, and by nobody since.
            FileState::Change(at) => {
                let change = &self.changes[*at];
                let written = change.written.filter(|_| matches!(change.action, Action::Create | Action::Update))?;
                Some(FileEntry { token: written.stat.settled(now).token(&self.key), checksum: written.checksum })
            }
        }
    }
}
