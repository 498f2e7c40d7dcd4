//! Reasons why an image cannot be read.

use std::io;
use std::path::PathBuf;

use super::layer::LayerError;
use super::words::system;

/// Reason why an image cannot be read, a lower-case fragment. Strings from the image are escaped in it.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file of this machine cannot be read.
    #[error("cannot read `{}`: {}", path.display(), system(error))]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
    /// An archive or layout is malformed.
    #[error("cannot read `{}`: {why}", path.display())]
    Layout {
        /// The archive or the layout's folder.
        path: PathBuf,
        /// The reason, a lower-case fragment.
        why: String,
    },
    /// A layer cannot be unpacked.
    #[error("cannot read layer {layer} of {layers}: {error}")]
    Layer {
        /// Number of the layer, from 1.
        layer: usize,
        /// Count of layers.
        layers: usize,
        /// The reason.
        error: LayerError,
    },
}
