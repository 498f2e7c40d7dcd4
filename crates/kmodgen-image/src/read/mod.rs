//! Reads images from folders, archives, OCI layouts and the storage of engines, without an engine and
//! without unpacking anything to disk.
//!
//! Everything read here is hostile. Names and links are resolved in memory, sizes are bounded before
//! anything is kept, and an image that no engine would unpack is an error that names the layer and the
//! path. Formats: OCI image specification (image-layout.md, manifest.md, layer.md) and moby's
//! image/spec/v1.2.md.
#![expect(clippy::disallowed_methods, reason = "it reads files")]

mod archive;
mod blobs;
mod budget;
mod comparison;
mod difference;
mod error;
mod file;
mod folder;
mod layer;
mod layout;
mod overlay;
mod search;
mod symvers;
mod unpack;
mod words;

use std::path::{Path, PathBuf};

pub use difference::{Aspect, Difference};
pub use error::ReadError;
pub use folder::Unread;
pub use layer::{EntryError, LayerError};
pub use search::{LayerFile, LayerSearch};
pub use symvers::SymversFileError;
pub use words::shown;

use self::blobs::Blobs;
use self::budget::Budget;
use crate::Image;
use crate::elf::Architecture;
use crate::symvers::Symvers;

/// Reads an unpacked root file system. No link of it is followed, and no other file system entered.
///
/// # Errors
/// A file that cannot be read, unless it may not be opened: such files are returned beside the image.
pub fn folder(path: &Path) -> Result<(Image, Unread), ReadError> {
    folder::read(path)
}

/// Reads an image of an OCI layout in a folder: the image called `name`, or that of `architecture`
/// (by default this machine's) if there are several.
///
/// # Errors
/// A file that cannot be read, a document or layer that is malformed or damaged, or a choice between
/// several images.
pub fn oci_layout(path: &Path, name: Option<&str>, architecture: Option<Architecture>) -> Result<Image, ReadError> {
    layout::read_oci(&Blobs::folder(path), name, architecture)
}

/// Reads an image of an OCI layout in a tar file, which may be compressed.
///
/// # Errors
/// Those of [`oci_layout`].
pub fn oci_archive(path: &Path, name: Option<&str>, architecture: Option<Architecture>) -> Result<Image, ReadError> {
    layout::read_oci(&archive::open(path)?, name, architecture)
}

/// Reads the image of a tar file as `docker save` writes it, which may be compressed.
///
/// # Errors
/// A file that cannot be read, a document or layer that is malformed or damaged, or more than one image.
pub fn docker_archive(path: &Path) -> Result<Image, ReadError> {
    layout::read_docker(&archive::open(path)?)
}

/// Reads an image from the folders that an overlay file system has for its layers, the lowest first.
/// `configuration` is the file with the image's configuration.
///
/// # Errors
/// A file that cannot be read or opened, or one whose content is in another place.
pub fn overlay(configuration: &Path, layers: &[PathBuf]) -> Result<Image, ReadError> {
    let (folder, name) = (configuration.parent().unwrap_or(configuration), configuration.file_name());
    let mut image = layout::configured(&Blobs::folder(folder), &name.unwrap_or_default().to_string_lossy())?;
    let budget = Budget::default();
    for layer in layers {
        folder::read_layer(layer, &mut image, &budget)?;
    }
    Ok(image)
}

/// Returns the first difference between two builds of one image in OCI archives.
///
/// # Errors
/// Errors of [`oci_archive`].
pub fn oci_difference(one: &Path, other: &Path) -> Result<Option<Difference>, ReadError> {
    let (one, other) = (archive::open(one)?, archive::open(other)?);
    let parts = [layout::oci_parts(&one, None, None)?, layout::oci_parts(&other, None, None)?];
    comparison::first((&one, &other), parts, true)
}

/// Returns the first difference between the files of two builds of one image as `docker save` writes it, dates apart.
///
/// # Errors
/// Errors of [`docker_archive`].
pub fn docker_difference(one: &Path, other: &Path) -> Result<Option<Difference>, ReadError> {
    let (one, other) = (archive::open(one)?, archive::open(other)?);
    let parts = [layout::docker_parts(&one)?, layout::docker_parts(&other)?];
    comparison::first((&one, &other), parts, false)
}

/// Reads a file of a kernel's exported symbols, Module.symvers, which may be compressed.
///
/// # Errors
/// A file that cannot be read or is something else.
pub fn symvers_file(path: &Path) -> Result<Symvers, ReadError> {
    symvers::file(path)
}

/// Reads a kernel's exported symbols from the bytes of such a file.
///
/// # Errors
/// Bytes of something else.
pub fn symvers(bytes: &[u8]) -> Result<Symvers, SymversFileError> {
    symvers::parse(bytes)
}

/// Reads an image from its layers, each the bytes of a tar file, which may be compressed.
///
/// # Errors
/// A layer that no engine would unpack.
pub fn layers(layers: &[&[u8]]) -> Result<Image, LayerError> {
    let (mut image, budget) = (Image::default(), Budget::default());
    layers.iter().try_for_each(|bytes| layer::apply(*bytes, &mut image, &budget))?;
    Ok(image)
}
