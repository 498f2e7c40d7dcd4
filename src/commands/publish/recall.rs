//! What is known of the run before: where a tree has the id that it had then, all in it is as it
//! was.

use std::path::Path;

use crate::adapters::fs::Standing;
use crate::commands::memory::{Memory, Recall, Unchanged};
use crate::commands::project::Project;
use crate::record::Record;
use crate::tree::OutputFolder;

/// The record of the run before, in the light of what the folder is now.
pub(super) struct Remembered {
    memory: Memory,
    record: Option<(Record, Standing)>,
    /// Whether inputs and outputs are all as they were.
    whole: bool,
}

impl Remembered {
    /// That of a manifest with a place where it was published before.
    pub(super) fn of(manifest: &Path, project: &Project, place: &str, folder: &dyn OutputFolder) -> Self {
        let memory = Memory::named(manifest, project.manifest.target.as_ref(), place);
        let Some(record) = memory.record() else { return Self { memory, record: None, whole: false } };
        let unchanged = Unchanged::since(&record, manifest);
        let standing = standing(&record, folder);
        let whole = unchanged.all && standing.whole;
        Self { memory, record: unchanged.templates.then_some((record, standing)), whole }
    }

    /// Whether nothing is left to do.
    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    /// How many files there are.
    pub(super) fn files(&self) -> usize {
        self.record.as_ref().map_or(0, |(record, _)| record.files())
    }

    /// The mappings that need not be drafted.
    pub(super) fn recall(&self) -> Option<Recall<'_>> {
        self.record.as_ref().map(|(record, standing)| Recall::new(record, standing))
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
