//! Kernel releases and the forms that KMM gives them.

use std::fmt;

use super::Invalid;

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

/// The longest DNS-safe form, since KMM puts it into a label (Kubernetes: 63 characters).
const LABEL_LIMIT: usize = 63;

impl KernelRelease {
    /// Checks a release against KMM's rules.
    ///
    /// # Errors
    /// An empty or over-long release, a character no kernel uses, fewer than three components
    /// (KMM cannot expand `${KERNEL_XYZ}`), or a trailing `+` (KMM trims it, and modprobe then
    /// looks under a folder that is not there).
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::check_spelling(text)?;
        let shown = text.escape_debug();
        if text.ends_with('+') {
            return Err(Invalid::new(format!(
                "kernel release `{shown}` ends in `+`: KMM trims it, and the module could never load"
            ))
            .help("build that kernel with CONFIG_LOCALVERSION_AUTO off, or with a LOCALVERSION after the `+`"));
        }
        if text.split(['.', ',', '-']).nth(2).is_none() {
            return Err(Invalid::new(format!(
                "kernel release `{shown}` has fewer than three components, and KMM cannot expand it"
            ))
            .help("write the whole release, such as `5.14.0-427.28.1.el9_4.x86_64`"));
        }
        let normalised = normalised(text);
        let dns = dns_safe(&normalised);
        if dns.len() > LABEL_LIMIT {
            return Err(Invalid::new(format!(
                "kernel release `{shown}` is {} characters long as a label, and Kubernetes allows {LABEL_LIMIT}",
                dns.len()
            )));
        }
        if dns.is_empty() {
            return Err(Invalid::new(format!("kernel release `{shown}` has no letter or digit")));
        }
        Ok(Self { text: text.to_owned(), normalised, dns_safe: dns })
    }

    /// Whether a text is spelt as some kernel's release is, whatever KMM makes of it.
    ///
    /// # Errors
    /// An empty text, or a character no kernel uses.
    pub fn check_spelling(text: &str) -> Result<(), Invalid> {
        let shown = text.escape_debug();
        if text.is_empty() {
            return Err(Invalid::new("a kernel release cannot be empty").help("write what `uname -r` prints"));
        }
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '~');
        if let Some(bad) = text.chars().find(|c| !legal(*c)) {
            return Err(Invalid::new(format!(
                "kernel release `{shown}` contains {bad:?}, which no kernel release does"
            ))
            .help("write what `uname -r` prints: letters, digits and `.`, `_`, `-`, `+`, `~`"));
        }
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return Err(Invalid::new(format!("kernel release `{shown}` does not start with a letter or digit"))
                .help("write what `uname -r` prints"));
        }
        Ok(())
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

/// KMM's normalised form of a text that is known to be a kernel release.
pub fn normalised(release: &str) -> String {
    release.replace(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_' | '-'), "_")
}

/// KMM's DNS-safe form of a normalised release.
fn dns_safe(normalised: &str) -> String {
    // What becomes a `-` at an end is trimmed before it does, so that one text is made and no more.
    let trimmed = normalised.trim_matches(['.', '_', '-']);
    let mut safe = String::with_capacity(trimmed.len());
    safe.extend(trimmed.chars().map(|c| if matches!(c, '.' | '_') { '-' } else { c.to_ascii_lowercase() }));
    safe
}

impl KernelRelease {
    /// The RPM package with the headers of a Red Hat kernel, such as
    /// `kernel-devel-5.14.0-427.28.1.el9_4.x86_64`.
    ///
    /// Flavours have packages of their own: from 9.3 on the flavour follows a `+`
    /// (`…x86_64+rt`, `…aarch64+64k`), before that a real-time kernel says `.rt7.` inside.
    pub fn devel_package(&self) -> String {
        match self.text.split_once('+') {
            Some((base, flavour)) => format!("kernel-{flavour}-devel-{base}"),
            None if self.text.contains(".rt") => format!("kernel-rt-devel-{}", self.text),
            None => format!("kernel-devel-{}", self.text),
        }
    }
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
            ("4.18.0-305.25.1.rt7.97.el8_4.x86_64", "kernel-rt-devel-4.18.0-305.25.1.rt7.97.el8_4.x86_64"),
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
            ("5.14.0-427+", "ends in `+`"),
            ("5.14", "fewer than three components"),
            (".5.14.0", "does not start"),
            ("5.14.0/../x", "contains '/'"),
            ("5.14.0\nRUN x", "contains '\\n'"),
            ("5.14.0-$(id)", "contains '$'"),
            (&format!("5.14.0-{}", "a".repeat(70)), "Kubernetes allows 63"),
        ] {
            let error = KernelRelease::parse(text).unwrap_err();
            assert!(error.message.contains(said), "{text}: {error}");
        }
    }
}
