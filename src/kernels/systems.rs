//! Operating systems of nodes: distributions, versions of OS images and of RHEL.

use std::cmp::Ordering;

use crate::vocabulary::{by_version, is_rpm_release};

/// The distribution in the name of a node's OS image: two of them under one kernel release are two
/// kernels. `Ubuntu 24.04` of `Ubuntu 24.04.1 LTS`; of RPM distributions, whose releases have the version
/// (`el9_4`), the name alone.
pub(super) fn distribution_of(os_image: &str, release: &str) -> Option<String> {
    fn is_version(word: &str) -> bool {
        word.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit())
    }
    let words: Vec<&str> = os_image.split_whitespace().map(|word| word.trim_matches(['(', ')', ',', '"'])).collect();
    let name_ends = words.iter().position(|word| is_version(word)).unwrap_or(words.len());
    let mut name: Vec<&str> = words[..name_ends].iter().copied().filter(|word| *word != "CoreOS").collect();
    if let ["Fedora", "Linux", ..] = name.as_slice() {
        name.truncate(1);
    }
    if name.is_empty() {
        return None;
    }
    let version = words.get(name_ends).filter(|_| !is_rpm_release(release));
    let version = version.map(|word| {
        let parts: Vec<&str> = word.trim_start_matches('v').splitn(3, '.').take(2).collect();
        parts.join(".")
    });
    Some(name.into_iter().map(str::to_owned).chain(version).collect::<Vec<_>>().join(" "))
}

/// The major and minor version of RHEL in the version of an OS image: `416.94.…` is 9.4, `9.6.…` is 9.6.
fn rhel_of(os: &str) -> Option<(u32, Option<u32>)> {
    let mut parts = os.split('.');
    let (first, second, _) = (parts.next()?, parts.next()?, parts.next()?);
    // Up to OpenShift 4.18 the first number is that of OpenShift, `4` and the minor version.
    if first.len() < 2 || !first.starts_with('4') {
        return Some((first.parse().ok()?, second.parse().ok()));
    }
    // OKD has the major version of CentOS Stream alone.
    let minor = second.get(1..).filter(|minor| !minor.is_empty());
    Some((second.get(..1)?.parse().ok()?, minor.and_then(|minor| minor.parse().ok())))
}

/// The major version of RHEL that an OS image is made from.
pub(super) fn el_of_os(os: &str) -> Option<u32> {
    rhel_of(os).map(|(major, _)| major)
}

/// The major version of RHEL that a kernel is for: 9 of `…el9_4.x86_64`.
pub(super) fn el_of_kernel(release: &str) -> Option<u32> {
    let part = release.split('.').find_map(|part| part.strip_prefix("el"))?;
    let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
    part[..digits].parse().ok()
}

/// Checks whether an OS image may be made from this version of RHEL, such as `9.4`.
pub(super) fn may_be_rhel(os: &str, rhel: &str) -> bool {
    let Some((major, minor)) = rhel_of(os) else { return true };
    let mut parts = rhel.split('.').map(|part| part.parse::<u32>().ok());
    let (own, own_minor) = (parts.next().flatten(), parts.next().flatten());
    fn agree(one: Option<u32>, other: Option<u32>) -> bool {
        one.is_none() || other.is_none() || one == other
    }
    agree(own, Some(major)) && agree(own_minor, minor)
}

/// The order of versions of OS images, the older one first: by the day that they were built on, since
/// from OpenShift 4.19 on they begin with another number (`418.94.…`, then `9.6.…`).
pub(super) fn by_age(one: &str, other: &str) -> Ordering {
    match (built(one), built(other)) {
        (Some(day), Some(other_day)) if day != other_day => day.cmp(other_day),
        _ => by_version(one, other),
    }
}

/// The day on which an OS image of OpenShift was built: `20240708…` of `416.94.202407081958-0`.
fn built(os: &str) -> Option<&str> {
    os.split('.').nth(2)?.get(..8).filter(|day| day.bytes().all(|b| b.is_ascii_digit()))
}

