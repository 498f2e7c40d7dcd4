//! The previous run: a tree with the id that it had then has all that it had then.

use std::path::PathBuf;
use std::thread::JoinHandle;

use crate::adapters::git::CommittedFolder;
use crate::cache::{CachedFiles, CachedRun, CheckResult};
use crate::commands::cache_location::CacheLocation;
use crate::commands::input_check::InputCheck;
use crate::file_stat::FileStat;
use crate::manifest::Layout;
use crate::output::{CONFIG_MAP, KUSTOMIZATION};
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

fn is_same(folder: &dyn OutputFolder, path: &str, before: FileStat) -> bool {
    before.is_some() && folder.stat(path) == before
}

impl PreviousRun {
    /// Compares the run with a folder, and with that of the files that clusters share.
    pub(super) fn check(&self, folder: &dyn OutputFolder, shared: Option<&CommittedFolder>) -> Option<Checked<'_>> {
        let (files, inputs) = self.run.as_ref()?;
        let mut result = self.check_own(files, folder);
        let mut held = files.top.iter().filter_map(|(path, file)| Some((SharedPath::parse(path)?.stored()?, file)));
        result.whole &= held.all(|(path, file)| shared.is_some_and(|shared| is_same(shared, &path, file.stat)));
        if files.layout == Layout::Shared {
            result.mappings = self.check_shared(files, shared?)?;
            result.whole &= result.mappings.iter().all(|same| *same == [true; 2]);
        }
        Some(Checked { files, location: &self.location, result, inputs: *inputs })
    }

    /// Compares the files of mappings, in the order of the cache, with those that clusters share.
    fn check_shared(&self, files: &CachedFiles, shared: &dyn OutputFolder) -> Option<Vec<[bool; 2]>> {
        let before = self.location.open()?.mapping_files(0..files.mapping_count())?;
        let modules = files.modules.iter();
        let names =
            modules.flat_map(|module| module.releases.iter().zip(&module.contents).map(move |names| (module, names)));
        let mut same = Vec::with_capacity(before.len());
        for ((module, (release, hash)), before) in names.zip(before) {
            let folder = format!("{}/{}/{hash}", module.name, files.release(*release));
            let [list, config_map] = before.map(|file| file.stat);
            same.push([
                is_same(shared, &format!("{folder}/{KUSTOMIZATION}"), list),
                is_same(shared, &format!("{folder}/{CONFIG_MAP}"), config_map),
            ]);
        }
        (same.len() == files.mapping_count()).then_some(same)
    }

    fn check_own(&self, files: &CachedFiles, folder: &dyn OutputFolder) -> CheckResult {
        let mut result = CheckResult::of(files, is_same(folder, "", files.folder));
        if !result.whole {
            for ((module, mappings), check) in files.numbered().zip(&mut result.modules) {
                if is_same(folder, &module.name, module.folder) {
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
