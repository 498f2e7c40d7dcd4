//! Comparison of an output folder with a cached run, on threads of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file_checker::FileChecker;
use super::folder_check::{Done, FolderCheck, Job, Top};
use super::known_shared::KnownShared;
use super::result::check_result;
use crate::adapters::fs::stat::now;
use crate::cache::{CachedFiles, CachedRun, CachedRunFile, CheckResult, FileEntry};
use crate::checksum::ChecksumKey;
use crate::manifest::Layout;
use crate::parallel::Aside;

/// Check of an output folder that goes on while this thread does something else.
pub struct BackgroundCheck {
    run: Arc<CachedRunFile>,
    /// Files of the run's mappings, in parts; empty until the check has ended.
    mapping_files: Vec<Vec<[FileEntry; 2]>>,
    result: CheckResult,
    /// `None` as soon as the check has ended.
    pending: Option<(Top, Aside<Job, Done>)>,
}

impl BackgroundCheck {
    /// Starts to compare the output folder of a run with it. Files are read if their metadata is not as it was, and
    /// all of them if `reads` is set. The names in the output folder itself have been read when this returns.
    ///
    /// Shared files that are `known` are not compared again.
    pub fn start(run: CachedRunFile, reads: bool, workers: impl FnOnce() -> usize, known: &Arc<KnownShared>) -> Self {
        let checker = FileChecker { now: now(), reads, key: run.files.key };
        let result = CheckResult::of(&run.files, false);
        let run = Arc::new(run);
        let check = Arc::new(FolderCheck {
            checker,
            root: run.files.root.clone().into(),
            run: run.clone(),
            known: known.clone(),
        });
        let jobs = check.jobs();
        // The metadata of a few files is read before the number of cores is known, or a thread has started.
        let workers = if reads || !has_known_bundles(&check.run.files) { workers() } else { 1 };
        let jobs = Aside::start(jobs, workers, {
            let check = check.clone();
            move |job| check.run(job)
        });
        let top = check.top();
        Self { run, mapping_files: Vec::new(), result, pending: Some((top, jobs)) }
    }

    /// Returns the files of the run; once the check has ended, with the metadata of files that were touched but have
    /// the content that they had.
    pub fn files(&self) -> &CachedFiles {
        &self.run.files
    }

    /// Returns the output folder.
    pub fn root(&self) -> &Path {
        Path::new(&self.run.files.root)
    }

    /// Waits for the end of the check.
    pub fn wait(&mut self) -> &CheckResult {
        let Some((top, jobs)) = self.pending.take() else { return &self.result };
        let done = jobs.finish();
        // Threads that have ended share nothing.
        if let Some(run) = Arc::get_mut(&mut self.run) {
            self.mapping_files = check_result(&mut self.result, &mut run.files, top, done);
        }
        &self.result
    }

    /// Returns whether any file was touched but has the content that it had.
    pub fn has_touched(&self) -> bool {
        self.result.touched
    }

    /// Reads the run of the check while this thread does something else, if no other thread does any part of the check.
    pub fn finish_aside(self, workers: usize) -> FinishingCheck {
        let (key, root) = (self.files().key, self.root().to_owned());
        let workers = if self.files().layout == Layout::Bundle { workers } else { 1 };
        FinishingCheck { key, root, run: Aside::start(vec![self], workers, Self::finish) }
    }

    /// Waits for the end of the check, and returns the run with its result; `None` if mappings of it are damaged.
    pub fn finish(mut self) -> Option<(CachedRun, CheckResult)> {
        self.wait();
        let run = Arc::into_inner(self.run)?;
        let run = match run.files.layout {
            Layout::Files | Layout::Shared => run.complete(self.mapping_files.into_iter().flatten())?,
            // Its mappings have no files to compare.
            Layout::Bundle => run.read()?,
        };
        Some((run, self.result))
    }
}

/// Check whose run is being read.
pub struct FinishingCheck {
    /// Key of the run's checksums.
    pub key: ChecksumKey,
    /// Output folder of the run.
    pub root: PathBuf,
    run: Aside<BackgroundCheck, Option<(CachedRun, CheckResult)>>,
}

impl FinishingCheck {
    /// Does the same as [`BackgroundCheck::finish`].
    pub fn finish(self) -> Option<(CachedRun, CheckResult)> {
        self.run.finish().pop().flatten()
    }
}

/// Returns whether a run has bundles, and the metadata of all of their files.
fn has_known_bundles(files: &CachedFiles) -> bool {
    let mut bundles = files.modules.iter().flat_map(|module| &module.bundle);
    files.layout == Layout::Bundle && bundles.all(|file| file.stat.is_some())
}
