//! Images of one module in clusters, compared.

use std::fmt;

use serde::Serialize;

use crate::commands::pin_clusters::PinClusters;
use crate::commands::project::Project;
use crate::fingerprint::{Explanation, InputChange};
use crate::settings;
use crate::vocabulary::ModuleName;

/// Images of one module in some clusters.
pub(super) struct ModuleImages(Vec<KernelImage>);

/// Image of a kernel in a cluster.
struct KernelImage {
    cluster: String,
    release: String,
    architecture: Option<&'static str>,
    hash: String,
    explanation: Explanation,
}

/// Comparison of an image with those of the same kernel in other clusters.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Verdict {
    cluster: String,
    release: String,
    /// Hash before the promotion.
    old_hash: String,
    hash: String,
    /// Set if the hashes are equal; `None` if no other cluster has the kernel.
    #[serde(rename = "same")]
    pub(super) is_same: Option<bool>,
    /// Cluster with the other image; `None` if no other cluster has the kernel.
    other_cluster: Option<String>,
    other_hash: Option<String>,
    /// Inputs that differ, from those of the other image to those of this one.
    differences: Vec<InputChange>,
    /// Name of the group that it is compared with.
    #[serde(skip)]
    group: String,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ", self.cluster, self.release)?;
        if self.old_hash != self.hash {
            write!(f, "{} -> ", short(&self.old_hash))?;
        }
        f.write_str(short(&self.hash))?;
        let (Some(other), Some(hash)) = (&self.other_cluster, &self.other_hash) else {
            return writeln!(f, ", not compared: no cluster of `{}` has the kernel", self.group);
        };
        if self.is_same == Some(true) {
            return writeln!(f, ", the same as in {other}");
        }
        writeln!(f, ", but {} in {other}:", short(hash))?;
        for change in &self.differences {
            let [theirs, own] = [&change.from, &change.to].map(|value| value.as_deref().unwrap_or("nothing"));
            writeln!(f, "  {}: {own}, but {theirs} in {other}", change.input)?;
        }
        Ok(())
    }
}

impl ModuleImages {
    /// Renders the images of a module in clusters.
    pub(super) fn of(project: &Project, module: &ModuleName, clusters: &PinClusters) -> anyhow::Result<Self> {
        let mut images = Vec::new();
        for manifest in clusters.manifests() {
            let project = project.for_cluster(manifest.cluster.as_ref())?.of_module(module);
            let (plan, explanations) =
                project.plan_with(settings::workers(None), |_| false, |rendered| rendered.explanation.clone())?;
            for (mapping, explanation) in plan.mappings().zip(explanations) {
                images.push(KernelImage {
                    cluster: manifest.cluster.as_ref().map(ToString::to_string).unwrap_or_default(),
                    release: mapping.kernel.release.as_str().to_owned(),
                    architecture: mapping.kernel.architecture(),
                    hash: mapping.identity.hash.to_string(),
                    explanation,
                });
            }
        }
        Ok(Self(images))
    }

    /// Compares the images with those `wanted` in the clusters of the group `from`; `before` are the images until now.
    pub(super) fn compare(&self, before: &Self, wanted: &Self, from: &str) -> Vec<Verdict> {
        let all = self.0.iter().zip(&before.0);
        all.map(|(image, before)| image.compare(before, &wanted.0, from)).collect()
    }
}

impl KernelImage {
    fn compare(&self, before: &Self, wanted: &[Self], from: &str) -> Verdict {
        let others = wanted.iter().filter(|other| other.is_of_kernel(self));
        let others: Vec<&Self> = others.collect();
        let differing = others.iter().find(|other| other.hash != self.hash);
        let other = differing.or(others.first());
        Verdict {
            cluster: self.cluster.clone(),
            release: self.release.clone(),
            old_hash: before.hash.clone(),
            hash: self.hash.clone(),
            is_same: other.map(|_| differing.is_none()),
            other_cluster: other.map(|other| other.cluster.clone()),
            other_hash: other.map(|other| other.hash.clone()),
            differences: differing.map(|other| differences(&other.explanation, &self.explanation)).unwrap_or_default(),
            group: from.to_owned(),
        }
    }

    fn is_of_kernel(&self, other: &Self) -> bool {
        self.release == other.release && self.architecture == other.architecture
    }
}

/// Returns the inputs that differ, without the Dockerfile if it follows from others.
fn differences(old: &Explanation, new: &Explanation) -> Vec<InputChange> {
    let mut changes = new.changes_from(old);
    if changes.len() > 1 {
        changes.retain(|change| change.input != "dockerfile");
    }
    changes
}

/// Returns the beginning of a hash.
fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
