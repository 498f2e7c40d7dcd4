//! Finds logins without a scheme.

use std::ops::Range;

use memchr::memrchr;

use super::find::is_variable;

/// Logins of `USER:PASSWORD@HOST` without a scheme. Addresses of mail look alike, so these are masked
/// everywhere and refused only where a host is expected.
pub(super) fn bare_logins(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // A password has a colon before it and a sign behind it, unlike the digest of an image.
    let may_have_password = memrchr(b'@', text.as_bytes()).is_some_and(|at| text[..at].contains(':'));
    if !may_have_password {
        return found;
    }
    for word in text.split(|c: char| c.is_whitespace() || "\"'`<>,[]{}()".contains(c)) {
        if word.contains("://") || !word.contains('@') {
            continue;
        }
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        let body = match word.split_once(":/") {
            Some((_, rest)) => word.len() - rest.trim_start_matches('/').len(),
            None => 0,
        };
        let signs = word.rmatch_indices('@').map(|(at, _)| at);
        let Some(at) = signs.take_while(|at| *at >= body).find(|at| starts_with_host(&word[at + 1..])) else {
            continue;
        };
        let Some((user, password)) = word[body..at].split_once(':') else { continue };
        let is_login = !user.is_empty() && !user.contains('/') && user != "mailto" && !password.is_empty();
        if is_login && !is_variable(password) {
            found.push(start + body..start + at);
        }
    }
    found
}

fn starts_with_host(text: &str) -> bool {
    let host = text.split(['/', ':']).next().unwrap_or_default();
    let is_name = host.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
    let is_digest = ["sha", "md5"].iter().any(|name| host.to_ascii_lowercase().starts_with(name));
    let is_whole = text.len() > host.len() || host.contains('.') || host == "localhost";
    !host.is_empty() && is_name && is_whole && !is_digest
}
