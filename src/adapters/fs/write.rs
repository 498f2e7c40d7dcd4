//! Writing: every file on disk is the old one or the new one, never a part of one.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use tempfile::NamedTempFile;

use super::again::{again, make_folder};
use super::failure::fail;
use super::replace::{replace, tidy};
use crate::tree::Inaccessible;
use crate::vocabulary::RelPath;

/// Time to wait for another process that writes the same file.
const PATIENCE: Duration = Duration::from_secs(60);

/// Writes a file whole: its next text is written beside it, and then takes its place.
///
/// # Errors
/// The path, and why it could not be written; a file that stood there is as it was.
pub fn write_file(path: &Path, text: &str) -> Result<(), Inaccessible> {
    replace(path, text.as_bytes(), PATIENCE)
}

/// Writes a file that is not there yet, and the folder that it is in; returns whether it did. Whatever is at the path
/// stays as it is, be it a link that leads nowhere.
///
/// # Errors
/// The path, and why it could not be written.
pub fn write_new_file(path: &Path, text: &str) -> Result<bool, Inaccessible> {
    make_folder(folder_of(path)).map_err(fail("make folder", folder_of(path)))?;
    let mut next = beside(path)?;
    let written = next.write_all(text.as_bytes()).and_then(|()| {
        // Outputs are for everyone, whatever the umask.
        again(|| next.as_file().set_permissions(fs::Permissions::from_mode(0o644)))
    });
    written.map_err(fail("write", path))?;
    match next.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(failed) => Err(fail("write", path)(failed.error)),
    }
}

/// Checks whether there is anything at a path, be it a link that leads nowhere.
///
/// # Errors
/// The path, and why it could not be looked at.
pub fn is_taken(path: &Path) -> Result<bool, Inaccessible> {
    match again(|| fs::symlink_metadata(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        looked => looked.map(|_| true).map_err(fail("look for", path)),
    }
}

/// Clears away what a run that was killed left of a file that is right now.
pub fn tidy_file(path: &Path) {
    tidy(path);
}

/// The folder that a file is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A temporary file beside a path.
pub(super) fn beside(path: &Path) -> Result<NamedTempFile, Inaccessible> {
    let folder = folder_of(path);
    let made = tempfile::Builder::new().prefix(".kmodgen-").suffix(".tmp").tempfile_in(folder);
    made.map_err(fail("write in folder", folder))
}

/// Removes a file below `root` and the folders that it leaves empty. One that is gone already is no
/// error.
///
/// # Errors
/// The path, and why it could not be removed.
pub fn remove(root: &Path, rel: &RelPath) -> Result<(), Inaccessible> {
    let path = root.join(rel.as_str());
    match again(|| fs::remove_file(&path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(fail("remove", &path)(error)),
        _ => remove_empty(root, rel.parent()),
    }
}

/// Removes a folder if it is empty.
///
/// # Errors
/// The path, and why it could not be removed.
pub fn remove_if_empty(folder: &Path) -> Result<(), Inaccessible> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    remove_empty(folder.parent().unwrap_or(Path::new("")), &name)
}

/// Removes a folder below `root` if it is empty, and those that it is in.
pub(super) fn remove_empty(root: &Path, mut rel: &str) -> Result<(), Inaccessible> {
    while !rel.is_empty() {
        let folder = root.join(rel);
        match again(|| fs::remove_dir(&folder)).map_err(|error| (error.kind(), error)) {
            Ok(()) | Err((io::ErrorKind::NotFound, _)) => {}
            // Some systems say the one, some the other.
            Err((io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists, _)) => break,
            Err((_, error)) => return Err(fail("remove folder", &folder)(error)),
        }
        rel = rel.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
    Ok(())
}
