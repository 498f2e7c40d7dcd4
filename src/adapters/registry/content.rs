//! Manifests and blobs of images, read from registries and checked against their digests.

use std::io::{self, Read};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use ureq::http::Method;

use super::{LONGEST_MANIFEST, RegistryError, Tls, builder, reference, resource, split};
use crate::vocabulary::{Digest, ImageRef};

/// Factor by which the time limit for a whole body exceeds the one for a registry's answer.
const WHOLE: u32 = 20;

/// Settings for one registry.
#[derive(Debug, Clone, Copy)]
pub struct Access {
    /// Transport security.
    pub tls: Tls,
    /// Time limit for an answer; a whole body may take 20 times as long.
    pub timeout: Duration,
}

/// Reason why contents of an image cannot be read, as a lower-case fragment.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ContentError {
    #[error("{0}")]
    Registry(#[from] RegistryError),
    #[error("{host} does not have {part} of {path}")]
    Missing { host: String, path: String, part: String },
    #[error("cannot read {part} from {host}: {error}")]
    Body { host: String, part: String, error: io::Error },
    #[error("{host} sent more than {most} bytes for {part}")]
    TooLong { host: String, part: String, most: u64 },
    #[error("{host} sent {part} with another digest: sha256:{found}")]
    OtherDigest { host: String, part: String, found: Digest },
}

/// Reads the manifest or index that an image names.
///
/// # Errors
/// No such image, a manifest of more than 4 MiB or with another digest than that of the image, and a registry that
/// does not answer.
pub fn manifest(image: &ImageRef, access: Access) -> Result<Vec<u8>, ContentError> {
    let digest = image.digest().and_then(|digest| Digest::parse(digest.strip_prefix("sha256:")?));
    let body = Body::open(image, &format!("manifests/{}", reference(image)), LONGEST_MANIFEST, access)?;
    body.read_whole(digest)
}

/// Reads a small blob of an image's repository: a configuration, or part of one.
///
/// # Errors
/// No such blob, one with another digest or more than `most` bytes, and a registry that does not answer.
pub fn small_blob(image: &ImageRef, digest: Digest, most: u64, access: Access) -> Result<Vec<u8>, ContentError> {
    Body::open(image, &format!("blobs/sha256:{digest}"), most, access)?.read_whole(Some(digest))
}

/// Passes a blob of an image's repository to `read`, and checks its digest afterwards.
///
/// # Errors
/// No such blob, one with another digest or more than `most` bytes, and a registry that does not answer; and what
/// `read` fails with.
pub fn blob<T, E: From<ContentError>>(
    image: &ImageRef,
    (digest, most): (Digest, u64),
    access: Access,
    read: impl FnOnce(&mut dyn Read) -> Result<T, E>,
) -> Result<T, E> {
    let mut body = Body::open(image, &format!("blobs/sha256:{digest}"), most, access)?;
    let value = read(&mut body);
    // A registry that breaks off is the cause of what `read` says.
    body.finish(Some(digest))?;
    value
}

/// Body of an answer.
struct Body {
    host: String,
    part: String,
    most: u64,
    reader: Box<dyn Read>,
    hash: Sha256,
    length: u64,
    error: Option<io::Error>,
}

impl Body {
    fn open(image: &ImageRef, part: &str, most: u64, access: Access) -> Result<Self, ContentError> {
        let Access { tls, timeout } = access;
        let agent = builder(tls)
            .timeout_connect(Some(timeout))
            .timeout_recv_response(Some(timeout))
            .timeout_per_read(Some(timeout))
            .timeout_global(Some(timeout * WHOLE))
            .build()
            .new_agent();
        log::debug!("reading {part} of {}", image.repository());
        let Some(answer) = resource(&Method::GET, image, part, &agent, tls)? else {
            let (host, path) = split(image);
            return Err(ContentError::Missing { host, path, part: part.to_owned() });
        };
        Ok(Self {
            host: split(image).0,
            part: part.to_owned(),
            most,
            reader: Box::new(answer.into_body().into_reader()),
            hash: Sha256::new(),
            length: 0,
            error: None,
        })
    }

    fn read_whole(mut self, digest: Option<Digest>) -> Result<Vec<u8>, ContentError> {
        let mut bytes = Vec::new();
        // An error is kept for the end.
        let _ = self.read_to_end(&mut bytes);
        self.finish(digest)?;
        Ok(bytes)
    }

    /// Reads what is left, and compares the digest.
    fn finish(mut self, digest: Option<Digest>) -> Result<(), ContentError> {
        if self.error.is_none() {
            let _ = io::copy(&mut self, &mut io::sink());
        }
        let Self { host, part, most, hash, length, error, .. } = self;
        if length > most {
            return Err(ContentError::TooLong { host, part, most });
        }
        if let Some(error) = error {
            return Err(ContentError::Body { host, part, error });
        }
        let found = Digest::from_bytes(hash.finalize().into());
        match digest {
            Some(digest) if digest != found => Err(ContentError::OtherDigest { host, part, found }),
            _ => Ok(()),
        }
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.error.is_some() || self.length > self.most {
            return Err(io::Error::other("the body is cut off"));
        }
        match self.reader.read(buffer) {
            Ok(count) => {
                self.hash.update(&buffer[..count]);
                self.length += count as u64;
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let kind = error.kind();
                self.error = Some(error);
                Err(kind.into())
            }
        }
    }
}
