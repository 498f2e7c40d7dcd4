//! Git repositories, refs and commits.

use std::fmt;

use super::{GIT_LOGIN, Invalid, refuse_bare_login};

/// A full commit id: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GitOid(String);

impl GitOid {
    /// Parses a full commit id.
    ///
    /// # Errors
    /// Anything but 40 or 64 hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if is_hex(text) && (text.len() == 40 || text.len() == 64) {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        Err(Invalid::new(format!("`{}` is not a full commit ID", text.escape_debug()))
            .help("write all 40 hexadecimal digits, as `git rev-parse HEAD` prints them"))
    }

    /// The hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GitOid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Name that a source is pinned to: a branch, a tag, a full ref or a commit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GitRef(String);

impl GitRef {
    /// Checks a ref name by the rules of git-check-ref-format(1).
    ///
    /// # Errors
    /// A name that git refuses, or one that git would read as an option.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        fn bad_char(c: char) -> bool {
            c.is_control() || " ~^:?*[\\\u{7f}".contains(c)
        }
        let wrong = text.is_empty()
            || text == "@"
            || text.starts_with(['-', '/', '.'])
            || text.ends_with(['/', '.'])
            || text.chars().any(bad_char)
            || ["..", "//", "@{", "/."].iter().any(|part| text.contains(part))
            || text.split('/').any(|part| part.ends_with(".lock"))
            || text.len() > 250;
        if wrong {
            return Err(Invalid::new(format!("`{}` is not a git ref", text.escape_debug()))
                .help("write a branch, a tag or a commit, such as `main`, `v1.2.0` or 40 hexadecimal digits"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The ref that a repository names by default.
    pub fn head() -> Self {
        Self("HEAD".to_owned())
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The commit, where the ref is a full commit id already.
    pub fn as_commit(&self) -> Option<GitOid> {
        GitOid::parse(&self.0).ok()
    }

    /// Checks whether this may be an abbreviated commit id: 7 to 39 hexadecimal digits.
    pub fn may_be_short_commit(&self) -> bool {
        is_hex(&self.0) && (7..40).contains(&self.0.len())
    }
}

impl fmt::Display for GitRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a branch, without `refs/heads/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GitBranch(String);

impl GitBranch {
    /// Checks the name of a branch by the rules of git-check-ref-format(1).
    ///
    /// # Errors
    /// A name that git refuses for a branch, and a full ref.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = Invalid::new(format!("`{}` is not the name of a branch", text.escape_debug()));
        if let Some(short) = text.strip_prefix("refs/heads/") {
            return Err(invalid.help(format!("write `{}`, without `refs/heads/`", short.escape_debug())));
        }
        if text == "HEAD" || text.starts_with("refs/") || GitRef::parse(text).is_err() {
            return Err(
                invalid.help("write one that `git check-ref-format --branch` accepts, such as `main` or `kmm/prod`")
            );
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The whole ref.
    pub fn full(&self) -> String {
        format!("refs/heads/{}", self.0)
    }
}

impl fmt::Display for GitBranch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The URL of a git repository, over `https`, `http`, `ssh`, `git` or `file`, or in git's own
/// `user@host:path` form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GitUrl(String);

impl GitUrl {
    /// Checks a URL.
    ///
    /// # Errors
    /// Another scheme (`ext::` runs commands), a text that git would read as an option, white
    /// space or a control character, or a login in an http URL or a password in any, which would end up in
    /// the image.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        refuse_bare_login(text, GIT_LOGIN)?;
        if text.is_empty() {
            return Err(invalid_url(text, "is empty"));
        }
        if text.starts_with('-') {
            return Err(invalid_url(text, "would be read as an option by git"));
        }
        if let Some(bad) = text.chars().find(|c| c.is_control() || c.is_whitespace() || "'\"\\`$<>|;".contains(*c)) {
            return Err(invalid_url(text, &format!("contains {bad:?}")));
        }
        if text.len() > 2000 {
            return Err(invalid_url(text, "is longer than 2000 characters"));
        }
        if let Some(Located { url, reference, folder }) = Self::located(text) {
            let reference = reference.unwrap_or("…");
            let folder = folder.map(|folder| format!(", and `dir: {folder}`")).unwrap_or_default();
            return Err(invalid_url(text, "contains more than a repository")
                .help(format!("write `git: {url}` with `ref: {reference}`{folder}")));
        }
        let rest = match text.split_once("://") {
            Some(("https" | "http" | "ssh" | "git" | "file", rest)) => rest,
            Some((scheme, _)) => {
                return Err(invalid_url(text, &format!("has the scheme `{scheme}`, which kmodgen does not support")));
            }
            None if text.contains("::") => {
                return Err(invalid_url(text, "names a remote helper, which could run any command"));
            }
            None => {
                let Some((host, path)) = text.split_once(':') else {
                    return Err(invalid_url(text, "has no scheme"));
                };
                if host.is_empty() || host.contains('/') || path.is_empty() || path.starts_with('-') {
                    return Err(invalid_url(text, "is neither a URL nor `USER@HOST:PATH`"));
                }
                text
            }
        };
        let authority = rest.split('/').next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        if host.starts_with('-') || authority.starts_with('-') {
            return Err(invalid_url(text, "has a host that would be read as an option"));
        }
        if host.is_empty() && !text.starts_with("file://") {
            return Err(invalid_url(text, "has no host"));
        }
        Ok(Self(text.to_owned()))
    }

    /// Takes apart `URL#REF:FOLDER`, in which docker build, Cargo and npm name a ref, or a folder, with the
    /// repository; `None` for a text without `#`.
    ///
    /// Source: <https://docs.docker.com/build/concepts/context/#git-repositories>.
    pub fn located(text: &str) -> Option<Located<'_>> {
        let (url, fragment) = text.split_once('#')?;
        let (reference, folder) = fragment.split_once(':').unwrap_or((fragment, ""));
        Some(Located { url, reference: filled(reference), folder: filled(folder.trim_matches('/')) })
    }

    /// The URL as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the URL without its user; `USER@HOST:PATH` becomes a URL.
    pub fn without_login(&self) -> String {
        let (scheme, rest) = match self.0.split_once("://") {
            Some((scheme, rest)) => (scheme, rest.to_owned()),
            None => {
                let (host, path) = self.0.split_once(':').unwrap_or((&self.0, ""));
                ("ssh", format!("{host}/{}", path.trim_start_matches('/')))
            }
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        format!("{scheme}://{host}{path}")
    }
}

