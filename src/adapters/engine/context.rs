//! The context of a build: a folder of its own, with exactly the files that the content hash is over.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use super::Ended;
use crate::adapters::fs::PrivateFolder;
use crate::plan::{Folder, FolderFile, FolderFileKind};
use crate::vocabulary::{Digest, InputFiles};

/// A context. It is gone when this is.
#[derive(Debug)]
pub struct Context(PrivateFolder);

impl Context {
    /// One with these folders beside a manifest, at their paths, as they were when they were planned:
    /// what else is there, and what changed since, is not built from. With none it is empty, as KMM's.
    ///
    /// # Errors
    /// A file that is not as it was, or a machine that cannot hold them.
    pub fn of<'f>(folders: impl IntoIterator<Item = &'f Folder>, files: &dyn InputFiles) -> Result<Self, Ended> {
        let top = PrivateFolder::make_large().map_err(Ended::no_folder)?;
        folders.into_iter().flat_map(|folder| &folder.files).try_for_each(|file| lay(file, files, top.path()))?;
        Ok(Self(top))
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}

fn cannot_write(path: &Path) -> impl FnOnce(io::Error) -> Ended {
    Ended::machine(format!("cannot write `{}`", path.display()))
}

fn lay(file: &FolderFile, files: &dyn InputFiles, top: &Path) -> Result<(), Ended> {
    let path = top.join(file.path.as_str());
    path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(cannot_write(&path))?;
    match &file.kind {
        // Two sources may be one folder.
        FolderFileKind::Link { .. } if path.is_symlink() => Ok(()),
        FolderFileKind::Link { to } => symlink(to, &path).map_err(cannot_write(&path)),
        FolderFileKind::File { executable, digest } => {
            let bytes = files.read(&file.path).ok().filter(|bytes| Digest::of(bytes) == *digest);
            let bytes = bytes.ok_or_else(|| Ended::Refused(format!("`{}` changed during the run", file.path)))?;
            let mode = Permissions::from_mode(if *executable { 0o755 } else { 0o644 });
            std::fs::write(&path, &**bytes)
                .and_then(|()| std::fs::set_permissions(&path, mode))
                .map_err(cannot_write(&path))
        }
    }
}
