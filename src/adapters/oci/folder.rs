//! An unpacked root file system. No link of it is followed, and no other file system entered.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use super::Read;
use super::budget::Budget;
use super::error::{ReadError, shown};
use super::file;
use crate::contract::image::Image;
use crate::contract::image::facts::Facts;
use crate::contract::image::root::{self, Node};
use crate::contract::image::secrets::Leak;

/// As many files that cannot be opened are named.
const TOLD: usize = 5;

/// Reads a folder.
pub(super) fn read(top: &Path) -> Result<Read, ReadError> {
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |error| ReadError::File { path, error }
    };
    let device = fs::metadata(top).map_err(fail(top))?.dev();
    let mut image = Image { layers: 1, ..Image::default() };
    image.root.next_layer();
    let budget = Budget::default();
    let mut unread = (Vec::new(), 0);
    let mut skip = |path: &str| {
        unread.1 += 1;
        if unread.0.len() < TOLD {
            unread.0.push(shown(path));
        }
    };
    let mut ahead = vec![(top.to_owned(), String::new())];
    while let Some((folder, below)) = ahead.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && !below.is_empty() => {
                skip(&below);
                continue;
            }
            entries => entries.map_err(fail(&folder))?,
        };
        for entry in entries {
            let entry = entry.map_err(fail(&folder))?;
            let place = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if below.is_empty() { name } else { format!("{below}/{name}") };
            let metadata = match entry.metadata() {
                // A folder in use changes while it is read.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                metadata => metadata.map_err(fail(&place))?,
            };
            let node = if metadata.is_dir() {
                // Mounted file systems are not of the image; those of the kernel never end.
                if metadata.dev() == device {
                    ahead.push((place.clone(), path.clone()));
                }
                Node::Folder
            } else if metadata.is_symlink() {
                let target = fs::read_link(&place).map_err(fail(&place))?;
                Node::Link(target.to_string_lossy().into_owned())
            } else if metadata.is_file() {
                let (size, mode) = (metadata.len(), metadata.mode() & 0o7777);
                let (facts, secret) = match File::open(&place) {
                    Ok(file) => file::look(&path, mode, size, file, &budget).map_err(fail(&place))?,
                    Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                        skip(&path);
                        (Facts::Unread("cannot be opened: permission denied".into()), None)
                    }
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(fail(&place)(error)),
                };
                image.leaks.extend(secret.map(|kind| Leak { layer: 1, path: path.clone(), kind }));
                Node::File(root::File { size, mode, facts: Arc::new(facts) })
            } else {
                Node::Other
            };
            let unfit = |unfit: crate::contract::image::layers::Unfit| ReadError::Layout {
                path: place.clone(),
                why: unfit.to_string(),
            };
            image.root.add(&path, node).map_err(unfit)?;
        }
    }
    image.leaks.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(Read { image, unread })
}
