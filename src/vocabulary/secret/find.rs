//! Finds secrets that have a clear form: logins and parameters of URLs, and access tokens.

use std::ops::Range;

use memchr::memchr_iter;

/// Prefixes of access tokens, as the services that issue them document them.
const TOKEN_PREFIXES: [&str; 12] =
    ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "gldt-", "glrt-", "xoxb-", "xoxp-", "AKIA"];

/// Shortest access token, without its prefix.
const TOKEN_LENGTH: usize = 16;

/// Bytes of words, by their values: all texts of a manifest are looked through.
const WORD: [bool; 256] = {
    let mut word = [false; 256];
    let mut byte = 0_u8;
    while byte < u8::MAX {
        word[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        byte += 1;
    }
    word
};

/// Form of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SecretKind {
    /// User information in a URL.
    Login,
    /// Value of a query parameter, whose name this is.
    Parameter(String),
    /// Access token, wherever it is.
    Token,
}

/// Secret in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Secret {
    pub(super) range: Range<usize>,
    pub(super) kind: SecretKind,
}

/// Secrets that have a clear form: they are refused wherever they are.
pub(super) fn find(text: &str) -> Vec<Secret> {
    let mut found = Vec::new();
    // Texts of all kernels come through here.
    let bytes = text.as_bytes();
    for colon in memchr_iter(b':', bytes).filter(|colon| bytes[*colon..].starts_with(b"://")) {
        in_url(text, colon, &mut found);
    }
    let mut start = 0;
    for word in bytes.split(|byte| !is_word(*byte)) {
        if word.len() > TOKEN_LENGTH && is_token(word) {
            found.push(Secret { range: start..start + word.len(), kind: SecretKind::Token });
        }
        start += word.len() + 1;
    }
    found
}

fn is_token(word: &[u8]) -> bool {
    let prefix = TOKEN_PREFIXES.iter().find(|prefix| word.starts_with(prefix.as_bytes()));
    prefix.is_some_and(|prefix| word.len() >= prefix.len() + TOKEN_LENGTH)
}

fn is_word(byte: u8) -> bool {
    WORD[byte as usize]
}

/// Finds the secrets of the URL whose `://` is at `colon`.
fn in_url(text: &str, colon: usize, found: &mut Vec<Secret>) {
    fn is_scheme(c: char) -> bool {
        c.is_ascii_alphanumeric() || "+-.".contains(c)
    }
    let scheme = text[..colon].rsplit(|c| !is_scheme(c)).next().unwrap_or_default().to_ascii_lowercase();
    let start = colon + "://".len();
    let rest = &text[start..];
    let end = rest.find(|c: char| c.is_whitespace() || "\"'`<>".contains(c)).unwrap_or(rest.len());
    // Another URL may follow after a comma.
    let next = rest[..end].match_indices("://").find_map(|(next, _)| {
        let before = rest[..next].trim_end_matches(is_scheme);
        (before.len() < next && before.ends_with([',', ';', '|', '=', '?', '&'])).then(|| before.len() - 1)
    });
    let end = next.unwrap_or(end);
    let url = rest[..end].trim_end_matches([',', ')', '}', ']', ';', '.']);
    let authority = url.split(['/', '?', '#']).next().unwrap_or_default();
    let login = match authority.rfind('@').filter(|at| at + 1 < authority.len()) {
        Some(at) => Some(at),
        None => encoded_at(authority).or_else(|| {
            // A password with a slash in it ends the host where a port should be.
            (authority.ends_with('@') || has_wrong_port(authority)).then(|| url.rfind('@')).flatten()
        }),
    };
    if let Some(at) = login {
        let user = &url[..at];
        let decoded = user.to_ascii_lowercase().replace("%3a", ":");
        let (_, password) = decoded.split_once(':').unwrap_or(("", ""));
        let is_http = scheme.ends_with("http") || scheme.ends_with("https");
        let secret = if decoded.contains(':') { password } else { &decoded };
        if !is_variable(secret) && (is_http || !password.is_empty()) {
            found.push(Secret { range: start..start + at, kind: SecretKind::Login });
        }
    }
    let after = login.unwrap_or(0);
    for (separator, _) in url.match_indices(['?', '&', ';', '#']).filter(|(separator, _)| *separator >= after) {
        let parameter = url[separator + 1..].split(['?', '&', ';', '#']).next().unwrap_or_default();
        let Some((name, value)) = parameter.split_once('=') else { continue };
        if !value.is_empty() && !is_variable(value) && is_secret_name(name) {
            let from = start + separator + 1 + name.len() + 1;
            found.push(Secret { range: from..from + value.len(), kind: SecretKind::Parameter(name.to_owned()) });
        }
    }
}

/// Finds the last `@` of a text that is written in an escape of URLs or of YAML.
fn encoded_at(text: &str) -> Option<usize> {
    let text = text.to_ascii_lowercase();
    ["%40", "\\x40", "\\u0040", "\\u00000040"].iter().filter_map(|escape| text.rfind(escape)).max()
}

/// Checks whether the text after the first colon of a host is no port.
fn has_wrong_port(authority: &str) -> bool {
    let host = authority.rfind(']').map_or(authority, |end| &authority[end..]);
    let port = host.split_once(':').map(|(_, port)| port);
    port.is_some_and(|port| port.is_empty() || !is_variable(port) && !port.chars().all(|c| c.is_ascii_digit()))
}

/// Checks whether a value is filled in elsewhere: by a shell, make or a template.
pub(super) fn is_variable(value: &str) -> bool {
    value.starts_with('$') || value.starts_with("{{")
}

/// Checks whether the name of a query parameter or key marks its value as a secret, as those of signed URLs
/// do.
pub fn is_secret_name(name: &str) -> bool {
    const PARTS: [&str; 13] = [
        "token",
        "secret",
        "passw",
        "pwd",
        "apikey",
        "accesskey",
        "privatekey",
        "authkey",
        "credential",
        "signature",
        "bearer",
        "sharedaccess",
        "session",
    ];
    const WHOLE: [&str; 10] = ["sig", "sign", "auth", "authorization", "key", "pat", "jwt", "pass", "pw", "sas"];
    let name: String = percent_decoded(name).chars().filter(char::is_ascii_alphanumeric).collect();
    let name = name.to_ascii_lowercase();
    PARTS.iter().any(|part| name.contains(part)) || WHOLE.contains(&name.as_str())
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
