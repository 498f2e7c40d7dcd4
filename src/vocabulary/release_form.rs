//! Spelling of kernel releases, and the forms that KMM gives them.

use super::Invalid;

/// The longest DNS-safe form, since KMM puts it into a label (Kubernetes: 63 characters).
const LABEL_LIMIT: usize = 63;

/// Endings of files that are named after a kernel.
pub(super) const ENDINGS: [&str; 10] = [".rpm", ".deb", ".img", ".gz", ".xz", ".zst", ".bz2", ".efi", ".tar", "kdump"];

/// Returns KMM's normalised and DNS-safe forms of a release.
///
/// # Errors
/// Fewer than three components, a trailing `+`, or a form that is empty or too long for a label.
pub(super) fn forms(text: &str) -> Result<(String, String), Invalid> {
    let shown = text.escape_debug();
    if text.ends_with('+') {
        return Err(Invalid::new(format!(
            "kernel release `{shown}` ends with `+`, which KMM removes, so the module could never load"
        ))
        .help("build that kernel with CONFIG_LOCALVERSION_AUTO off, or with a LOCALVERSION after the `+`"));
    }
    if text.split(['.', ',', '-']).nth(2).is_none() {
        return Err(Invalid::new(format!(
            "kernel release `{shown}` has fewer than three components, so KMM cannot expand it"
        ))
        .help("write the whole release, such as `5.14.0-427.28.1.el9_4.x86_64`"));
    }
    let normalised = normalised(text);
    let dns = dns_safe(&normalised);
    if dns.len() > LABEL_LIMIT {
        return Err(Invalid::new(format!(
            "kernel release `{shown}` has {} characters as a label; Kubernetes allows {LABEL_LIMIT}",
            dns.len()
        )));
    }
    if dns.is_empty() {
        return Err(Invalid::new(format!("kernel release `{shown}` has no letter or digit")));
    }
    Ok((normalised, dns))
}

/// Finds the first reason why a text is not a release, with advice that fits all such texts.
pub(super) fn spelling_fault(text: &str) -> Option<(String, &'static str)> {
    const ADVICE: &str = "write the release that `uname -r` prints";
    if text.is_empty() {
        return Some(("a kernel release cannot be empty".into(), ADVICE));
    }
    let shown = text.escape_debug();
    if let Some(bad) = text.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_' | '-' | '+' | '~')) {
        let message = format!("kernel release `{shown}` contains the invalid character {bad:?}");
        return Some((
            message,
            "write the release that `uname -r` prints, with letters, digits and `.`, `_`, `-`, `+`, `~`",
        ));
    }
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return Some((format!("kernel release `{shown}` does not start with a digit"), ADVICE));
    }
    is_file_name(text).then(|| (format!("kernel release `{shown}` is a file name"), ADVICE))
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

/// Checks whether a text ends with a file name's suffix.
pub(super) fn is_file_name(text: &str) -> bool {
    ENDINGS.iter().any(|ending| text.ends_with(ending))
}
