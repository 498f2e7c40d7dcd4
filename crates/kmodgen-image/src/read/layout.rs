//! The documents that say what an image consists of: OCI's (image specification, image-layout.md
//! and manifest.md) and docker's (moby, image/spec/v1.2.md).

use std::collections::BTreeMap;
use std::io::{self, Read};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::blobs::Blobs;
use super::budget::Budget;
use super::error::ReadError;
use super::layer::{self, LayerError};
use super::words::shown;
use crate::Image;
use crate::elf::Architecture;

/// The annotation that names an image of a layout.
const NAME: &str = "org.opencontainers.image.ref.name";

/// Indexes in indexes: buildx makes two levels.
const DEEPEST: usize = 4;

/// No engine takes more layers (overlay: 500; docker: 127).
const MOST_LAYERS: usize = 1024;

#[derive(Debug, Deserialize)]
struct Descriptor {
    digest: String,
    #[serde(default)]
    platform: Option<Platform>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

impl Descriptor {
    fn name(&self) -> Option<&str> {
        self.annotations.as_ref()?.get(NAME).map(String::as_str)
    }

    /// Checks whether an image is described: attestations of buildx are manifests of the platform `unknown`.
    fn is_image(&self) -> bool {
        self.platform.as_ref().is_none_or(|platform| platform.architecture != "unknown")
    }

