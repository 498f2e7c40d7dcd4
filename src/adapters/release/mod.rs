//! OpenShift releases in registries: which Driver Toolkits a release has, and for which kernels they are.

mod image;

use std::collections::BTreeSet;
use std::time::Duration;

use self::image::{ImageError, RemoteImage};
use super::registry::{Access, Tls};
use crate::kernels::{Input, Payload};
use crate::manifest::Mirrors;
use crate::vocabulary::ImageRef;

/// File of a release's image that names its images, and the largest that is read.
const IMAGE_REFERENCES: (&str, u64) = ("release-manifests/image-references", 16 << 20);

/// File of a Driver Toolkit that names its kernels, and the largest that is read.
const TOOLKIT_RELEASE: (&str, u64) = ("etc/driver-toolkit-release.json", 1 << 20);

/// Access to the registries of a release.
#[derive(Debug)]
pub struct Registries<'r> {
    /// Mirrors of them.
    pub mirrors: &'r Mirrors,
    /// Registries that may be accessed over plain HTTP.
    pub insecure: &'r [String],
    /// Time limit for an answer.
    pub timeout: Duration,
}

/// Reason why a release cannot be read, as a lower-case fragment.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ReleaseError {
    #[error("cannot read release `{image}`: {error}")]
    Release { image: ImageRef, error: Box<ImageError> },
    #[error("cannot read Driver Toolkit `{image}`: {error}")]
    Toolkit { image: ImageRef, error: Box<ImageError> },
    #[error("`{image}` is not an OpenShift release: {why}")]
    Other { image: ImageRef, why: String },
}

impl ReleaseError {
    fn of_release(image: &ImageRef) -> impl Fn(ImageError) -> Self + Copy {
        move |error| Self::Release { image: image.clone(), error: Box::new(error) }
    }

    fn of_toolkit(image: &ImageRef) -> impl Fn(ImageError) -> Self + Copy {
        move |error| Self::Toolkit { image: image.clone(), error: Box::new(error) }
    }

    /// Returns whether an image cannot be read because its registry does not answer or does not have it.
    pub fn is_inaccessible(&self) -> bool {
        match self {
            Self::Release { error, .. } | Self::Toolkit { error, .. } => error.is_inaccessible(),
            Self::Other { .. } => false,
        }
    }
}

impl Registries<'_> {
    /// Reads a release; of an image for several architectures, those for `architectures`. Returns the release and a
    /// driver-toolkit-release.json of each of its Driver Toolkits, as inputs.
    ///
    /// # Errors
    /// An image that is not in its registry, is damaged or too large, or is something else.
    pub fn read(&self, release: &ImageRef, architectures: &BTreeSet<&'static str>) -> Result<Vec<Input>, ReleaseError> {
        let failed = ReleaseError::of_release(release);
        let mut inputs = Vec::new();
        for image in self.open(release, architectures).map_err(failed)? {
            let file = image.file(IMAGE_REFERENCES).map_err(failed)?;
            let payload = Payload::read(&file, image.machine())
                .map_err(|invalid| ReleaseError::Other { image: release.clone(), why: invalid.message })?;
            inputs.push(Input { name: release.to_string(), text: payload.text, image: None });
            for toolkit in payload.toolkits {
                inputs.extend(self.toolkit(&toolkit, image.architecture())?);
            }
        }
        Ok(inputs)
    }

    fn toolkit(&self, toolkit: &ImageRef, architecture: &'static str) -> Result<Vec<Input>, ReleaseError> {
        let failed = ReleaseError::of_toolkit(toolkit);
        let mut inputs = Vec::new();
        for image in self.open(toolkit, &BTreeSet::from([architecture])).map_err(failed)? {
            let text = String::from_utf8_lossy(&image.file(TOOLKIT_RELEASE).map_err(failed)?).into_owned();
            let name = format!("{} of {toolkit}", TOOLKIT_RELEASE.0);
            inputs.push(Input { name, text, image: Some(toolkit.clone()) });
        }
        Ok(inputs)
    }

    fn open(&self, image: &ImageRef, architectures: &BTreeSet<&'static str>) -> Result<Vec<RemoteImage>, ImageError> {
        let mirrored = self.mirrors.image(&image.to_string());
        let image = ImageRef::parse(&mirrored).unwrap_or_else(|_| image.clone());
        let host = image.repository().split('/').next().unwrap_or_default();
        let tls = Tls { insecure: self.insecure.iter().any(|own| own == host), skip_verify: false };
        RemoteImage::open_all(&image, architectures, Access { tls, timeout: self.timeout })
    }
}
