//! Comparison of an output folder with a cached run, on threads of its own.

use std::collections::HashSet;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::retry_on_intr;

use super::file_checker::{Compared, FileChecker};
use crate::adapters::fs::stat::{folder_stat, now, path_stat};
use crate::adapters::fs::tree::Folder;
use crate::cache::{CachedFiles, CachedModule, CachedRun, CheckResult, MappingResult, UnreadRun};
use crate::checksum::Checksum;
use crate::file_stat::FileStat;
use crate::output::{CONFIG_MAP, DOCKERFILE, KUSTOMIZATION, MODULE, TOP};
use crate::parallel::Aside;
use crate::tree::{OutputFolder as _, is_ours};

/// Number of mappings that one thread checks in one go.
const SHARE: usize = 125;

/// Check of an output folder that goes on while this thread does something else.
pub struct BackgroundCheck {
    run: Arc<UnreadRun<File>>,
    /// Results of the run, if they had to be read.
    results: Option<Vec<MappingResult>>,
    result: CheckResult,
    /// `None` as soon as the check has ended.
    pending: Option<(Option<Top>, Aside<Job, Done>)>,
}

impl BackgroundCheck {
    /// Starts to compare the output folder of a run with it. Files are read if their metadata is not as it was, and
    /// all of them if `reads` is set. The names in the output folder itself have been read when this returns.
    pub fn start(run: UnreadRun<File>, reads: bool, workers: usize) -> Self {
        let checker = FileChecker { now: now(), reads, key: run.files.key };
        let result = CheckResult::of(&run.files, false);
        let root = PathBuf::from(&run.files.root);
        let run = Arc::new(run);
        let check = Check { checker, root, run: run.clone() };
        let top = check.top();
        // Without the folder, there is nothing in it.
        let jobs = if top.is_some() { check.jobs() } else { Vec::new() };
        let jobs = Aside::start(jobs, workers, move |job| check.module(job));
        Self { run, results: None, result, pending: Some((top, jobs)) }
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
        if let (Some(top), Some(run)) = (top, Arc::get_mut(&mut self.run)) {
            if done.iter().any(|done| !done.others.is_empty()) {
                self.results = run.read_results();
            }
            self.result = Notes::of(run, self.results.as_deref().unwrap_or_default(), top, done);
        }
        &self.result
    }

    /// Returns whether any file was touched but has the content that it had.
    pub fn has_touched(&self) -> bool {
        self.result.touched
    }

    /// Waits for the end of the check, and returns the run with its result; `None` if the run is damaged.
    pub fn finish(mut self) -> Option<(CachedRun, CheckResult)> {
        self.wait();
        let run = Arc::into_inner(self.run)?;
        let run = match self.results {
            Some(results) => run.with_results(results),
            None => run.complete()?,
        };
        Some((run, self.result))
    }
}

/// Result of a check, while it is put together.
struct Notes {
    result: CheckResult,
}

impl Notes {
    /// Puts the results of all parts of the folder together, and notes new metadata in the run.
    fn of(run: &mut UnreadRun<File>, results: &[MappingResult], top: Top, done: Vec<Done>) -> CheckResult {
        let mut notes = Self { result: CheckResult::of(&run.files, false) };
        notes.result.whole = top.rest;
        notes.folder(top.folder, &mut run.files.folder);
        for (file, compared) in run.files.top.iter_mut().zip(top.files) {
            notes.file(compared, &mut file.stat, Some(file.checksum));
        }
        for Done { module: number, mappings, folder, own, others } in done {
            let module = &mut run.files.modules[number];
            let mut check = std::mem::take(&mut notes.result.modules[number]);
            if let Some(folder) = folder {
                check.folder = notes.folder(folder, &mut module.folder);
            }
            for ((file, compared), same) in module.own.iter_mut().zip(own).zip(&mut check.own) {
                *same = notes.file(compared, &mut file.stat, Some(file.checksum));
            }
            notes.result.modules[number] = check;
            notes.result.mappings[mappings].fill([true; 2]);
            for (mapping, file, compared) in others {
                let checksum = results.get(mapping).map(|result| result.checksums[file]);
                notes.result.mappings[mapping][file] = notes.file(compared, &mut run.stats[mapping][file], checksum);
            }
        }
        notes.result
    }

    /// Notes new metadata of a file; returns whether it has the content with this checksum.
    fn file(&mut self, compared: Compared, stat: &mut FileStat, checksum: Option<Checksum>) -> bool {
        match compared {
            Compared::Same => true,
            Compared::Read(now) if Some(now.checksum) == checksum => {
                self.result.touched |= *stat != now.stat;
                *stat = now.stat;
                true
            }
            Compared::Read(_) | Compared::Changed => {
                self.result.whole = false;
                false
            }
        }
    }

    /// Notes new metadata of a folder; returns whether it has the names that it had.
    fn folder(&mut self, now: Option<FileStat>, stat: &mut FileStat) -> bool {
        self.result.touched |= now.is_some_and(|now| now != *stat);
        self.result.whole &= now.is_some();
        *stat = now.unwrap_or(*stat);
        now.is_some()
    }
}

/// Some mappings of a module, and its own files with the first of them.
struct Job {
    /// Number of the module.
    module: usize,
    /// Set if the module's folder still has the recorded metadata.
    same_folder: bool,
    /// Set if the job is about the module's own files, too.
    own: bool,
    /// Numbers of the mappings.
    mappings: Range<usize>,
    /// Number of the module's first mapping.
    first: usize,
}