/// A repository, and what of it a text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Located<'t> {
    /// The repository.
    pub url: &'t str,
    /// A branch, tag or commit.
    pub reference: Option<&'t str>,
    /// A folder in it.
    pub folder: Option<&'t str>,
}

impl fmt::Display for GitUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn invalid_url(url: &str, why: &str) -> Invalid {
    Invalid::new(format!("git URL `{}` {why}", url.escape_debug()))
        .help("write `https://HOST/PATH.git`, `ssh://USER@HOST/PATH.git` or `USER@HOST:PATH.git`")
}

fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url_of(length: usize) -> String {
        format!("{:a<length$}", "https://h/")
    }

    #[test]
    fn a_url_without_its_user() {
        for (url, bare) in [
            ("https://h/a.git", "https://h/a.git"),
            ("ssh://git@h:22/a@b", "ssh://h:22/a@b"),
            ("git@h:a/b.git", "ssh://h/a/b.git"),
            ("h:/a", "ssh://h/a"),
            ("file:///a@b", "file:///a@b"),
        ] {
            assert_eq!(GitUrl::parse(url).unwrap().without_login(), bare);
        }
    }

    #[test]
    fn urls_that_git_users_write() {
        for good in [
            "https://github.com/a/b.git",
            "http://127.0.0.1:8080/a.git",
            "ssh://git@host:22/a/b.git",
            "git@github.com:a/b.git",
            "host:a/b",
            "git://127.0.0.1:9418/a",
            "file:///srv/git/a.git",
            &url_of(2000),
        ] {
            GitUrl::parse(good).unwrap();
        }
    }

    #[test]
    fn urls_that_could_run_something_are_refused() {
        for bad in [
            "",
            "--upload-pack=touch /tmp/x",
            "-u",
            "ext::sh -c x",
            "ext::x",
            "fd::17",
            "ssh://-oProxyCommand=x/a",
            "-oProxyCommand=x:a",
            "https://",
            "https://u:secret@h/a",
            "https://token@h/a",
            "https://u%3Asecret@h/a",
            "https://h/a?token=secret",
            "ssh://u:secret@h/a",
            "u:secret@h:a/b",
            "https://h/a b",
            "https://h/'x",
            "a/b",
            "ftp://h/a",
            "https://h/a\nRUN x",
            "https://h/a\0",
            &url_of(2001),
        ] {
            assert!(GitUrl::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_ref_in_a_url_goes_into_a_field_of_its_own() {
        for (url, lines) in [
            ("https://h/o/r.git#v1", "`git: https://h/o/r.git` with `ref: v1`"),
            ("https://h/o/r.git#feature/x", "`git: https://h/o/r.git` with `ref: feature/x`"),
            ("https://h/o/r.git#v1:drivers/net", "`git: https://h/o/r.git` with `ref: v1`, and `dir: drivers/net`"),
            ("https://h/o/r.git#:drivers/", "`git: https://h/o/r.git` with `ref: …`, and `dir: drivers`"),
            ("https://h/o/r.git#", "`git: https://h/o/r.git` with `ref: …`"),
            ("git@h:o/r.git#main", "`git: git@h:o/r.git` with `ref: main`"),
            ("ssh://git@h/o/r.git#0419e2f", "`git: ssh://git@h/o/r.git` with `ref: 0419e2f`"),
            ("file:///srv/r.git#v1", "`git: file:///srv/r.git` with `ref: v1`"),
        ] {
            let invalid = GitUrl::parse(url).unwrap_err();
            assert_eq!(invalid.help.unwrap(), format!("write {lines}"), "{url}");
        }
    }

    #[test]
    fn branches() {
        for good in ["main", "kmm/prod", "v1.2", "a@b"] {
            assert_eq!(GitBranch::parse(good).unwrap().full(), format!("refs/heads/{good}"));
        }
        for bad in ["", "HEAD", "@", "-x", "a..b", "a b", "x.lock", "/a", "a/", "a\n", "refs/tags/v1", "a@{1}", ".a"] {
            assert!(GitBranch::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(GitBranch::parse("refs/heads/a").unwrap_err().help.unwrap(), "write `a`, without `refs/heads/`");
    }

    #[test]
    fn refs() {
        for good in ["main", "v1.2.0", "refs/heads/main", "feature/x", "0419e2f"] {
            GitRef::parse(good).unwrap();
        }
        for bad in ["", "-x", "a..b", "a b", "a~1", "a^{}", "a:b", "x.lock", "a//b", "/a", "a\n"] {
            assert!(GitRef::parse(bad).is_err(), "{bad:?}");
        }
        assert!(GitRef::parse(&"A".repeat(40)).unwrap().as_commit().is_some());
        assert!(GitRef::parse("0419e2f").unwrap().may_be_short_commit());
    }
}
