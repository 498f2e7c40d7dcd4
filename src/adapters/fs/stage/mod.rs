//! Writing an output folder: every text is first written to a folder of its own beside where it
//! belongs, and moved there once all is known to be well. Whenever the process dies, each file is
//! the old one or the new one.

mod shared;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use rustix::fs::Mode;

use self::shared::staged_apart;
use super::again::{again, make_folder};
use super::failure::fail;
use super::staging_dir::{StagingDir, sweep};
use super::stat::{now, stat_of};
use super::write::remove;
use crate::file_stat::FileStat;
use crate::output::{CONFIG_MAP, DOCKERFILE, KUSTOMIZATION, MODULE};
use crate::reconcile::{Action, Change, TextParts, TextSink};
use crate::render::configmap;
use crate::shared_files::SharedPath;
use crate::tree::{Inaccessible, View, parents};
use crate::vocabulary::RelPath;

/// The longest name that Linux's file systems take, in bytes.
const LONGEST_NAME: usize = 255;

/// The name under which texts with what they replace wait. No module has it.
const JOINED: &str = ".joined";

/// Texts on their way into an output folder.
#[derive(Debug)]
pub struct Stage {
    root: PathBuf,
    folder: OnceLock<StagingDir>,
}

impl Stage {
    /// For the output folder at `root`. Nothing is touched before there is something to write.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), folder: OnceLock::new() }
    }

    /// Removes what runs that were killed left behind. To be called under the folder's lock.
    ///
    /// # Errors
    /// What cannot be removed.
    pub fn sweep(&self, tree: View<'_>) -> Result<(), Inaccessible> {
        sweep(&self.root, tree)
    }

    fn folder(&self) -> io::Result<&StagingDir> {
        if let Some(folder) = self.folder.get() {
            return Ok(folder);
        }
        // What is generated is for everyone to read, whatever the umask.
        rustix::process::umask(Mode::from_raw_mode(0o022));
        make_folder(&self.root)?;
        let made = StagingDir::in_folder(&self.root)?;
        // Where another thread was faster, this one's is removed again.
        Ok(self.folder.get_or_init(|| made))
    }

    /// Carries out `changes` in their order, removals last. A folder that is not there yet comes in
    /// whole. At every moment, each ConfigMap that a Module on disk names is there: one that is replaced
    /// stays in its file beside its successor until the Modules are written.
    ///
    /// # Errors
    /// The first path that could not be written; all before it are done, and the next run
    /// completes them.
    pub fn commit(
        mut self,
        changes: &mut [Box<Change>],
        replacing: &BTreeSet<RelPath>,
        tree: View<'_>,
    ) -> Result<(), Inaccessible> {
        // A change from here on is one to what is on the stage no more.
        let start = now();
        for written in changes.iter_mut().filter_map(|change| change.written.as_mut()) {
            written.stat = written.stat.settled(start);
        }
        let joined = self.move_all_in(changes, replacing, tree)?;
        let gone: Vec<&RelPath> =
            changes.iter().filter(|change| change.action == Action::Remove).map(|change| &change.path).collect();
        self.remove_all(&gone)?;
        joined.into_iter().try_for_each(|at| self.replace(&mut changes[at]))
    }

    /// Moves in what is created and updated. Returns the positions of ConfigMaps that only stand beside
    /// their predecessors yet.
    fn move_all_in(
        &self,
        changes: &mut [Box<Change>],
        replacing: &BTreeSet<RelPath>,
        tree: View<'_>,
    ) -> Result<Vec<usize>, Inaccessible> {
        let changed_modules: HashSet<String> = changes
            .iter()
            .filter(|change| change.path.file_name() == MODULE && !matches!(change.action, Action::Conflict(_)))
            .map(|change| change.path.parent().to_owned())
            .collect();
        let lists = changes.iter().filter(|change| change.action == Action::Update).map(|change| &change.path);
        let mut lists: HashSet<String> =
            lists.filter(|path| is_list(path)).map(|path| path.parent().to_owned()).collect();
        let mut joined = Vec::new();
        let mut whole = String::new();
        for (at, change) in changes.iter_mut().enumerate() {
            let path = change.path.as_str();
            if !matches!(change.action, Action::Create | Action::Update)
                || (!whole.is_empty() && path.starts_with(&whole))
            {
                continue;
            }
            whole.clear();
            if change.action == Action::Update {
                let module = path.split('/').next().unwrap_or_default();
                if change.path.file_name() == MODULE && lists.contains(module) && !self.join_list(module, tree)? {
                    lists.remove(module);
                }
                let is_joined = changed_modules.contains(module)
                    && if is_list(&change.path) {
                        lists.contains(module)
                    } else if replacing.contains(&change.path) {
                        self.move_joined(path)?;
                        true
                    } else {
                        // A shared file never gets another object.
                        let is_own = SharedPath::parse(path).is_none() && change.path.file_name() == CONFIG_MAP;
                        is_own && self.join(&change.path, tree)?
                    };
                if is_joined {
                    joined.push(at);
                } else {
                    self.replace(change)?;
                }
                continue;
            }
            let part = match SharedPath::parse(path) {
                Some(_) => self.make_shared_folder(path, tree)?,
                None => first_absent(path, tree)?,
            };
            self.move_in(part, false)?;
            if part.len() < path.len() {
                whole.push_str(&path[..=part.len()]);
            } else {
                self.note_moved(change);
            }
        }
        Ok(joined)
    }

    /// Moves in a file whose folders are there.
    fn replace(&self, change: &mut Change) -> Result<(), Inaccessible> {
        self.move_in(change.path.as_str(), true)?;
        self.note_moved(change);
        Ok(())
    }

    /// A move changes the time at which a file's name changed last, and nothing else.
    fn note_moved(&self, change: &mut Change) {
        if let Some(written) = &mut change.written {
            written.stat = moved(written.stat, &self.target(change.path.as_str()));
        }
    }

    /// Puts a ConfigMap beside the one that it replaces. Returns whether there is one to keep.
    fn join(&self, path: &RelPath, tree: View<'_>) -> Result<bool, Inaccessible> {
        let to = self.root.join(path.as_str());
        let Some(found) = tree.find(path)? else { return Ok(false) };
        let Some(old) = found.bytes() else { return Ok(false) };
        let write = || {
            let Some(text) = configmap::joined(old, &self.waiting(path.as_str())?) else { return Ok(false) };
            self.put_in_place(&to, &text)?;
            Ok(true)
        };
        write().map_err(fail("write", &to))
    }

    /// Writes a text to a path where it stands until the Modules are written.
    fn put_in_place(&self, to: &Path, text: &str) -> io::Result<()> {
        let folder = self.folder()?;
        folder.make_file(JOINED)?.write_all(text.as_bytes())?;
        again(|| fs::rename(folder.path().join(JOINED), to))
    }

    /// Puts the file of a bundle in place, with the documents that it replaces at its end.
    fn move_joined(&self, path: &str) -> Result<(), Inaccessible> {
        let to = self.root.join(path);
        let folder = self.folder().map_err(fail("write", &to))?;
        let from = folder.path().join(&*Self::staged(&joined(path), true));
        again(|| fs::rename(&from, &to)).map_err(fail("write", &to))
    }

    /// Returns where a text waits, below the staging directory, until it moves to its path. A text that
    /// `replaces` a file needs no folders of its own.
    fn staged(path: &str, replaces: bool) -> Cow<'_, str> {
        if replaces && path.len() <= LONGEST_NAME { path.replace('/', "\\").into() } else { staged_apart(path) }
    }

    /// Creates the file in which a text waits.
    fn create(&self, path: &str, replaces: bool) -> io::Result<fs::File> {
        let (folder, staged) = (self.folder()?, Self::staged(path, replaces));
        let (parent, name) = staged.rsplit_once('/').unwrap_or(("", path));
        // The first file of a mapping: asking whether its folder is there would be in vain.
        let is_first = name == DOCKERFILE || name == KUSTOMIZATION && SharedPath::parse(path).is_some();
        if is_first && !replaces {
            folder.make_folder(parent)?;
        }
        match folder.make_file(&staged) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                folder.make_folder(parent)?;
                folder.make_file(&staged)
            }
            file => file,
        }
    }

    fn move_in(&self, path: &str, replaces: bool) -> Result<(), Inaccessible> {
        let to = self.target(path);
        let folder = self.folder().map_err(fail("write", &to))?;
        let from = folder.path().join(&*Self::staged(path, replaces));
        again(|| fs::rename(&from, &to)).map_err(fail("write", &to))
    }

    /// Reads a text that waits for its path, where it replaces another one.
    fn waiting(&self, path: &str) -> io::Result<String> {
        let folder = self.folder()?;
        again(|| fs::read_to_string(folder.path().join(&*Self::staged(path, true))))
    }

    fn remove_all(&mut self, gone: &[&RelPath]) -> Result<(), Inaccessible> {
        // Where the folder cannot be made, removing tells why, or it can do without.
        if let (false, Ok(_)) = (gone.is_empty(), self.folder())
            && let Some(folder) = self.folder.get()
        {
            folder.note_emptied(gone.iter().map(|path| path.parent()));
        }
        let removed = gone.iter().try_for_each(|path| remove(&self.root, path));
        if let (Err(_), Some(folder)) = (&removed, self.folder.get_mut()) {
            folder.stay();
        }
        removed
    }
}

