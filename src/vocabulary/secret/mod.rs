//! Secrets in texts: logins and signatures of URLs, and access tokens by their prefixes.
//!
//! Logins are found by the syntax of RFC 3986, section 3.2.1, also when it is not followed: raw passwords
//! contain any character.

mod bare;
mod find;

use std::borrow::Cow;
use std::ops::Range;

use bare::bare_logins;
pub use find::is_secret_name;
use find::{Secret, SecretKind, find};

use super::Invalid;

/// Text in place of a secret in messages.
pub const MASK: &str = "***";

/// Advice on the login of a git repository.
pub const GIT_LOGIN: &str =
    "builds mount the Kubernetes secret in the source's `secret`, and `kmodgen lock` uses git's credential helper";

/// Advice on the login for a file.
pub const FILE_LOGIN: &str = "builds mount the Kubernetes secret in the source's `secret`";

/// Advice on the login of the repository that is published to.
pub const PUBLISH_LOGIN: &str = "the login comes from git's credential helpers";

/// Advice on the login of a registry.
pub const REGISTRY_LOGIN: &str =
    "log in with your engine's `login`, and write the cluster's secret as `imageRepoSecret` of `moduleSpec`";

/// The byte ranges of all secrets in a text, in order. Two never overlap.
pub fn secrets_in(text: &str) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = find(text).into_iter().map(|secret| secret.range).collect();
    ranges.extend(bare_logins(text));
    merged(ranges)
}

/// The ranges in order, with those that overlap made one.
pub(super) fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    ranges.dedup_by(|next, last| {
        let overlaps = next.start < last.end;
        if overlaps {
            last.end = last.end.max(next.end);
        }
        overlaps
    });
    ranges
}

/// The text with `***` in place of its secrets.
pub fn masked(text: &str) -> Cow<'_, str> {
    let secrets = secrets_in(text);
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for secret in secrets {
        out.push_str(&text[end..secret.start]);
        out.push_str(MASK);
        end = secret.end;
    }
    out.push_str(&text[end..]);
    Cow::Owned(out)
}

/// Checks that a URL, or any text with URLs in it, holds no secret. `advice` says where the secret
/// belongs.
///
/// # Errors
/// User information in an http or https URL, a password in any URL, a query parameter whose name says
/// that its value is a secret, an access token. The message does not hold the value.
pub fn refuse_secrets(text: &str, advice: &str) -> Result<(), Invalid> {
    let Some(first) = find(text).into_iter().next() else { return Ok(()) };
    let problem = match &first.kind {
        SecretKind::Login => {
            "the URL contains a user or password, which everyone can read in the repository and in images".into()
        }
        SecretKind::Parameter(name) => {
            format!(
                "`{}` in the URL is a secret, which everyone can read in the repository and in images",
                name.escape_debug()
            )
        }
        SecretKind::Token => {
            "this is an access token, which everyone can read in the repository and in images".to_owned()
        }
    };
    let is_url = text.contains("://") && !text.contains(char::is_whitespace) && first.kind != SecretKind::Token;
    Err(Invalid::new(problem).secret().help(match is_url {
        true => format!("write `{}`; {advice}", without_secrets(text)),
        false => format!("remove it; {advice}"),
    }))
}

/// Checks that `USER:PASSWORD@HOST/…`, which has no scheme, is not what a text is.
///
/// # Errors
/// As those of [`refuse_secrets`].
pub fn refuse_bare_login(text: &str, advice: &str) -> Result<(), Invalid> {
    refuse_secrets(text, advice)?;
    let Some(login) = bare_logins(text).into_iter().next() else { return Ok(()) };
    let rest = text[login.end..].trim_start_matches('@');
    // Of `USER:PASSWORD@HOST:PATH`, which is ssh to git, the user stays.
    fn is_port(path: &str) -> bool {
        path.starts_with(|c: char| c.is_ascii_digit())
    }
    let is_ssh = rest.split_once(':').is_some_and(|(host, path)| !host.contains('/') && !is_port(path));
    let user = user_of(&text[login.clone()]).filter(|_| is_ssh && login.start == 0);
    let user = user.map(|user| format!("{user}@")).unwrap_or_default();
    Err(Invalid::new("this contains a user and a password, which everyone can read in the repository and in images")
        .secret()
        .help(format!("write `{user}{rest}`; {advice}")))
}

