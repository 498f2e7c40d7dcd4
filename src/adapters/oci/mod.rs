//! Images: unpacked folders, archives and OCI layouts, read without an engine and never unpacked
//! to disk. What an engine has is read in its storage if that is possible, and else exported first.
//!
//! Everything read here is hostile. Names and links are resolved in memory, by the core; sizes
//! are bounded before anything is kept; what no engine would unpack is an error that names the
//! layer and the path.
#![expect(clippy::disallowed_methods, reason = "an adapter: it reads files and runs engines")]

mod archive;
mod blobs;
mod budget;
mod engine;
mod error;
mod file;
mod folder;
#[doc(hidden)]
pub mod fuzzing;
mod layer;
mod layout;
mod overlay;
mod storage;
mod unpack;

use std::path::{Path, PathBuf};

pub use engine::Engine;
pub use error::ReadError;

use self::blobs::Blobs;
use crate::contract::image::Image;
use crate::contract::image::elf::Architecture;
use crate::vocabulary::ImageRef;

/// Where an image is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// An unpacked root file system.
    Folder(PathBuf),
    /// An OCI image layout in a tar file, and which image of it.
    OciArchive(PathBuf, Option<String>),
    /// An OCI image layout in a folder, and which image of it.
    OciLayout(PathBuf, Option<String>),
    /// What `docker save` writes.
    DockerArchive(PathBuf),
    /// In an engine's storage or a registry.
    Reference(ImageRef),
    /// In the storage of the engine that is named, under the id that it gave.
    Built(String),
}

impl Location {
    /// Understands an argument: a transport and a path as skopeo has them, a folder that is
    /// there, or an image's reference.
    ///
    /// # Errors
    /// What the argument is not, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, ReadError> {
        if let Some(path) = text.strip_prefix("oci-archive:") {
            let (path, name) = split_name(path);
            return Ok(Self::OciArchive(path, name));
        }
        if let Some(path) = text.strip_prefix("oci:") {
            let (path, name) = split_name(path);
            return Ok(Self::OciLayout(path, name));
        }
        if let Some(path) = text.strip_prefix("docker-archive:") {
            return Ok(Self::DockerArchive(PathBuf::from(path)));
        }
        let path = Path::new(text);
        if path.is_dir() {
            return Ok(match path.join("oci-layout").is_file() && path.join("index.json").is_file() {
                true => Self::OciLayout(path.to_owned(), None),
                false => Self::Folder(path.to_owned()),
            });
        }
        if path.is_file() {
            return Err(ReadError::PlainFile(text.to_owned()));
        }
        if text.starts_with(['/', '.']) {
            return Err(ReadError::NoFolder(text.to_owned()));
        }
        ImageRef::parse(text).map(Self::Reference).map_err(ReadError::Reference)
    }
}

/// Splits skopeo's `PATH:NAME`; a path that is there as a whole is one.
fn split_name(text: &str) -> (PathBuf, Option<String>) {
    match text.rsplit_once(':') {
        Some((path, name)) if !path.is_empty() && !Path::new(text).exists() => {
            (PathBuf::from(path), Some(name.to_owned()))
        }
        _ => (PathBuf::from(text), None),
    }
}

/// How to read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The engine that exports references; any that is found, where none is named.
    pub engine: Option<Engine>,
    /// The architecture to choose where there is an image for each; else this machine's.
    pub architecture: Option<Architecture>,
    /// Do not check the certificates of registries.
    pub skip_tls_verify: bool,
}

/// An image, and what of it could not be read.
#[derive(Debug)]
pub struct Read {
    /// The image.
    pub image: Image,
    /// Files that could not be opened, for want of permission: some, and how many in all.
    pub unread: (Vec<String>, usize),
}

/// Reads an image.
///
/// # Errors
/// What cannot be read, and why.
pub fn read(location: &Location, options: &Options) -> Result<Read, ReadError> {
    let whole = |image| Read { image, unread: (Vec::new(), 0) };
    match location {
        Location::Folder(path) => folder::read(path),
        Location::OciLayout(path, name) => {
            let blobs = Blobs::folder(path);
            layout::read_oci(&blobs, name.as_deref(), options).map(whole)
        }
        Location::OciArchive(path, name) => {
            let blobs = archive::open(path)?;
            layout::read_oci(&blobs, name.as_deref(), options).map(whole)
        }
        Location::DockerArchive(path) => {
            let blobs = archive::open(path)?;
            layout::read_docker(&blobs).map(whole)
        }
        Location::Reference(image) => exported(&image.to_string(), options).map(whole),
        Location::Built(id) => exported(id, options).map(whole),
    }
}

/// Reads what an engine has under `name`: in its storage, or exported from there.
fn exported(name: &str, options: &Options) -> Result<Image, ReadError> {
    if let Some(image) = engine::candidates(options).into_iter().find_map(|engine| storage::read(engine, name)) {
        return Ok(image);
    }
    let export = engine::export(name, options)?;
    let blobs = archive::open(&export.path)?;
    match export.is_docker {
        true => layout::read_docker(&blobs),
        false => layout::read_oci(&blobs, None, options),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_understood() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        assert_eq!(Location::parse(path).unwrap(), Location::Folder(path.into()));
        assert_eq!(
            Location::parse("oci-archive:/x/a.tar:latest").unwrap(),
            Location::OciArchive("/x/a.tar".into(), Some("latest".into()))
        );
        assert_eq!(Location::parse("oci:/x/a").unwrap(), Location::OciLayout("/x/a".into(), None));
        assert_eq!(Location::parse("docker-archive:a.tar").unwrap(), Location::DockerArchive("a.tar".into()));
        assert!(matches!(Location::parse("quay.io/x/y:1").unwrap(), Location::Reference(_)));
        std::fs::write(folder.path().join("a.tar"), "").unwrap();
        let said = |text: &str| Location::parse(text).unwrap_err().to_string();
        assert!(said(&format!("{path}/a.tar")).contains("is a file"), "{}", said(&format!("{path}/a.tar")));
        assert!(said("./gone").contains("no folder"));
        assert!(said("docker://x").contains("not an image reference"));
        std::fs::write(folder.path().join("oci-layout"), "").unwrap();
        std::fs::write(folder.path().join("index.json"), "").unwrap();
        assert_eq!(Location::parse(path).unwrap(), Location::OciLayout(path.into(), None));
    }
}
