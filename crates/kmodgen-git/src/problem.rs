//! Reasons for servers and repositories that cannot be used, and what to do instead.

use std::time::Duration;

/// Reason for a server or a repository that cannot be read or written.
///
/// The message is a lower-case fragment without a password. Each `detail` is what a server or a program said, escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each `detail` is what the server or a program said")]
pub enum ServerProblem {
    /// The server has no such repository.
    #[error("there is no git repository{}", because(.detail))]
    NoRepository { detail: String },
    /// The server wants a password, and none is known.
    #[error("the server requires a password, and git's credential helpers have none{}", because(.detail))]
    NoPassword { detail: String },
    /// The server refused the password.
    #[error("the server rejected the user name or the password")]
    WrongPassword,
    /// The server knows the user, or asks nobody, and refuses.
    #[error("the server denied access{}", because(.detail))]
    Forbidden { detail: String },
    /// The SSH server accepted none of the user's keys.
    #[error("the server accepted none of your SSH keys{}", because(.detail))]
    KeyRefused { detail: String },
    /// The SSH server's key is unknown or has changed.
    #[error("the server's SSH host key is not trusted{}", because(.detail))]
    UnknownHostKey { detail: String },
    /// The host's name has no address.
    #[error("the host name `{host}` cannot be resolved")]
    UnknownHost { host: String },
    /// No connection came about.
    #[error("cannot connect to `{host}`{}", because(.detail))]
    Unreachable { host: String, detail: String },
    /// Nothing came in time.
    #[error("no response within {}{}", seconds(.limit), because(.detail))]
    TimedOut { limit: Duration, detail: String },
    /// Another kind of server answers.
    #[error("the address is not a git server{}", because(.detail))]
    NotGit { detail: String },
    /// The TLS connection cannot be trusted.
    #[error("cannot establish a trusted TLS connection{}", because(.detail))]
    Tls { detail: String },
    /// A redirect that must not be followed.
    #[error("the server redirects elsewhere{}", because(.detail))]
    Redirect { detail: String },
    /// A program that is needed is not installed.
    #[error("`{program}` is not installed; it is required to {purpose}")]
    NoProgram { program: String, purpose: &'static str },
    /// A URL that names no repository, or could harm.
    #[error("the URL cannot be used{}", because(.detail))]
    BadUrl { detail: String },
    /// A setting of git or of the environment that cannot be used.
    #[error("a setting cannot be used{}", because(.detail))]
    BadSetting { detail: String },
    /// Objects that are named by SHA-256.
    #[error("its objects have SHA-256 names, which kmodgen does not read")]
    Sha256Objects,
    /// Anything else that the server said.
    #[error("the server failed{}", because(.detail))]
    Server { detail: String },
}

impl ServerProblem {
    /// Advice on what to do instead.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::NoRepository { .. } => "check the URL, and that you have access to the repository",
            Self::NoPassword { .. } => {
                "check the URL (many servers require a password if the repository does not exist), or store the password \
                 with `git credential approve` or your credential helper"
            }
            Self::WrongPassword => {
                "store the correct one in git's credential helper; the wrong one was removed with `git credential reject`"
            }
            Self::Forbidden { .. } => "request read access to the repository",
            Self::KeyRefused { .. } => "add your key to the server, or load it with `ssh-add`",
            Self::UnknownHostKey { .. } => {
                "connect once with `ssh` and check the key, or add it to your known_hosts file"
            }
            Self::UnknownHost { .. } => "check the host's name and your network",
            Self::Unreachable { .. } => "check host and port, your network, and the proxy settings",
            Self::TimedOut { .. } => "check your network and the proxy settings, or try again",
            Self::NotGit { .. } => "write the URL for `git clone`, not the URL of a web page",
            Self::Tls { .. } => {
                "set `GIT_SSL_CAINFO` or git's `http.sslCAInfo` to the file with your certificate authority"
            }
            Self::Redirect { .. } => {
                "write the URL for `git clone`; a redirect to a login page means that you have no access"
            }
            Self::Sha256Objects => {
                "`lock` asks only servers about such a repository: write its URL on a server; `kmodgen init --offline URL` \
                 proposes a manifest without reading the repository"
            }
            Self::NoProgram { .. } => "install it, or put it on the PATH",
            Self::BadUrl { .. } | Self::BadSetting { .. } | Self::Server { .. } => return None,
        };
        Some(help.to_owned())
    }
}

/// Escapes a text from outside for a message: on one line, without control characters, and not
/// longer than a few lines of a terminal.
pub fn shown(text: &str) -> String {
    const LONGEST: usize = 300;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut shown = String::new();
    for (count, c) in line.chars().enumerate() {
        if count == LONGEST {
            shown.push('…');
            break;
        }
        // Quotes are harmless and common in messages; everything unprintable is not.
        if matches!(c, '\'' | '"') { shown.push(c) } else { shown.extend(c.escape_debug()) }
    }
    shown
}

fn because(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(": {detail}") }
}

fn seconds(limit: &Duration) -> String {
    match limit.as_secs_f64() {
        1.0 => "1 second".into(),
        seconds => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_from_outside_cannot_steer_the_terminal() {
        assert_eq!(shown("a\x1b[31mb\n\u{202e}c 'd'"), "a\\u{1b}[31mb \\u{202e}c 'd'");
        assert_eq!(shown(&"x".repeat(1000)).chars().count(), 301);
    }
}
