//! The previous run: a tree with the id that it had then has all that it had then.

use std::path::PathBuf;
use std::thread::JoinHandle;

use super::shared_ids::SharedIds;
use crate::cache::{CachedFiles, CachedRun, CheckResult};
use crate::commands::cache_location::CacheLocation;
use crate::commands::input_check::InputCheck;
use crate::file_stat::FileStat;
use crate::manifest::Layout;
use crate::shared_files::SharedPath;
use crate::tree::OutputFolder;
use crate::vocabulary::ClusterName;

/// The cached run of a cluster, which is read while the manifest is.
pub(super) struct Reading {
    location: CacheLocation,
    reading: Option<JoinHandle<Option<(CachedFiles, InputCheck)>>>,
}

impl Reading {
    /// Starts to read the run of a manifest and a cluster with these flags. It is good wherever the same tree is.
    pub(super) fn start(manifest: PathBuf, cluster: Option<&ClusterName>, flags: &str) -> Self {
        let location = CacheLocation::named(&manifest, cluster, flags);
        let read = {
            let location = location.clone();
            move || {
                let files = location.open()?.files;
                let inputs = InputCheck::of(&files.inputs, &manifest);
                Some((files, inputs))
            }
        };
        // If the system gives no thread, a run goes without.
        Self { location, reading: std::thread::Builder::new().spawn(read).ok() }
    }

    pub(super) fn finish(self) -> PreviousRun {
        let read =
            self.reading.and_then(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        PreviousRun { location: self.location, run: read }
    }
}

/// The previous run of a cluster, if it is cached.
pub(super) struct PreviousRun {
    /// Location at which the next run is cached.
    pub(super) location: CacheLocation,
    run: Option<(CachedFiles, InputCheck)>,
}

/// The previous run, compared with a folder. Its mappings are not read yet.
pub(super) struct Checked<'r> {
    pub(super) files: &'r CachedFiles,
    location: &'r CacheLocation,
    pub(super) result: CheckResult,
    pub(super) inputs: InputCheck,
}

impl Checked<'_> {
    /// Returns whether all inputs and outputs are as they were.
    pub(super) fn is_same(&self) -> bool {
        self.inputs.same && self.result.whole
    }

    /// Reads the whole run; `None` if it is damaged, or another one by now.
    pub(super) fn read(&self) -> Option<CachedRun> {
        self.location.open()?.read().filter(|run| run.files == *self.files)
    }
}

/// Returns whether an object is the one that it was before. Its size is known only to those who read it.
fn is_same(now: FileStat, before: FileStat) -> bool {
    before.is_some() && now.object() == before.object()
}

impl PreviousRun {
    /// Compares the run with a folder, and with the files that clusters share.
    pub(super) fn check(&self, folder: &dyn OutputFolder, shared: Option<&SharedIds<'_>>) -> Option<Checked<'_>> {
        let (files, inputs) = self.run.as_ref()?;
        let mut result = self.check_own(files, folder);
        let mut held = files.top.iter().filter_map(|(path, file)| Some((SharedPath::parse(path)?.stored()?, file)));
        result.whole &= held.all(|(path, file)| shared.is_some_and(|ids| is_same(ids.folder.stat(&path), file.stat)));
        if files.layout == Layout::Shared {
            result.mappings = self.check_shared(files, shared?)?;
            result.whole &= result.mappings.iter().all(|same| *same == [true; 2]);
        }
        Some(Checked { files, location: &self.location, result, inputs: *inputs })
    }

    /// Compares the files of mappings, in the order of the cache, with those that clusters share.
    fn check_shared(&self, files: &CachedFiles, shared: &SharedIds<'_>) -> Option<Vec<[bool; 2]>> {
        let mut before = self.location.open()?.mapping_files(0..files.mapping_count())?.into_iter();
        let mut same = Vec::with_capacity(before.len());
        for module in &files.modules {
            let ids = shared.of(&module.name);
            for ((release, content), before) in module.releases.iter().zip(&module.contents).zip(before.by_ref()) {
                let now = ids.get(files.release(*release)).and_then(|contents| contents.get(content));
                let [list, config_map] = now.copied().unwrap_or_default();
                same.push([is_same(list, before[0].stat), is_same(config_map, before[1].stat)]);
            }
        }
        (same.len() == files.mapping_count()).then_some(same)
    }

    fn check_own(&self, files: &CachedFiles, folder: &dyn OutputFolder) -> CheckResult {
        let mut result = CheckResult::of(files, is_same(folder.stat(""), files.folder));
        if !result.whole {
            for ((module, mappings), check) in files.numbered().zip(&mut result.modules) {
                if is_same(folder.stat(&module.name), module.folder) {
                    check.folder = true;
                    check.own.fill(true);
                    check.bundle = true;
                    result.mappings[mappings].fill([true; 2]);
                }
            }
        }
        result
    }
}
