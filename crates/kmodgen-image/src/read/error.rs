//! Reasons why an image cannot be read.

use std::io;
use std::path::PathBuf;

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
    #[error("cannot read layer {layer} of {layers}: {why}")]
    Layer {
        /// Number of the layer, from 1.
        layer: usize,
        /// Count of layers.
        layers: usize,
        /// The reason, a lower-case fragment.
        why: String,
    },
}

/// Returns a string from outside as part of a message: on one line, unprintable characters escaped, and
/// cut after 200 characters.
pub fn shown(text: &str) -> String {
    const LONGEST: usize = 200;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let escaped = |c: char| if matches!(c, '\'' | '"') { c.to_string() } else { c.escape_debug().to_string() };
    let mut shown: String = line.chars().take(LONGEST).map(escaped).collect();
    if line.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// Describes an error of reading hostile data, as part of a message.
pub(super) fn broken(error: &io::Error) -> String {
    if error.raw_os_error().is_some() {
        return system(error);
    }
    let said = error.to_string();
    // The tar crate has words of its own for a stream that ends early.
    let is_cut = ["unexpected EOF", "failed to read entire block"].iter().any(|words| said.contains(words));
    if is_cut || error.kind() == io::ErrorKind::UnexpectedEof {
        "it is cut off".into()
    } else if said.starts_with("it ") {
        said
    } else {
        format!("it is damaged: {}", shown(&said))
    }
}

/// Describes an error of the system without its number.
fn system(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}
