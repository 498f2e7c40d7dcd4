//! URLs of files to download.

use std::fmt;

use super::{FILE_LOGIN, Invalid, refuse_secrets};

/// Placeholders of the kernel release in a URL; the build's own build arguments.
const RELEASE: [&str; 2] = ["${KERNEL_VERSION}", "${KERNEL_FULL_VERSION}"];

/// The URL of a file, over `https`, `http` or `file`. It may have `${KERNEL_VERSION}` or
/// `${KERNEL_FULL_VERSION}` in it, and then is another one for every kernel.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileUrl(String);

impl FileUrl {
    /// Checks a URL.
    ///
    /// # Errors
    /// Another scheme, white space, a character of shells, or a login or another secret, which would end
    /// up in the image.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        refuse_secrets(text, FILE_LOGIN)?;

        let plain = RELEASE.iter().fold(text.to_owned(), |text, name| text.replace(name, "R"));
        let Some((scheme @ ("https" | "http" | "file"), rest)) = plain.split_once("://") else {
            return Err(invalid(text, "is not an `https`, `http` or `file` URL"));
        };
        if let Some(bad) = plain.chars().find(|c| !c.is_ascii_graphic() || "'\"\\`$<>|;".contains(*c)) {
            return Err(invalid(text, &format!("contains {bad:?}")));
        }
        let authority = rest.split('/').next().unwrap_or_default();
        if (scheme == "file") != authority.is_empty() || !rest.contains('/') || text.len() > 2000 {
            return Err(invalid(text, "has no host or no path"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The URL as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Checks whether the URL differs between kernels.
    pub fn expands(&self) -> bool {
        RELEASE.iter().any(|name| self.0.contains(name))
    }

    /// The URL for a kernel release.
    pub fn on(&self, release: &str) -> String {
        RELEASE.iter().fold(self.0.clone(), |url, name| url.replace(name, release))
    }
}

impl fmt::Display for FileUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn invalid(url: &str, why: &str) -> Invalid {
    Invalid::new(format!("URL `{}` {why}", url.escape_debug()))
        .help("write `https://HOST/PATH`; it may contain `${KERNEL_VERSION}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let url = FileUrl::parse("https://example.com/a/${KERNEL_VERSION}.tar.gz?x=1&y").unwrap();
        assert!(url.expands());
        assert_eq!(url.on("5.14.0-1"), "https://example.com/a/5.14.0-1.tar.gz?x=1&y");
        assert!(!FileUrl::parse("file:///srv/a.tar").unwrap().expands());
        for bad in [
            "",
            "ftp://a/b",
            "https://a",
            "https:///b",
            "file://host/x",
            "https://u:p@a/b",
            "https://u@a/b",
            "https://a/b?X-Amz-Signature=0",
            "https://a/b c",
            "https://a/$(id)",
            "https://a/${HOME}",
            "https://a/b\nRUN x",
            "-o https://a/b",
        ] {
            assert!(FileUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
