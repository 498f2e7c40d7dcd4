//! A folder of a commit as an output folder: read from the repository's objects, without a
//! checkout.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use git2::{ObjectType, Oid, Repository};

use crate::adapters::fs::LARGEST_OURS;
use crate::file_stat::FileStat;
use crate::tree::{Content, Found, Inaccessible, Kind, Look, OutputFolder};
use crate::vocabulary::RelPath;
use kmodgen_git::{Entry, Names, ObjectId, ObjectKind, shown};

/// A tree beyond this is none that anyone works with: a million names fit.
const LARGEST_TREE: usize = 128 << 20;

/// Handles on one repository, each for one thread at a time: libgit2's are not to be shared.
pub(in crate::adapters::git) struct Handles {
    path: PathBuf,
    idle: Mutex<Vec<Repository>>,
}

impl Handles {
    /// Makes handles on the repository at `path`.
    pub(in crate::adapters::git) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Mutex::default() }
    }

    /// Does `work` with one of them.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Repository) -> Result<T, git2::Error>) -> Result<T, git2::Error> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let repository = idle.map_or_else(|| Repository::open(&self.path), Ok)?;
        let done = work(&repository);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(repository);
        done
    }

    /// The bytes of an object of a kind, of at most so many bytes; `None` where it has more.
    fn read(&self, id: ObjectId, kind: ObjectType, most: usize) -> Result<Option<Vec<u8>>, git2::Error> {
        self.with(|repository| {
            let odb = repository.odb()?;
            let (length, found) = odb.read_header(id.to_git()?)?;
            if found != kind {
                return Err(git2::Error::from_str(&format!("{id} is a {found}, but expected a {kind}")));
            }
            if length > most {
                return Ok(None);
            }
            Ok(Some(odb.read(id.to_git()?)?.data().to_vec()))
        })
    }

    /// The names in a tree.
    pub(super) fn names(&self, id: ObjectId) -> Result<Names, git2::Error> {
        let bytes = self.read(id, ObjectType::Tree, LARGEST_TREE)?;
        bytes
            .and_then(|bytes| kmodgen_git::parse(&bytes))
            .ok_or_else(|| git2::Error::from_str(&format!("{id} is not a tree")))
    }
}

/// Trees that are not in the repository yet.
pub(super) type NewTrees = HashMap<ObjectId, Box<[u8]>>;

/// A folder of a commit, which need not exist.
pub struct CommittedFolder {
    handles: Arc<Handles>,
    /// Trees that are read from memory.
    new: Arc<NewTrees>,
    /// Name in messages.
    shown: String,
    root: Option<ObjectId>,
    /// The trees of the folder and of those in it.
    known: Mutex<HashMap<String, Arc<Names>>>,
    /// Set if all trees are kept, and not just those at the top.
    keeps_all: bool,
}

impl CommittedFolder {
    pub(super) fn new(handles: &Arc<Handles>, shown: &str, root: Option<ObjectId>) -> Self {
        Self {
            handles: Arc::clone(handles),
            new: Arc::default(),
            shown: shown.to_owned(),
            root,
            known: Mutex::default(),
            keeps_all: false,
        }
    }

    /// Keeps all trees that are read: a folder of the files that clusters share is asked once for each cluster.
    pub fn keeping_all(self) -> Self {
        Self { keeps_all: true, ..self }
    }

    /// Reads these trees from memory.
    pub(super) fn with_new(self, new: &Arc<NewTrees>) -> Self {
        Self { new: Arc::clone(new), ..self }
    }

    fn read(&self, id: ObjectId) -> Result<Names, git2::Error> {
        self.new.get(&id).and_then(|bytes| kmodgen_git::parse(bytes)).map_or_else(|| self.handles.names(id), Ok)
    }

    fn fail(&self, path: &str) -> impl FnOnce(git2::Error) -> Inaccessible {
        let path = format!("{}/{path}", self.shown);
        move |error| Inaccessible { verb: "read", path, why: shown(error.message()) }
    }

    /// The names in a folder below it; none where it is not there, or no folder.
    fn tree(&self, path: &str) -> Result<Arc<Names>, Inaccessible> {
        // Those of kernels are many, small, and asked for twice at most.
        let keeps = self.keeps_all || !path.contains('/');
        if keeps && let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(path) {
            return Ok(Arc::clone(known));
        }
        let id = if path.is_empty() { self.root } else { self.entry(path)?.filter(Entry::is_folder).map(|e| e.id) };
        let names = id.map_or_else(|| Ok(Names::new()), |id| self.read(id)).map_err(self.fail(path))?;
        let names = Arc::new(names);
        if keeps {
            self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), Arc::clone(&names));
        }
        Ok(names)
    }

    /// Finds the entry at a path below the folder.
    fn entry(&self, path: &str) -> Result<Option<Entry>, Inaccessible> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        Ok(self.tree(folder)?.get(name.as_bytes()).cloned())
    }
}

