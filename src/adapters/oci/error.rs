//! Why an image cannot be read.

use std::io;
use std::path::PathBuf;

use crate::adapters::fs::describe;
use crate::vocabulary::Invalid;

/// Why an image cannot be read. The message is a lower-case fragment; what an image or an engine
/// said is in it escaped.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The argument is a file, and it is not said of what kind.
    #[error("`{0}` is a file; write `oci-archive:{0}` or `docker-archive:{0}`")]
    PlainFile(String),
    /// The argument is a path to nothing.
    #[error("there is no folder `{0}`; write a folder, oci-archive:FILE, docker-archive:FILE, oci:DIR or an image")]
    NoFolder(String),
    /// The argument is no reference.
    #[error("{0}{help}", help = .0.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default())]
    Reference(Invalid),
    /// A file on this machine that cannot be read.
    #[error("cannot read `{}`: {}", path.display(), describe(error))]
    #[expect(missing_docs, reason = "the names say it")]
    File { path: PathBuf, error: io::Error },
    /// An archive or layout that is not what it should be.
    #[error("cannot read `{}`: {why}", path.display())]
    #[expect(missing_docs, reason = "the names say it")]
    Layout { path: PathBuf, why: String },
    /// A layer that cannot be unpacked.
    #[error("cannot read layer {layer} of {layers}: {why}")]
    #[expect(missing_docs, reason = "the names say it")]
    Layer { layer: usize, layers: usize, why: String },
    /// No engine to export with.
    #[error(
        "`{0}` needs podman, buildah, docker or skopeo to be exported with, and none is on PATH; \
         install one, or verify an archive with oci-archive:FILE or docker-archive:FILE"
    )]
    NoEngine(String),
    /// The engine that was named is not there.
    #[error("`{0}` is not on PATH; install it, or name another --engine")]
    EngineMissing(&'static str),
    /// No engine could export the image.
    #[error("no engine could export `{image}`: {complaints}")]
    #[expect(missing_docs, reason = "the names say it")]
    Export { image: String, complaints: String },
}

/// A text from outside as part of a message: on one line, unprintable characters escaped.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 200;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let escaped = |c: char| if matches!(c, '\'' | '"') { c.to_string() } else { c.escape_debug().to_string() };
    let mut shown: String = line.chars().take(LONGEST).map(escaped).collect();
    if line.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// An error of reading hostile data, in the words of a message.
pub(super) fn broken(error: &io::Error) -> String {
    // What the system says is about this machine: a full disk, say.
    if error.raw_os_error().is_some() {
        return describe(error);
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
