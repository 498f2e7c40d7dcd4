//! Reading an output folder.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use crate::output::may_be_ours;
use crate::reconcile::{Found, Tree};
use crate::vocabulary::RelPath;

/// A file beyond this is none of ours: etcd takes objects of 1.5 MiB at most.
const LARGEST_OURS: u64 = 16 << 20;

/// What stands in the output folder at the paths of `wanted` and above them, and wherever a file
/// of an earlier run may be. Links are not followed. A folder that does not exist is empty.
///
/// # Errors
/// The path that could not be read, with why.
pub fn read_tree(root: &Path, wanted: &BTreeSet<RelPath>) -> Result<Tree, (String, io::Error)> {
    let mut reader = Reader { root, wanted, parents: parents(wanted), tree: Tree::new() };
    match fs::metadata(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(reader.tree),
        Err(error) => return Err((root.display().to_string(), error)),
        Ok(_) => reader.folder("", 0)?,
    }
    Ok(reader.tree)
}

struct Reader<'r> {
    root: &'r Path,
    wanted: &'r BTreeSet<RelPath>,
    parents: BTreeSet<String>,
    tree: Tree,
}

impl Reader<'_> {
    /// Files of ours are at most two folders deep.
    fn folder(&mut self, below: &str, depth: usize) -> Result<(), (String, io::Error)> {
        let path = self.root.join(below);
        let fail = |error| (path.display().to_string(), error);
        for entry in fs::read_dir(&path).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            // No path of ours has a name that is not UTF-8.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let text = if below.is_empty() { name } else { format!("{below}/{name}") };
            let Ok(rel) = RelPath::parse(&text) else { continue };
            let kind = entry.file_type().map_err(fail)?;
            let is_wanted = self.wanted.contains(&rel);
            if kind.is_dir() {
                if is_wanted {
                    self.tree.insert(rel.clone(), Found::Folder);
                }
                // Hidden folders, such as version control's, hold nothing of ours.
                if depth < 2 && (!rel.file_name().starts_with('.') || self.parents.contains(rel.as_str())) {
                    self.folder(&text, depth + 1)?;
                }
            } else if is_wanted || self.parents.contains(rel.as_str()) || may_be_ours(&rel) {
                let found = if kind.is_file() {
                    read_ours(&entry.path()).map_err(|error| (entry.path().display().to_string(), error))?
                } else if kind.is_symlink() {
                    Found::Other("a symbolic link")
                } else {
                    Found::Other("a pipe, socket or device")
                };
                self.tree.insert(rel, found);
            }
        }
        Ok(())
    }
}

fn read_ours(path: &Path) -> io::Result<Found> {
    let file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    if length > LARGEST_OURS {
        return Ok(Found::Other("a file far larger than any of kmodgen's"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.take(LARGEST_OURS).read_to_end(&mut bytes)?;
    Ok(Found::File(bytes))
}

fn parents(wanted: &BTreeSet<RelPath>) -> BTreeSet<String> {
    let mut parents = BTreeSet::new();
    for path in wanted {
        let mut parent = path.parent();
        while !parent.is_empty() && parents.insert(parent.to_owned()) {
            parent = parent.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
    }
    parents
}
