//! The run before, whose files are looked at while the manifest is read and planned.

use std::path::Path;
use std::sync::Arc;

use crate::adapters::fs::Looking;
use crate::commands::project::Project;
use crate::commands::recall::Recall;
use crate::plan;
use crate::record::{KernelKey, Outcomes, Record, Standing, Unread};

/// The run before, and a look at its files that goes on.
pub(super) struct Before {
    pub(super) record: Arc<Record>,
    pub(super) outcomes: Unread,
    pub(super) looking: Looking,
}

impl Before {
    /// Reads the rest of it, beside the manifest; `None` where that is damaged.
    pub(super) fn read(self, project: &Project) -> Option<(Known, Looking)> {
        let Self { record, outcomes, looking } = self;
        let Some(outcomes) = outcomes.read() else {
            looking.stop();
            return None;
        };
        let keys = plan::kernel_keys(&project.manifest);
        let expected = looking.seen().cloned().unwrap_or_else(|| Standing::whole(&record));
        Some((Known { record, outcomes, keys, expected }, looking))
    }
}

/// All that is known of the run before.
pub(super) struct Known {
    pub(super) record: Arc<Record>,
    outcomes: Outcomes,
    /// What of the manifest's kernels decides texts.
    keys: Vec<KernelKey>,
    /// How its files stand as far as is known: as if nobody had touched them, until all are looked at.
    pub(super) expected: Standing,
}

impl Known {
    /// What this run takes over where the files stand like this. The output folder is at `root`.
    pub(super) fn recall<'k>(&'k self, standing: &'k Standing, project: &Project, root: &Path) -> Option<Recall<'k>> {
        let is_of = std::path::absolute(root).is_ok_and(|root| root == Path::new(&self.record.root));
        is_of.then(|| Recall::new((&self.record, &self.outcomes), standing, project, &self.keys))
    }
}
