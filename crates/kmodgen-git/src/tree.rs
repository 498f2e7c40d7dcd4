//! Git's trees: reading them, and making new ones in which only what was asked for is different.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::object::ObjectId;

/// The mode of a folder.
const FOLDER: &[u8] = b"40000";

/// The mode of an ordinary file.
const FILE: &[u8] = b"100644";

/// Object that a name in a tree stands for, and its mode as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Mode, in octal digits.
    pub mode: Cow<'static, [u8]>,
    /// Object.
    pub id: ObjectId,
}

impl Entry {
    fn new(mode: &[u8], id: ObjectId) -> Self {
        let usual = [FILE, FOLDER].into_iter().find(|usual| *usual == mode);
        Self { mode: usual.map_or_else(|| mode.to_vec().into(), Cow::Borrowed), id }
    }

    /// Returns whether the entry is a folder. Some old trees have a mode with a zero in front.
    pub fn is_folder(&self) -> bool {
        matches!(&*self.mode, FOLDER | b"040000")
    }
}

/// The names in a tree, which need not be UTF-8.
pub type Names = BTreeMap<Vec<u8>, Entry>;

/// Reads a tree; `None` where its bytes are none.
pub fn parse(mut bytes: &[u8]) -> Option<Names> {
    let mut names = Names::new();
    while !bytes.is_empty() {
        let space = memchr::memchr(b' ', bytes)?;
        let (mode, rest) = (&bytes[..space], &bytes[space + 1..]);
        let end = memchr::memchr(0, rest)?;
        let (id, after) = rest[end + 1..].split_first_chunk::<20>()?;
        names.insert(rest[..end].to_vec(), Entry::new(mode, ObjectId(*id)));
        bytes = after;
    }
    Some(names)
}

/// The bytes of a tree. Git orders folders as if a `/` followed their names.
pub(crate) fn encode(names: &Names) -> Vec<u8> {
    let mut order: Vec<(&Vec<u8>, &Entry)> = names.iter().collect();

    // Only a folder whose name another name begins with is out of place, so that most are in order.
    if order.iter().any(|(_, entry)| entry.is_folder()) {
        order.sort_by(|(one, entry), (other, other_entry)| in_order(one, entry).cmp(in_order(other, other_entry)));
    }
    let mut bytes = Vec::with_capacity(order.iter().map(|(name, _)| name.len() + 28).sum());
    for (name, Entry { mode, id }) in order {
        put(&mut bytes, mode, name, *id);
    }
    bytes
}

fn in_order<'n>(name: &'n [u8], entry: &Entry) -> impl Iterator<Item = u8> + use<'n> {
    name.iter().copied().chain(entry.is_folder().then_some(b'/'))
}

fn put(bytes: &mut Vec<u8>, mode: &[u8], name: &[u8], id: ObjectId) {
    bytes.extend_from_slice(mode);
    bytes.push(b' ');
    bytes.extend_from_slice(name);
    bytes.push(0);
    bytes.extend_from_slice(&id.0);
}

/// Change at one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// A file of this blob is there.
    File(ObjectId),
    /// Nothing is there.
    Remove,
    /// A folder with this tree is there.
    Folder(ObjectId),
}

/// Changes in a folder, by path.
#[derive(Debug, Default)]
pub struct Edits<'p>(Vec<(&'p str, Edit)>);

impl<'p> Edits<'p> {
    /// Notes what is to be at a path. The last edit of a path counts, and a path in a folder more than the folder's own.
    pub fn note(&mut self, path: &'p str, edit: Edit) {
        self.0.push((path, edit));
    }
}

/// Store of trees.
pub trait Trees {
    /// Reason for a tree that cannot be read or written.
    type Error;

    /// The names in a tree.
    fn read(&self, id: ObjectId) -> Result<Names, Self::Error>;

    /// Adds the tree of a folder, whose path is below the one that is edited.
    fn write(&self, folder: &str, bytes: &[u8]) -> Result<ObjectId, Self::Error>;
}

