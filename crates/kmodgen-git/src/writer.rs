//! New objects on their way into a repository: few become loose files, as git has it, and many
//! one pack. Until they are finished, nobody else sees them.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::delta::Base;
use super::entry::{OFFSET_DELTA, deflated, entry_header, offset_back, whole};
use super::object::{ObjectId, ObjectKind, header};
use super::pack::{self, Pack};

/// Largest number of loose objects, as with `git receive-pack` (`transfer.unpackLimit`).
const LOOSE: usize = 99;

/// Prefix of files that `git prune` takes for left over.
const TEMPORARY: &str = "tmp_obj_kmodgen_";

/// The writer of new objects.
pub struct Objects {
    /// The repository's folder of objects.
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: HashSet<ObjectId>,
    /// Objects of a writer that has few.
    few: Vec<(ObjectId, ObjectKind, Vec<u8>)>,
    pack: Option<Pack>,
    /// Bases of deltas between the files of a module, by its folder and their name.
    bases: HashMap<(String, String), Arc<(Base, u64)>>,
}

impl Objects {
    /// Makes a writer for the repository whose objects are in `folder`.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), state: Mutex::default() }
    }

    /// The repository's folder of objects.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Adds an object. `family` are a folder and a name whose objects are like each other.
    pub fn add(&self, kind: ObjectKind, bytes: &[u8], family: Option<(&str, &str)>) -> io::Result<ObjectId> {
        let id = ObjectId::of(kind, bytes);
        let family = family.map(|(folder, name)| (folder.to_owned(), name.to_owned()));
        let base = {
            let mut state = self.state();
            if !state.known.insert(id) {
                return Ok(id);
            }
            if state.pack.is_none() {
                state.few.push((id, kind, bytes.to_vec()));
                if state.few.len() > LOOSE {
                    self.begin_pack(&mut state)?;
                }
                return Ok(id);
            }
            family.as_ref().and_then(|family| state.bases.get(family).cloned())
        };
        // Compressing is done while other threads write.
        if let Some((delta, base)) = base.and_then(|base| Some((base.0.delta(bytes)?, base))) {
            let head = entry_header(OFFSET_DELTA, delta.len());
            let body = deflated(&delta);
            let mut state = self.state();
            let pack = open(&mut state)?;
            let back = offset_back(pack.end() - base.1);
            pack.add(id, &[&head, &back, &body])?;
            return Ok(id);
        }
        let entry = whole(kind, bytes);
        let next = family.map(|family| (family, Base::new(bytes)));
        let mut state = self.state();
        let pack = open(&mut state)?;
        let offset = pack.end();
        pack.add(id, &[&entry])?;
        if let Some((family, base)) = next {
            state.bases.insert(family, Arc::new((base, offset)));
        }
        Ok(id)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin_pack(&self, state: &mut State) -> io::Result<()> {
        let mut pack = Pack::create(&self.folder.join("pack"))?;
        for (id, kind, bytes) in state.few.drain(..) {
            pack.add(id, &[&whole(kind, &bytes)])?;
        }
        state.pack = Some(pack);
        Ok(())
    }

    /// Puts all of them into the repository.
    pub fn finish(self) -> io::Result<()> {
        let State { few, pack, .. } = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        match pack {
            Some(pack) => pack.finish(),
            None => few.iter().try_for_each(|(id, kind, bytes)| put_loose(&self.folder, *id, *kind, bytes)),
        }
    }
}

fn open(state: &mut State) -> io::Result<&mut Pack> {
    state.pack.as_mut().ok_or_else(|| io::Error::other("no pack was begun"))
}

fn put_loose(folder: &Path, id: ObjectId, kind: ObjectKind, bytes: &[u8]) -> io::Result<()> {
    let name = id.to_string();
    let (first, rest) = name.split_at(2);
    let path = folder.join(first).join(rest);
    if path.exists() {
        return Ok(());
    }
    fs::create_dir_all(folder.join(first))?;
    let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder.join(first))?;
    let text = [header(kind, bytes.len()).as_bytes(), bytes].concat();
    file.write_all(&deflated(&text))?;
    file.as_file().set_permissions(fs::Permissions::from_mode(0o444))?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Removes the temporary files of runs that were killed. To be called under the repository's lock.
pub fn sweep(folder: &Path) {
    for folder in paths(folder) {
        if !folder.file_name().is_some_and(|name| name.len() == 2 || name == "pack") {
            continue;
        }
        for path in paths(&folder).filter(|path| is_temporary(path)) {
            // What cannot be removed is only in the way of nobody.
            let _: io::Result<()> = fs::remove_file(path);
        }
    }
}

fn paths(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with(pack::TEMPORARY) || name.starts_with(TEMPORARY)
}
