//! Writing an output folder: every text is first written to a folder of its own beside where it
//! belongs, and moved there once all is known to be well. Whenever the process dies, each file is
//! the old one or the new one.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use rustix::fs::Mode;
use tempfile::TempDir;

use super::watch::evidence;
use super::write::{fail, remove};
use crate::reconcile::{Action, Change, Shelf};
use crate::record::Evidence;
use crate::tree::{Inaccessible, Outline, View, parents};
use crate::vocabulary::RelPath;

/// The beginning of the names of such folders. What an earlier run left is removed.
const PREFIX: &str = ".kmodgen-";

/// Texts on their way into an output folder.
#[derive(Debug)]
pub struct Stage {
    root: PathBuf,
    folder: OnceLock<TempDir>,
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
    pub fn sweep(&self, outline: &Outline) -> Result<(), Inaccessible> {
        for name in outline.hidden_folders().filter(|name| name.starts_with(PREFIX)) {
            let path = self.root.join(name);
            fs::remove_dir_all(&path).map_err(fail("remove", &path))?;
        }
        Ok(())
    }

    fn folder(&self) -> io::Result<&Path> {
        if let Some(folder) = self.folder.get() {
            return Ok(folder.path());
        }
        // What is generated is for everyone to read, whatever the umask.
        rustix::process::umask(Mode::from_raw_mode(0o022));
        fs::create_dir_all(&self.root)?;
        let made = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&self.root)?;
        // Where another thread was faster, this one's is removed again.
        Ok(self.folder.get_or_init(|| made).path())
    }

    /// Carries out `changes` in their order. A folder that is not there yet comes in whole.
    ///
    /// # Errors
    /// The first path that could not be written; all before it are done, and the next run
    /// completes them.
    pub fn commit(self, changes: &mut [Change], tree: View<'_>) -> Result<(), Inaccessible> {
        let mut whole = String::new();
        for change in changes {
            let path = change.path.as_str();
            match change.action {
                Action::Create | Action::Update if !whole.is_empty() && path.starts_with(&whole) => {}
                Action::Create | Action::Update => {
                    let part = first_absent(path, tree)?;
                    self.move_in(part)?;
                    whole.clear();
                    if part.len() < path.len() {
                        whole.push_str(&path[..=part.len()]);
                    } else if let Some(written) = &mut change.written {
                        // A move changes the time at which its name changed last, and nothing else.
                        written.evidence = moved(written.evidence, &self.root.join(path));
                    }
                }
                Action::Remove => remove(&self.root, &change.path)?,
                Action::Unchanged | Action::Conflict(_) => {}
            }
        }
        Ok(())
    }

    fn move_in(&self, path: &str) -> Result<(), Inaccessible> {
        let to = self.root.join(path);
        let from = self.folder().map_err(fail("write", &to))?.join(path);
        fs::rename(&from, &to).map_err(fail("write", &to))
    }
}

/// The evidence of a file that was moved; none where it is not the same any more.
fn moved(before: Evidence, to: &Path) -> Evidence {
    let Ok(after) = fs::symlink_metadata(to).map(|metadata| evidence(&metadata)) else { return Evidence::NONE };
    let same = Evidence { changed: before.changed, ..after } == before;
    if same { after } else { Evidence::NONE }
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

impl Shelf for Stage {
    fn put(&self, path: &RelPath, text: &str, action: &Action) -> Result<Evidence, Inaccessible> {
        if !matches!(action, Action::Create | Action::Update) {
            return Ok(Evidence::NONE);
        }
        let write = || {
            let staged = self.folder()?.join(path.as_str());
            let create = || fs::OpenOptions::new().write(true).create_new(true).open(&staged);
            let mut file = match create() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    fs::create_dir_all(staged.parent().unwrap_or(&self.root))?;
                    create()?
                }
                file => file?,
            };
            file.write_all(text.as_bytes())?;
            Ok(evidence(&file.metadata()?))
        };
        write().map_err(fail("write", &self.root.join(path.as_str())))
    }
}

/// Texts kept in memory, to be shown.
#[derive(Debug, Default)]
pub struct Kept(Mutex<BTreeMap<RelPath, String>>);

impl Kept {
    /// All of them.
    pub fn into_texts(self) -> BTreeMap<RelPath, String> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf for Kept {
    fn put(&self, path: &RelPath, text: &str, _: &Action) -> Result<Evidence, Inaccessible> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone(), text.to_owned());
        Ok(Evidence::NONE)
    }
}
