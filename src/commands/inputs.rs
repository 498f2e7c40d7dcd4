//! What a run reads beside its flags, and whether it is what it was.

use std::path::Path;

use crate::adapters::fs;
use crate::lock;
use crate::record::{InputRecord, Record};
use crate::vocabulary::{Digest, InputFiles as _, RelPath, listing_digest};

/// Which of a record's inputs are as they were.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unchanged {
    /// All.
    pub(super) all: bool,
    /// The templates.
    pub(super) templates: bool,
}

impl Unchanged {
    /// Reads them. `manifest` is the manifest's path.
    pub(super) fn since(record: &Record, manifest: &Path) -> Self {
        let templates = are_as(manifest, &record.templates);
        Self { all: templates && is_as(manifest, &record.inputs) && are_as(manifest, &record.files), templates }
    }
}

/// Whether a manifest and its lock are what these digests say.
pub(super) fn is_as(manifest: &Path, digests: &[Option<Digest>; 2]) -> bool {
    let digest = |path: &Path| fs::read_text_if_any(path).ok().flatten().map(|text| Digest::of(text.as_bytes()));
    [digest(manifest), digest(&beside(manifest).join(lock::FILE_NAME))] == *digests
}

/// Whether files and folders beside a manifest are.
pub(super) fn are_as(manifest: &Path, inputs: &[InputRecord]) -> bool {
    let files = fs::ManifestFolder::new(beside(manifest));
    let now = |path: &str| {
        let parsed = RelPath::parse(path).ok()?;
        if path.ends_with('/') {
            return files.list(&parsed).ok().map(|names| listing_digest(&names));
        }
        files.read(&parsed).ok().map(|bytes| Digest::of(&bytes))
    };
    inputs.iter().all(|(path, digest)| now(path) == *digest)
}

fn beside(manifest: &Path) -> &Path {
    manifest.parent().unwrap_or(Path::new(""))
}
