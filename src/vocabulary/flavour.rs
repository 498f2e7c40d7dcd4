//! What a kernel release says of its machine and its flavour, in the forms of the distributions.

/// The architectures that nodes have, as `uname -m` prints them, and by what other names
/// distributions call them.
const ARCHITECTURES: [(&str, &[&str]); 6] = [
    ("x86_64", &["amd64"]),
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

/// The flavour that a release names: `rt`, `64k`, `cloud`, `generic`, `azure`, …; `standard`
/// where it names none.
///
/// Red Hat writes it after a `+` (`…x86_64+rt`; real-time kernels up to 9.2 have `.rt7.` inside),
/// Oracle at the end of its distribution (`el8uek`), Debian, Ubuntu and SUSE as words between `-`
/// (`6.1.0-27-rt-amd64`, `5.15.0-1057-aws`).
pub fn flavour_of(release: &str) -> String {
    if let Some((base, flavour)) = release.split_once('+') {
        // Red Hat's base ends in the architecture; Debian's `+deb12` is no flavour.
        if base.rsplit('.').next().and_then(architecture).is_some() {
            return flavour.to_owned();
        }
    }
    let dotted: Vec<&str> = release.split('.').collect();
    let is_real_time = |part: &&str| part.strip_prefix("rt").is_some_and(|n| n.parse::<u32>().is_ok());
    if dotted.iter().skip(1).any(is_real_time) {
        return "rt".into();
    }
    if dotted.iter().any(|part| part.starts_with("el") && part.ends_with("uek")) {
        return "uek".into();
    }
    let is_word = |part: &&str| part.chars().all(|c| c.is_ascii_lowercase()) || *part == "64k" || *part == "16k";
    let words: Vec<&str> =
        release.split('-').skip(1).filter(is_word).filter(|part| architecture(part).is_none()).collect();
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
            ("4.18.0-305.25.1.rt7.97.el8_4.x86_64", Some("x86_64"), "rt"),
            ("5.4.17-2136.307.3.5.el8uek.x86_64", Some("x86_64"), "uek"),
            ("6.12.107+deb12-cloud-amd64", Some("x86_64"), "cloud"),
            ("6.12.107+deb12-amd64", Some("x86_64"), "standard"),
            ("6.1.0-27-rt-amd64", Some("x86_64"), "rt"),
            ("6.1.0-27-cloud-arm64", Some("aarch64"), "cloud"),
            ("5.15.0-91-generic", None, "generic"),
            ("6.8.0-31-generic-64k", None, "generic-64k"),
            ("5.15.0-1057-aws", None, "aws"),
            ("5.14.21-150500.55.7-default", None, "default"),
            ("4.4.0-21", None, "standard"),
            ("4.19.232-1~deb9u1-amd64", Some("x86_64"), "standard"),
            ("1688.5.3", None, "standard"),
            ("4.19.52-2.ph3.x86_64", Some("x86_64"), "standard"),
        ] {
            assert_eq!(architecture_of(release), arch, "{release}");
            assert_eq!(flavour_of(release), flavour, "{release}");
        }
    }
}
