//! Package managers of base images.

/// Package manager of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PackageManager {
    /// dnf, of Red Hat's family.
    Dnf,
    /// microdnf, of minimal images of Red Hat's family.
    Microdnf,
    /// apt-get.
    Apt,
    /// zypper.
    Zypper,
    /// apk.
    Apk,
}

impl PackageManager {
    /// All package managers, in the order in which an unknown image is searched for them.
    pub const ALL: [Self; 5] = [Self::Dnf, Self::Microdnf, Self::Apt, Self::Zypper, Self::Apk];

    /// Returns the package manager of an image whose name is that of a known distribution; `None` if the name tells
    /// nothing, or if some images of that name lack the package manager.
    pub fn of_image(image: &str) -> Option<Self> {
        let name = image.split('@').next().unwrap_or_default();
        let start = name.rfind('/').map_or(0, |at| at + 1);
        let (last, tag) = name[start..].split_once(':').unwrap_or((&name[start..], ""));
        let folder = name[..start].trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let is_old = folder == "ubi7" || tag.starts_with(['6', '7']) || tag.starts_with("centos");
        match last {
            "debian" | "ubuntu" => Some(Self::Apt),
            "alpine" => Some(Self::Apk),
            "leap" | "tumbleweed" if folder == "opensuse" => Some(Self::Zypper),
            "sle15" | "bci-base" => Some(Self::Zypper),
            // Minimal variants have microdnf or none, and releases up to 7 have yum.
            _ if tag.contains("minimal") || tag.contains("slim") || tag.contains("micro") => None,
            "driver-toolkit" | "driver-toolkit-rhel9" | "fedora" => Some(Self::Dnf),
            "ubi8" | "ubi9" | "ubi10" => Some(Self::Dnf),
            "ubi" | "centos" if !is_old => Some(Self::Dnf),
            "ubi-minimal" if !is_old => Some(Self::Microdnf),
            _ => None,
        }
    }

    /// Its program, as templates name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dnf => "dnf",
            Self::Microdnf => "microdnf",
            Self::Apt => "apt-get",
            Self::Zypper => "zypper",
            Self::Apk => "apk",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PackageManager::{self, Apk, Apt, Dnf, Microdnf, Zypper};

    #[test]
    fn the_name_of_an_image_decides_its_package_manager() {
        let digest = format!("@sha256:{}", "a".repeat(64));
        for (name, manager) in [
            ("registry.redhat.io/ubi9/ubi-minimal", Some(Microdnf)),
            ("registry.access.redhat.com/ubi8/ubi-minimal", Some(Microdnf)),
            ("mirror.example.com:5000/redhat/ubi9/ubi-minimal", Some(Microdnf)),
            ("registry.redhat.io/ubi9/ubi", Some(Dnf)),
            ("registry.redhat.io/ubi9", Some(Dnf)),
            ("registry.redhat.io/openshift4/driver-toolkit-rhel9", Some(Dnf)),
            ("quay.io/x/driver-toolkit", Some(Dnf)),
            ("quay.io/centos/centos", Some(Dnf)),
            ("quay.io/fedora/fedora", Some(Dnf)),
            ("fedora", Some(Dnf)),
            ("debian", Some(Apt)),
            ("docker.io/library/debian", Some(Apt)),
            ("localhost:5000/debian", Some(Apt)),
            ("[fd00::1]:5000/mirrors/ubuntu", Some(Apt)),
            ("public.ecr.aws/ubuntu/ubuntu", Some(Apt)),
            ("registry.suse.com/suse/sle15", Some(Zypper)),
            ("registry.suse.com/bci/bci-base", Some(Zypper)),
            ("registry.opensuse.org/opensuse/leap", Some(Zypper)),
            ("docker.io/opensuse/tumbleweed", Some(Zypper)),
            ("alpine", Some(Apk)),
            ("docker.io/library/alpine", Some(Apk)),
            ("registry.redhat.io/ubi9/ubi-micro", None),
            ("registry.access.redhat.com/ubi7/ubi", None),
            ("registry.access.redhat.com/ubi7/ubi-minimal", None),
            ("registry.suse.com/bci/bci-micro", None),
            ("busybox", None),
            ("gcr.io/distroless/base-debian12", None),
            ("quay.io/example/debian-builder", None),
            ("debian/builder", None),
            ("quay.io/example/leap", None),
            ("ubuntu.example.com/runtime", None),
        ] {
            for rest in ["", ":9.4", ":latest", &digest, &format!(":12{digest}")] {
                assert_eq!(PackageManager::of_image(&format!("{name}{rest}")), manager, "{name}{rest}");
            }
        }
    }

    #[test]
    fn a_tag_may_tell_that_the_image_is_another_one() {
        for (name, manager) in [
            ("quay.io/centos/centos:stream9", Some(Dnf)),
            ("quay.io/centos/centos:stream9-minimal", None),
            ("docker.io/library/centos:7", None),
            ("centos:centos7.9.2009", None),
            ("debian:12-slim", Some(Apt)),
            ("debian:7", Some(Apt)),
            ("registry.access.redhat.com/ubi9:9.4-minimal", None),
            ("ubuntu:24.04", Some(Apt)),
            ("quay.io/x/builder:${KERNEL_VERSION}", None),
            ("debian:${KERNEL_VERSION}", Some(Apt)),
        ] {
            assert_eq!(PackageManager::of_image(name), manager, "{name}");
        }
    }

    #[test]
    fn every_package_manager_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = PackageManager::ALL.iter().map(|manager| manager.name()).collect();
        assert_eq!(names.len(), PackageManager::ALL.len());
    }
}
