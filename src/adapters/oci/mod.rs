//! Images by name: folders, archives and layouts are read as they are; an image of an engine is read in
//! the engine's storage if that is possible, and exported first if not.
#![expect(clippy::disallowed_methods, reason = "an adapter: it reads files and runs engines")]

mod engine;
mod error;
mod kernel;
mod storage;

use std::path::{Path, PathBuf};

pub use engine::Engine;
pub use error::ReadError;
pub use kernel::kernel;

use kmodgen_image::Image;
use kmodgen_image::elf::Architecture;
use kmodgen_image::read::{self, Difference, Unread};

use crate::vocabulary::ImageRef;

/// Location of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// An unpacked root file system.
    Folder(PathBuf),
    /// An OCI image layout in a tar file, and which image of it.
    OciArchive(PathBuf, Option<String>),
    /// An OCI image layout in a folder, and which image of it.
    OciLayout(PathBuf, Option<String>),
    /// An archive of `docker save`.
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

/// Options for reading an image.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The engine that exports references; any that is found, where none is named.
    pub engine: Option<Engine>,
    /// The architecture to choose where there is an image for each; else this machine's.
    pub architecture: Option<Architecture>,
    /// Do not check the certificates of registries.
    pub skip_tls_verify: bool,
}

/// Reads an image, and lists the files of a folder that may not be opened.
///
/// # Errors
/// What cannot be read, and why.
pub fn read(location: &Location, options: &Options) -> Result<(Image, Unread), ReadError> {
    let architecture = options.architecture;
    let image = match location {
        Location::Folder(path) => return Ok(read::folder(path)?),
        Location::OciLayout(path, name) => read::oci_layout(path, name.as_deref(), architecture)?,
        Location::OciArchive(path, name) => read::oci_archive(path, name.as_deref(), architecture)?,
        Location::DockerArchive(path) => read::docker_archive(path)?,
        Location::Reference(image) => exported(&image.to_string(), options)?,
        Location::Built(id) => exported(id, options)?,
    };
    Ok((image, Unread::default()))
}

/// Reads what an engine has under `name`: in its storage, or exported from there.
fn exported(name: &str, options: &Options) -> Result<Image, ReadError> {
    if let Some(image) = engine::candidates(options).into_iter().find_map(|engine| storage::read(engine, name)) {
        return Ok(image);
    }
    let export = engine::export(name, options)?;
    Ok(match export.is_docker {
        true => read::docker_archive(&export.path)?,
        false => read::oci_archive(&export.path, None, options.architecture)?,
    })
}

/// Returns the first difference between two builds of one image that an engine has; with docker, whose files have the
/// dates of their build, between their files, dates apart.
///
/// # Errors
/// Fails if an image cannot be exported or read.
pub fn difference(engine: Engine, ids: [&str; 2]) -> Result<Option<Difference>, ReadError> {
    let options = Options { engine: Some(engine), ..Options::default() };
    let [one, other] = [engine::export(ids[0], &options)?, engine::export(ids[1], &options)?];
    Ok(match one.is_docker {
        true => read::docker_difference(&one.path, &other.path)?,
        false => read::oci_difference(&one.path, &other.path)?,
    })
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
        for (text, said) in [
            (format!("{path}/a.tar").as_str(), "is a file"),
            ("./gone", "no folder"),
            ("docker://x", "not an image reference"),
        ] {
            let error = Location::parse(text).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        std::fs::write(folder.path().join("oci-layout"), "").unwrap();
        std::fs::write(folder.path().join("index.json"), "").unwrap();
        assert_eq!(Location::parse(path).unwrap(), Location::OciLayout(path.into(), None));
    }
}
