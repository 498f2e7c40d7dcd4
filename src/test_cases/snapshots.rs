//! Snapshots: the very bytes that `generate` writes, kept beside the manifest.
//!
//! One file for each that comes out, below `snapshots/<case>/` at the path that it has in the output
//! folder: a difference in a pull request is then about one kernel's file, is drawn as the language
//! that it is in, and is followed when a case or a module gets another name. Each begins with
//! kmodgen's own first line, which tells it from every other file.

use std::collections::HashSet;

use super::output_part::OutputPart;
use super::verdict::{Difference, DifferenceKind};
use crate::header::{Ownership, ownership, to_unix};
use crate::tree::{Found, Inaccessible, Kind, OutputFolder};
use crate::vocabulary::{ClusterName, KernelRelease, RelPath};

/// The folder of snapshots, beside the manifest.
pub const SNAPSHOTS: &str = "snapshots";

/// Depth of their folders: all of them, case, cluster, module, release.
const DEEPEST: usize = 5;

/// Returns the path of an output's snapshot.
pub(super) fn path_of(case: &str, cluster: Option<&ClusterName>, output: &RelPath) -> RelPath {
    let names = [SNAPSHOTS, case].into_iter().chain(cluster.map(ClusterName::as_str)).chain(output.as_str().split('/'));
    RelPath::of_names(&names.collect::<Vec<_>>())
}

/// Compares a snapshot with the generated `text`; returns `None` if they are the same. Paths are below
/// the manifest's `folder`.
///
/// # Errors
/// A path that cannot be looked at.
pub(super) fn compare(
    folder: &dyn OutputFolder,
    path: RelPath,
    release: Option<&KernelRelease>,
    text: &str,
) -> Result<Option<Difference>, Inaccessible> {
    let found = match way_to(folder, &path)? {
        FolderKind::Free => folder.look(&path)?.map(|(found, _)| found),
        FolderKind::Absent => None,
        FolderKind::Blocked(why) => return Ok(Some(Difference::of(path, release, DifferenceKind::Obstructed { why }))),
    };
    let matter = match found {
        None => DifferenceKind::New { text: text.to_owned() },
        Some(Found::File(bytes)) => {
            if bytes == text.as_bytes() || *to_unix(&bytes) == *text.as_bytes() {
                return Ok(None);
            }
            match (ownership(&bytes), std::str::from_utf8(&bytes)) {
                (Ownership::Foreign, Err(_)) => DifferenceKind::Obstructed {
                    why: "a file is there that is not UTF-8 text, and not kmodgen's".into(),
                },
                (Ownership::Foreign, Ok(_)) => {
                    DifferenceKind::Obstructed { why: "a file is there that is not kmodgen's".into() }
                }
                _ => {
                    DifferenceKind::Changed { old: String::from_utf8_lossy(&bytes).into_owned(), new: text.to_owned() }
                }
            }
        }
        Some(Found::Folder) => DifferenceKind::Obstructed { why: "a folder is there".into() },
        Some(Found::Unmerged(_)) => {
            DifferenceKind::Obstructed { why: "a file that git could not merge is there".into() }
        }
        Some(Found::Other(what)) => DifferenceKind::Obstructed { why: format!("{what} is there") },
    };
    Ok(Some(Difference::of(path, release, matter)))
}

impl Difference {
    fn of(path: RelPath, release: Option<&KernelRelease>, matter: DifferenceKind) -> Self {
        Self { path, release: release.cloned(), matter }
    }
}

/// Kind of the folders that lead to a path. Links are never followed.
enum FolderKind {
    /// Only folders.
    Free,
    /// Some are not there.
    Absent,
    /// Something else stands where one would be.
    Blocked(String),
}

fn way_to(folder: &dyn OutputFolder, path: &RelPath) -> Result<FolderKind, Inaccessible> {
    for (end, _) in path.as_str().match_indices('/') {
        let part = &path.as_str()[..end];
        match folder.kind(part)? {
            Some(Kind::Folder) => {}
            None => return Ok(FolderKind::Absent),
            Some(Kind::File) => return Ok(FolderKind::Blocked(format!("`{part}` is a file, and has to be a folder"))),
            Some(Kind::Other(what)) => {
                return Ok(FolderKind::Blocked(format!("`{part}` is {what}, and has to be a folder")));
            }
        }
    }
    Ok(FolderKind::Free)
}

/// Checks whether the files of a difference are unchanged since it was found, or already accepted.
///
/// # Errors
/// A path that cannot be looked at.
pub fn is_current(folder: &dyn OutputFolder, difference: &Difference) -> Result<bool, Inaccessible> {
    let (old, new) = difference.matter.sides();
    let found = match way_to(folder, &difference.path)? {
        FolderKind::Free => folder.look(&difference.path)?.map(|(found, _)| found),
        FolderKind::Absent => None,
        FolderKind::Blocked(_) => return Ok(false),
    };
    Ok(match found {
        None => old.is_none() || new.is_none(),
        Some(Found::File(bytes)) => {
            let there = String::from_utf8_lossy(&bytes);
            [old, new].into_iter().flatten().any(|side| side == there)
        }
        Some(_) => false,
    })
}

/// The snapshots that no case has, of all cases or of those of these names. What is not kmodgen's
/// is nobody's business here.
///
/// # Errors
/// A folder or file that cannot be read.
pub fn leftovers(
    folder: &dyn OutputFolder,
    is_looked_at: impl Fn(&str) -> bool,
    referenced: &HashSet<RelPath>,
) -> Result<Vec<Difference>, Inaccessible> {
    let mut found = Vec::new();
    if folder.kind(SNAPSHOTS)? != Some(Kind::Folder) {
        return Ok(found);
    }
    let mut cases = folder.names(SNAPSHOTS)?;
    cases.retain(|(name, kind)| *kind == Kind::Folder && is_looked_at(name));
    let mut folders: Vec<String> = cases.into_iter().map(|(name, _)| format!("{SNAPSHOTS}/{name}")).collect();
    while let Some(inside) = folders.pop() {
        for (name, kind) in folder.names(&inside)? {
            let path = format!("{inside}/{name}");
            match kind {
                Kind::Folder if path.split('/').count() <= DEEPEST => folders.push(path),
                Kind::File if OutputPart::ALL.iter().any(|part| part.file_name() == name) => {
                    // A name that is no path of ours is no snapshot of ours.
                    let parsed = RelPath::parse(&path).ok().filter(|parsed| parsed.as_str() == path);
                    if let Some(path) = parsed.filter(|path| !referenced.contains(path)) {
                        found.extend(leftover(folder, path)?);
                    }
                }
                _ => {}
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn leftover(folder: &dyn OutputFolder, path: RelPath) -> Result<Option<Difference>, Inaccessible> {
    let Some((Found::File(bytes), _)) = folder.look(&path)? else { return Ok(None) };
    let edited = match ownership(&bytes) {
        Ownership::Intact => false,
        Ownership::Edited => true,
        Ownership::Foreign => return Ok(None),
    };
    let old = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Some(Difference { path, release: None, matter: DifferenceKind::Unreferenced { old, edited } }))
}
