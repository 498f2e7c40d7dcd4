//! Base images for the systems of nodes: images that everyone can pull.

use std::collections::BTreeMap;

use crate::vocabulary::is_rpm_release;

/// Runtime image beside builders of Red Hat's family.
const UBI_MINIMAL: &str = "registry.access.redhat.com/ubi9/ubi-minimal:9.4";

/// A kernel of the cluster, and the system of its nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterKernel {
    pub release: String,
    /// The distribution, such as `Ubuntu 24.04`.
    pub distribution: Option<String>,
    pub is_openshift: bool,
    pub nodes: u64,
}

/// Images and template that build for some kernels.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Platform {
    pub(super) is_openshift: bool,
    /// Template of the Dockerfiles, unless it is the default.
    pub(super) template: Option<&'static str>,
    pub(super) builder: String,
    pub(super) runtime: String,
    /// Reason for the builder.
    pub(super) reason: String,
    /// Gap that the user has to fill.
    pub(super) gap: Option<String>,
}

impl Platform {
    /// OpenShift with its Driver Toolkit.
    pub(super) fn openshift(reason: &str) -> Self {
        Self {
            is_openshift: true,
            template: None,
            builder: "dtk".to_owned(),
            runtime: UBI_MINIMAL.to_owned(),
            reason: reason.to_owned(),
            gap: None,
        }
    }

    /// The platform of each kernel; that of most nodes comes first.
    pub(super) fn of(kernels: &[ClusterKernel]) -> Vec<(Self, Vec<&str>)> {
        let mut platforms: BTreeMap<Self, (u64, Vec<&str>)> = BTreeMap::new();
        for kernel in kernels {
            let (nodes, releases) = platforms.entry(Self::of_kernel(kernel)).or_default();
            *nodes += kernel.nodes;
            if !releases.contains(&kernel.release.as_str()) {
                releases.push(&kernel.release);
            }
        }
        let mut platforms: Vec<_> = platforms.into_iter().collect();
        platforms.sort_by_key(|(_, (nodes, releases))| std::cmp::Reverse((*nodes, releases.len())));
        platforms.into_iter().map(|(platform, (_, releases))| (platform, releases)).collect()
    }

