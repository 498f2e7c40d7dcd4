//! Comparison of an output folder with a cached run, in jobs for several threads.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::retry_on_intr;

use super::file_checker::FileChecker;
use super::known_shared::KnownShared;
use crate::adapters::fs::stat::{folder_stat, path_stat};
use crate::adapters::fs::tree::Folder;
use crate::bundle::{file_name, is_bundle_file};
use crate::cache::{CachedFiles, CachedModule, CachedRunFile, FileEntry};
use crate::file_stat::FileStat;
use crate::manifest::Layout;
use crate::output::{CONFIG_MAP, DOCKERFILE, KUSTOMIZATION, MODULE};
use crate::shared_files::{SHARED, SharedPath};
use crate::tree::{OutputFolder as _, is_ours};

/// Number of mappings that one thread checks in one go.
const SHARE: usize = 125;

/// Some mappings of a module; its own files are checked with the first of them.
pub(super) struct Job {
    /// Number of the module.
    module: usize,
    /// Set if the module's folder still has the recorded metadata.
    same_folder: bool,
    /// Numbers of the mappings.
    mappings: Range<usize>,
    /// Number of the module's first mapping.
    first: usize,
}

/// Result of a job.
pub(super) struct Done {
    pub(super) module: usize,
    /// Number of the first mapping.
    pub(super) first: usize,
    /// Files of the mappings as they are cached; none if they are damaged.
    pub(super) files: Vec<[FileEntry; 2]>,
    /// Metadata of the folder, `Some(None)` if it has other names now.
    pub(super) folder: Option<Option<FileStat>>,
    /// Metadata of the module's own files, `None` if one has other content now.
    pub(super) own: Vec<Option<FileStat>>,
    /// The same of the files of its bundle.
    pub(super) bundle: Vec<Option<FileStat>>,
    /// The same of those files of mappings that have other metadata: the position of the mapping, and of the file.
    pub(super) others: Vec<(usize, usize, Option<FileStat>)>,
}

/// Result for the output folder, modules left out.
pub(super) struct Top {
    pub(super) folder: Option<FileStat>,
    /// Metadata of the files, `None` if one has other content now.
    pub(super) files: Vec<Option<FileStat>>,
    /// Set if all paths that belong to no mapping are unchanged.
    pub(super) rest: bool,
}

/// Comparison of an output folder with a run, in parts that do not depend on each other.
pub(super) struct FolderCheck {
    pub(super) checker: FileChecker,
    pub(super) root: PathBuf,
    pub(super) run: Arc<CachedRunFile>,
    /// Shared files that were compared for other clusters.
    pub(super) known: Arc<KnownShared>,
}

impl FolderCheck {
    /// Checks what is at the top, modules left out.
    pub(super) fn top(&self) -> Top {
        let Self { checker, root, run, .. } = self;
        let run = &run.files;
        let Some(folder) = self.open(root) else {
            return Top { folder: None, files: vec![None; run.top.len()], rest: false };
        };
        let unplanned = run.unplanned.iter().map(|(path, _)| path.as_str());
        let known = || {
            let modules = run.modules.iter().map(|module| module.name.as_str());
            modules
                .chain(unplanned.filter(|path| !path.contains('/')))
                .map(Cow::from)
                .collect::<HashSet<Cow<'_, str>>>()
        };
        let files = run.top.iter().map(|(name, file)| match SharedPath::parse(name).and_then(|path| path.stored()) {
            Some(path) => checker.check_file(&self.open_shared("")?, &path, file),
            None => checker.check_file(&folder, name, file),
        });
        let files = files.collect();
        let is_same = |(path, before): &(String, FileStat), stat: fn(&Path) -> FileStat| {
            before.is_some() && stat(&root.join(path)) == *before
        };
        let rest = run.unplanned.iter().all(|entry| is_same(entry, folder_stat))
            && run.foreign.iter().all(|entry| is_same(entry, path_stat));
        Top { folder: checker.check_folder(root, run.folder, known), files, rest }
    }

    /// Shares the folders of modules out.
    pub(super) fn jobs(&self) -> Vec<Job> {
        let mut jobs = Vec::new();
        for (number, (module, all)) in self.run.files.numbered().enumerate() {
            let now = folder_stat(&self.root.join(&module.name));
            let same_folder = module.folder.is_some() && now == module.folder;
            // A folder that changed is checked with all of its mappings.
            let share = if same_folder && module.bundle.is_empty() { SHARE } else { all.len().max(1) };
            let starts = (all.start..all.end.max(all.start + 1)).step_by(share);
            let parts = starts.map(|start| start..all.end.min(start + share));
            jobs.extend(parts.map(|mappings| Job { module: number, same_folder, mappings, first: all.start }));
        }
        jobs
    }

