//! The previous run: a tree with the id that it had then has all that it had then.

use std::path::PathBuf;
use std::thread::JoinHandle;

use crate::cache::{CachedFiles, CachedRun, CheckResult};
use crate::commands::cache_location::CacheLocation;
use crate::commands::input_check::InputCheck;
use crate::file_stat::FileStat;
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
    /// Compares the run with a folder.
    pub(super) fn check(&self, folder: &dyn OutputFolder) -> Option<Checked<'_>> {
        let (files, inputs) = self.run.as_ref()?;
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
        Some(Checked { files, location: &self.location, result, inputs: *inputs })
    }
}