/// The tree that comes of another one with `edits`; `None` where nothing is left, since git has no
/// empty folders. Trees in which nothing is different are not even read.
pub fn edited<T: Trees>(trees: &T, old: Option<ObjectId>, edits: Edits<'_>) -> Result<Option<ObjectId>, T::Error> {
    let Edits(mut edits) = edits;
    edits.sort_by_key(|(path, _)| *path);
    edited_folder(trees, old, &edits, 0)
}

/// Does this for sorted edits, whose paths in the folder begin at a byte.
fn edited_folder<T: Trees>(
    trees: &T,
    old: Option<ObjectId>,
    mut edits: &[(&str, Edit)],
    start: usize,
) -> Result<Option<ObjectId>, T::Error> {
    let folder = edits.first().and_then(|(path, _)| path[..start].strip_suffix('/')).unwrap_or_default();
    if old.is_none()
        && let Some(bytes) = folder_of_files(edits, start)
    {
        return trees.write(folder, &bytes).map(Some);
    }
    let mut names = old.map_or_else(|| Ok(Names::new()), |id| trees.read(id))?;
    while let Some((path, edit)) = edits.first() {
        let rest = &path.as_bytes()[start..];
        let (name, new, count) = match (memchr::memchr(b'/', rest), edit) {
            (Some(length), _) => {
                let (name, inside) = (&rest[..length], start + length + 1);
                let inner = &path[..inside];
                let count = edits.iter().take_while(|(path, _)| path.starts_with(inner)).count();
                let there = names.get(name).filter(|entry| entry.is_folder()).map(|entry| entry.id);
                let tree = edited_folder(trees, there, &edits[..count], inside)?;
                (name, tree.map(|id| Entry::new(FOLDER, id)), count)
            }
            (None, Edit::File(id)) => (rest, Some(Entry::new(FILE, *id)), 1),
            (None, Edit::Folder(id)) => (rest, Some(Entry::new(FOLDER, *id)), 1),
            (None, Edit::Remove) => (rest, None, 1),
        };
        match new {
            Some(entry) => names.insert(name.to_vec(), entry),
            None => names.remove(name),
        };
        edits = &edits[count..];
    }
    if names.is_empty() { Ok(None) } else { trees.write(folder, &encode(&names)).map(Some) }
}

