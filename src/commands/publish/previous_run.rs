//! The previous run: a tree with the id that it had then has all that it had then.

use std::path::PathBuf;
use std::thread::JoinHandle;

use crate::cache::{CachedRun, CheckResult, Reuse};
use crate::commands::cache_location::CacheLocation;
use crate::commands::input_check::InputCheck;
use crate::file_stat::FileStat;
use crate::plan::Expansion;
use crate::tree::OutputFolder;
use crate::vocabulary::ClusterName;

/// The cached run of a cluster, which is read while the manifest is.
pub(super) struct Reading {
    location: CacheLocation,
    reading: Option<JoinHandle<Option<(CachedRun, InputCheck)>>>,
}

impl Reading {
    /// Starts to read the run of a manifest and a cluster with these flags. It is good wherever the same tree is.
    pub(super) fn start(manifest: PathBuf, cluster: Option<&ClusterName>, flags: &str) -> Self {
        let location = CacheLocation::named(&manifest, cluster, flags);
        let read = {
            let location = location.clone();
            move || {
                let run = location.open()?.read()?;
                let inputs = InputCheck::of(&run.files.inputs, &manifest);
                Some((run, inputs))
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
    run: Option<(CachedRun, InputCheck)>,
}

/// The previous run, compared with a folder.
pub(super) struct Checked<'r> {
    pub(super) run: &'r CachedRun,
    result: CheckResult,
    inputs: InputCheck,
}

impl Checked<'_> {
    /// Returns whether all inputs and outputs are as they were.
    pub(super) fn is_same(&self) -> bool {
        self.inputs.same && self.result.whole
    }

    /// Returns what a run with these mappings takes over.
    pub(super) fn reuse(&self, expansion: &Expansion<'_>) -> Reuse<'_> {
        Reuse::new(self.run, &self.result, self.inputs.same_templates, expansion)
    }
}

fn is_same(folder: &dyn OutputFolder, path: &str, before: FileStat) -> bool {
    before.is_some() && folder.stat(path) == before
}

impl PreviousRun {
    /// Compares the run with a folder.
    pub(super) fn check(&self, folder: &dyn OutputFolder) -> Option<Checked<'_>> {
        let (run, inputs) = self.run.as_ref()?;
        let mut result = CheckResult::of(&run.files, is_same(folder, "", run.files.folder));
        if !result.whole {
            for ((module, mappings), check) in run.files.numbered().zip(&mut result.modules) {
                if is_same(folder, &module.name, module.folder) {
                    check.folder = true;
                    check.own.fill(true);
                    check.bundle = true;
                    result.mappings[mappings].fill([true; 2]);
                }
            }
        }
        Some(Checked { run, result, inputs: *inputs })
    }
}
