//! What is known of the run before: where a tree has the id that it had then, all in it is as it
//! was.

use std::path::PathBuf;
use std::thread::JoinHandle;

use crate::adapters::fs::Standing;
use crate::commands::memory::{Memory, Recall, Unchanged};
use crate::record::Record;
use crate::tree::OutputFolder;
use crate::vocabulary::TargetName;

/// The record of the run before, which is read while the manifest is.
pub(super) struct Remembering {
    memory: Memory,
    reading: Option<JoinHandle<Option<(Record, Unchanged)>>>,
}

impl Remembering {
    /// That of a manifest and a target with these flags. It is good wherever the same tree is.
    pub(super) fn start(manifest: PathBuf, target: Option<&TargetName>, flags: &str) -> Self {
        let name = || Memory::named(&manifest, target, flags);
        let (memory, own) = (name(), name());
        let read = move || {
            let record = own.record()?;
            let unchanged = Unchanged::since(&record, &manifest);
            Some((record, unchanged))
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
    record: Option<(Record, Unchanged)>,
}

/// How a record stands with a folder.
pub(super) struct Seen<'r> {
    record: &'r Record,
    standing: Standing,
    unchanged: Unchanged,
}

impl Seen<'_> {
    /// How many files there are, where inputs and outputs are all as they were.
    pub(super) fn whole(&self) -> Option<usize> {
        (self.unchanged.all && self.standing.whole).then(|| self.record.files())
    }

    /// The warnings of the run before.
    pub(super) fn said(&self) -> &str {
        &self.record.said
    }

    /// The mappings that need not be drafted.
    pub(super) fn recall(&self) -> Option<Recall<'_>> {
        self.unchanged.templates.then(|| Recall::new(self.record, &self.standing))
    }
}

impl Remembered {
    /// The record in the light of what a folder is now.
    pub(super) fn beside(&self, folder: &dyn OutputFolder) -> Option<Seen<'_>> {
        let (record, unchanged) = self.record.as_ref()?;
        Some(Seen { record, standing: standing(record, folder), unchanged: *unchanged })
    }

    /// Leaves a record for the next run.
    pub(super) fn keep(&self, record: &Record) {
        self.memory.keep(record);
    }
}

fn standing(record: &Record, folder: &dyn OutputFolder) -> Standing {
    let whole = record.folder.is_some() && folder.evidence("") == record.folder;
    let same: Vec<bool> =
        record.modules.iter().map(|module| whole || folder.evidence(&module.name) == module.folder).collect();
    let mappings = record.modules.iter().zip(&same);
    Standing {
        modules: same.iter().map(|same| [*same; 2]).collect(),
        mappings: mappings.map(|(module, same)| vec![*same; module.mappings.len()]).collect(),
        whole,
        fresh: false,
    }
}