/// Returns the bytes of a new folder in which there are only files, as in those of most mappings; `None` for others.
fn folder_of_files(edits: &[(&str, Edit)], start: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(edits.iter().map(|(path, _)| path.len() - start + 28).sum());
    for (at, (path, edit)) in edits.iter().enumerate() {
        let name = &path.as_bytes()[start..];
        let Edit::File(id) = edit else { return None };
        if memchr::memchr(b'/', name).is_some() || edits.get(at + 1).is_some_and(|(next, _)| next == path) {
            return None;
        }
        put(&mut bytes, FILE, name, *id);
    }
    (!bytes.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::super::object::ObjectKind;
    use super::*;

    /// Trees in memory.
    #[derive(Default)]
    struct Memory(RefCell<HashMap<ObjectId, Vec<u8>>>);

    #[derive(Debug)]
    struct NoTree(#[expect(dead_code, reason = "a failed test prints it")] ObjectId);

    impl Trees for Memory {
        type Error = NoTree;

        fn read(&self, id: ObjectId) -> Result<Names, NoTree> {
            self.0.borrow().get(&id).and_then(|bytes| parse(bytes)).ok_or(NoTree(id))
        }

        fn write(&self, _: &str, bytes: &[u8]) -> Result<ObjectId, NoTree> {
            let id = ObjectId::of(ObjectKind::Tree, bytes);
            self.0.borrow_mut().insert(id, bytes.to_vec());
            Ok(id)
        }
    }

    fn edits<'p>(paths: &[(&'p str, Option<u8>)]) -> Edits<'p> {
        let mut edits = Edits::default();
        for (path, file) in paths {
            edits.note(path, file.map_or(Edit::Remove, |byte| Edit::File(ObjectId([byte; 20]))));
        }
        edits
    }

    #[test]
    fn names_are_in_gits_order() {
        let trees = Memory::default();
        let made =
            edited(&trees, None, edits(&[("a/x", Some(1)), ("a.b", Some(2)), ("a0", Some(3))])).unwrap().unwrap();
        let bytes = trees.0.borrow()[&made].clone();
        let places = [" a.b\0", " a\0", " a0\0"].map(|name| memchr::memmem::find(&bytes, name.as_bytes()).unwrap());
        assert!(places.is_sorted(), "{bytes:?}");
        assert_eq!(encode(&parse(&bytes).unwrap()), bytes);
    }

    #[test]
    fn only_what_is_asked_for_is_different() {
        let trees = Memory::default();
        // What cannot be read must not be.
        let other = Entry::new(FOLDER, ObjectId([9; 20]));
        let strange = Entry::new(b"100664", ObjectId([8; 20]));
        let old: Names = [(b"other".to_vec(), other.clone()), (b"\xff".to_vec(), strange.clone())].into();
        let old = trees.write("", &encode(&old)).unwrap();
        let new = edited(&trees, Some(old), edits(&[("ours/a/f", Some(1)), ("ours/b", Some(2))])).unwrap().unwrap();
        let names = trees.read(new).unwrap();
        assert_eq!((&names[&b"other"[..]], &names[&b"\xff"[..]]), (&other, &strange));
        let gone = [("ours/a/f", None), ("ours/b", None)];
        assert_eq!(edited(&trees, Some(new), edits(&gone)).unwrap(), Some(old), "a folder goes with its last file");
        assert_eq!(edited(&trees, None, edits(&gone)).unwrap(), None);
    }

    #[test]
    fn a_folder_is_replaced_as_a_whole() {
        let trees = Memory::default();
        let inner = edited(&trees, None, edits(&[("f", Some(1))])).unwrap().unwrap();
        let mut folder = edits(&[("b", Some(2))]);
        folder.note("path/a", Edit::Folder(inner));
        let made = edited(&trees, None, folder).unwrap();
        assert_eq!(made, edited(&trees, None, edits(&[("b", Some(2)), ("path/a/f", Some(1))])).unwrap());
    }

    proptest! {
        /// A folder that is new is the one that is edited step by step.
        #[test]
        fn edits_at_once_are_edits_one_by_one(
            paths in proptest::collection::vec(("([ab.]{0,2}d/){0,2}[ab.]{0,2}f", proptest::option::of(0..4_u8)), 0..20),
        ) {
            let trees = Memory::default();
            let paths: Vec<(&str, Option<u8>)> = paths.iter().map(|(path, file)| (path.as_str(), *file)).collect();
            let mut tree = None;
            for edit in &paths {
                tree = edited(&trees, tree, edits(&[*edit])).unwrap();
            }
            prop_assert_eq!(edited(&trees, None, edits(&paths)).unwrap(), tree);
        }

        /// Whatever a repository holds, reading it ends; and what git wrote is written as it was.
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
            let names: Names = bytes
                .chunks(21)
                .filter(|chunk| chunk.len() == 21)
                .map(|chunk| {
                    let id = ObjectId(chunk[1..].try_into().unwrap());
                    let mode = if chunk[0] % 2 == 0 { FILE } else { FOLDER };
                    (vec![b'a', b'.' + chunk[0] % 4], Entry::new(mode, id))
                })
                .collect();
            prop_assert_eq!(parse(&encode(&names)), Some(names));
        }
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        for bytes in [&b"100644"[..], b"100644 a", b"100644 a\0short", b"\0"] {
            assert_eq!(parse(bytes), None, "{bytes:?}");
        }
    }
}
