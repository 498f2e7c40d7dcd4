//! An unpacked root file system, or a layer of one as an overlay has it. No link of it is followed,
//! and no other file system entered.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::OFlags;

use super::budget::Budget;
use super::error::ReadError;
use super::words::shown;
use super::{file, overlay};
use crate::Image;
use crate::facts::Facts;
use crate::layers::Unfit;
use crate::root::{self, Node};
use crate::secrets::Leak;

/// Number of unreadable files that a message names.
const TOLD: usize = 5;

/// Files of a folder that may not be opened.
#[derive(Debug, Clone, Default)]
pub struct Unread {
    /// The first few paths, escaped.
    pub first: Vec<String>,
    /// Count of all.
    pub count: usize,
}

/// Reads a folder.
pub(super) fn read(top: &Path) -> Result<(Image, Unread), ReadError> {
    let mut image = Image::default();
    let mut unread = Unread::default();
    walk(top, &mut image, &Budget::default(), false, |path| {
        unread.count += 1;
        if unread.first.len() < TOLD {
            unread.first.push(shown(path));
        }
        Ok(())
    })?;
    Ok((image, unread))
}

/// Applies the folder that an overlay has for a layer.
///
/// # Errors
/// What cannot be read, or stands for something that is elsewhere.
pub(super) fn read_layer(top: &Path, image: &mut Image, budget: &Budget) -> Result<(), ReadError> {
    walk(top, image, budget, true, |path| {
        let error = io::Error::from(io::ErrorKind::PermissionDenied);
        Err(ReadError::File { path: top.join(path), error })
    })
}

/// Applies all below a folder as the next layer; `skip` is called for what may not be opened.
fn walk(
    top: &Path,
    image: &mut Image,
    budget: &Budget,
    is_overlay: bool,
    mut skip: impl FnMut(&str) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let device = fs::metadata(top).map_err(failed(top))?.dev();
    image.layers += 1;
    image.root.next_layer();
    let first_leak = image.leaks.len();
    let mut ahead = vec![(top.to_owned(), String::new())];
    while let Some((folder, below)) = ahead.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && !below.is_empty() => {
                skip(&below)?;
                continue;
            }
            entries => entries.map_err(failed(&folder))?,
        };
        if is_overlay && overlay::is_opaque(&folder).map_err(failed(&folder))? {
            let name = format!("{below}/.wh..wh..opq");
            image.root.apply(&name, Node::Other).map_err(unfit(&folder))?;
        }
        for entry in entries {
            let entry = entry.map_err(failed(&folder))?;
            let place = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
            let metadata = match entry.metadata() {
                // A folder in use changes while it is read.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                metadata => metadata.map_err(failed(&place))?,
            };
            if is_overlay && overlay::is_whiteout(&metadata) {
                image.root.apply(&format!("{below}/.wh.{name}"), Node::Other).map_err(unfit(&place))?;
                continue;
            }
            let node = if metadata.is_dir() {
                // Mounted file systems are not of the image; those of the kernel never end.
                if metadata.dev() == device {
                    ahead.push((place.clone(), path.clone()));
                }
                Node::Folder
            } else if metadata.is_symlink() {
                let target = fs::read_link(&place).map_err(failed(&place))?;
                Node::Link(target.to_string_lossy().into_owned())
            } else if metadata.is_file() {
                if is_overlay {
                    overlay::check_whole(&place).map_err(failed(&place))?;
                }
                let (size, mode) = (metadata.len(), metadata.mode() & 0o7777);
                let (facts, secret) = match open(&place) {
                    Ok(file) => file::look(&path, mode, size, file, budget).map_err(failed(&place))?,
                    Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                        skip(&path)?;
                        (Facts::Unread("cannot be opened: permission denied".into()), None)
                    }
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(failed(&place)(error)),
                };
                let layer = image.layers;
                image.leaks.extend(secret.map(|kind| Leak { layer, path: path.clone(), kind }));
                Node::File(root::File { size, mode, facts: Arc::new(facts) })
            } else {
                Node::Other
            };
            let applied = if is_overlay { image.root.apply(&path, node) } else { image.root.add(&path, node) };
            applied.map_err(unfit(&place))?;
        }
    }
    image.leaks[first_leak..].sort_by(|one, other| one.path.cmp(&other.path));
    Ok(())
}

fn failed(place: &Path) -> impl FnOnce(io::Error) -> ReadError {
    let path = place.to_owned();
    move |error| ReadError::File { path, error }
}

fn unfit(place: &Path) -> impl FnOnce(Unfit) -> ReadError {
    let path = place.to_owned();
    move |unfit| ReadError::Layout { path, why: unfit.to_string() }
}

/// Opens a file that is one: a link or a pipe that took its place is not followed or waited for.
fn open(place: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    File::options().read(true).custom_flags(flags.bits().cast_signed()).open(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_several_layers_merge() {
        let mut image = Image::default();
        for (name, text) in [("lower", "one"), ("upper", "two")] {
            let layer = tempfile::tempdir().unwrap();
            fs::create_dir_all(layer.path().join("etc/d")).unwrap();
            fs::write(layer.path().join("etc/d").join(name), "").unwrap();
            fs::write(layer.path().join("etc/ld.so.conf"), text).unwrap();
            read_layer(layer.path(), &mut image, &Budget::default()).unwrap();
        }
        let paths: Vec<&str> = image.root.below("").map(|(path, _)| path).collect();
        assert_eq!(paths, ["etc", "etc/d", "etc/d/lower", "etc/d/upper", "etc/ld.so.conf"]);
        assert_eq!(*image.root.file("etc/ld.so.conf").unwrap().facts, Facts::Text("two".into()));
        assert_eq!(image.layers, 2);
    }
}
