//! Effect of other pins, beside the output folder.

use std::fmt;

use crate::adapters::ui;
use crate::commands::drift::{Drift, Scope};
use crate::commands::project::Project;
use crate::output::DOCKERFILE;
use crate::reconcile::Action;
use crate::settings;

/// Effect of changed pins, on all clusters.
pub(super) struct Effect {
    /// Number of mappings whose images are other ones.
    rebuilds: usize,
    /// Number of mappings whose modules nodes reload.
    reloads: usize,
}

impl Effect {
    /// Compares a project with its output folders.
    pub(super) fn of(project: &Project) -> anyhow::Result<Self> {
        let mut effect = Self { rebuilds: 0, reloads: 0 };
        for manifest in project.manifests() {
            let project = project.for_cluster(manifest.cluster.as_ref())?;
            let workers = settings::workers(None);
            let scope = Scope { output: None, only: None, workers, force: false, allow_remove: false };
            let drift = Drift::find(&project, &scope)?;
            let dockerfiles = drift.changes.iter().filter(|change| change.path.file_name() == DOCKERFILE);
            let written = dockerfiles.filter(|change| matches!(change.action, Action::Create | Action::Update));
            effect.rebuilds += written.count();
            effect.reloads += drift.impacts.values().map(|impact| impact.reloads.len()).sum::<usize>();
        }
        Ok(effect)
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rebuilds, reloads } = self;
        write!(f, "{} would be rebuilt, {reloads} would reload on nodes", ui::count(*rebuilds, "mapping"))
    }
}