    fn of_kernel(kernel: &ClusterKernel) -> Self {
        if kernel.is_openshift {
            return Self::openshift(
                "the nodes run Red Hat Enterprise Linux CoreOS, and KMM chooses the Driver Toolkit of each kernel",
            );
        }
        let distribution = kernel.distribution.as_deref().unwrap_or_default();
        let version = distribution.rsplit(' ').next().filter(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        let (major, minor) = el_of(&kernel.release).unwrap_or(("9", None));
        let (template, builder, gap) = match distribution {
            _ if distribution.starts_with("Debian") => {
                ("debian", format!("docker.io/library/debian:{}-slim", version.unwrap_or("12")), None)
            }
            _ if distribution.starts_with("Ubuntu") => {
                ("debian", format!("docker.io/library/ubuntu:{}", version.unwrap_or("24.04")), None)
            }
            _ if distribution.starts_with("Rocky") => {
                ("kernel-devel", format!("quay.io/rockylinux/rockylinux:{major}"), None)
            }
            _ if distribution.starts_with("AlmaLinux") => {
                ("kernel-devel", format!("quay.io/almalinuxorg/almalinux:{major}"), None)
            }
            _ if distribution.starts_with("CentOS Stream") => {
                ("kernel-devel", format!("quay.io/centos/centos:stream{major}"), None)
            }
            _ if distribution.starts_with("Fedora") => (
                "kernel-devel",
                format!("quay.io/fedora/fedora:{}", fedora_of(&kernel.release).unwrap_or("latest")),
                None,
            ),
            _ if distribution.starts_with("SUSE")
                || distribution.starts_with("SLES")
                || distribution.starts_with("openSUSE") =>
            {
                let version = version.filter(|version| version.contains('.')).unwrap_or("15.6");
                ("sles", format!("registry.suse.com/bci/bci-base:{version}"), None)
            }
            _ if distribution.starts_with("Red Hat Enterprise Linux") => {
                let tag = minor.map_or_else(|| major.to_owned(), |minor| format!("{major}.{minor}"));
                let gap = "kernel-devel needs the cluster's entitlement: add the secret `etc-pki-entitlement` to \
                           `moduleSpec.moduleLoader.container.build.secrets`";
                ("kernel-devel", format!("registry.access.redhat.com/ubi{major}/ubi:{tag}"), Some(gap.to_owned()))
            }
            _ => {
                let gap = "no public image is known that has the headers of these kernels: name one that has them as \
                           `baseImages.builder`";
                match is_rpm_release(&kernel.release) {
                    true => ("kernel-devel", format!("quay.io/centos/centos:stream{major}"), Some(gap.to_owned())),
                    false => ("debian", "docker.io/library/debian:12-slim".to_owned(), Some(gap.to_owned())),
                }
            }
        };
        let runtime = if template == "debian" { builder.clone() } else { UBI_MINIMAL.to_owned() };
        let system = if distribution.is_empty() {
            "an unknown system".to_owned()
        } else {
            distribution.escape_debug().to_string()
        };
        let reason = format!("the nodes run {system}; the build gets headers from its packages");
        Self { is_openshift: false, template: Some(template), builder, runtime, reason, gap }
    }
}

/// The version of RHEL that a kernel is for: 9 and 4 of `….el9_4.x86_64`.
fn el_of(release: &str) -> Option<(&str, Option<&str>)> {
    let part = release.split('.').find_map(|part| part.strip_prefix("el"))?;
    let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
    let (major, rest) = part.split_at(digits);
    let minor = rest.strip_prefix('_').filter(|minor| minor.chars().all(|c| c.is_ascii_digit()));
    (!major.is_empty()).then_some((major, minor))
}

fn fedora_of(release: &str) -> Option<&str> {
    release.split('.').find_map(|part| part.strip_prefix("fc")).filter(|version| version.parse::<u8>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_has_an_image_that_everyone_can_pull() {
        for (distribution, release, template, builder) in [
            ("Debian GNU/Linux 12", "6.1.0-47-amd64", "debian", "docker.io/library/debian:12-slim"),
            ("Ubuntu 24.04", "6.8.0-51-generic", "debian", "docker.io/library/ubuntu:24.04"),
            ("Rocky Linux", "5.14.0-503.11.1.el9_5.x86_64", "kernel-devel", "quay.io/rockylinux/rockylinux:9"),
            ("AlmaLinux", "4.18.0-553.el8_10.x86_64", "kernel-devel", "quay.io/almalinuxorg/almalinux:8"),
            ("CentOS Stream", "6.12.0-1.el10.x86_64", "kernel-devel", "quay.io/centos/centos:stream10"),
            ("Fedora", "6.8.11-300.fc40.x86_64", "kernel-devel", "quay.io/fedora/fedora:40"),
            (
                "SUSE Linux Enterprise Server 15",
                "6.4.0-150600.23-default",
                "sles",
                "registry.suse.com/bci/bci-base:15.6",
            ),
            (
                "Red Hat Enterprise Linux",
                "5.14.0-427.el9_4.x86_64",
                "kernel-devel",
                "registry.access.redhat.com/ubi9/ubi:9.4",
            ),
            ("Talos 1.7", "6.6.43-talos", "debian", "docker.io/library/debian:12-slim"),
        ] {
            let distribution = Some(distribution.to_owned());
            let kernel = ClusterKernel { release: release.to_owned(), distribution, is_openshift: false, nodes: 1 };
            let platform = Platform::of_kernel(&kernel);
            assert_eq!((platform.template, platform.builder.as_str()), (Some(template), builder), "{release}");
        }
    }

    #[test]
    fn most_nodes_come_first() {
        let kernel = |release: &str, is_openshift, nodes| ClusterKernel {
            release: release.to_owned(),
            distribution: Some("Debian GNU/Linux 12".to_owned()),
            is_openshift,
            nodes,
        };
        let kernels = [kernel("6.1.0-47-amd64", false, 1), kernel("5.14.0-427.el9_4.x86_64", true, 3)];
        let platforms = Platform::of(&kernels);
        assert!(platforms[0].0.is_openshift && !platforms[1].0.is_openshift);
        assert_eq!(platforms[1].1, ["6.1.0-47-amd64"]);
    }
}
