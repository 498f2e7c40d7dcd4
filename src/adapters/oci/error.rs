//! Why an image cannot be read.

use std::io;
use std::path::PathBuf;

use crate::adapters::fs::describe;
use crate::vocabulary::Invalid;

/// Reason why an image cannot be read, a lower-case fragment. Output of engines is escaped in it.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The argument is a file, and it is not said of what kind.
    #[error("`{0}` is a file; pass `oci-archive:{0}` or `docker-archive:{0}`")]
    PlainFile(String),
    /// The argument is a path to nothing.
    #[error("there is no folder `{0}`; pass a folder, oci-archive:FILE, docker-archive:FILE, oci:DIR or an image")]
    NoFolder(String),
    /// The argument is no reference.
    #[error("{0}{help}", help = .0.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default())]
    Reference(Invalid),
    /// The folder for an export cannot be made.
    #[error("cannot read `{}`: {}", path.display(), describe(error))]
    Folder { path: PathBuf, error: io::Error },
    /// The image itself cannot be read.
    #[error("{}", in_plain_words(.0))]
    Image(#[from] kmodgen_image::read::ReadError),
    /// The image has no kernel whose symbols can be read.
    #[error("`{image}` {error}")]
    Kernel { image: String, error: kmodgen_image::kernel::KernelError },
    /// No engine to export with.
    #[error(
        "cannot export `{0}`: none of podman, buildah, docker and skopeo is on PATH; \
         install one, or verify an archive with oci-archive:FILE or docker-archive:FILE"
    )]
    NoEngine(String),
    /// The engine that was named is not there.
    #[error("`{0}` is not on PATH; install it, or choose another --engine")]
    EngineMissing(&'static str),
    /// No engine could export the image.
    #[error("cannot export `{image}`: {complaints}")]
    Export { image: String, complaints: String },
}

fn in_plain_words(error: &kmodgen_image::read::ReadError) -> String {
    match error {
        kmodgen_image::read::ReadError::File { path, error } => {
            format!("cannot read `{}`: {}", path.display(), describe(error))
        }
        error => error.to_string(),
    }
}
