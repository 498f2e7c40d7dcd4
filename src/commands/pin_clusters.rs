//! Clusters whose pins a command changes or copies.

use std::sync::Arc;

use anyhow::bail;

use super::project::Project;
use crate::manifest::Manifest;
use crate::vocabulary::{PinGroup, nearest, quoted_list};

/// Clusters that a name on the command line means, and the group whose pins they have.
pub(super) struct PinClusters {
    /// Name on the command line.
    pub(super) name: String,
    /// `None` for the pins of all clusters without a group.
    pub(super) group: Option<PinGroup>,
    /// The manifest for each of them.
    manifests: Vec<Arc<Manifest>>,
}

impl PinClusters {
    /// Finds the clusters of a group, or all clusters without one.
    pub(super) fn of(project: &Project, name: Option<&str>) -> anyhow::Result<Self> {
        let all = project.manifests();
        let Some(name) = name else {
            let manifests: Vec<_> = all.iter().filter(|manifest| manifest.pins.is_none()).cloned().collect();
            if manifests.is_empty() {
                let groups: Vec<&str> = groups(&all).collect();
                bail!("all clusters of the manifest are in groups: pass --group with one of {}", quoted_list(&groups));
            }
            return Ok(Self { name: "clusters without a group".to_owned(), group: None, manifests });
        };
        let group = all.iter().filter_map(|manifest| manifest.pins.as_ref()).find(|group| group.as_str() == name);
        let Some(group) = group else { return Err(unknown(name, &all)) };
        let manifests = all.iter().filter(|manifest| manifest.pins.as_ref() == Some(group)).cloned().collect();
        Ok(Self { name: name.to_owned(), group: Some(group.clone()), manifests })
    }

    /// Finds the clusters that have the same pins as the group or cluster of this name.
    pub(super) fn named(project: &Project, name: &str) -> anyhow::Result<Self> {
        let all = project.manifests();
        let cluster = all.iter().find(|manifest| manifest.cluster.as_ref().is_some_and(|own| own.as_str() == name));
        let group = all.iter().filter_map(|manifest| manifest.pins.as_ref()).find(|group| group.as_str() == name);
        let group = match (group, cluster) {
            (Some(group), _) => Some(group.clone()),
            (None, Some(cluster)) => cluster.pins.clone(),
            (None, None) => bail!("{}", unknown_name(name, &all)),
        };
        let manifests = all.iter().filter(|manifest| manifest.pins == group).cloned().collect();
        Ok(Self { name: name.to_owned(), group, manifests })
    }

    /// Returns the manifest for each of the clusters.
    pub(super) fn manifests(&self) -> impl Iterator<Item = &Manifest> + Clone {
        self.manifests.iter().map(|manifest| &**manifest)
    }
}

/// Returns the names of all groups, each once.
fn groups(all: &[Arc<Manifest>]) -> impl Iterator<Item = &str> {
    let mut names: Vec<&str> = all.iter().filter_map(|manifest| Some(manifest.pins.as_ref()?.as_str())).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter()
}

/// Returns the error for a name that is neither a group nor a cluster.
fn unknown_name(name: &str, all: &[Arc<Manifest>]) -> String {
    let clusters = all.iter().filter_map(|manifest| Some(manifest.cluster.as_ref()?.as_str()));
    let mut names: Vec<&str> = groups(all).chain(clusters).collect();
    names.sort_unstable();
    names.dedup();
    let shown = name.escape_debug();
    match nearest(name, names.iter().copied()) {
        Some(near) => format!("the manifest has no group and no cluster `{shown}`; did you mean `{near}`?"),
        None if names.is_empty() => "the manifest has no clusters: write `clusters` with `pins`".to_owned(),
        None => format!("the manifest has no group and no cluster `{shown}`, only {}", quoted_list(&names)),
    }
}

/// Returns the error for a group that no cluster is in.
fn unknown(name: &str, all: &[Arc<Manifest>]) -> anyhow::Error {
    let groups: Vec<&str> = groups(all).collect();
    let name = name.escape_debug();
    match nearest(&name.to_string(), groups.iter().copied()) {
        Some(near) => anyhow::anyhow!("no cluster of the manifest has `pins: {name}`; did you mean `{near}`?"),
        None if groups.is_empty() => {
            anyhow::anyhow!("no cluster of the manifest has `pins: {name}`: write it in the clusters of the group")
        }
        None => anyhow::anyhow!("no cluster of the manifest has `pins: {name}`, only {}", quoted_list(&groups)),
    }
}