/// Returns whether a path is of the kustomization of a module.
fn is_list(path: &RelPath) -> bool {
    path.file_name() == KUSTOMIZATION && !path.parent().is_empty() && SharedPath::parse(path.as_str()).is_none()
}

/// Returns the path at which the file of a bundle waits with the documents that it replaces.
fn joined(path: &str) -> String {
    format!("{JOINED}/{path}")
}

/// Returns the metadata of a file that was moved; none if it is not the same any more.
fn moved(before: FileStat, to: &Path) -> FileStat {
    if !before.is_some() {
        return before;
    }
    let Ok(after) = again(|| fs::symlink_metadata(to)).map(|metadata| stat_of(&metadata)) else {
        return FileStat::NONE;
    };
    let same = FileStat { changed: before.changed, ..after } == before;
    if same { after } else { FileStat::NONE }
}

/// The first part of a path that is not there yet, or all of it.
fn first_absent<'p>(path: &'p str, tree: View<'_>) -> Result<&'p str, Inaccessible> {
    for parent in parents(path) {
        if !tree.has_folder(parent)? {
            return Ok(parent);
        }
    }
    Ok(path)
}

impl TextSink for Stage {
    fn put(&self, path: &RelPath, text: &str, action: &Action) -> Result<FileStat, Inaccessible> {
        if !matches!(action, Action::Create | Action::Update) {
            return Ok(FileStat::NONE);
        }
        let write = || {
            let mut file = self.create(path.as_str(), *action == Action::Update)?;
            file.write_all(text.as_bytes())?;
            Ok(stat_of(&again(|| file.metadata())?))
        };
        write().map_err(fail("write", &self.target(path.as_str())))
    }

