//! Images that a manifest plans, for the comparison with a cluster.

use std::time::Duration;

use crate::cli::{ClusterArgs, StatusArgs};
use crate::commands::drift::{Drift, Scope};
use crate::commands::project::Project;
use crate::ownership::TakeOver;
use crate::settings::{self, Network, one_cluster};
use crate::status::PlannedImages;

/// Network access: none, and what is not pinned is an error.
const PINNED: Network = Network { locked: true, offline: true, timeout: Duration::ZERO };

/// Returns the images of all mappings that the manifest builds; none without `--file`.
pub(super) fn planned(args: &StatusArgs) -> anyhow::Result<PlannedImages> {
    let mut images = PlannedImages::default();
    let Some(path) = &args.file else { return Ok(images) };
    let clusters = ClusterArgs { cluster: args.cluster.iter().cloned().collect() };
    let mut project = Project::open(path, one_cluster(&clusters, path)?.as_ref())?;
    project.complete_lock(PINNED)?;
    let workers = settings::workers(None);
    let scope = Scope::whole(workers, TakeOver::Modules(&[]));
    let drift = Drift::find(&project, &scope)?;
    for mapping in drift.plan.mappings() {
        let namespace = project.manifest.namespace.as_str();
        let (module, release) = (mapping.module.name.as_str(), mapping.kernel.release.as_str());
        images.insert(namespace, module, release, mapping.image_name());
    }
    Ok(images)
}
