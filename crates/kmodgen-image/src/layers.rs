//! Layers, applied one over the other as an overlay file system shows them, which is what CRI-O
//! and containerd mount: an entry of a layer replaces what lower layers have at its path, and
//! only folders merge. `.wh.NAME` hides NAME of lower layers, `.wh..wh..opq` all that lower
//! layers have in its folder (OCI image specification, layer.md).

use std::sync::Arc;

use crate::root::{LayeredNode, MOST_LINKS, Node, Root, clean, join, parts};

/// Linux refuses longer paths (PATH_MAX).
const LONGEST_PATH: usize = 4096;

/// Memory that all names and facts of an image may take, in bytes: enough for some two million files.
const HEAVIEST: u64 = 512 << 20;

/// Memory that an entry takes beside its path and facts, in bytes, as an estimate.
const ENTRY: u64 = 160;

/// Prefix of the names that hide others.
const WHITEOUT: &str = ".wh.";

/// The name that hides all of a folder.
const OPAQUE: &str = ".wh..wh..opq";

/// Why an entry cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A path that no kernel takes.
    #[error("its path is longer than {LONGEST_PATH} bytes")]
    TooLong,
    /// A path through links without end.
    #[error("its path contains a cycle of symbolic links")]
    Circle,
    /// A hard link to something that is not there, or is not a file.
    #[error("it is a hard link to `{}`, which is not a file of the image", .0.escape_debug())]
    NoTarget(String),
    /// More names than any image has.
    #[error("the image has too many files to be read")]
    TooMany,
}

/// Returns whether an entry of a layer hides a path of the layers below.
pub(crate) fn is_hidden_by(path: &str, entry: &str, is_folder: bool) -> bool {
    let (folder, name) = entry.rsplit_once('/').unwrap_or(("", entry));
    if name == OPAQUE {
        return folder.is_empty() || is_below(path, folder);
    }
    match name.strip_prefix(WHITEOUT) {
        Some(hidden) => {
            let hidden = join(folder, hidden);
            path == hidden || is_below(path, &hidden)
        }
        None => !is_folder && is_below(path, entry),
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

impl Root {
    /// Starts the next layer.
    pub fn next_layer(&mut self) {
        self.layer += 1;
        self.hidden.clear();
    }

    /// Applies an entry of the present layer. A name that hides others hides them; what it is
    /// does not matter.
    ///
    /// # Errors
    /// An entry that no engine would unpack either, or one too many.
    pub fn apply(&mut self, path: &str, node: Node) -> Result<(), Unfit> {
        let Some(at) = self.place(path)? else { return Ok(()) };
        let (folder, name) = at.rsplit_once('/').unwrap_or(("", &at));
        if name == OPAQUE {
            self.hide(folder, false);
        } else if let Some(hidden) = name.strip_prefix(WHITEOUT) {
            self.hide(&join(folder, hidden), true);
        } else {
            self.put(at, node)?;
        }
        Ok(())
    }

    /// Adds a file of a folder that is unpacked already, where no name hides others.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn add(&mut self, path: &str, node: Node) -> Result<(), Unfit> {
        match self.place(path)? {
            Some(at) => self.put(at, node),
            None => Ok(()),
        }
    }

    /// Applies a hard link of the present layer.
    ///
    /// # Errors
    /// As [`apply`](Self::apply), and a link to nothing.
    pub fn apply_hard_link(&mut self, path: &str, target: &str) -> Result<(), Unfit> {
        let entry = self.place(target)?.and_then(|from| self.entries.get(&from));
        match entry.map(|entry| entry.node.clone()) {
            Some(node @ (Node::File(_) | Node::Link(_) | Node::Other)) => self.apply(path, node),
            _ => Err(Unfit::NoTarget(target.chars().take(LONGEST_PATH).collect())),
        }
    }

    /// Returns the place of a path in the present layer: links of this layer are followed, links of
    /// lower layers give way to a folder. Missing folders on the way are created. `None` for the
    /// root itself.
    fn place(&mut self, path: &str) -> Result<Option<String>, Unfit> {
        if path.len() > LONGEST_PATH {
            return Err(Unfit::TooLong);
        }
        let clean = clean(path);
        let (folder, name) = clean.rsplit_once('/').unwrap_or(("", &clean));
        if name.is_empty() {
            return Ok(None);
        }
        let mut ahead = parts(folder);
        let mut at = String::new();
        let mut links = 0;
        while let Some(part) = ahead.pop() {
            if part == ".." {
                at.truncate(at.rfind('/').unwrap_or(0));
                continue;
            }
            let next = join(&at, &part);
            match self.entries.get_mut(&next) {
                Some(LayeredNode { layer, node: Node::Folder }) => {
                    *layer = self.layer;
                    at = next;
                }
                Some(LayeredNode { layer, node: Node::Link(target) }) if *layer == self.layer => {
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(Unfit::Circle);
                    }
                    if target.starts_with('/') {
                        at.clear();
                    }
                    ahead.extend(parts(target));
                }
                _ => {
                    self.put(next.clone(), Node::Folder)?;
                    at = next;
                }
            }
        }
        Ok(Some(join(&at, name)))
    }

    fn put(&mut self, at: String, node: Node) -> Result<(), Unfit> {
        if at.len() > LONGEST_PATH {
            return Err(Unfit::TooLong);
        }
        let was_folder = matches!(self.get(&at), Some(Node::Folder));
        if was_folder && !matches!(node, Node::Folder) {
            let gone: Vec<String> = self.below(&at).map(|(path, _)| path.to_owned()).collect();
            gone.iter().for_each(|path| drop(self.entries.remove(path)));
        }
        self.weight += ENTRY + at.len() as u64 + weight(&node);
        if self.weight > HEAVIEST {
            return Err(Unfit::TooMany);
        }
        self.entries.insert(at, LayeredNode { layer: self.layer, node });
        Ok(())
    }

    /// Takes away what lower layers have below a path, and at it where `itself` says so.
    fn hide(&mut self, path: &str, itself: bool) {
        if itself && self.entries.get(path).is_some_and(|entry| entry.layer < self.layer) {
            self.entries.remove(path);
        }
        // Nothing lower comes back within a layer, so once is enough, however often it is said.
        if !self.hidden.insert(path.to_owned()) {
            return;
        }
        let below = if path.is_empty() { String::new() } else { format!("{path}/") };
        let gone: Vec<String> = self
            .entries
            .range(below.clone()..)
            .take_while(|(path, _)| path.starts_with(&below))
            .filter(|(_, entry)| entry.layer < self.layer)
            .map(|(path, _)| path.clone())
            .collect();
        gone.iter().for_each(|path| drop(self.entries.remove(path)));
    }
}