impl OutputFolder for CommittedFolder {
    fn names(&self, folder: &str) -> Result<Vec<(String, Kind)>, Inaccessible> {
        let names = self.tree(folder)?;
        // No path of ours has a name that is not UTF-8.
        let utf8 = names.iter().filter_map(|(name, entry)| Some((String::from_utf8(name.clone()).ok()?, kind(entry))));
        Ok(utf8.collect())
    }

    fn kind(&self, path: &str) -> Result<Option<Kind>, Inaccessible> {
        Ok(self.entry(path)?.as_ref().map(kind))
    }

    fn look(&self, path: &RelPath) -> Result<Option<Look>, Inaccessible> {
        let Some(entry) = self.entry(path.as_str())? else { return Ok(None) };
        let found = match kind(&entry) {
            Kind::Folder => Found::Folder,
            Kind::Other(what) => Found::Other(what),
            Kind::File => {
                let most = usize::try_from(LARGEST_OURS).unwrap_or(usize::MAX);
                let bytes = self.handles.read(entry.id, ObjectType::Blob, most).map_err(self.fail(path.as_str()))?;
                bytes.map_or(Found::Other("a file far larger than any of kmodgen's"), Found::File)
            }
        };
        let size = if let Found::File(bytes) = &found { bytes.len() } else { 0 };
        Ok(Some((found, FileStat::of_object(entry.id.0, size as u64))))
    }

    fn holds(&self, path: &RelPath, content: Content<'_>) -> Result<Option<FileStat>, Inaccessible> {
        let Some(entry) = self.entry(path.as_str())?.filter(|entry| kind(entry) == Kind::File) else { return Ok(None) };
        let stat = match content {
            Content::Text(text) => {
                FileStat::of_object(ObjectId::of(ObjectKind::Blob, text.as_bytes()).0, text.len() as u64)
            }
            Content::Object(stat) => stat,
        };
        Ok((stat.object() == Some(entry.id.0)).then_some(stat))
    }

    fn stat(&self, path: &str) -> FileStat {
        let id = if path.is_empty() { self.root } else { self.entry(path).ok().flatten().map(|entry| entry.id) };
        id.map_or(FileStat::NONE, |id| FileStat::of_object(id.0, 0))
    }
}

fn kind(entry: &Entry) -> Kind {
    match &*entry.mode {
        _ if entry.is_folder() => Kind::Folder,
        [b'1', b'0', b'0', ..] => Kind::File,
        b"120000" => Kind::Other("a symbolic link"),
        b"160000" => Kind::Other("a submodule"),
        _ => Kind::Other("something other than a file"),
    }
}

/// Finds the folder at a path of a tree, or the part of the path that is no folder.
pub(super) fn descend(
    handles: &Handles,
    root: Option<ObjectId>,
    path: &str,
) -> Result<Result<Option<ObjectId>, (String, &'static str)>, git2::Error> {
    let mut at = root;
    let mut walked = String::new();
    for name in path.split('/').filter(|name| !name.is_empty()) {
        let Some(id) = at else { return Ok(Ok(None)) };
        if !walked.is_empty() {
            walked.push('/');
        }
        walked.push_str(name);
        at = match handles.names(id)?.get(name.as_bytes()) {
            None => None,
            Some(entry) => match kind(entry) {
                Kind::Folder => Some(entry.id),
                Kind::File => return Ok(Err((walked, "a file"))),
                Kind::Other(what) => return Ok(Err((walked, what))),
            },
        };
    }
    Ok(Ok(at))
}

/// Returns a folder of a commit.
///
/// # Errors
/// A lower-case fragment: a path through something else than folders, or an object that is missing.
pub(in crate::adapters::git) fn folder_in_commit(
    handles: &Arc<Handles>,
    commit: Oid,
    path: &str,
) -> Result<CommittedFolder, String> {
    let tree = handles.with(|repository| Ok(repository.find_commit(commit)?.tree_id()));
    let found = tree.and_then(|tree| descend(handles, ObjectId::from_git(tree), path));
    match found {
        Ok(Ok(root)) => Ok(CommittedFolder::new(handles, path, root)),
        Ok(Err((path, what))) => Err(format!("`{}` is {what}", shown(&path))),
        Err(error) => Err(shown(error.message())),
    }
}
