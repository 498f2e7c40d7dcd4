//! Writing: every file on disk is the old one or the new one, never a part of one.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::NamedTempFile;

use super::describe;
use crate::tree::Inaccessible;
use crate::vocabulary::RelPath;

/// What an I/O error comes to at a path.
pub(super) fn fail(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Inaccessible {
    move |error| Inaccessible { verb, path: path.display().to_string(), why: describe(&error) }
}

/// Writes a file whole: a temporary file beside it, renamed over it.
///
/// # Errors
/// The path, and why it could not be written; a file that stood there is as it was.
pub fn write_file(path: &Path, text: &str) -> Result<(), Inaccessible> {
    let mut file = beside(path)?;
    file.write_all(text.as_bytes()).map_err(fail("write", path))?;
    // Temporary files are private; outputs are for everyone, whatever the umask.
    file.as_file().set_permissions(Permissions::from_mode(0o644)).map_err(fail("write", path))?;
    file.persist(path).map_err(|error| fail("write", path)(error.error))?;
    Ok(())
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

/// Removes a file and the folders that it leaves empty.
pub(super) fn remove(root: &Path, rel: &RelPath) -> Result<(), Inaccessible> {
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
