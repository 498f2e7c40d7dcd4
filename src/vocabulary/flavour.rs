//! Architecture and flavour in a kernel release, in the forms of the distributions.

/// The architectures that nodes have, as `uname -m` prints them, and by what other names
/// distributions call them: AlmaLinux builds for the microarchitecture levels of x86-64, too.
const ARCHITECTURES: [(&str, &[&str]); 6] = [
    ("x86_64", &["amd64", "x86_64_v2", "x86_64_v3", "x86_64_v4"]),
    ("aarch64", &["arm64"]),
    ("ppc64le", &["ppc64el"]),
    ("s390x", &[]),
    ("riscv64", &[]),
    ("i686", &["i386", "686", "586"]),
];

/// The architecture as `uname -m` prints it, of any name that distributions have for it.
pub fn architecture(name: &str) -> Option<&'static str> {
    ARCHITECTURES.iter().find(|(own, others)| *own == name || others.contains(&name)).map(|(own, _)| *own)
}

/// The names of all architectures.
pub fn architectures() -> impl Iterator<Item = &'static str> {
    ARCHITECTURES.iter().map(|(own, _)| *own)
}

/// The flavour of a kernel without one.
const STANDARD: &str = "standard";

/// The architecture that a release names, if it names one: as a part between `-`, `+` and `.`.
pub fn architecture_of(release: &str) -> Option<&'static str> {
    release.split(['-', '+', '.']).rev().find_map(architecture)
}

/// The release of an RPM, which ends in `.ARCH`, and the flavour behind it: `+FLAVOUR`, or `.debug`
/// up to RHEL 7 and in older kernels of Oracle.
pub(super) fn of_rpm(release: &str) -> Option<(&str, &str)> {
    let split = release.split_once('+').or_else(|| Some((release.strip_suffix(".debug")?, "debug")));
    let (base, flavour) = split.unwrap_or((release, ""));
    base.rsplit('.').next().and_then(architecture).map(|_| (base, flavour))
}

/// Checks whether a release has the form of an RPM's.
pub fn is_rpm_release(release: &str) -> bool {
    of_rpm(release).is_some()
}

/// Checks whether a part of a release marks a real-time kernel, such as `rt7` or `rt30`.
fn is_real_time(part: &str) -> bool {
    part.strip_prefix("rt").is_some_and(|number| number.parse::<u32>().is_ok())
}

/// The flavours that stand inside a release, between dots: `rt` in `.rt7.` (Red Hat up to 9.2), and
/// `uek` in `.el8uek.` (Oracle).
pub(super) fn inner_flavours(base: &str) -> impl Iterator<Item = &'static str> {
    let mut dotted = base.split('.').skip(1);
    let uek = dotted.clone().any(|part| part.starts_with("el") && part.ends_with("uek")).then_some("uek");
    let real_time = dotted.any(is_real_time).then_some("rt");
    uek.into_iter().chain(real_time)
}

/// The flavour that a release names: `rt`, `64k`, `cloud`, `generic`, `azure`, …; `standard`
/// if it names none.
///
/// Red Hat writes it after a `+` (`…x86_64+rt-debug`; real-time kernels up to 9.2 have `.rt7.` inside),
/// Oracle at the end of its distribution (`el8uek`), Debian, Ubuntu and SUSE as words between `-`
/// (`6.1.0-27-rt-amd64`, `5.15.0-1057-aws`), the real-time patches as `-rt30`.
pub fn flavour_of(release: &str) -> String {
    let (base, behind) = of_rpm(release).unwrap_or((release, ""));
    let mut words: Vec<&str> = inner_flavours(base).collect();
    if behind.is_empty() && words.is_empty() {
        fn is_word(part: &&str) -> bool {
            part.chars().all(|c| c.is_ascii_lowercase()) || ["64k", "16k"].contains(part)
        }
        let parts = release.split('-').skip(1).map(|part| if is_real_time(part) { "rt" } else { part });
        words.extend(parts.filter(is_word).filter(|part| architecture(part).is_none()));
    }
    words.extend(Some(behind).filter(|flavour| !flavour.is_empty()));
    if words.is_empty() { STANDARD.into() } else { words.join("-") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_name_their_architecture_and_flavour() {
        for (release, arch, flavour) in [
            ("5.14.0-427.28.1.el9_4.x86_64", Some("x86_64"), "standard"),
            ("5.14.0-427.81.1.el9_4.x86_64+rt", Some("x86_64"), "rt"),
            ("5.14.0-503.11.1.el9_5.aarch64+64k", Some("aarch64"), "64k"),
            ("5.14.0-503.11.1.el9_5.aarch64+rt-64k", Some("aarch64"), "rt-64k"),
            ("5.14.0-503.11.1.el9_5.aarch64+64k-debug", Some("aarch64"), "64k-debug"),
            ("5.14.0-427.13.1.el9_4.x86_64+rt-debug", Some("x86_64"), "rt-debug"),
            ("4.18.0-553.el8_10.x86_64+debug", Some("x86_64"), "debug"),
            ("4.18.0-305.25.1.rt7.97.el8_4.x86_64", Some("x86_64"), "rt"),
            ("4.18.0-305.25.1.rt7.97.el8_4.x86_64+debug", Some("x86_64"), "rt-debug"),
            ("3.10.0-1160.el7.x86_64.debug", Some("x86_64"), "debug"),
            ("4.18.0-240.22.1.rt7.77.el8_3", None, "rt"),
            ("5.4.17-2136.307.3.5.el8uek.x86_64", Some("x86_64"), "uek"),
            ("6.12.0-107.59.3.3.el9uek.aarch64+64k", Some("aarch64"), "uek-64k"),
            ("6.12.0-55.29.1.el10_0.x86_64_v2", Some("x86_64"), "standard"),
            ("6.12.0-55.29.1.el10_0.x86_64_v2+rt", Some("x86_64"), "rt"),
            ("6.8.9-400.asahi.fc40.aarch64+16k", Some("aarch64"), "16k"),
            ("6.12.107+deb12-cloud-amd64", Some("x86_64"), "cloud"),
            ("6.12.107+deb12-amd64", Some("x86_64"), "standard"),
            ("6.1.0-27-rt-amd64", Some("x86_64"), "rt"),
            ("6.1.0-27-cloud-arm64", Some("aarch64"), "cloud"),
            ("6.6.30-rt30", None, "rt"),
            ("5.14.0-rt14", None, "rt"),
            ("5.10.120-rt70-tegra", None, "rt-tegra"),
            ("6.4.0-24-rt", None, "rt"),
            ("5.15.0-91-generic", None, "generic"),
            ("5.15.0-91-lowlatency", None, "lowlatency"),
            ("6.8.0-31-generic-64k", None, "generic-64k"),
            ("5.15.0-1057-aws", None, "aws"),
            ("6.11.0-1016-azure-fde", None, "azure-fde"),
            ("5.14.21-150500.55.7-default", None, "default"),
            ("4.18.0-553.el8_10.ppc64le", Some("ppc64le"), "standard"),
            ("5.14.0-427.13.1.el9_4.s390x", Some("s390x"), "standard"),
            ("4.4.0-21", None, "standard"),
            ("4.19.232-1~deb9u1-amd64", Some("x86_64"), "standard"),
            ("1688.5.3", None, "standard"),
            ("4.19.52-2.ph3.x86_64", Some("x86_64"), "standard"),
            ("6.1.83-4.ph5-esx", None, "esx"),
        ] {
            assert_eq!(architecture_of(release), arch, "{release}");
            assert_eq!(flavour_of(release), flavour, "{release}");
        }
    }
}
