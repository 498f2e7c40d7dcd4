//! Comparison of an output folder with a cached run, on threads of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file_checker::FileChecker;
use super::folder_check::{Done, FolderCheck, Job, Top};
use super::result::ResultBuilder;
use crate::adapters::fs::stat::now;
use crate::cache::{CachedFiles, CachedRun, CheckResult, MappingResult, Tables, UnreadResults, UnreadRun};
use crate::parallel::Aside;

/// Check of an output folder that goes on while this thread does something else.
pub struct BackgroundCheck {
    tables: Arc<Tables>,
    /// Results of the run, until they are read.
    unread: Option<UnreadResults<File>>,
    /// Results of the run, unless they are damaged.
    results: Option<Vec<MappingResult>>,
    result: CheckResult,
    /// `None` as soon as the check has ended.
    pending: Option<(Option<Top>, Aside<Job, Done>)>,
}

impl BackgroundCheck {
    /// Starts to compare the output folder of a run with it. Files are read if their metadata is not as it was, and
    /// all of them if `reads` is set. The names in the output folder itself have been read when this returns.
    pub fn start(run: UnreadRun<File>, reads: bool, workers: usize) -> Self {
        let UnreadRun { tables, results } = run;
        let checker = FileChecker { now: now(), reads, key: tables.files.key };
        let result = CheckResult::of(&tables.files, false);
        let root = PathBuf::from(&tables.files.root);
        let tables = Arc::new(tables);
        let check = FolderCheck { checker, root, tables: tables.clone() };
        let top = check.top();
        // Without the folder, there is nothing in it.
        let jobs = if top.is_some() { check.jobs() } else { Vec::new() };
        let jobs = Aside::start(jobs, workers, move |job| check.run(job));
        Self { tables, unread: Some(results), results: None, result, pending: Some((top, jobs)) }
    }

    /// Returns the files of the run; once the check has ended, with the metadata of files that were touched but have
    /// the content that they had.
    pub fn files(&self) -> &CachedFiles {
        &self.tables.files
    }

    /// Returns the output folder.
    pub fn root(&self) -> &Path {
        Path::new(&self.tables.files.root)
    }

    /// Waits for the end of the check.
    pub fn wait(&mut self) -> &CheckResult {
        let Some((top, jobs)) = self.pending.take() else { return &self.result };
        let done = jobs.finish();
        if done.iter().any(|done| !done.others.is_empty()) {
            self.read_results();
        }
        // Threads that have ended share nothing.
        if let (Some(top), Some(tables)) = (top, Arc::get_mut(&mut self.tables)) {
            let result = std::mem::take(&mut self.result);
            let results = self.results.as_deref().unwrap_or_default();
            self.result = ResultBuilder::build(result, tables, results, top, done);
        }
        &self.result
    }

    /// Returns whether any file was touched but has the content that it had.
    pub fn has_touched(&self) -> bool {
        self.result.touched
    }

    /// Waits for the end of the check, and returns the run with its result; `None` if the run is damaged.
    pub fn finish(mut self) -> Option<(CachedRun, CheckResult)> {
        self.read_results();
        self.wait();
        Some((Arc::into_inner(self.tables)?.with(self.results?), self.result))
    }

    fn read_results(&mut self) {
        if let Some(unread) = self.unread.take() {
            self.results = unread.read();
        }
    }
}