/// Checks whether a URL that begins like this is one of ssh, whose user is no secret and is needed.
fn is_ssh(start: &str) -> bool {
    let scheme = start.trim_end_matches("://").to_ascii_lowercase();
    ["ssh", "git+ssh", "ssh+git"].iter().any(|ssh| scheme.ends_with(ssh))
}

/// The user of a login, if it has one beside its password.
fn user_of(login: &str) -> Option<&str> {
    let end = login.find(':').into_iter().chain(login.to_ascii_lowercase().find("%3a")).min()?;
    Some(&login[..end]).filter(|user| !user.is_empty())
}

/// The URL without its secrets.
fn without_secrets(text: &str) -> String {
    let mut out = text.to_owned();
    let mut secrets = find(text);
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.range.start));
    for Secret { range, kind } in secrets {
        match kind {
            SecretKind::Login => {
                let at = if out[range.end..].starts_with('@') { 1 } else { "%40".len() };
                let user = match is_ssh(&out[..range.start]) {
                    true => user_of(&out[range.clone()]).map(|user| format!("{user}@")),
                    false => None,
                };
                out.replace_range(range.start..range.end + at, &user.unwrap_or_default());
            }
            SecretKind::Parameter(name) => {
                let start = range.start - name.len() - "=".len() - 1;
                let is_first = out[start..].starts_with('?') && out[range.end..].starts_with('&');
                // The next parameter takes its separator.
                let (from, to) = if is_first { (start + 1, range.end + 1) } else { (start, range.end) };
                out.replace_range(from..to, "");
            }
            SecretKind::Token => out.replace_range(range, MASK),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_are_masked() {
        let token = format!("ghp_{}", "a1".repeat(18));
        for (text, shown) in [
            ("https://TOKEN@h/a", "https://***@h/a"),
            ("git: {git: https://u:p@h/a.git, ref: x@y}", "git: {git: https://***@h/a.git, ref: x@y}"),
            ("https://user%3Apw@h/a", "https://***@h/a"),
            ("https://user%3apw%40h/a", "https://***%40h/a"),
            ("HTTPS://u:p@h", "HTTPS://***@h"),
            ("git+https://u:p@h/a", "git+https://***@h/a"),
            ("https://u:p@w@h/a", "https://***@h/a"),
            (r"https://u:p\x40h/a", r"https://***\x40h/a"),
            ("https://u:p/w@h/a", "https://***@h/a"),
            ("https://u:p@/w@h/a", "https://***@h/a"),
            ("https://u:p#w?x@h/a", "https://***@h/a"),
            ("ssh://u:p@h/a", "ssh://***@h/a"),
            ("ftp://u:p@h/a", "ftp://***@h/a"),
            ("[https://a/b,https://u:p@h/c]", "[https://a/b,https://***@h/c]"),
            ("https://h/a?x=1&token=abc&y=2", "https://h/a?x=1&token=***&y=2"),
            ("https://h/a?X-Amz-Signature=f00&X-Amz-Date=1", "https://h/a?X-Amz-Signature=***&X-Amz-Date=1"),
            ("https://h/a?to%6ben=abc#x", "https://h/a?to%6ben=***#x"),
            ("https://h/a.tar#access_token=abc", "https://h/a.tar#access_token=***"),
            ("https://h/a?sv=1&sig=a%2Fb", "https://h/a?sv=1&sig=***"),
            ("https://u:p@h/a?sig=x", "https://***@h/a?sig=***"),
            ("user:pw@registry.example.com/a", "***@registry.example.com/a"),
            ("u:p@localhost:5000/a", "***@localhost:5000/a"),
            ("u:pw@host:a/b", "***@host:a/b"),
            ("https:/u:p@h/a", "https:/***@h/a"),
            (token.as_str(), "***"),
        ] {
            assert_eq!(masked(text), shown);
            assert_eq!(masked(&masked(text)), shown, "masking twice");
        }
    }

    #[test]
    fn what_is_no_secret_is_shown() {
        for text in [
            "https://h:8080/a@b?ref=v1&keyword=x",
            "https://h/a?x=1#/driver.tar.gz",
            "ssh://git@h:22/a",
            "git@h:a/b",
            "quay.io/a/b:v1@sha256:0",
            "b:v1@sha256:0123",
            "https://u:${TOKEN}@h/a",
            "https://$TOKEN@h/a",
            "https://h/a?token=${TOKEN}",
            "https://[::1]:80/a",
            "file:///srv/a@b:c",
            "mailto:me@example.com",
            "a@b",
            "AKIA",
            "ghp_short",
            "://@",
            "%",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn a_refusal_shows_the_url_without_the_secret() {
        for (url, better) in [
            ("https://u:hunter2@h/a.git", "https://h/a.git"),
            ("https://u%3Ahunter2%40h/a.git", "https://h/a.git"),
            ("https://h/a?token=hunter2", "https://h/a"),
            ("https://h/a?token=hunter2&x=1", "https://h/a?x=1"),
            ("https://h/a?x=1&token=hunter2#/b.tar", "https://h/a?x=1#/b.tar"),
            ("https://h/a?token=hunter2&sig=hunter2", "https://h/a"),
            ("ssh://git:hunter2@h/a.git", "ssh://git@h/a.git"),
            ("ssh://git:hunter2@h:22/a.git", "ssh://git@h:22/a.git"),
            ("ssh://git%3Ahunter2@h/a.git", "ssh://git@h/a.git"),
            ("SSH://git:hunter2@w@h/a.git", "SSH://git@h/a.git"),
            ("git+ssh://git:hunter2@h/a.git", "git+ssh://git@h/a.git"),
            ("ssh://:hunter2@h/a.git", "ssh://h/a.git"),
        ] {
            let Invalid { message, help, .. } = refuse_secrets(url, "advice").unwrap_err();
            assert_eq!(help.unwrap(), format!("write `{better}`; advice"));
            assert!(!message.contains("hunter2"), "{message}");
        }
        assert!(refuse_secrets("u:p@h.example.com/a", "").is_ok());
        for (text, better) in [
            ("u:hunter2@h.example.com/a", "h.example.com/a"),
            ("u:hunter2@h.example.com:5000/a", "h.example.com:5000/a"),
            ("git:hunter2@h:a/b.git", "git@h:a/b.git"),
            ("git:hunter2@h.example.com:a/b.git", "git@h.example.com:a/b.git"),
        ] {
            let Invalid { help, .. } = refuse_bare_login(text, "advice").unwrap_err();
            assert_eq!(help.unwrap(), format!("write `{better}`; advice"));
        }
    }

    proptest! {
        #[test]
        fn a_login_is_never_shown(password in "([a-zA-Z!%&+,;=:#?/_.~-][a-zA-Z0-9!%$&+,;=:#?/_.~-]{0,12})?Zq7[a-zA-Z0-9]{1,6}", path in "[a-z0-9@:/?]{0,12}") {
            for scheme in ["https", "http", "ssh"] {
                let text = format!("  - git: {scheme}://user:{password}@h.example.com/{path}");
                let shown = masked(&text);
                prop_assert!(!shown.contains("Zq7"), "{shown}");
            }
        }

        #[test]
        fn any_text_is_masked_to_a_text_without_secrets(text in "[a-z:/@?=&#%é \n]{0,60}") {
            let shown = masked(&text).into_owned();
            prop_assert_eq!(masked(&shown), shown.clone());
            prop_assert!(secrets_in(&text).windows(2).all(|pair| pair[0].end <= pair[1].start));
        }
    }
}