    fn put_parts(
        &self,
        path: &RelPath,
        (parts, replaced): (TextParts<'_>, Option<&str>),
        action: &Action,
    ) -> Result<FileStat, Inaccessible> {
        let at = self.root.join(path.as_str());
        let mut file = self.create(path.as_str(), *action == Action::Update).map_err(fail("write", &at))?;
        let mut with_replaced = match replaced {
            Some(replaced) => Some((self.create(&joined(path.as_str()), true).map_err(fail("write", &at))?, replaced)),
            None => None,
        };
        let mut part = Vec::new();
        while parts(&mut part)? {
            file.write_all(&part).map_err(fail("write", &at))?;
            if let Some((file, _)) = &mut with_replaced {
                file.write_all(&part).map_err(fail("write", &at))?;
            }
            part.clear();
        }
        if let Some((file, replaced)) = &mut with_replaced {
            file.write_all(replaced.as_bytes()).map_err(fail("write", &at))?;
        }
        Ok(stat_of(&again(|| file.metadata()).map_err(fail("write", &at))?))
    }
}

/// Texts kept in memory, to be shown.
#[derive(Debug, Default)]
pub struct MemorySink(Mutex<BTreeMap<RelPath, String>>);

impl MemorySink {
    /// Returns all texts, by path.
    pub fn into_texts(self) -> BTreeMap<RelPath, String> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TextSink for MemorySink {
    fn put(&self, path: &RelPath, text: &str, _: &Action) -> Result<FileStat, Inaccessible> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone(), text.to_owned());
        Ok(FileStat::NONE)
    }
}
