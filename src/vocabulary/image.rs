//! References to container images.

use std::fmt;
use std::net::Ipv6Addr;

use super::{Digest, Invalid, REGISTRY_LOGIN, refuse_bare_login};

/// A reference to a container image: repository, and optionally a tag, a digest or both.
///
/// The grammar is that of the distribution project's reference: `host[:port]/path`, where the host may
/// be an IPv6 address in brackets, `:tag` of at most 128 characters of `[A-Za-z0-9_.-]`, `@sha256:` and 64 hexadecimal digits.
/// Every legal character is inert in a Dockerfile, a shell and YAML.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageRef {
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl ImageRef {
    /// Parses a reference.
    ///
    /// # Errors
    /// A text outside the grammar, such as one with a URL scheme, upper case in the path, or a
    /// digest that is cut short.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        refuse_bare_login(text, REGISTRY_LOGIN)?;
        if text.contains("://") {
            let stripped = text.split("://").nth(1).unwrap_or_default();
            return Err(invalid(text, "it has a URL scheme").help(format!("write `{stripped}`")));
        }
        if text.contains('$') {
            return Err(invalid(text, "it contains a variable")
                .help("write the complete image: variables do not expand here; use `baseImages` of a kernel or an override for other images"));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        if let Some(digest) = digest {
            let hex = digest.strip_prefix("sha256:").ok_or_else(|| invalid(text, "its digest is not sha256"))?;
            if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
                let why = "its digest is not 64 lower-case hexadecimal digits";
                return Err(invalid(text, why).help("copy the whole digest"));
            }
        }
        let name_start = rest.rfind('/').map_or(0, |at| at + 1);
        let (repository, tag) = match rest[name_start..].find(':') {
            Some(at) => (&rest[..name_start + at], Some(&rest[name_start + at + 1..])),
            None => (rest, None),
        };
        if let Some(tag) = tag {
            check_tag(tag).map_err(|why| invalid(text, &why.message))?;
        }
        check_repository(repository).map_err(|why| invalid(text, &why.message))?;
        Ok(Self { repository: repository.to_owned(), tag: tag.map(str::to_owned), digest: digest.map(str::to_owned) })
    }

    /// Host and path, without tag or digest.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Checks whether the name is one of an image whose commands are all busybox's.
    pub fn is_of_busybox(&self) -> bool {
        let name = self.repository().rsplit('/').next();
        name.is_some_and(|name| ["alpine", "busybox"].contains(&name))
    }

    /// The tag.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, `sha256:` included.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Returns the image by its tag, `latest` if it has none; `None` if its digest is written, and for `scratch`, which
    /// is no image.
    pub fn by_tag(&self) -> Option<Self> {
        if self.digest.is_some() || self.to_string() == "scratch" {
            return None;
        }
        Some(self.tagged(self.tag.clone().unwrap_or_else(|| "latest".into())))
    }

    /// Returns the image with a digest behind its tag.
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self { digest: Some(format!("sha256:{digest}")), ..self.clone() }
    }

    /// The same repository under a tag that is known to be one, without a digest.
    pub fn tagged(&self, tag: String) -> Self {
        debug_assert!(check_tag(&tag).is_ok(), "{tag}");
        Self { repository: self.repository.clone(), tag: Some(tag), digest: None }
    }
}

/// The same image with the registry that docker takes it from; `None` if it names one, or a variable may.
pub fn with_registry(image: &str) -> Option<String> {
    match image.split_once('/') {
        Some((first, _)) if is_host(first) || first.contains('$') => None,
        Some(_) => Some(format!("docker.io/{image}")),
        None if image.starts_with('$') => None,
        None => Some(format!("docker.io/library/{image}")),
    }
}

/// Checks whether the first part of a path is a registry.
fn is_host(part: &str) -> bool {
    part.contains(['.', ':']) || part == "localhost"
}

/// Checks the tag of an image.
///
/// # Errors
/// An empty or over-long tag, or one with a character that registries refuse.
pub fn check_tag(tag: &str) -> Result<(), Invalid> {
    fn legal(b: u8) -> bool {
        b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')
    }
    if tag.is_empty() || tag.len() > 128 || tag.starts_with(['.', '-']) || !tag.bytes().all(legal) {
        return Err(Invalid::new(format!(
            "the tag `{}` is not 1 to 128 letters, digits, `_`, `.`, `-`, or starts with `.` or `-`",
            tag.escape_debug()
        )));
    }
    Ok(())
}

