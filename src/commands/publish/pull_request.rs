//! Description of a pull request: what differs between the branch and its base.

use std::path::Path;

use super::wanted::Wanted;
use super::{below, fault};
use crate::adapters::fs;
use crate::adapters::git::Destination;
use crate::commands::changes::{ChangesBuilder, Direction, pull_request};
use crate::commands::drift::{Drift, Expanded, Scope};
use crate::commands::project::Project;
use crate::impact::node_counts;
use crate::ownership::TakeOver;

/// Renders the changes that the merge of a branch into `base` would make, as Markdown.
pub(super) fn description(
    projects: &[Project],
    destination: &Destination,
    wanted: &Wanted,
    base: Option<&str>,
    (workers, take_over): (usize, &[String]),
) -> anyhow::Result<String> {
    let commit = destination.base().map_err(fault)?;
    // The branch may have what an earlier run was allowed to remove.
    let scope = Scope { allow_remove: true, ..Scope::whole(workers, TakeOver::Modules(take_over)) };
    let mut builder = ChangesBuilder::default();
    for project in projects {
        let folder = destination.folder_of(commit, below(project)).map_err(fault)?;
        let root = Path::new(wanted.path.as_str()).join(below(project));
        let history = destination.history(below(project));
        let expanded = Expanded::of(project, fs::random_checksum_key(), &history)?;
        let drift = Drift::of(expanded, &scope, None, root, Box::new(folder), &())?;
        builder.add(project, &drift, Direction::Forward, &node_counts(&project.manifest))?;
    }
    Ok(pull_request(&builder.finish(), wanted.path.as_str(), base))
}
