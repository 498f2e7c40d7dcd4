//! Kernel releases and the forms that KMM gives them.

use std::fmt;

use super::Invalid;
use super::flavour::{inner_flavours, of_rpm};
use super::release_form::{forms, spelling_fault};
use super::release_text::release_in;

/// A kernel release as `uname -r` prints it, such as `5.14.0-427.28.1.el9_4.x86_64`.
///
/// The character set is what kernels in the wild use (letters, digits and `.`, `_`, `-`, `+`,
/// `~`); it needs no quoting in a shell, a path or YAML, and cannot leave a folder.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KernelRelease {
    text: String,
    normalised: String,
    dns_safe: String,
}

impl KernelRelease {
    /// Checks a release against KMM's rules.
    ///
    /// # Errors
    /// An empty or over-long release, a character no kernel uses, fewer than three components
    /// (KMM cannot expand `${KERNEL_XYZ}`), or a trailing `+` (KMM trims it, and modprobe then
    /// looks under a folder that is not there).
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::check_spelling(text)?;
        let (normalised, dns_safe) = forms(text)?;
        Ok(Self { text: text.to_owned(), normalised, dns_safe })
    }

    /// Checks that a text is spelt as the release of a kernel is, whatever KMM makes of it.
    ///
    /// # Errors
    /// An empty text, a character no kernel uses, or a text that begins with no digit or ends as a file
    /// does: a release begins with the kernel's version. The release that such a text names is in the help.
    pub fn check_spelling(text: &str) -> Result<(), Invalid> {
        let Some((message, advice)) = spelling_fault(text) else { return Ok(()) };
        let advice = release_in(text).map_or_else(|| advice.to_owned(), |release| format!("write `{release}`"));
        Err(Invalid::new(message).help(advice))
    }

    /// The release as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// KMM's normalised form: every character outside `[A-Za-z0-9._-]` becomes `_`.
    pub fn normalised(&self) -> &str {
        &self.normalised
    }

    /// KMM's DNS-safe form: normalised, lower case, `_` and `.` as `-`, trimmed of `-`.
    pub fn dns_safe(&self) -> &str {
        &self.dns_safe
    }
}

impl KernelRelease {
    /// The RPM package with the headers of the kernel, such as
    /// `kernel-devel-5.14.0-427.28.1.el9_4.x86_64`.
    ///
    /// Flavours have packages of their own: from 9.3 on the flavour of a Red Hat kernel follows a `+`
    /// (`…x86_64+rt`, `…aarch64+64k`), before that a real-time kernel has `.rt7.` inside, and Oracle's
    /// own kernels end in `el9uek`. ELRepo builds mainline kernels as `kernel-ml`, Amazon kernels other
    /// than the first one of its release as `kernel6.12`, and Photon OS all of its own as `linux`.
    pub fn devel_package(&self) -> String {
        let text = self.text.as_str();
        let Some((base, behind)) = of_rpm(text) else {
            return photon_package(text).unwrap_or_else(|| format!("kernel-devel-{text}"));
        };
        let mut name = "kernel".to_owned();
        if base.contains(".elrepo.") {
            name.push_str("-ml");
        } else if base.contains(".amzn2023.") && !base.starts_with("6.1.") {
            name.extend(base.splitn(3, '.').take(2).enumerate().flat_map(|(at, part)| [["", "."][at], part]));
        }
        let inner: Vec<&str> = inner_flavours(base).collect();
        for flavour in &inner {
            name.extend(["-", flavour]);
        }
        // Oracle's package is called `kernel-uek64k`.
        let join = if inner.contains(&"uek") && behind.starts_with("64k") { "" } else { "-" };
        if !behind.is_empty() {
            name.extend([join, behind]);
        }
        format!("{name}-devel-{base}")
    }
}

/// The package of a Photon OS kernel, whose flavour stands at the end: `6.1.83-4.ph5-esx`.
fn photon_package(release: &str) -> Option<String> {
    let (version, rest) = release.split_once('-')?;
    let (build, flavour) = rest.split_once('-').map_or((rest, None), |(build, flavour)| (build, Some(flavour)));
    build.rsplit('.').next()?.strip_prefix("ph")?.parse::<u32>().ok()?;
    let flavour = flavour.map(|flavour| format!("{flavour}-")).unwrap_or_default();
    Some(format!("linux-{flavour}devel-{version}-{build}"))
}

