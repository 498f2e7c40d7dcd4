//! The folder of a manifest, as the core sees it.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::again::again;
use super::{LARGEST_INPUT, describe, open_input, read_input};
use crate::vocabulary::{Digest, InputError, InputFiles, Listed, ListedKind, RelPath, is_gits_own};

const OUTSIDE: &str = "it is outside of the git repository that the manifest is in";

/// The folder of a manifest. Nothing outside of it is read, links included, but for files of the repository around it
/// that are asked for by paths which leave the folder.
#[derive(Debug)]
pub struct ManifestFolder {
    root: PathBuf,
    /// The folder's path without links.
    real: OnceLock<PathBuf>,
}

impl ManifestFolder {
    /// The folder at `root`, the current one where that is empty.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        let root = if root.as_os_str().is_empty() { PathBuf::from(".") } else { root };
        Self { root, real: OnceLock::new() }
    }

    /// Returns the names at the top of the folder.
    ///
    /// # Errors
    /// A folder that cannot be read, or has a name that is not UTF-8.
    pub fn list_top(&self) -> Result<Vec<Listed>, InputError> {
        list(&self.root)
    }

    /// Returns the path of the folder.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Returns the digest of a file that can be read as input.
    ///
    /// # Errors
    /// As [`InputFiles::read`].
    pub fn digest(&self, path: &RelPath) -> Result<Digest, InputError> {
        let (file, _) = open_input(&self.locate(path)?, LARGEST_INPUT)?;
        Ok(Digest::of_reader(file).map_err(|error| describe(&error))?)
    }

    fn real_root(&self) -> Result<&Path, InputError> {
        if let Some(real) = self.real.get() {
            return Ok(real);
        }
        let real = again(|| fs::canonicalize(&self.root)).map_err(|error| describe(&error))?;
        Ok(self.real.get_or_init(|| real))
    }

    /// Returns the path without links of a file that may be read.
    fn locate(&self, path: &RelPath) -> Result<PathBuf, InputError> {
        let root = self.real_root()?;
        if path.leaves_folder() {
            return locate_in_repository(root, path);
        }
        let real = again(|| fs::canonicalize(root.join(path.as_str()))).map_err(|error| describe(&error))?;
        let Ok(below) = real.strip_prefix(root) else {
            return Err("it is a link that leaves the manifest's folder".into());
        };
        refuse_gits_own(below)?;
        Ok(real)
    }
}

impl InputFiles for ManifestFolder {
    fn read(&self, path: &RelPath) -> Result<Arc<Vec<u8>>, InputError> {
        Ok(read_input(&self.locate(path)?, LARGEST_INPUT)?.into())
    }

    fn list(&self, folder: &RelPath) -> Result<Vec<Listed>, InputError> {
        let path = self.real_root()?.join(folder.as_str());
        // Builders of containers do not all follow a link to what they copy.
        if again(|| fs::canonicalize(&path)).map_err(|error| describe(&error))? != path {
            return Err("it is reached through a link".into());
        }
        list(&path)
    }
}

/// Returns the path without links of a file outside of the folder, in the repository that the folder is in.
fn locate_in_repository(folder: &Path, path: &RelPath) -> Result<PathBuf, InputError> {
    let Some(top) = folder.ancestors().find(|folder| is_top(folder)) else {
        return Err("it is outside of the manifest's folder, which is in no git repository".into());
    };
    let above = path.as_str().split('/').take_while(|part| *part == "..").count();
    // A missing file outside of the repository is no different from one that is there.
    if folder.ancestors().nth(above).is_none_or(|folder| !folder.starts_with(top)) {
        return Err(OUTSIDE.into());
    }
    let real = again(|| fs::canonicalize(folder.join(path.as_str()))).map_err(|error| describe(&error))?;
    let Ok(below) = real.strip_prefix(top) else { return Err(OUTSIDE.into()) };
    refuse_gits_own(below)?;
    if real.ancestors().skip(1).take_while(|folder| *folder != top).any(is_top) {
        return Err("it belongs to another git repository".into());
    }
    Ok(real)
}

/// Refuses files of a `.git`, which no commit has either.
fn refuse_gits_own(path: &Path) -> Result<(), InputError> {
    match path.iter().any(|name| is_gits_own(&name.to_string_lossy())) {
        true => Err("it belongs to git".into()),
        false => Ok(()),
    }
}

/// Returns whether a folder is the top of a repository. A `.git` of any kind counts, so that a broken one never makes
/// more files readable.
fn is_top(folder: &Path) -> bool {
    fs::symlink_metadata(folder.join(".git")).is_ok()
}

fn list(path: &Path) -> Result<Vec<Listed>, InputError> {
    let mut names = Vec::new();
    for entry in again(|| fs::read_dir(path)).map_err(|error| describe(&error))? {
        let name = entry.map_err(|error| describe(&error))?.file_name().into_string().map_err(not_utf8)?;
        let kind = listed_kind(&path.join(&name)).map_err(|error| format!("`{name}`: {}", describe(&error)))?;
        names.push(Listed { name, kind });
    }
    names.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(names)
}

fn listed_kind(path: &Path) -> std::io::Result<ListedKind> {
    let metadata = again(|| fs::symlink_metadata(path))?;
    let kind = metadata.file_type();
    Ok(if kind.is_dir() {
        ListedKind::Folder
    } else if kind.is_file() {
        ListedKind::File { executable: metadata.permissions().mode() & 0o100 != 0 }
    } else if kind.is_symlink() {
        match again(|| fs::read_link(path))?.into_os_string().into_string() {
            Ok(to) => ListedKind::Link { to },
            Err(_) => ListedKind::Other("a link whose target is not UTF-8"),
        }
    } else if kind.is_socket() {
        ListedKind::Other("a socket")
    } else if kind.is_fifo() {
        ListedKind::Other("a pipe")
    } else {
        ListedKind::Other("a device")
    })
}

#[expect(clippy::needless_pass_by_value, reason = "it is what a conversion gives back")]
fn not_utf8(name: OsString) -> String {
    format!("the name `{}` in it is not UTF-8", name.to_string_lossy().escape_debug())
}