/// The memory that a node takes beside its entry, as an estimate.
fn weight(node: &Node) -> u64 {
    match node {
        // The facts of a hard link are shared, and counted once.
        Node::File(file) if Arc::strong_count(&file.facts) == 1 => file.facts.weight(),
        Node::Link(target) => target.len() as u64,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Facts, FileKind};
    use crate::index;
    use crate::root::File;
    use crate::testing::{kmod_file, program_file};

    fn file() -> Node {
        file_with(Facts::Plain)
    }

    fn file_with(facts: Facts) -> Node {
        Node::File(File { size: 1, mode: 0o644, facts: Arc::new(facts) })
    }

    fn link(target: &str) -> Node {
        Node::Link(target.into())
    }

    fn paths(root: &Root) -> Vec<&str> {
        root.below("").map(|(path, _)| path).collect()
    }

    fn layers(layers: &[&[(&str, Node)]]) -> Root {
        let mut root = Root::default();
        for layer in layers {
            root.next_layer();
            layer.iter().for_each(|(path, node)| root.apply(path, node.clone()).unwrap());
        }
        root
    }

    #[test]
    fn whiteouts_hide_lower_layers_only() {
        let root = layers(&[
            &[("a/x", file()), ("a/y", file()), ("b/x", file()), ("c", file())],
            &[("a/new", file()), ("a/.wh..wh..opq", file()), ("b/x", file()), ("b/.wh.x", file()), (".wh.c", file())],
        ]);
        assert_eq!(paths(&root), ["a", "a/new", "b", "b/x"]);
        let root = layers(&[&[("a/b/x", file())], &[("a/b/y", file()), (".wh.a", file())]]);
        assert_eq!(paths(&root), ["a", "a/b", "a/b/y"]);
        let root = layers(&[&[("a/b/x", file())], &[(".wh.a", file())], &[(".wh.nothing", file())]]);
        assert!(paths(&root).is_empty());
        let root = layers(&[&[("a/b/x", file())], &[(".wh..wh..opq", file()), ("c", file())]]);
        assert_eq!(paths(&root), ["c"]);
    }

    #[test]
    fn only_folders_merge() {
        let root = layers(&[
            &[("bin", link("usr/bin")), ("usr/bin/sh", file()), ("d/x", file())],
            &[("bin/new", file()), ("d", file())],
        ]);
        // As an overlay shows it: the folder of the upper layer stands over the lower one's link.
        assert_eq!(paths(&root), ["bin", "bin/new", "d", "usr", "usr/bin", "usr/bin/sh"]);
        let root = layers(&[&[("bin", link("usr/bin")), ("bin/sh", file())]]);
        assert_eq!(paths(&root), ["bin", "usr", "usr/bin", "usr/bin/sh"]);
    }

    #[test]
    fn nothing_leaves_the_root() {
        let root = layers(&[&[
            ("../../etc/x", file()),
            ("/abs", file()),
            ("out", link("../../..")),
            ("out/y", file()),
            ("a/../../z", file()),
            ("/", Node::Folder),
            ("..", Node::Folder),
        ]]);
        assert_eq!(paths(&root), ["abs", "etc", "etc/x", "out", "y", "z"]);
    }

    #[test]
    fn what_no_engine_unpacks_is_refused() {
        let mut root = layers(&[&[("a", link("b")), ("b", link("a")), ("d/x", file())]]);
        assert_eq!(root.apply("a/x", file()), Err(Unfit::Circle));
        assert_eq!(root.apply(&format!("{}x", "x/".repeat(2048)), file()), Err(Unfit::TooLong));
        root.apply(&"x/".repeat(2048), file()).unwrap();
        root.apply("l1", link("d")).unwrap();
        (2..=41).for_each(|n| root.apply(&format!("l{n}"), link(&format!("l{}", n - 1))).unwrap());
        root.apply("l40/y", file()).unwrap();
        assert_eq!(root.apply("l41/y", file()), Err(Unfit::Circle));
        assert_eq!(root.apply_hard_link("h", "../nowhere"), Err(Unfit::NoTarget("../nowhere".into())));
        assert_eq!(root.apply_hard_link("h", "d"), Err(Unfit::NoTarget("d".into())));
        root.apply_hard_link("h", "/d/x").unwrap();
        assert!(root.file("h").is_some());
        // Each link leads into the folder before, a thousand components deeper.
        let mut deep = Root::default();
        let folder = "d/".repeat(1000);
        let mut refused = false;
        for n in 0..10 {
            let below = if n == 0 { String::new() } else { format!("l{}/", n - 1) };
            refused |= deep.apply(&format!("{below}{folder}x"), file()).is_err();
            deep.apply(&format!("l{n}"), link(&format!("{below}{folder}"))).unwrap();
        }
        assert!(refused);
    }

    #[test]
    fn memory_of_an_image_is_bounded() {
        let long = "x".repeat(1000);
        let of = |kind, path: &str, bytes: Vec<u8>| file_with(Facts::of(kind, path, bytes));
        for (name, node) in [
            ("link", link(&long)),
            ("modules.dep", of(FileKind::Text, "modules.dep", long.clone().into())),
            ("modules.dep.bin", of(FileKind::Index, "modules.dep.bin", index::write(&[("a", &long)]))),
            ("a.ko", of(FileKind::Module, "a.ko", kmod_file(62, &format!("firmware={long}\0")))),
            ("program", of(FileKind::Program, "program", program_file(62, None, &[&long]))),
        ] {
            let mut root = Root { weight: HEAVIEST - 1000, ..Root::default() };
            assert_eq!(root.apply(name, node), Err(Unfit::TooMany), "{name}");
        }
        let mut root = Root { weight: HEAVIEST - 1000, ..Root::default() };
        root.apply("a", file_with(Facts::Text(vec![b'x'; 500]))).unwrap();
        root.apply_hard_link("b", "a").unwrap();
    }
}
