//! Images that a manifest plans.

use std::collections::BTreeMap;

use super::cluster::ObjectKey;
use super::report::{KernelStatus, LoadState};

/// Images by Module and kernel.
#[derive(Debug, Default)]
pub struct PlannedImages(BTreeMap<ObjectKey, BTreeMap<String, String>>);

impl PlannedImages {
    /// Adds an image.
    pub fn insert(&mut self, namespace: &str, module: &str, release: &str, image: String) {
        self.0.entry(ObjectKey::new(namespace, module)).or_default().insert(release.to_owned(), image);
    }

    /// Marks kernels for which the cluster's Module has another image than the manifest.
    pub(super) fn compare(&self, module: &ObjectKey, kernels: &mut [KernelStatus], notes: &mut Vec<String>) {
        let Some(images) = self.0.get(module) else { return };
        let mut others = 0;
        for kernel in kernels {
            let planned = images.get(&kernel.release).filter(|planned| kernel.image.as_ref() != Some(planned));
            if let Some(planned) = planned {
                kernel.planned_image = Some(planned.clone());
                kernel.state = kernel.state.max(LoadState::InProgress);
                others += 1;
            }
        }
        if others > 0 {
            let kernels = if others == 1 { "1 kernel".to_owned() } else { format!("{others} kernels") };
            notes.push(format!(
                "the cluster does not have the manifest's image for {kernels}: commit or publish the output files, or wait \
                 for the GitOps tool"
            ));
        }
    }
}