fn check_repository(repository: &str) -> Result<(), Invalid> {
    if repository.is_empty() {
        return Err(Invalid::new("it has no repository"));
    }
    if repository.len() > 255 {
        return Err(Invalid::new("its repository is longer than 255 characters"));
    }
    let (host, path) = match repository.split_once('/') {
        Some((first, rest)) if is_host(first) => (Some(first), rest),
        _ => (None, repository),
    };
    if let Some(host) = host {
        let address = host.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let port = match address {
            Some((address, rest)) => {
                if address.parse::<Ipv6Addr>().is_err() || !(rest.is_empty() || rest.starts_with(':')) {
                    return Err(Invalid::new(format!("`{}` is not an IPv6 address in brackets", host.escape_debug())));
                }
                rest.strip_prefix(':')
            }
            None => {
                let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
                fn legal(b: u8) -> bool {
                    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')
                }
                if name.is_empty() || name.starts_with(['-', '.']) || !name.bytes().all(legal) {
                    return Err(Invalid::new(format!("`{}` is not a host name", host.escape_debug())));
                }
                port
            }
        };
        if port.is_some_and(|port| port.parse::<u16>().is_err()) {
            return Err(Invalid::new(format!("`{}` has no valid port", host.escape_debug())));
        }
    }
    for part in path.split('/') {
        fn legal(b: u8) -> bool {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-')
        }
        fn edge(c: char) -> bool {
            c.is_ascii_lowercase() || c.is_ascii_digit()
        }
        if !part.bytes().all(legal) || !part.starts_with(edge) || !part.ends_with(edge) {
            return Err(Invalid::new(format!(
                "`{}` is not a path of lower-case letters, digits, `.`, `_`, `-`",
                part.escape_debug()
            )));
        }
    }
    Ok(())
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

fn invalid(image: &str, why: &str) -> Invalid {
    Invalid::new(format!("`{}` is not an image reference: {why}", image.escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_round_trip() {
        let digest = format!("quay.io/openshift/art-dev@sha256:{}", "a".repeat(64));
        let with_address = format!("[fd00::1]:5000/ocp/release:v1@sha256:{}", "a".repeat(64));
        for text in [
            "ubi9",
            "registry.redhat.io/ubi9/ubi-minimal:9.4",
            "localhost:5000/a/b",
            &digest,
            "[fd00::1]:5000/x",
            "[fd00::1]/x:1",
            "[::1]:5000/a/b",
            "[2001:DB8::7]/x",
            &with_address,
        ] {
            assert_eq!(ImageRef::parse(text).unwrap().to_string(), text);
        }
        let image = ImageRef::parse("[fd00::1]:5000/a:1").unwrap();
        assert_eq!((image.repository(), image.tag()), ("[fd00::1]:5000/a", Some("1")));
        let image = ImageRef::parse("localhost:5000/a:1").unwrap();
        assert_eq!((image.repository(), image.tag()), ("localhost:5000/a", Some("1")));
    }

    #[test]
    fn a_digest_is_written_behind_the_tag() {
        let digest = Digest::of(b"");
        for (image, tag) in [("ubi9", Some("ubi9:latest")), ("localhost:5000/a:1", Some("localhost:5000/a:1"))] {
            assert_eq!(ImageRef::parse(image).unwrap().by_tag().map(|image| image.to_string()).as_deref(), tag);
        }
        for image in [format!("quay.io/a@sha256:{digest}"), format!("quay.io/a:1@sha256:{digest}"), "scratch".into()] {
            assert_eq!(ImageRef::parse(&image).unwrap().by_tag(), None, "{image}");
        }
        let image = ImageRef::parse("quay.io/a:1").unwrap();
        assert_eq!(image.with_digest(digest).to_string(), format!("quay.io/a:1@sha256:{digest}"));
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for bad in [
            "",
            "https://quay.io/x",
            "quay.io/X",
            "a b",
            "a\nRUN x",
            "a:",
            "a:b:c",
            "a@sha256:abc",
            "a@md5:x",
            "-a",
            "a/../b",
            "${X}",
            "quay.io:99999/x",
            "a:.x",
            "a/",
            "[fd00::1]:5000",
            "[fd00::1]:/x",
            "[fd00::1]x/x",
            "[fd00::g]/x",
            "[fd00::1/x",
            "fd00::1/x",
            "[fe80::1%eth0]/x",
            "[]/x",
            "[10.0.0.1]/x",
        ] {
            assert!(ImageRef::parse(bad).is_err(), "{bad:?}");
        }
    }
}