    /// Does a job.
    pub(super) fn run(&self, job: Job) -> Done {
        let Job { module: number, same_folder, mappings: numbers, first } = job;
        let module = &self.run.files.modules[number];
        let path = self.root.join(&module.name);
        let has_bundle = !module.bundle.is_empty();
        // A bundle has the files of its mappings.
        let files = if has_bundle { Some(Vec::new()) } else { self.run.mapping_files(numbers.clone()) };
        let mut done = Done {
            module: number,
            first: numbers.start,
            folder: files.is_none().then_some(None),
            files: files.unwrap_or_default(),
            own: Vec::new(),
            bundle: Vec::new(),
            others: Vec::new(),
        };
        // One for each job: threads that share one are in each other's way.
        let Some(folder) = self.open(&path) else {
            done.folder = Some(None);
            done.own = vec![None; module.own.len()];
            done.bundle = vec![None; module.bundle.len()];
            done.others = (0..done.files.len()).flat_map(|at| [(at, 0, None), (at, 1, None)]).collect();
            return done;
        };
        // Folders that are there; what is no folder any more may be a link to one.
        let mut there = None;
        if numbers.start == first {
            let now = match same_folder {
                true => Some(module.folder),
                false => self.checker.check_folder(&path, module.folder, || self.known_names(module)),
            };
            there = now.is_none().then(|| folders_in(&path));
            done.folder = done.folder.or(Some(now));
            let files = module.own.iter().zip([MODULE, KUSTOMIZATION]);
            done.own = files.map(|(file, name)| self.checker.check_file(&folder, name, file)).collect();
            let files = module.bundle.iter().enumerate();
            done.bundle =
                files.map(|(number, file)| self.checker.check_file(&folder, &file_name(number), file)).collect();
        }
        let is_shared = self.run.files.layout == Layout::Shared;
        let names = [if is_shared { KUSTOMIZATION } else { DOCKERFILE }, CONFIG_MAP];
        // Files that clusters share are in a folder beside those of the clusters.
        let folder = if is_shared { self.open_shared(&module.name) } else { Some(folder) };
        let there = there.filter(|_| !is_shared);
        let mut name = String::new();
        let releases = &module.releases[numbers.start - first..];
        let contents = module.contents.get(numbers.start - first..).unwrap_or_default();
        let files_of = |files: &[FileEntry; 2]| files.map(|file| file.stat);
        let known = self.known.have(contents.iter().zip(done.files.iter().map(files_of)));
        let mut right = Vec::new();
        for (at, (files, release)) in done.files.iter().zip(releases).enumerate() {
            if known.get(at) == Some(&true) {
                continue;
            }
            let release = self.run.files.release(*release);
            let is_there = there.as_ref().is_none_or(|there| there.contains(release));
            let content = contents.get(at).map(|content| format!("{content}/")).unwrap_or_default();
            let others = done.others.len();
            for (number, (file, before)) in names.into_iter().zip(files).enumerate() {
                name.clear();
                name.extend([release, "/", &content, file]);
                let folder = folder.as_ref().filter(|_| is_there);
                let now = folder.and_then(|folder| self.checker.check_file(folder, &name, before));
                if now != Some(before.stat) {
                    done.others.push((at, number, now));
                }
            }
            if let Some(content) = contents.get(at).filter(|_| done.others.len() == others) {
                right.push((*content, files_of(files)));
            }
        }
        self.known.note(right.into_iter());
        done
    }

    /// Returns the names of the folders and bundles that a module's folder had.
    fn known_names<'c>(&'c self, module: &'c CachedModule) -> HashSet<Cow<'c, str>> {
        let CachedFiles { unplanned, foreign, .. } = &self.run.files;
        let others = unplanned.iter().chain(foreign.iter().filter(|(path, _)| is_bundle_file(path)));
        let others = others.filter_map(|(path, _)| path.strip_prefix(&module.name)?.strip_prefix('/').map(Cow::from));
        if !module.bundle.is_empty() {
            return others.chain((0..module.bundle.len()).map(|number| file_name(number).into())).collect();
        }
        if self.run.files.layout == Layout::Shared {
            return others.collect();
        }
        others.chain(module.releases.iter().map(|release| self.run.files.release(*release).into())).collect()
    }

    fn open(&self, path: &Path) -> Option<OwnedFd> {
        // The output folder itself may be behind a link, what is in it may not. Shared files are beside the folder.
        let is_linkable = path == self.root && self.run.files.layout != Layout::Shared;
        let follow = if is_linkable { OFlags::empty() } else { OFlags::NOFOLLOW };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC | follow;
        retry_on_intr(|| openat(rustix::fs::CWD, path, flags, Mode::empty())).ok()
    }

    /// Opens the folder of a module among the files that clusters share, or the folder of all of these.
    fn open_shared(&self, module: &str) -> Option<OwnedFd> {
        let all = self.open(&self.root.with_file_name(SHARED))?;
        if module.is_empty() {
            return Some(all);
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        retry_on_intr(|| openat(&all, module, flags, Mode::empty())).ok()
    }
}

/// Returns the names of the folders in a folder, links not counted.
fn folders_in(path: &Path) -> HashSet<String> {
    let names = Folder::new(path).names("").unwrap_or_default();
    names.into_iter().filter(|(name, kind)| is_ours(name, *kind)).map(|(name, _)| name).collect()
}