/// Result of a job.
struct Done {
    module: usize,
    mappings: Range<usize>,
    /// Metadata of the folder, `Some(None)` if it has other names now.
    folder: Option<Option<FileStat>>,
    own: Vec<Compared>,
    /// Files of mappings with other metadata: the number of the mapping, and of the file.
    others: Vec<(usize, usize, Compared)>,
}

/// Result for the output folder, modules left out.
struct Top {
    folder: Option<FileStat>,
    files: Vec<Compared>,
    /// Set if all paths that belong to no mapping are unchanged.
    rest: bool,
}

struct Check {
    checker: FileChecker,
    root: PathBuf,
    run: Arc<UnreadRun<File>>,
}

impl Check {
    /// Checks what is at the top, modules left out; `None` if there is no folder.
    fn top(&self) -> Option<Top> {
        let Self { checker, root, run } = self;
        let run = &run.files;
        let folder = self.open(root)?;
        let unplanned = run.unplanned.iter().map(|(path, _)| path.as_str());
        let known = || {
            let modules = run.modules.iter().map(|module| module.name.as_str());
            modules.chain(unplanned.filter(|path| !path.contains('/'))).collect::<HashSet<&str>>()
        };
        let names = TOP.get(TOP.len().saturating_sub(run.top.len())..).unwrap_or_default();
        let files =
            run.top.iter().zip(names).map(|(file, name)| checker.check_file(&folder, name, file.stat)).collect();
        let is_same = |(path, before): &(String, FileStat), stat: fn(&Path) -> FileStat| {
            before.is_some() && stat(&root.join(path)) == *before
        };
        let rest = run.unplanned.iter().all(|entry| is_same(entry, folder_stat))
            && run.foreign.iter().all(|entry| is_same(entry, path_stat));
        Some(Top { folder: checker.check_folder(root, run.folder, known), files, rest })
    }

    /// Shares the folders of modules out.
    fn jobs(&self) -> Vec<Job> {
        let mut jobs = Vec::new();
        for (number, (module, all)) in self.run.files.numbered().enumerate() {
            let now = folder_stat(&self.root.join(&module.name));
            let same_folder = module.folder.is_some() && now == module.folder;
            // A folder that changed is checked with all of its mappings.
            let share = if same_folder { SHARE } else { all.len().max(1) };
            let mut start = all.start;
            loop {
                let mappings = start..all.end.min(start + share);
                let own = start == all.start;
                start = mappings.end;
                jobs.push(Job { module: number, same_folder, own, mappings, first: all.start });
                if start == all.end {
                    break;
                }
            }
        }
        jobs
    }

    fn module(&self, job: Job) -> Done {
        let Job { module: number, same_folder, own: with_own, mappings, first } = job;
        let module = &self.run.files.modules[number];
        let path = self.root.join(&module.name);
        let mut done = Done { module: number, mappings, folder: None, own: Vec::new(), others: Vec::new() };
        // One for each job: threads that share one are in each other's way.
        let Some(folder) = self.open(&path) else {
            done.folder = Some(None);
            done.own = vec![Compared::Changed; module.own.len()];
            let all = done.mappings.clone().flat_map(|mapping| [(mapping, 0), (mapping, 1)]);
            done.others = all.map(|(mapping, file)| (mapping, file, Compared::Changed)).collect();
            return done;
        };
        // Folders that are there; what is no folder any more may be a link to one.
        let mut there = None;
        if with_own {
            let now = match same_folder {
                true => Some(module.folder),
                false => self.checker.check_folder(&path, module.folder, || self.known_folders(module)),
            };
            there = now.is_none().then(|| folders_in(&path));
            done.folder = Some(now);
            let files = module.own.iter().zip([MODULE, KUSTOMIZATION]);
            done.own = files.map(|(file, name)| self.checker.check_file(&folder, name, file.stat)).collect();
        }
        let mut name = String::new();
        for mapping in done.mappings.clone() {
            let release = self.run.files.release(module.releases[mapping - first]);
            let is_there = there.as_ref().is_none_or(|there| there.contains(release));
            for (file, (file_name, stat)) in
                [DOCKERFILE, CONFIG_MAP].into_iter().zip(self.run.stats[mapping]).enumerate()
            {
                name.clear();
                name.extend([release, "/", file_name]);
                let compared = match is_there {
                    true => self.checker.check_file(&folder, &name, stat),
                    false => Compared::Changed,
                };
                if compared != Compared::Same {
                    done.others.push((mapping, file, compared));
                }
            }
        }
        done
    }

    /// Returns the folders that a module's folder had.
    fn known_folders<'c>(&'c self, module: &'c CachedModule) -> HashSet<&'c str> {
        let unplanned = self.run.files.unplanned.iter();
        let unplanned = unplanned.filter_map(|(path, _)| path.strip_prefix(&module.name)?.strip_prefix('/'));
        unplanned.chain(module.releases.iter().map(|release| self.run.files.release(*release))).collect()
    }

    fn open(&self, path: &Path) -> Option<OwnedFd> {
        // The output folder itself may be behind a link, what is in it may not.
        let follow = if path == self.root { OFlags::empty() } else { OFlags::NOFOLLOW };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC | follow;
        retry_on_intr(|| openat(rustix::fs::CWD, path, flags, Mode::empty())).ok()
    }
}

/// Returns the names of the folders in a folder, links not counted.
fn folders_in(path: &Path) -> HashSet<String> {
    let names = Folder::new(path).names("").unwrap_or_default();
    names.into_iter().filter(|(name, kind)| is_ours(name, *kind)).map(|(name, _)| name).collect()
}
