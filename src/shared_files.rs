//! Files that clusters share: the ConfigMap of each mapping and its kustomization, in a folder that is named after
//! their content.
//!
//! The folder is beside those of the clusters, and the kustomizations of their modules name it. Changes and reports
//! name such a file below the folder of its module: [`path`] is the file of a mapping, whatever its content, and
//! [`stored_path`] is a file with one content.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use bitcode::{Decode, Encode};

use crate::vocabulary::{Digest, KernelRelease, RelPath, hex_behind};

/// The folder of the files that clusters share, beside those of the clusters: no cluster can have this name.
pub const SHARED: &str = "_shared";

/// Number of hexadecimal digits of a [`ContentHash`].
const DIGITS: usize = 12;

/// The start of a path from the folder of a module to a shared file.
const UP: &str = "../../";

/// Hash of a ConfigMap's content, after which its folder is named: 12 hexadecimal digits of SHA-256.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
pub struct ContentHash([u8; DIGITS / 2]);

impl ContentHash {
    /// Returns the hash of a generated text: of its first line, which has the digest of all others.
    pub fn of(text: &str) -> Self {
        let digest = Digest::of(text.lines().next().unwrap_or_default().as_bytes());
        let mut hash = [0; DIGITS / 2];
        hash.copy_from_slice(&digest.as_bytes()[..DIGITS / 2]);
        Self(hash)
    }

    /// Reads a hash as it is shown.
    pub fn parse(text: &str) -> Option<Self> {
        let mut hash = [0; DIGITS / 2];
        if text.len() != DIGITS || !text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Self(hash))
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex_behind(&[], &self.0, DIGITS))
    }
}

/// The parts of the path of a shared file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedPath<'p> {
    /// The module.
    pub module: &'p str,
    /// The kernel release.
    pub release: &'p str,
    /// The content; `None` for the file of a mapping, whatever its content.
    pub hash: Option<ContentHash>,
    /// The name of the file.
    pub file: &'p str,
}

impl<'p> SharedPath<'p> {
    /// Reads a path below the folder of a cluster; `None` if it is not of a shared file.
    pub fn parse(path: &'p str) -> Option<Self> {
        let (module, rest) = split_at_slash(path)?;
        let (release, rest) = split_at_slash(rest.strip_prefix(SHARED)?.strip_prefix('/')?)?;
        let (hash, file) = match split_at_slash(rest) {
            Some((hash, file)) => (Some(ContentHash::parse(hash)?), file),
            None => (None, rest),
        };
        split_at_slash(file).is_none().then_some(Self { module, release, hash, file })
    }

    /// Returns the path of a file with one content below the folder of all shared files; `None` without a content.
    pub fn stored(&self) -> Option<String> {
        let Self { module, release, hash, file } = self;
        hash.map(|hash| format!("{module}/{release}/{hash}/{file}"))
    }
}

/// Splits a path behind its first name: faster than [`str::split_once`], as paths of a fleet are taken apart many times.
fn split_at_slash(path: &str) -> Option<(&str, &str)> {
    let at = memchr::memchr(b'/', path.as_bytes())?;
    Some((path.get(..at)?, path.get(at + 1..)?))
}

/// Returns the path of a mapping's file, whatever its content.
pub fn path(module: &str, release: &str, file: &str) -> RelPath {
    RelPath::of_names(&[module, SHARED, release, file])
}

/// Returns the path of a mapping's file with one content.
pub fn stored_path(module: &str, release: &str, hash: ContentHash, file: &str) -> RelPath {
    RelPath::of_names(&[module, SHARED, release, &hash.to_string(), file])
}

/// Returns the folder of a mapping's files as the kustomization of its module names it.
pub fn resource(module: &str, release: &str, hash: ContentHash) -> String {
    hex_behind(&[UP, SHARED, "/", module, "/", release, "/"], &hash.0, DIGITS)
}

