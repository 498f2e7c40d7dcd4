//! Images of one module in clusters, compared.

use std::fmt::Write as _;

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
pub(super) struct Verdict {
    /// Set if the hashes are equal; `None` if no other cluster has the kernel.
    pub(super) is_same: Option<bool>,
    /// Line for people, with the inputs that differ.
    pub(super) text: String,
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
        let mut text = format!("{}: {} ", self.cluster, self.release);
        if before.hash != self.hash {
            let _ = write!(text, "{} -> ", short(&before.hash));
        }
        text.push_str(short(&self.hash));
        match (differing, others.first()) {
            (Some(other), _) => {
                let _ = writeln!(text, ", but {} in {}:", short(&other.hash), other.cluster);
                for change in differences(&other.explanation, &self.explanation) {
                    let [theirs, own] = [&change.from, &change.to].map(|value| value.as_deref().unwrap_or("nothing"));
                    let _ = writeln!(text, "  {}: {own}, but {theirs} in {}", change.input, other.cluster);
                }
                Verdict { is_same: Some(false), text }
            }
            (None, Some(other)) => {
                let _ = writeln!(text, ", the same as in {}", other.cluster);
                Verdict { is_same: Some(true), text }
            }
            (None, None) => {
                let _ = writeln!(text, ", not compared: no cluster of `{from}` has the kernel");
                Verdict { is_same: None, text }
            }
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
