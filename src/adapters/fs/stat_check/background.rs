//! Comparison of an output folder with a cached run, on threads of its own.

use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::retry_on_intr;

use super::file_checker::{Compared, FileChecker};
use crate::adapters::fs::stat::{folder_stat, now, path_stat};
use crate::adapters::fs::tree::Folder;
use crate::cache::{CachedModule, CachedRun, CheckResult};
use crate::file_stat::FileStat;
use crate::output::{CONFIG_MAP, DOCKERFILE, KUSTOMIZATION, MODULE, TOP};
use crate::parallel::Aside;
use crate::tree::{OutputFolder as _, is_ours};

/// Number of mappings that one thread checks in one go.
const SHARE: usize = 125;

/// Check of an output folder that goes on while this thread does something else.
pub struct BackgroundCheck {
    run: Arc<CachedRun>,
    result: CheckResult,
    /// `None` as soon as the check has ended.
    pending: Option<(Option<Top>, Aside<Job, Done>)>,
}

impl BackgroundCheck {
    /// Starts to compare the output folder of a run with it. Files are read if their metadata is not as it was, and
    /// all of them if `reads` is set. The names in the output folder itself have been read when this returns.
    pub fn start(run: CachedRun, reads: bool, workers: usize) -> Self {
        let checker = FileChecker { now: now(), reads, key: run.key };
        let result = CheckResult::of(&run, false);
        let run = Arc::new(run);
        let check = Check { checker, root: PathBuf::from(&run.root), run: run.clone() };
        let top = check.top();
        // Without the folder, there is nothing in it.
        let jobs = if top.is_some() { check.jobs() } else { Vec::new() };
        let jobs = Aside::start(jobs, workers, move |job| check.module(job));
        Self { run, result, pending: Some((top, jobs)) }
    }

    /// Returns the run; once the check has ended, with the metadata of files that were touched but have the content
    /// that they had.
    pub fn run(&self) -> &CachedRun {
        &self.run
    }

    /// Returns the output folder.
    pub fn root(&self) -> &Path {
        Path::new(&self.run.root)
    }

    /// Waits for the end of the check.
    pub fn wait(&mut self) -> &CheckResult {
        let Some((top, jobs)) = self.pending.take() else { return &self.result };
        let modules = jobs.finish();
        let (run, result) = (Arc::make_mut(&mut self.run), &mut self.result);
        let Some(Top { folder, files, rest }) = top else { return &self.result };
        result.whole = rest;
        folder.note(&mut run.folder, result);
        for (file, compared) in run.top.iter_mut().zip(files) {
            compared.note(&mut file.stat, result);
        }
        for Done { job, folder, own, mappings } in modules {
            let (module, mut check) = (&mut run.modules[job.module], std::mem::take(&mut result.modules[job.module]));
            if let Some(folder) = folder {
                check.folder = folder.note(&mut module.folder, result);
            }
            for ((file, compared), same) in module.own.iter_mut().zip(own).zip(&mut check.own) {
                *same = compared.note(&mut file.stat, result);
            }
            let cached = module.mappings[job.mappings.clone()].iter_mut().zip(&mut check.mappings[job.mappings]);
            for ((mapping, same), [dockerfile, config_map]) in cached.zip(mappings) {
                let [first, second] = &mut mapping.files;
                *same = [dockerfile.note(&mut first.stat, result), config_map.note(&mut second.stat, result)];
            }
            result.modules[job.module] = check;
        }
        &self.result
    }

    /// Returns whether any file was touched but has the content that it had.
    pub fn has_touched(&self) -> bool {
        self.result.touched
    }

    /// Waits for the end of the check, and returns the run with its result.
    pub fn finish(mut self) -> (CachedRun, CheckResult) {
        self.wait();
        (Arc::unwrap_or_clone(self.run), self.result)
    }
}

impl Compared {
    /// Notes new metadata of a file; returns whether it is as it was.
    fn note(self, stat: &mut FileStat, result: &mut CheckResult) -> bool {
        match self {
            Self::Same => {}
            Self::Touched(new) => {
                *stat = new;
                result.touched = true;
            }
            Self::Changed => result.whole = false,
        }
        self != Self::Changed
    }
}

