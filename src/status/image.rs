//! State of a Module's image for a kernel, with the cause if it is stuck.

use super::cause::Cause;
use super::cluster::{BuildRecord, ClusterObjects, KmmPod, ObjectKey, ObjectType, PodRole};
use super::pods::{Trouble, trouble};
use super::report::ImageState;
use super::selection::is_tainted;
use crate::objects::Loading;
use crate::vocabulary::KernelRelease;

/// Objects of one Module.
pub(super) struct ModuleView<'c> {
    pub(super) cluster: &'c ClusterObjects,
    pub(super) key: &'c ObjectKey,
    pub(super) pods: Vec<(&'c ObjectKey, &'c KmmPod)>,
}

/// A kernel of a Module's nodes.
pub(super) struct KernelView<'k> {
    pub(super) release: &'k str,
    /// Names of the OS images of its nodes.
    pub(super) os_images: Vec<&'k str>,
    /// Set if a NodeModulesConfig has the image, which KMM writes there only if the image exists.
    pub(super) is_used: bool,
}

/// State of an image, and the cause if it is stuck.
#[derive(Debug)]
pub(super) struct ImageStatus {
    pub(super) state: ImageState,
    pub(super) cause: Option<Cause>,
}

impl ImageStatus {
    pub(super) fn new(state: ImageState, cause: Option<Cause>) -> Self {
        Self { state, cause }
    }
}

