//! A commit of a repository: its paths, and the texts of the files that say how it is built.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::vocabulary::{self, RelPath};

/// Names of files whose texts are read.
const READ: [&str; 10] = [
    "Kbuild",
    "Makefile",
    "Kbuild.in",
    "Makefile.in",
    "Makefile.am",
    "dkms.conf",
    "configure",
    "configure.ac",
    "configure.in",
    ".gitmodules",
];

/// The files of a commit, as far as they were looked at.
#[derive(Debug, Clone, Default)]
pub struct RepositoryFiles {
    /// Paths of regular files.
    pub paths: BTreeSet<String>,
    /// Texts of those that [`is_read`] or [`may_be_included`] names.
    pub texts: BTreeMap<String, String>,
    /// Files that were not read, each with the reason.
    pub unread: Vec<(String, String)>,
    /// Reason why there may be more files, if the repository is too large.
    pub cut: Option<String>,
}

/// Endings and beginnings of the names of files that others include.
const INCLUDED: [&str; 3] = [".mk", ".mak", "make.inc"];
const INCLUDED_FROM: [&str; 3] = ["Makefile", "Kbuild", "Make."];

/// Checks whether the text of a file is needed, given its path.
pub fn is_read(path: &str) -> bool {
    READ.contains(&name_of(path))
}

/// Checks whether a file has a name that Makefiles include, given its path.
pub fn may_be_included(path: &str) -> bool {
    let name = name_of(path);
    INCLUDED.iter().any(|end| name.ends_with(end)) || INCLUDED_FROM.iter().any(|start| name.starts_with(start))
}

/// A line of a file in the repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileLine {
    pub(super) path: String,
    pub(super) line: usize,
}

impl fmt::Display for FileLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}", self.path.escape_debug()),
            line => write!(f, "{}:{line}", self.path.escape_debug()),
        }
    }
}

/// Part of a line that messages show.
pub(super) fn shortened(line: &str) -> String {
    const LONGEST: usize = 80;
    line.chars().take(LONGEST).collect()
}

/// The name of a file, without its folder.
pub(super) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The folder that a file is in; empty at the top.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The path of a file in a folder.
pub(super) fn in_folder(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// A folder and those above it.
pub(super) fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| (!folder.is_empty()).then(|| folder_of(folder)))
}

/// The path of a file or of a folder, which keeps its `/`, named in a folder; `None` if it leaves the repository.
pub(super) fn resolved(folder: &str, name: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    if name.starts_with('/') {
        return None;
    }
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    let end = if name.ends_with('/') || name.ends_with("/.") { "/" } else { "" };
    Some(format!("{}{end}", parts.join("/")))
}

/// Checks whether a path is the folder itself or below it.
pub(super) fn is_within(path: &str, folder: &str) -> bool {
    folder.is_empty() || vocabulary::is_within(path, folder)
}

/// Checks whether a folder can stand in a manifest and in a shell as it is.
pub(super) fn is_plain(folder: &str) -> bool {
    let is_path = folder.is_empty() || RelPath::parse(folder).is_ok_and(|path| path.as_str() == folder);
    is_path
        && folder.len() < 200
        && !folder.starts_with('-')
        && folder.chars().all(|c| c.is_ascii_alphanumeric() || "._-+/".contains(c))
}