/// Checks whether a text is the version of an OS image of OpenShift.
pub(super) fn is_coreos(os: &str) -> bool {
    built(os.trim()).is_some() && os.trim().starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_are_told_apart_by_what_changes_the_kernel() {
        const RPM: &str = "5.14.0-427.28.1.el9_4.x86_64";
        const GENERIC: &str = "6.8.0-51-generic";
        for (os, release, distribution) in [
            ("Ubuntu 22.04.5 LTS", GENERIC, Some("Ubuntu 22.04")),
            ("Ubuntu 24.04.1 LTS", GENERIC, Some("Ubuntu 24.04")),
            ("Debian GNU/Linux 12 (bookworm)", "6.1.0-27-amd64", Some("Debian GNU/Linux 12")),
            ("Talos (v1.7.6)", "6.6.43-talos", Some("Talos 1.7")),
            (
                "Flatcar Container Linux by Kinvolk 3815.2.0 (Oklo)",
                "6.1.77-flatcar",
                Some("Flatcar Container Linux by Kinvolk 3815.2"),
            ),
            ("Red Hat Enterprise Linux CoreOS 416.94.202407081958-0 (Plow)", RPM, Some("Red Hat Enterprise Linux")),
            ("Red Hat Enterprise Linux 9.4 (Plow)", RPM, Some("Red Hat Enterprise Linux")),
            ("Red Hat Enterprise Linux CoreOS 10.2 10.2.20260601-0 (Coughlan)", RPM, Some("Red Hat Enterprise Linux")),
            ("Rocky Linux 9.4 (Blue Onyx)", RPM, Some("Rocky Linux")),
            ("AlmaLinux 9.5 (Teal Serval)", RPM, Some("AlmaLinux")),
            ("Fedora CoreOS 40.20240616.3.0", "6.8.11-300.fc40.x86_64", Some("Fedora")),
            ("Fedora Linux 40 (Container Image)", "6.8.11-300.fc40.x86_64", Some("Fedora")),
            ("416.94.202407081958-0", RPM, None),
            ("", RPM, None),
        ] {
            assert_eq!(distribution_of(os, release).as_deref(), distribution, "{os}");
        }
    }

    #[test]
    fn versions_of_rhel_are_read_from_os_images_and_kernels() {
        for (os, el) in [
            ("416.94.202407081958-0", Some(9)),
            ("47.83.202106032343-0", Some(8)),
            ("416.9.202411211032-0", Some(9)),
            ("9.8.20260601-0", Some(9)),
            ("10.2.20260601-0", Some(10)),
            ("Ubuntu 22.04.3 LTS", None),
            ("latest", None),
        ] {
            assert_eq!(el_of_os(os), el, "{os}");
        }
        for (release, el) in [
            ("5.14.0-427.28.1.el9_4.x86_64", Some(9)),
            ("6.12.0-211.7.1.el10_2.x86_64", Some(10)),
            ("5.14.0-460.el9.x86_64+rt", Some(9)),
            ("5.15.0-209.161.7.2.el9uek.x86_64", Some(9)),
            ("6.18.8-1.el10.elrepo.x86_64", Some(10)),
            ("6.8.0-51-generic", None),
        ] {
            assert_eq!(el_of_kernel(release), el, "{release}");
        }
        assert!(may_be_rhel("416.94.202407081958-0", "9.4") && !may_be_rhel("416.94.202407081958-0", "9.6"));
        assert!(may_be_rhel("416.9.202411211032-0", "9") && !may_be_rhel("10.2.20260601-0", "9.2"));
    }

    #[test]
    fn os_images_of_openshift_are_known() {
        for os in ["416.94.202407081958-0", "9.6.20251015-1", " 10.2.20260601-0"] {
            assert!(is_coreos(os), "{os}");
        }
        for os in ["Ubuntu 22.04.5 LTS", "Fedora CoreOS 40.20240616.3.0", "Rocky Linux 9.4", ""] {
            assert!(!is_coreos(os), "{os}");
        }
    }

    #[test]
    fn os_images_are_ordered_by_the_day_they_were_built_on() {
        for pair in [
            ["416.94.202407081958-0", "416.94.202501030250-0"],
            ["418.94.202411201839-0", "9.6.20251015-1"],
            ["9.8.20260601-0", "10.2.20260601-0"],
            ["9.6.20251015-1", "9.6.20251015-12"],
        ] {
            assert_eq!(by_age(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(by_age(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
    }
}
