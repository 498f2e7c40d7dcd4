//! One side of a comparison: a manifest in a commit, or in the working tree.

use std::path::Path;
use std::sync::Arc;

use anyhow::anyhow;

use crate::commands::faults::Faults;
use crate::commands::project::Project;
use crate::commands::subject::{folder_of, in_commit, on_disk};
use crate::holds::Hold;
use crate::manifest::cluster_names;
use crate::template::Renderers;
use crate::vocabulary::ClusterName;

/// A manifest with its lock as it was in a revision, or as it is in the working tree.
pub(super) struct Revision<'r> {
    /// `None` for the working tree.
    name: Option<&'r str>,
    project: Project,
}

impl<'r> Revision<'r> {
    /// Reads a manifest in a revision; without one, in the working tree.
    pub(super) fn open(manifest: &Path, name: Option<&'r str>, renderers: &Arc<dyn Renderers>) -> anyhow::Result<Self> {
        let subject = match name {
            None => on_disk(manifest)?,
            Some(name) => in_commit(manifest, name, renderers).map_err(|error| {
                anyhow!("cannot compare with `{}`: {error}{}", name.escape_debug(), range_hint(name))
            })?,
        };
        let cluster = cluster_names(&subject.manifest.text, &*subject.files).into_iter().next();
        // Warnings are about what someone can still change.
        let project = Project::of(subject, folder_of(manifest), cluster.as_ref(), name.is_none());
        Ok(Self { name, project: project.map_err(|error| placed(name, error))? })
    }

    /// Returns the clusters of the manifest; one `None` if it has none.
    pub(super) fn clusters(&self) -> Vec<Option<ClusterName>> {
        self.project.manifests().iter().map(|manifest| manifest.cluster.clone()).collect()
    }

    /// Returns the holds of all clusters.
    pub(super) fn holds(&self) -> Vec<Hold> {
        self.project.all_holds().iter().cloned().collect()
    }

    /// Returns the project for a cluster, if the manifest has the cluster.
    pub(super) fn project(&self, cluster: Option<&ClusterName>) -> anyhow::Result<Option<Project>> {
        if !self.clusters().iter().any(|known| known.as_ref() == cluster) {
            return Ok(None);
        }
        let project = self.project.for_cluster(cluster)?;
        let advice = match self.name {
            Some(_) => "compare with a revision whose kmodgen.lock is complete",
            None => "run `kmodgen lock`",
        };
        self.placed(project.require_lock(advice))?;
        Ok(Some(project))
    }

    /// Adds the revision to the places of errors.
    pub(super) fn placed<T>(&self, result: anyhow::Result<T>) -> anyhow::Result<T> {
        result.map_err(|error| placed(self.name, error))
    }
}

/// Returns advice for a range in git's notation, which is never the name of one revision.
fn range_hint(name: &str) -> String {
    if let Some((from, to)) = name.split_once("...") {
        let [from, to] = [from, to].map(written);
        return format!("\n  help: write `kmodgen diff $(git merge-base {from} {to}) {to}`");
    }
    match name.split_once("..") {
        Some((from, to)) => format!("\n  help: write `kmodgen diff {} {}`", written(from), written(to)),
        None => String::new(),
    }
}

/// Returns a revision of a range as it is written alone.
fn written(revision: &str) -> String {
    if revision.is_empty() { "HEAD".to_owned() } else { revision.escape_debug().to_string() }
}

fn placed(revision: Option<&str>, error: anyhow::Error) -> anyhow::Error {
    match (revision, error.downcast::<Faults>()) {
        (Some(revision), Ok(faults)) => faults.in_revision(revision).into(),
        (None, Ok(faults)) => faults.into(),
        (_, Err(error)) => error,
    }
}
