//! Writing: every file on disk is the old one or the new one, never a part of one.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::describe;
use crate::reconcile::{Action, Change};
use crate::vocabulary::RelPath;

/// A path that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} `{}`: {}", path.display(), describe(source))]
pub struct WriteError {
    verb: &'static str,
    path: PathBuf,
    source: io::Error,
}

fn fail(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_owned();
    move |source| WriteError { verb, path, source }
}

/// Carries out changes below `root`, in their order.
///
/// # Errors
/// The first path that could not be written; all before it are done.
pub fn apply(root: &Path, changes: &[Change]) -> Result<(), WriteError> {
    for change in changes {
        let path = root.join(change.path.as_str());
        match (&change.action, &change.text) {
            (Action::Create | Action::Update, Some(text)) => {
                let parent = path.parent().unwrap_or(root);
                fs::create_dir_all(parent).map_err(fail("make folder", parent))?;
                write_file(&path, text)?;
            }
            (Action::Remove, _) => remove(root, &change.path)?,
            _ => {}
        }
    }
    Ok(())
}

/// Writes a file whole: a temporary file beside it, renamed over it.
///
/// # Errors
/// The path, and why it could not be written; a file that stood there is as it was.
pub fn write_file(path: &Path, text: &str) -> Result<(), WriteError> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".kmodgen-")
        .suffix(".tmp")
        .tempfile_in(folder)
        .map_err(fail("write in folder", folder))?;
    file.write_all(text.as_bytes()).map_err(fail("write", path))?;
    // Temporary files are private; outputs are for everyone, whatever the umask.
    file.as_file().set_permissions(Permissions::from_mode(0o644)).map_err(fail("write", path))?;
    file.persist(path).map_err(|error| fail("write", path)(error.error))?;
    Ok(())
}

/// Removes a file and the folders that it leaves empty.
fn remove(root: &Path, rel: &RelPath) -> Result<(), WriteError> {
    let path = root.join(rel.as_str());
    fs::remove_file(&path).map_err(fail("remove", &path))?;
    let mut parent = rel.parent();
    while !parent.is_empty() {
        let folder = root.join(parent);
        match fs::remove_dir(&folder) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => break,
            Err(error) => return Err(fail("remove folder", &folder)(error)),
        }
        parent = parent.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
    Ok(())
}
