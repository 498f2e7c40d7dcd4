//! Effect of other pins, beside the output folder.

use std::collections::HashSet;
use std::fmt;

use crate::adapters::ui;
use crate::commands::drift::{Drift, Scope};
use crate::commands::project::Project;
use crate::manifest::Layout;
use crate::output::{DOCKERFILE, mapping_of_config_map};
use crate::ownership::TakeOver;
use crate::previous;
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
            let scope = Scope::whole(workers, TakeOver::Modules(&[]));
            let drift = Drift::find(&project, &scope)?;
            effect.rebuilds += rebuilds(&drift)?;
            effect.reloads += drift.impacts.values().map(|impact| impact.reloads.len()).sum::<usize>();
        }
        Ok(effect)
    }
}

/// Counts the mappings whose Dockerfiles are written.
fn rebuilds(drift: &Drift<'_>) -> anyhow::Result<usize> {
    let written = drift.changes.iter().filter(|change| matches!(change.action, Action::Create | Action::Update));
    let (mut number, mut config_maps) = (0, HashSet::new());
    let layout = drift.plan.inputs.manifest.output.layout;
    for change in written {
        number += usize::from(change.path.file_name() == DOCKERFILE);
        // Layouts without files of Dockerfiles have them in ConfigMaps.
        config_maps.extend(mapping_of_config_map(&change.path).filter(|_| layout != Layout::Files));
    }
    for mapping in drift.plan.mappings() {
        let key = (mapping.module.name.as_str(), mapping.kernel.release.as_str());
        if config_maps.contains(&key) {
            let old = previous::mapping(key.0, key.1, &drift.tree())?;
            number += usize::from(old.is_none_or(|old| old.hash != mapping.identity.hash.to_string()));
        }
    }
    Ok(number)
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rebuilds, reloads } = self;
        write!(f, "{} would be rebuilt, {reloads} would reload on nodes", ui::count(*rebuilds, "mapping"))
    }
}
