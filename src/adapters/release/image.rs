//! One image of a registry, and files of its last layers.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use kmodgen_image::read::{LayerError, LayerFile, LayerSearch, shown};

use crate::adapters::registry::{self, Access, ContentError};
use crate::vocabulary::{Digest, ImageRef, architecture};

/// Number of layers that are searched for a file, from the last one.
const MOST_LAYERS: usize = 8;

/// Bytes that the searched layers of an image may have together, as they are stored.
const MOST_BYTES: u64 = 2 << 30;

/// Bytes that the searched layers of an image may unpack to together.
const MOST_UNPACKED: u64 = 8 << 30;

/// Bytes of a configuration.
const LONGEST_CONFIGURATION: u64 = 4 << 20;

/// Reason why an image cannot be read, as a lower-case fragment.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    #[error("{0}")]
    Content(#[from] ContentError),
    #[error("its manifest is invalid: {}", shown(.0))]
    Malformed(String),
    #[error("it has no image for {wanted}, only for {}", shown(all))]
    OtherArchitecture { wanted: &'static str, all: String },
    #[error("cannot read layer {layer} of {layers}: {error}")]
    Layer { layer: usize, layers: usize, error: LayerError },
    #[error("`{path}` is not in {}", last(*layers))]
    NoFile { path: &'static str, layers: usize },
    #[error("`{path}` is not in {}, and with the next one that is more than 2 GiB", last(*layers))]
    TooLarge { path: &'static str, layers: usize },
}

/// Names the last layers of an image.
fn last(layers: usize) -> String {
    if layers == 1 { "its last layer".to_owned() } else { format!("its last {layers} layers") }
}

impl ImageError {
    /// Returns whether the image cannot be read because its registry does not answer or does not have it.
    pub(super) fn is_inaccessible(&self) -> bool {
        matches!(self, Self::Content(ContentError::Registry(_) | ContentError::Missing { .. }))
    }
}

/// An index or a manifest: old ones say which only by what they contain.
#[derive(Debug, Deserialize)]
struct RemoteDocument {
    #[serde(default)]
    manifests: Vec<RemotePart>,
    #[serde(default)]
    config: Option<RemotePart>,
    #[serde(default)]
    layers: Vec<RemotePart>,
}

/// A blob or manifest that a document names.
#[derive(Debug, Deserialize)]
struct RemotePart {
    digest: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    platform: Option<RemotePlatform>,
}

#[derive(Debug, Deserialize)]
struct RemotePlatform {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
}

#[derive(Debug, Deserialize)]
struct RemoteConfiguration {
    #[serde(default)]
    architecture: String,
}

/// An image of a registry.
pub(super) struct RemoteImage {
    image: ImageRef,
    access: Access,
    /// Its architecture, in the words of its configuration and of `uname -m`.
    machine: String,
    architecture: &'static str,
    layers: Vec<RemotePart>,
}

impl RemoteImage {
    /// Opens an image; of an index, those for the architectures, such as `x86_64`.
    pub(super) fn open_all(
        image: &ImageRef,
        architectures: &BTreeSet<&'static str>,
        access: Access,
    ) -> Result<Vec<Self>, ImageError> {
        let document: RemoteDocument = parse(&registry::manifest(image, access)?)?;
        if document.manifests.is_empty() {
            return Ok(vec![Self::open(image, document, access)?]);
        }
        let images = architectures.iter().map(|wanted| {
            let part = choose(&document.manifests, wanted)?;
            let one = image.with_digest(part.digest()?);
            Self::open(&one, parse(&registry::manifest(&one, access)?)?, access)
        });
        images.collect()
    }

    fn open(image: &ImageRef, document: RemoteDocument, access: Access) -> Result<Self, ImageError> {
        let configuration = document.config.ok_or_else(|| ImageError::Malformed("it has no configuration".into()))?;
        let configuration = registry::small_blob(image, configuration.digest()?, LONGEST_CONFIGURATION, access)?;
        let RemoteConfiguration { architecture: machine } = parse(&configuration)?;
        let architecture = architecture(&machine)
            .ok_or_else(|| ImageError::Malformed(format!("`{machine}` is not an architecture of OpenShift")))?;
        Ok(Self { image: image.clone(), access, machine, architecture, layers: document.layers })
    }

    /// Returns its architecture as its configuration names it, such as `amd64`.
    pub(super) fn machine(&self) -> &str {
        &self.machine
    }

    /// Returns its architecture as `uname -m` names it.
    pub(super) fn architecture(&self) -> &'static str {
        self.architecture
    }

    /// Reads a file of at most so many bytes, from the last layer that has it.
    pub(super) fn file(&self, (path, largest): (&'static str, u64)) -> Result<Vec<u8>, ImageError> {
        let search = LayerSearch::new(path, largest, MOST_UNPACKED);
        let (mut left, layers) = (MOST_BYTES, self.layers.len());
        for (searched, part) in self.layers.iter().rev().take(MOST_LAYERS).enumerate() {
            let Some(rest) = left.checked_sub(part.size) else {
                return Err(ImageError::TooLarge { path, layers: searched });
            };
            left = rest;
            let layer = layers - searched;
            let state = registry::blob(&self.image, (part.digest()?, part.size), self.access, |body| {
                search.read(body).map_err(|error| ImageError::Layer { layer, layers, error })
            })?;
            match state {
                LayerFile::Contents(bytes) => return Ok(bytes),
                LayerFile::Removed => return Err(ImageError::NoFile { path, layers: searched + 1 }),
                LayerFile::Absent => {}
            }
        }
        Err(ImageError::NoFile { path, layers: layers.min(MOST_LAYERS) })
    }
}

impl RemotePart {
    fn digest(&self) -> Result<Digest, ImageError> {
        let digest = self.digest.strip_prefix("sha256:").and_then(Digest::parse);
        digest.ok_or_else(|| ImageError::Malformed(format!("`{}` is not a sha256 digest", self.digest)))
    }

    /// Returns the architecture of its machines, if it is an image.
    fn machine(&self) -> Option<&str> {
        let platform = self.platform.as_ref().filter(|platform| platform.os == "linux" || platform.os.is_empty())?;
        // Attestations have the architecture `unknown`.
        Some(platform.architecture.as_str()).filter(|machine| *machine != "unknown")
    }
}

/// Chooses the image of an index for an architecture.
fn choose<'p>(manifests: &'p [RemotePart], wanted: &'static str) -> Result<&'p RemotePart, ImageError> {
    if let Some(part) = manifests.iter().find(|part| part.machine().and_then(architecture) == Some(wanted)) {
        return Ok(part);
    }
    let all: Vec<&str> = manifests.iter().filter_map(RemotePart::machine).collect();
    Err(ImageError::OtherArchitecture { wanted, all: all.join(", ") })
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ImageError> {
    serde_json::from_slice(bytes).map_err(|error| ImageError::Malformed(error.to_string()))
}