impl fmt::Display for KernelRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_kmms() {
        let release = KernelRelease::parse("5.14.0-427.81.1.el9_4.x86_64+rt").unwrap();
        assert_eq!(release.normalised(), "5.14.0-427.81.1.el9_4.x86_64_rt");
        assert_eq!(release.dns_safe(), "5-14-0-427-81-1-el9-4-x86-64-rt");
        let release = KernelRelease::parse("6.1.0-LAB+x_~.-").unwrap();
        assert_eq!(release.normalised(), "6.1.0-LAB_x__.-");
        assert_eq!(release.dns_safe(), "6-1-0-lab-x", "what stands for a `-` is trimmed as well");
    }

    #[test]
    fn flavours_have_header_packages_of_their_own() {
        for (release, package) in [
            ("5.14.0-427.28.1.el9_4.x86_64", "kernel-devel-5.14.0-427.28.1.el9_4.x86_64"),
            ("5.14.0-427.81.1.el9_4.x86_64+rt", "kernel-rt-devel-5.14.0-427.81.1.el9_4.x86_64"),
            ("5.14.0-503.11.1.el9_5.aarch64+64k", "kernel-64k-devel-5.14.0-503.11.1.el9_5.aarch64"),
            ("5.14.0-570.el9_6.aarch64+rt-64k", "kernel-rt-64k-devel-5.14.0-570.el9_6.aarch64"),
            ("5.14.0-503.11.1.el9_5.aarch64+64k-debug", "kernel-64k-debug-devel-5.14.0-503.11.1.el9_5.aarch64"),
            ("5.14.0-427.13.1.el9_4.x86_64+debug", "kernel-debug-devel-5.14.0-427.13.1.el9_4.x86_64"),
            ("5.14.0-427.13.1.el9_4.x86_64+rt-debug", "kernel-rt-debug-devel-5.14.0-427.13.1.el9_4.x86_64"),
            ("4.18.0-305.25.1.rt7.97.el8_4.x86_64", "kernel-rt-devel-4.18.0-305.25.1.rt7.97.el8_4.x86_64"),
            ("4.18.0-305.25.1.rt7.97.el8_4.x86_64+debug", "kernel-rt-debug-devel-4.18.0-305.25.1.rt7.97.el8_4.x86_64"),
            ("3.10.0-1160.el7.x86_64.debug", "kernel-debug-devel-3.10.0-1160.el7.x86_64"),
            ("5.15.0-209.161.7.2.el9uek.x86_64", "kernel-uek-devel-5.15.0-209.161.7.2.el9uek.x86_64"),
            ("5.4.17-2136.307.3.5.el8uek.x86_64+debug", "kernel-uek-debug-devel-5.4.17-2136.307.3.5.el8uek.x86_64"),
            ("6.12.0-107.59.3.3.el9uek.aarch64+64k", "kernel-uek64k-devel-6.12.0-107.59.3.3.el9uek.aarch64"),
            ("6.12.0-55.29.1.el10_0.x86_64_v2", "kernel-devel-6.12.0-55.29.1.el10_0.x86_64_v2"),
            ("6.12.0-55.29.1.el10_0.x86_64_v2+rt", "kernel-rt-devel-6.12.0-55.29.1.el10_0.x86_64_v2"),
            ("6.8.9-400.asahi.fc40.aarch64+16k", "kernel-16k-devel-6.8.9-400.asahi.fc40.aarch64"),
            ("6.18.8-1.el10.elrepo.x86_64", "kernel-ml-devel-6.18.8-1.el10.elrepo.x86_64"),
            ("6.1.148-173.267.amzn2023.x86_64", "kernel-devel-6.1.148-173.267.amzn2023.x86_64"),
            ("6.12.20-23.97.amzn2023.x86_64", "kernel6.12-devel-6.12.20-23.97.amzn2023.x86_64"),
            ("5.10.192-183.736.amzn2.x86_64", "kernel-devel-5.10.192-183.736.amzn2.x86_64"),
            ("6.1.83-4.ph5-esx", "linux-esx-devel-6.1.83-4.ph5"),
            ("4.19.288-4.ph3", "linux-devel-4.19.288-4.ph3"),
            ("5.15.158.2-1.cm2", "kernel-devel-5.15.158.2-1.cm2"),
        ] {
            assert_eq!(KernelRelease::parse(release).unwrap().devel_package(), package);
        }
    }

    #[test]
    fn releases_seen_in_the_wild_parse() {
        for text in [
            "4.18.0-305.25.1.rt7.97.el8_4.x86_64",
            "5.14.0-503.11.1.el9_5.aarch64+64k",
            "6.12.107+deb12-cloud-amd64",
            "4.9.65-2+grsecunoff1~bpo9+1-amd64",
            "5.15.0-1057-aws",
            "1688.5.3",
        ] {
            KernelRelease::parse(text).unwrap();
        }
    }

    #[test]
    fn each_rule_refuses_by_name() {
        for (text, said) in [
            ("", "empty"),
            ("5.14.0-427+", "ends with `+`"),
            ("5.14", "fewer than three components"),
            (".5.14.0", "does not start with a digit"),
            ("kernel-5.14.0-1.el9.x86_64", "does not start with a digit"),
            ("5.14.0-1.el9.x86_64.rpm", "is a file name"),
            ("5.14.0/../x", "contains the invalid character '/'"),
            ("5.14.0\nRUN x", "contains the invalid character '\\n'"),
            ("5.14.0-$(id)", "contains the invalid character '$'"),
            (&format!("5.14.0-{}", "a".repeat(70)), "Kubernetes allows 63"),
        ] {
            let error = KernelRelease::parse(text).unwrap_err();
            assert!(error.message.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn help_has_the_release_that_a_text_names() {
        for (text, help) in [
            ("kernel-rt-core-5.14.0-427.81.1.el9_4.x86_64", "write `5.14.0-427.81.1.el9_4.x86_64+rt`"),
            ("/lib/modules/6.1.0-27-amd64", "write `6.1.0-27-amd64`"),
            ("KERNEL", "write the release that `uname -r` prints"),
        ] {
            assert_eq!(KernelRelease::parse(text).unwrap_err().help.as_deref(), Some(help), "{text}");
        }
    }
}