/// Some mappings of a module, and its own files with the first of them.
struct Job {
    /// Number of the module.
    module: usize,
    /// Set if the module's folder still has the recorded metadata.
    same_folder: bool,
    /// Numbers of the mappings.
    mappings: Range<usize>,
}

/// Result of a job.
struct Done {
    job: Job,
    folder: Option<Compared>,
    own: Vec<Compared>,
    mappings: Vec<[Compared; 2]>,
}

/// Result for the output folder, modules left out.
struct Top {
    folder: Compared,
    files: Vec<Compared>,
    /// Set if all paths that belong to no mapping are unchanged.
    rest: bool,
}

struct Check {
    checker: FileChecker,
    root: PathBuf,
    run: Arc<CachedRun>,
}

impl Check {
    /// Checks what is at the top, modules left out; `None` if there is no folder.
    fn top(&self) -> Option<Top> {
        let Self { checker, root, run } = self;
        let folder = self.open(root)?;
        let unplanned = run.unplanned.iter().map(|(path, _)| path.as_str());
        let known = || {
            let modules = run.modules.iter().map(|module| module.name.as_str());
            modules.chain(unplanned.filter(|path| !path.contains('/'))).collect::<HashSet<&str>>()
        };
        let names = TOP.get(TOP.len().saturating_sub(run.top.len())..).unwrap_or_default();
        let files = run.top.iter().zip(names).map(|(file, name)| checker.check_file(&folder, name, file)).collect();
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
        for (number, module) in self.run.modules.iter().enumerate() {
            let now = folder_stat(&self.root.join(&module.name));
            let same_folder = module.folder.is_some() && now == module.folder;
            let count = module.mappings.len();
            // A folder that changed is checked with all of its mappings.
            let share = if same_folder { SHARE } else { count.max(1) };
            let shares = (0..count.max(1)).step_by(share).map(|start| start..count.min(start + share));
            jobs.extend(shares.map(|mappings| Job { module: number, same_folder, mappings }));
        }
        jobs
    }

    fn module(&self, job: Job) -> Done {
        let module = &self.run.modules[job.module];
        let mappings = &module.mappings[job.mappings.clone()];
        let path = self.root.join(&module.name);
        // One for each job: threads that share one are in each other's way.
        let Some(open) = self.open(&path) else {
            let own = vec![Compared::Changed; module.own.len()];
            return Done {
                folder: Some(Compared::Changed),
                own,
                mappings: vec![[Compared::Changed; 2]; mappings.len()],
                job,
            };
        };
        let (mut folder, mut own, mut folders) = (None, Vec::new(), None);
        if job.mappings.start == 0 {
            let compared = match job.same_folder {
                true => Compared::Same,
                false => self.checker.check_folder(&path, module.folder, || self.known_folders(module)),
            };
            // What is no folder of a kernel any more may be a link to one.
            folders = (compared == Compared::Changed).then(|| folders_in(&path));
            folder = Some(compared);
            let files = module.own.iter().zip([MODULE, KUSTOMIZATION]);
            own = files.map(|(file, name)| self.checker.check_file(&open, name, file)).collect();
        }
        let mut name = String::new();
        let compared = mappings.iter().map(|mapping| {
            let release = self.run.release(mapping);
            if folders.as_ref().is_some_and(|folders| !folders.contains(release)) {
                return [Compared::Changed; 2];
            }
            let [dockerfile, config_map] = &mapping.files;
            [(DOCKERFILE, dockerfile), (CONFIG_MAP, config_map)].map(|(file, before)| {
                name.clear();
                name.extend([release, "/", file]);
                self.checker.check_file(&open, &name, before)
            })
        });
        let mappings = compared.collect();
        Done { job, folder, own, mappings }
    }

    /// Returns the folders that a module's folder had.
    fn known_folders<'c>(&'c self, module: &'c CachedModule) -> HashSet<&'c str> {
        let unplanned = self.run.unplanned.iter();
        let unplanned = unplanned.filter_map(|(path, _)| path.strip_prefix(&module.name)?.strip_prefix('/'));
        unplanned.chain(module.mappings.iter().map(|mapping| self.run.release(mapping))).collect()
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
