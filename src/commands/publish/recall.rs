//! What is known of the run before: where a tree has the id that it had then, all in it is as it
//! was.

use std::path::PathBuf;
use std::thread::JoinHandle;

use crate::commands::inputs::Unchanged;
use crate::commands::memory::Memory;
use crate::commands::project::Project;
use crate::commands::recall::Recall;
use crate::plan;
use crate::record::{KernelKey, ModuleStanding, Outcomes, Record, Standing};
use crate::tree::OutputFolder;
use crate::vocabulary::TargetName;

/// The record of the run before, which is read while the manifest is.
pub(super) struct Remembering {
    memory: Memory,
    reading: Option<JoinHandle<Option<(Record, Outcomes, Unchanged)>>>,
}

impl Remembering {
    /// That of a manifest and a target with these flags. It is good wherever the same tree is.
    pub(super) fn start(manifest: PathBuf, target: Option<&TargetName>, flags: &str) -> Self {
        let name = || Memory::named(&manifest, target, flags);
        let (memory, own) = (name(), name());
        let read = move || {
            let (record, outcomes) = own.record()?;
            let unchanged = Unchanged::since(&record, &manifest);
            Some((record, outcomes.read()?, unchanged))
        };
        // Where the system gives no thread, a run goes without.
        Self { memory, reading: std::thread::Builder::new().spawn(read).ok() }
    }

    pub(super) fn finish(self) -> Remembered {
        let read =
            self.reading.and_then(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        Remembered { memory: self.memory, record: read }
    }
}

/// The record of the run before, if there is one.
pub(super) struct Remembered {
    memory: Memory,
    record: Option<(Record, Outcomes, Unchanged)>,
}

/// How a record stands with a folder.
pub(super) struct Seen<'r> {
    record: &'r Record,
    outcomes: &'r Outcomes,
    standing: Standing,
    /// What of the manifest's kernels decides texts.
    keys: Vec<KernelKey>,
    unchanged: Unchanged,
}

impl Seen<'_> {
    /// How many files there are, where inputs and outputs are all as they were.
    pub(super) fn whole(&self) -> Option<usize> {
        (self.unchanged.all && self.standing.whole).then(|| self.record.files())
    }

    /// The warnings of the run before.
    pub(super) fn said(&self) -> &[String] {
        &self.record.said
    }

    /// The mappings that need not be drafted.
    pub(super) fn recall<'s>(&'s self, project: &Project) -> Option<Recall<'s>> {
        let recall = || Recall::new((self.record, self.outcomes), &self.standing, project, &self.keys);
        self.unchanged.templates.then(recall)
    }
}

impl Remembered {
    /// The record in the light of what a folder is now.
    pub(super) fn beside(&self, project: &Project, folder: &dyn OutputFolder) -> Option<Seen<'_>> {
        let (record, outcomes, unchanged) = self.record.as_ref()?;
        let keys = plan::kernel_keys(&project.manifest);
        Some(Seen { record, outcomes, standing: standing(record, folder), keys, unchanged: *unchanged })
    }

    /// Leaves a record for the next run.
    pub(super) fn keep(&self, record: &Record, outcomes: &Outcomes) {
        self.memory.keep(record, outcomes);
    }
}

fn standing(record: &Record, folder: &dyn OutputFolder) -> Standing {
    let whole = record.folder.is_some() && folder.evidence("") == record.folder;
    let same: Vec<bool> =
        record.modules.iter().map(|module| whole || folder.evidence(&module.name) == module.folder).collect();
    let mappings = record.modules.iter().zip(&same);
    Standing {
        modules: same.iter().map(|same| ModuleStanding { folder: *same, object: *same, files: *same }).collect(),
        mappings: mappings.map(|(module, same)| vec![*same; module.mappings.len()]).collect(),
        whole,
        renewed: Vec::new(),
    }
}
