//! Reading an output folder.

use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::{fs, os::unix::fs::FileTypeExt as _};

use rustix::fs::OFlags;

use super::again::again;
use super::describe;
use super::stat::{path_stat, stat_of};
use crate::cache::ReadAt;
use crate::file_stat::FileStat;
use crate::tree::{Found, Inaccessible, Kind, Look, OutputFolder};
use crate::vocabulary::RelPath;

/// A file beyond this is none of ours: etcd takes objects of 1.5 MiB at most.
pub(in crate::adapters) const LARGEST_OURS: u64 = 16 << 20;

/// An output folder on disk, which need not exist.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder at `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }
}

impl OutputFolder for Folder {
    fn names(&self, folder: &str) -> Result<Vec<(String, Kind)>, Inaccessible> {
        let path = self.root.join(folder);
        let fail = |error: io::Error| inaccessible(&path, &error);
        match again(|| list(&path)) {
            // It may have gone while its parent was read.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            names => names.map_err(fail),
        }
    }

    fn kind(&self, path: &str) -> Result<Option<Kind>, Inaccessible> {
        let path = self.root.join(path);
        match again(|| fs::symlink_metadata(&path)) {
            Ok(metadata) => Ok(Some(kind(metadata.file_type()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(inaccessible(&path, &error)),
        }
    }

    fn look(&self, path: &RelPath) -> Result<Option<Look>, Inaccessible> {
        let path = self.root.join(path.as_str());
        let file = match open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => match again(|| fs::symlink_metadata(&path)).map(|metadata| kind(metadata.file_type())) {
                Ok(Kind::Other(what)) => return Ok(Some((Found::Other(what), FileStat::NONE))),
                _ => return Err(inaccessible(&path, &error)),
            },
        };
        read(file).map_err(|error| inaccessible(&path, &error)).map(Some)
    }

    fn open(&self, path: &RelPath) -> Option<Box<dyn ReadAt>> {
        let file = open(&self.root.join(path.as_str())).ok()?;
        if again(|| file.metadata()).ok()?.is_file() { Some(Box::new(file)) } else { None }
    }

    fn stat(&self, path: &str) -> FileStat {
        path_stat(&self.root.join(path))
    }
}

/// Opens a file to read it. A pipe is not waited for, and a link not followed.
fn open(path: &Path) -> io::Result<fs::File> {
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or(0);
    fs::OpenOptions::new().read(true).custom_flags(flags).open(path)
}

fn list(folder: &Path) -> io::Result<Vec<(String, Kind)>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // No path of ours has a name that is not UTF-8.
        if let Ok(name) = entry.file_name().into_string() {
            names.push((name, kind(entry.file_type()?)));
        }
    }
    Ok(names)
}

fn read(file: fs::File) -> io::Result<Look> {
    let metadata = again(|| file.metadata())?;
    let stat = stat_of(&metadata);
    match kind(metadata.file_type()) {
        Kind::Folder => return Ok((Found::Folder, stat)),
        Kind::Other(what) => return Ok((Found::Other(what), stat)),
        Kind::File if metadata.len() > LARGEST_OURS => {
            return Ok((Found::Other("a file far larger than any of kmodgen's"), stat));
        }
        Kind::File => {}
    }
    // One more than there should be, so that one read finds the end too.
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
    file.take(LARGEST_OURS).read_to_end(&mut bytes)?;
    Ok((Found::File(bytes), stat))
}

fn kind(kind: fs::FileType) -> Kind {
    if kind.is_file() {
        Kind::File
    } else if kind.is_dir() {
        Kind::Folder
    } else if kind.is_symlink() {
        Kind::Other("a symbolic link")
    } else if kind.is_fifo() || kind.is_socket() || kind.is_block_device() || kind.is_char_device() {
        Kind::Other("a pipe, socket or device")
    } else {
        Kind::Other("something other than a file")
    }
}

fn inaccessible(path: &Path, error: &io::Error) -> Inaccessible {
    Inaccessible { verb: "read", path: path.display().to_string(), why: describe(error) }
}