impl ModuleView<'_> {
    /// Finds the state of the image that KMM wants on a kernel.
    pub(super) fn image(&self, loading: &Loading, kernel: &KernelView<'_>) -> ImageStatus {
        let image = loading.image.as_str();
        let state = self.cluster.images.get(self.key).and_then(|states| states.get(image)).map(String::as_str);
        let records: Vec<&BuildRecord> = self.records().filter(|record| record.image == image).collect();
        let is_done = records
            .iter()
            .any(|record| record.succeeded == Some(true) && (record.is_signing || loading.sign.is_none()));
        if kernel.is_used || is_done || state == Some("Exists") {
            return ImageStatus::new(ImageState::Built, None);
        }
        let pull = self.pods.iter().find(|(_, pod)| pod.role == PodRole::Pull && pod.image == image);
        let pull_cause = pull.and_then(|(name, pod)| self.pull_cause(name, trouble(pod)?, image, loading));
        let is_made = loading.build.is_some() || loading.sign.is_some();
        if !is_made {
            return match (state, pull_cause) {
                (Some("DoesNotExist"), None) => {
                    ImageStatus::new(ImageState::Missing, Some(Cause::ImageAbsent { image: image.to_owned() }))
                }
                (_, Some(cause)) => ImageStatus::new(ImageState::Missing, Some(cause)),
                _ => ImageStatus::new(self.unless_known(ImageState::Checking), None),
            };
        }
        let is_needed = matches!(state, Some("NeedsBuilding" | "NeedsSigning" | "DoesNotExist")) || !records.is_empty();
        if !is_needed {
            return ImageStatus::new(self.unless_known(ImageState::Checking), pull_cause);
        }
        self.build(loading, kernel, &records).unwrap_or_else(|| ImageStatus::new(ImageState::Building, pull_cause))
    }

    fn records(&self) -> impl Iterator<Item = &BuildRecord> {
        self.cluster.builds.get(self.key).into_iter().flatten()
    }

    /// Returns the state, unless inputs lack the kind that it is from.
    fn unless_known(&self, state: ImageState) -> ImageState {
        if self.cluster.has(ObjectType::ModuleImagesConfig) { state } else { ImageState::Unknown }
    }

    /// Finds out why a build does not come to its end; `None` if it may still do.
    fn build(&self, loading: &Loading, kernel: &KernelView<'_>, records: &[&BuildRecord]) -> Option<ImageStatus> {
        if loading.build.is_some()
            && let Some(cause) = self.old_build(&loading.image, kernel.release)
        {
            return Some(ImageStatus::new(ImageState::Failed, Some(cause)));
        }
        let safe = dns_safe(kernel.release);
        let pod = self.pods.iter().find(|(_, pod)| pod.role == PodRole::Build && pod.kernel == safe);
        let pod_trouble = pod.and_then(|(name, pod)| Some((*name, trouble(pod)?)));
        let failed = records.iter().any(|record| record.succeeded == Some(false));
        match pod_trouble {
            Some((name, Trouble::Unschedulable)) => {
                return Some(ImageStatus::new(ImageState::Building, Some(Cause::Unschedulable { pod: name.clone() })));
            }
            Some((name, Trouble::Denied)) => {
                return Some(ImageStatus::new(
                    ImageState::Failed,
                    Some(Cause::PullDenied { namespace: name.namespace.clone() }),
                ));
            }
            Some((name, Trouble::PullFails | Trouble::Absent)) => {
                return Some(ImageStatus::new(ImageState::Failed, Some(self.pull_fails(name))));
            }
            _ => {}
        }
        if failed || pod_trouble.is_some() {
            let pod = pod_trouble.map(|(name, _)| name.clone());
            let cause = Cause::BuildFails { pod, namespace: self.key.namespace.clone() };
            return Some(ImageStatus::new(ImageState::Failed, Some(cause)));
        }
        let config_map = loading.build.as_ref()?.get("dockerfileConfigMap")?.get("name")?.as_str()?;
        let config_map = ObjectKey::new(&self.key.namespace, config_map);
        let facts = self.cluster.config_maps.get(&config_map);
        match facts {
            None if self.cluster.has(ObjectType::ConfigMap) => {
                Some(ImageStatus::new(ImageState::WaitingForConfigMap, Some(Cause::NoConfigMap { config_map })))
            }
            Some(facts) if !facts.has_dockerfile => {
                Some(ImageStatus::new(ImageState::WaitingForConfigMap, Some(Cause::NoDockerfile { config_map })))
            }
            Some(facts) if facts.uses_toolkit && pod.is_none() => {
                let cause = self.toolkit_cause(kernel, !records.is_empty())?;
                Some(ImageStatus::new(ImageState::Building, Some(cause)))
            }
            _ => None,
        }
    }

    /// Finds an older build for the same kernel that keeps KMM from building the image.
    fn old_build(&self, image: &str, release: &str) -> Option<Cause> {
        let safe = dns_safe(release);
        let mut old = self.records().filter(|record| {
            record.image != image
                && !record.is_signing
                && record.succeeded != Some(true)
                && dns_safe(&record.kernel) == safe
        });
        old.find_map(|record| {
            let config_map = ObjectKey::new(&self.key.namespace, record.config_map.as_deref()?);
            let is_known = self.cluster.has(ObjectType::ConfigMap);
            let exists = self.cluster.config_maps.contains_key(&config_map);
            (exists || !is_known).then_some(Cause::OldBuild { config_map, is_certain: exists })
        })
    }

    /// Finds out if the cluster lacks the Driver Toolkit of a build that KMM did not start.
    fn toolkit_cause(&self, kernel: &KernelView<'_>, is_recorded: bool) -> Option<Cause> {
        if self.cluster.has(ObjectType::ImageStream) {
            let tags = self.cluster.toolkits.iter().filter(|tag| *tag != "latest");
            let os = kernel.os_images.iter().find(|os| !tags.clone().any(|tag| os.contains(tag.as_str())))?;
            return Some(Cause::NoToolkit { os: Some((**os).to_owned()) });
        }
        (is_recorded && self.cluster.has(ObjectType::Pod)).then_some(Cause::NoToolkit { os: None })
    }

    fn pull_fails(&self, pod: &ObjectKey) -> Cause {
        Cause::PullFails { module: self.key.clone(), pod: Some(pod.name.clone()) }
    }

    /// Returns the cause of a pull Pod's trouble, unless it only shows that an image is still to be built.
    fn pull_cause(&self, pod: &ObjectKey, trouble: Trouble, image: &str, loading: &Loading) -> Option<Cause> {
        let (pod, image) = (pod.clone(), image.to_owned());
        Some(match trouble {
            Trouble::Unschedulable => {
                let mut nodes = self.cluster.nodes.values().peekable();
                let are_all_tainted = nodes.peek().is_some() && nodes.all(is_tainted);
                if are_all_tainted { Cause::AllTainted { pod } } else { Cause::Unschedulable { pod } }
            }
            Trouble::Denied => Cause::PullDenied { namespace: pod.namespace },
            Trouble::Absent if loading.build.is_some() || loading.sign.is_some() => return None,
            Trouble::Absent => Cause::ImageAbsent { image },
            Trouble::PullFails => self.pull_fails(&pod),
            Trouble::Architecture => Cause::Architecture { image },
            // All that the Pod runs is a shell.
            Trouble::NoShell | Trouble::Fails { .. } => Cause::NoShell { image },
            Trouble::CannotStart => Cause::CannotStart { module: self.key.clone(), pod: Some(pod.name) },
        })
    }
}

/// Returns KMM's DNS-safe form of a release, by which it looks builds up.
fn dns_safe(release: &str) -> String {
    KernelRelease::parse(release).map_or_else(|_| release.to_owned(), |release| release.dns_safe().to_owned())
}