/// Returns the path of a shared file or folder below the folder of all of these, given its path below the folder of a
/// cluster; `None` for other paths.
pub fn path_in_shared(path: &str) -> Option<String> {
    let (module, rest) = split_at_slash(path)?;
    match rest.strip_prefix(SHARED)? {
        "" => Some(module.to_owned()),
        rest => rest.strip_prefix('/').map(|rest| format!("{module}/{rest}")),
    }
}

/// Returns the path of a file below a folder; the file may be beside the folder.
pub fn below(folder: &str, path: &str) -> String {
    match path.strip_prefix("../") {
        Some(beside) => folder.rsplit_once('/').map_or_else(|| beside.to_owned(), |(all, _)| format!("{all}/{beside}")),
        None if folder.is_empty() || folder.ends_with('/') => format!("{folder}{path}"),
        None => format!("{folder}/{path}"),
    }
}

/// Contents of mappings, by kernel release.
pub type Listed = HashMap<Arc<str>, ContentHash>;

/// Returns the contents that the kustomization of a module names, be it in a comment.
pub fn listed(kustomization: &str, module: &str) -> Listed {
    let named = named(kustomization).filter(|(of, ..)| *of == module);
    named.map(|(_, release, hash)| (release.into(), hash)).collect()
}

/// Returns the modules, releases and contents that a text names. Of one release there may be several contents, as long
/// as a run is under way.
pub fn named(text: &str) -> impl Iterator<Item = (&str, &str, ContentHash)> {
    text.match_indices(SHARED).filter_map(|(at, _)| {
        let rest = text[at + SHARED.len()..].strip_prefix('/')?;
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '#')).unwrap_or(rest.len());
        let mut parts = rest[..end].split('/');
        let (module, release) = (parts.next()?, parts.next()?);
        let hash = parts.next().and_then(ContentHash::parse)?;
        KernelRelease::parse(release).ok().map(|_| (module, release, hash))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_they_are_written() {
        let hash = ContentHash::of("a\n");
        assert_eq!(hash.to_string(), "ca978112ca1b");
        assert_eq!(ContentHash::of("a\nb\n"), hash, "the first line decides");
        let path = path("nic", "5.14.0-1.el9.x86_64", "configmap.yaml");
        let stored = stored_path("nic", "5.14.0-1.el9.x86_64", hash, "configmap.yaml");
        let parts = SharedPath { module: "nic", release: "5.14.0-1.el9.x86_64", hash: None, file: "configmap.yaml" };
        assert_eq!(SharedPath::parse(path.as_str()), Some(parts));
        assert_eq!(SharedPath::parse(stored.as_str()), Some(SharedPath { hash: Some(hash), ..parts }));
        assert_eq!(parts.stored(), None);
        let below = SharedPath::parse(stored.as_str()).and_then(|path| path.stored());
        assert_eq!(below.as_deref(), Some("nic/5.14.0-1.el9.x86_64/ca978112ca1b/configmap.yaml"));
        assert_eq!(path_in_shared(stored.as_str()), below);
        assert_eq!(path_in_shared("nic/_shared").as_deref(), Some("nic"));
        assert_eq!(path_in_shared("nic/_shared-notes/x"), None);
        for other in ["nic/_shared", "nic/_shared/x", "nic/5.14.0-1/configmap.yaml", "nic/_shared/x/y/configmap.yaml"] {
            assert_eq!(SharedPath::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_kustomization_names_contents() {
        let [a, b] = ["a", "b"].map(ContentHash::of);
        let text = format!(
            "resources:\n- {}\n- \"{}\"\n- ../../_shared/other/4.18.0-1/ca978112ca1b\n- ../../_shared/nic/x\n- ../../_shared/nic/../ca978112ca1b\n",
            resource("nic", "5.14.0-1", a),
            resource("nic", "5.14.0-2", b)
        );
        let listed = listed(&text, "nic");
        assert_eq!(listed, [("5.14.0-1".into(), a), ("5.14.0-2".into(), b)].into());
    }
}
