//! The files of an image as a tree in memory. Every path and link is resolved inside of it, so
//! that nothing an image says leads to the machine that reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::facts::Facts;

/// Largest number of links that one path may lead through; Linux allows 40 (path_resolution(7)).
pub(crate) const MOST_LINKS: usize = 40;

/// Folder, file, link or other thing at a path.
#[derive(Debug, Clone)]
pub enum Node {
    /// A folder.
    Folder,
    /// A regular file.
    File(File),
    /// A symbolic link, with what it says.
    Link(String),
    /// A device, pipe or socket.
    Other,
}

/// A regular file.
#[derive(Debug, Clone)]
pub struct File {
    /// Its length in bytes.
    pub size: u64,
    /// Its permission bits.
    pub mode: u32,
    /// Facts found in the file.
    pub facts: Arc<Facts>,
}

impl File {
    /// Returns whether anybody may run the file.
    pub fn is_executable(&self) -> bool {
        self.mode & 0o111 != 0
    }
}

/// Why a path leads to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// There is nothing at this path, which may be where a link leads.
    #[error("there is no /{0}")]
    Missing(String),
    /// Something that is not a folder is in the way.
    #[error("/{0} is not a folder")]
    NotAFolder(String),
    /// A path of links without end.
    #[error("its symbolic links form a cycle")]
    Circle,
}

/// A node, and the layer that it came with.
#[derive(Debug, Clone)]
pub(crate) struct LayeredNode {
    pub(crate) layer: u32,
    pub(crate) node: Node,
}

/// A file system in memory. Paths are relative to its root, `a/b`, without links in them unless
/// a function says that it resolves.
#[derive(Debug, Clone, Default)]
pub struct Root {
    pub(crate) entries: BTreeMap<String, LayeredNode>,
    /// The layer that is being applied; see the module `layers`.
    pub(crate) layer: u32,
    /// Paths below which the present layer has hidden lower entries already.
    pub(crate) hidden: BTreeSet<String>,
    /// An estimate of the memory in use, in bytes.
    pub(crate) weight: u64,
}

static TOP: Node = Node::Folder;

impl Root {
    /// Returns the node at a path.
    pub fn get(&self, path: &str) -> Option<&Node> {
        if path.is_empty() { Some(&TOP) } else { self.entries.get(path).map(|entry| &entry.node) }
    }

    /// Everything below a folder, at any depth, in order; a file is told before what sorts after it.
    pub fn below(&self, folder: &str) -> impl Iterator<Item = (&str, &Node)> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        self.entries
            .range(prefix.clone()..)
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .map(|(path, entry)| (path.as_str(), &entry.node))
    }

    /// The names in a folder, with what they are.
    pub fn children<'r>(&'r self, folder: &str) -> impl Iterator<Item = (&'r str, &'r Node)> {
        let start = if folder.is_empty() { 0 } else { folder.len() + 1 };
        self.below(folder).filter_map(move |(path, node)| {
            let name = path.get(start..)?;
            (!name.contains('/')).then_some((name, node))
        })
    }

    /// Follows all links of a path, the last one included, and returns the path that they lead to.
    ///
    /// # Errors
    /// A path that leads to nothing.
    pub fn resolve(&self, path: &str) -> Result<String, Unresolved> {
        let mut at = String::new();
        let mut links = 0;
        let mut ahead: Vec<String> = parts(path);
        while let Some(part) = ahead.pop() {
            if part == ".." {
                at.truncate(at.rfind('/').unwrap_or(0));
                continue;
            }
            let next = join(&at, &part);
            match self.get(&next) {
                None => return Err(Unresolved::Missing(next)),
                Some(Node::Link(target)) => {
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(Unresolved::Circle);
                    }
                    if target.starts_with('/') {
                        at.clear();
                    }
                    ahead.extend(parts(target));
                }
                Some(Node::Folder) => at = next,
                Some(_) if ahead.is_empty() => at = next,
                Some(_) => return Err(Unresolved::NotAFolder(next)),
            }
        }
        Ok(at)
    }

    /// The regular file that a path leads to.
    pub fn file(&self, path: &str) -> Option<&File> {
        match self.get(&self.resolve(path).ok()?) {
            Some(Node::File(file)) => Some(file),
            _ => None,
        }
    }
}

/// The components of a path, the last one first; empty ones and `.` are left out.
pub(crate) fn parts(path: &str) -> Vec<String> {
    path.rsplit('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect()
}

/// A path from the root as engines read it: what is written as `a/../b` is `b`, whatever `a` is,
/// and above the root is the root.
pub fn clean(path: &str) -> String {
    let mut clean: Vec<String> = Vec::new();
    for part in parts(path).into_iter().rev() {
        if part == ".." { drop(clean.pop()) } else { clean.push(part) }
    }
    clean.join("/")
}

/// A path and a name below it.
pub(crate) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Tree;

    #[test]
    fn links_are_followed_inside() {
        let root = Tree::new()
            .link("bin", "usr/bin")
            .link("usr/bin/sh", "/bin/bash")
            .link("out", "../../../usr/bin/sh")
            .file("usr/bin/bash", 0o755, Facts::Plain)
            .link("a", "b")
            .link("b", "a")
            .link("gone", "nowhere")
            .root();
        for path in ["usr/bin/bash", "bin/sh", "/bin//./sh", "out", "../../bin/sh", "usr/bin/../bin/sh"] {
            assert_eq!(root.resolve(path), Ok("usr/bin/bash".into()), "{path}");
        }
        assert_eq!(root.resolve("a/x"), Err(Unresolved::Circle));
        assert_eq!(root.resolve("gone"), Err(Unresolved::Missing("nowhere".into())));
        assert_eq!(root.resolve("bin/sh/x"), Err(Unresolved::NotAFolder("usr/bin/bash".into())));
        assert_eq!(root.resolve("/"), Ok(String::new()));
        let chain = (2..=41).fold(Tree::new().empty("x").link("l1", "x"), |tree, number| {
            tree.link(&format!("l{number}"), &format!("l{}", number - 1))
        });
        let root = chain.root();
        assert_eq!((root.resolve("l40"), root.resolve("l41")), (Ok("x".into()), Err(Unresolved::Circle)));
    }

    #[test]
    fn a_folder_is_told_from_names_that_start_like_it() {
        let root =
            Tree::new().file("a/x/y", 0o644, Facts::Plain).file("a.b", 0o644, Facts::Plain).file("a0", 0, Facts::Plain);
        let root = root.root();
        assert_eq!(root.below("a").map(|(path, _)| path).collect::<Vec<_>>(), ["a/x", "a/x/y"]);
        assert_eq!(root.children("a").map(|(name, _)| name).collect::<Vec<_>>(), ["x"]);
        assert_eq!(root.children("").map(|(name, _)| name).collect::<Vec<_>>(), ["a", "a.b", "a0"]);
    }
}
