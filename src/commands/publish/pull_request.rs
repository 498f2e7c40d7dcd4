//! Description of a pull request: what differs between the branch and its base.

use std::path::Path;

use super::{Compared, Run, below, fault};
use crate::adapters::fs;
use crate::adapters::git::{CommittedFolder, Destination};
use crate::bundle_folder::BundleFolder;
use crate::commands::changes::{ChangesBuilder, Direction, pull_request};
use crate::commands::drift::{Drift, Expanded, Scope};
use crate::impact::node_counts;
use crate::ownership::TakeOver;
use crate::settings;
use crate::shared_files::SHARED;

/// Renders the changes that the merge of a branch into `base` would make, as Markdown. `compared` has the clusters of
/// the run; it is empty if the branch has all that is planned.
pub(super) fn description(
    run: &Run<'_>,
    destination: &Destination,
    compared: &[Compared<'_>],
    base: Option<&str>,
) -> anyhow::Result<String> {
    let commit = destination.base().map_err(fault)?;
    let take_over = TakeOver::Modules(&run.args.settle.take_over);
    // The branch may have what an earlier run was allowed to remove or to overwrite; what this run must not write is
    // left out below.
    let scope = Scope { allow_remove: true, force: true, ..Scope::whole(settings::workers(run.args.jobs), take_over) };
    let mut builder = ChangesBuilder::default();
    for (at, project) in run.projects.iter().enumerate() {
        let shared = destination.folder_of(commit, SHARED).ok().filter(|_| project.manifest.cluster.is_some());
        let folder = BundleFolder::new(destination.folder_of(commit, below(project)).map_err(fault)?);
        let folder = folder.with_shared(shared.map(CommittedFolder::keeping_all));
        let root = Path::new(run.wanted.path.as_str()).join(below(project));
        let history = destination.history(below(project));
        let expanded = Expanded::of(project, fs::random_checksum_key(), &history)?;
        let mut drift = Drift::of(expanded, &scope, None, root, Box::new(folder), &())?;
        if let Some(cluster) = compared.get(at) {
            drift.leave_out(&cluster.left_out);
        }
        builder.add(project, &drift, Direction::Forward, &node_counts(&project.manifest))?;
    }
    Ok(pull_request(&builder.finish(), run.wanted.path.as_str(), base))
}