    fn is_for(&self, architecture: Option<Architecture>) -> bool {
        self.platform.as_ref().is_some_and(|platform| {
            (platform.os.is_empty() || platform.os == "linux")
                && Architecture::named(&platform.architecture) == architecture
        })
    }
}

#[derive(Debug, Deserialize)]
struct Platform {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
}

/// An index or a manifest: old ones say which only by what they hold.
#[derive(Debug, Deserialize)]
struct Document {
    #[serde(default)]
    manifests: Option<Vec<Descriptor>>,
    #[serde(default)]
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

#[derive(Debug, Default, Deserialize)]
struct Configuration {
    #[serde(default)]
    architecture: Option<String>,
    #[serde(default)]
    config: Option<Runtime>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Runtime {
    #[serde(default)]
    env: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    #[serde(default)]
    layers: Vec<String>,
}

/// Names of the blobs of an image.
pub(super) struct Parts {
    pub(super) configuration: String,
    pub(super) layers: Vec<String>,
    /// Set if the names have the digests of the blobs.
    pub(super) named_by_digest: bool,
}

/// Reads an image of an OCI layout.
pub(super) fn read_oci(
    blobs: &Blobs,
    name: Option<&str>,
    architecture: Option<Architecture>,
) -> Result<Image, ReadError> {
    read(blobs, &oci_parts(blobs, name, architecture)?)
}

/// Reads the image of what `docker save` wrote.
pub(super) fn read_docker(blobs: &Blobs) -> Result<Image, ReadError> {
    read(blobs, &docker_parts(blobs)?)
}

fn read(blobs: &Blobs, parts: &Parts) -> Result<Image, ReadError> {
    let mut image = configured(blobs, &parts.configuration)?;
    read_layers(blobs, parts, &mut image)?;
    Ok(image)
}

/// Returns the parts of an image of an OCI layout.
pub(super) fn oci_parts(
    blobs: &Blobs,
    name: Option<&str>,
    architecture: Option<Architecture>,
) -> Result<Parts, ReadError> {
    let mut document: Document = parse(blobs, "index.json", &blobs.document("index.json")?)?;
    for depth in 0..=DEEPEST {
        let Some(manifests) = document.manifests else { break };
        // Names are of the outermost index.
        let chosen = choose(blobs, &manifests, name.filter(|_| depth == 0), architecture)?;
        let path = blob(blobs, &chosen.digest)?;
        let bytes = blobs.document(&path)?;
        if hex(&Sha256::digest(&bytes)) != path.rsplit('/').next().unwrap_or_default() {
            return Err(blobs.fail(format!("the digest of `{path}` differs from its name")));
        }
        document = parse(blobs, &path, &bytes)?;
    }
    let Some(config) = document.config else {
        return Err(blobs.fail("it has an index without an image"));
    };
    let configuration = blob(blobs, &config.digest)?;
    let layers = document.layers.iter().map(|layer| blob(blobs, &layer.digest)).collect::<Result<_, _>>()?;
    Ok(Parts { configuration, layers, named_by_digest: true })
}

/// Returns the parts of the image of what `docker save` wrote.
pub(super) fn docker_parts(blobs: &Blobs) -> Result<Parts, ReadError> {
    let mut saved: Vec<Saved> = parse(blobs, "manifest.json", &blobs.document("manifest.json")?)?;
    match (saved.pop(), saved.len()) {
        (Some(Saved { config, layers }), 0) => Ok(Parts { configuration: config, layers, named_by_digest: false }),
        (last, rest) => {
            let count = rest + usize::from(last.is_some());
            Err(blobs.fail(format!("it has {count} images; kmodgen verifies one at a time")))
        }
    }
}

/// The image to read of those there are.
fn choose<'m>(
    blobs: &Blobs,
    manifests: &'m [Descriptor],
    name: Option<&str>,
    architecture: Option<Architecture>,
) -> Result<&'m Descriptor, ReadError> {
    let images = manifests.iter().filter(|manifest| manifest.is_image());
    let all: Vec<&Descriptor> = images.filter(|image| name.is_none() || image.name() == name).collect();
    let architecture = architecture.or(Architecture::named(std::env::consts::ARCH));
    match all.as_slice() {
        [] if name.is_some() => Err(blobs.fail(format!("it has no image `{}`", shown(name.unwrap_or_default())))),
        [] => Err(blobs.fail("it has no image")),
        [one] => Ok(one),
        several => match several.iter().filter(|image| image.is_for(architecture)).collect::<Vec<_>>().as_slice() {
            [one] => Ok(one),
            _ => {
                let names: Vec<&str> = several.iter().filter_map(|image| image.name()).take(5).collect();
                let which = if names.is_empty() {
                    "pass --release with an architecture in it".to_owned()
                } else {
                    format!("add one of their names: {}", shown(&names.join(", ")))
                };
                Err(blobs.fail(format!("it has {} images; {which}", several.len())))
            }
        },
    }
}

/// Returns the name of a digest's blob.
fn blob(blobs: &Blobs, digest: &str) -> Result<String, ReadError> {
    let hex = digest.strip_prefix("sha256:").filter(|hex| {
        hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    });
    let hex = hex.ok_or_else(|| blobs.fail(format!("`{}` is not a sha256 digest", shown(digest))))?;
    Ok(format!("blobs/sha256/{hex}"))
}

pub(super) fn parse<T: DeserializeOwned>(blobs: &Blobs, name: &str, bytes: &[u8]) -> Result<T, ReadError> {
    serde_json::from_slice(bytes)
        .map_err(|error| blobs.fail(format!("`{}` is invalid: {}", shown(name), shown(&error.to_string()))))
}

/// An image without layers yet, with what its configuration says.
pub(super) fn configured(blobs: &Blobs, name: &str) -> Result<Image, ReadError> {
    let configuration: Configuration = parse(blobs, name, &blobs.document(name)?)?;
    let variables = configuration.config.and_then(|config| config.env).unwrap_or_default();
    Ok(Image {
        architecture: configuration.architecture.filter(|architecture| !architecture.is_empty()),
        search_path: variables.iter().find_map(|variable| Some(variable.strip_prefix("PATH=")?.to_owned())),
        ..Image::default()
    })
}

fn read_layers(blobs: &Blobs, parts: &Parts, image: &mut Image) -> Result<(), ReadError> {
    let layers = parts.layers.len();
    if layers > MOST_LAYERS {
        return Err(blobs.fail(format!("it has {layers} layers, and no engine takes more than {MOST_LAYERS}")));
    }
    let budget = Budget::default();
    for (layer, name) in (1..).zip(&parts.layers) {
        let blob = blobs.open(name)?;
        let digest = read_layer(blob, image, &budget).map_err(|error| ReadError::Layer { layer, layers, error })?;
        if parts.named_by_digest && !name.ends_with(&digest) {
            return Err(ReadError::Layer { layer, layers, error: LayerError::Digest(digest) });
        }
    }
    Ok(())
}

/// Applies a layer, and returns its digest.
fn read_layer(blob: impl Read, image: &mut Image, budget: &Budget) -> Result<String, LayerError> {
    let mut reader = Hashing { inner: blob, hash: Sha256::new() };
    layer::apply(&mut reader, image, budget)?;
    io::copy(&mut reader, &mut io::sink()).map_err(LayerError::Stream)?;
    Ok(hex(&reader.hash.finalize()))
}

/// Lower-case hexadecimal digits of a digest.
fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A reader that computes the digest of what it reads.
struct Hashing<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}
