//! Place of a repository: a folder of this machine, or a server.

use kmodgen_git::{GitEnvironment, Location, Scheme, Server, ServerProblem, shown};
use std::fmt;

use std::path::Path;
use std::time::Duration;

/// Place of a repository.
pub(super) enum Place {
    /// In a folder.
    Folder(String),
    /// On a server.
    Server(Box<Server>),
}

impl Place {
    /// Finds what a text names, by git's rules and after the user's `insteadOf`. `scratch` is an empty folder that
    /// lasts as long as the value.
    pub(super) fn find(
        text: &str,
        environment: &GitEnvironment,
        limit: Duration,
        scratch: &Path,
    ) -> Result<Self, ServerProblem> {
        if !is_url(text) {
            return Ok(Self::Folder(text.to_owned()));
        }
        let location = Location::parse(text)?;
        if location.scheme == Scheme::File {
            return Ok(Self::Folder(location.path));
        }
        let server = Server::find(text, environment, limit, scratch)?;
        Ok(if server.location.scheme == Scheme::File {
            Self::Folder(server.location.path)
        } else {
            Self::Server(Box::new(server))
        })
    }
}

/// Returns whether git takes a text for a URL or `USER@HOST:PATH` rather than for a path: a colon comes
/// before any slash.
pub fn is_url(text: &str) -> bool {
    text.contains("://") || text.find(':').is_some_and(|colon| text.find('/').is_none_or(|slash| colon < slash))
}

/// A repository in messages, without a password.
pub(super) fn named(text: &str) -> String {
    match Location::parse(text) {
        Ok(location) if is_url(text) => format!("`{location}`"),
        _ if is_url(text) => "the repository's URL".to_owned(),
        _ => format!("`{}`", shown(text)),
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "`{}`", shown(path)),
            Self::Server(server) => f.write_str(&server.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_urls() {
        for url in ["https://h/a", "git@h:a/b", "h:a", "ssh://h/a", "file:///a"] {
            assert!(is_url(url), "{url}");
        }
        for path in ["/a", "./a:b", "a/b:c", "a", "../a"] {
            assert!(!is_url(path), "{path}");
        }
        assert_eq!(named("https://me:secret@h/a"), "`https://h/a`");
        assert_eq!(named("ftp://me:secret@h/a"), "the repository's URL");
        assert_eq!(named("../a"), "`../a`");
    }
}
