//! Comparison of the files that a run reads with those that the previous one read.

use std::path::Path;

use crate::adapters::fs;
use crate::cache::{InputRecord, Inputs};
use crate::holds;
use crate::lock;
use crate::vocabulary::{Digest, InputError, InputFiles as _, RelPath, listing_digest};

/// Which inputs are as they were.
#[derive(Debug, Clone, Copy)]
pub(super) struct InputCheck {
    /// Set if all inputs are unchanged.
    pub(super) same: bool,
    /// Set if the templates are unchanged.
    pub(super) same_templates: bool,
}

impl InputCheck {
    /// Reads the inputs of the manifest at a path.
    pub(super) fn of(inputs: &Inputs, manifest: &Path) -> Self {
        let same_templates = are_as(manifest, &inputs.templates);
        let same = same_templates
            && is_as(manifest, &[inputs.manifest, inputs.lock])
            && are_as(manifest, &inputs.files)
            && !has_unreadable_holds(manifest);
        Self { same, same_templates }
    }
}

/// Returns whether there is a file of holds that cannot be read, which has no digest, as an absent one.
fn has_unreadable_holds(manifest: &Path) -> bool {
    let path = RelPath::parse(holds::FILE_NAME);
    let read = path.map(|path| fs::ManifestFolder::new(beside(manifest)).read(&path));
    matches!(read, Ok(Err(InputError::Unreadable(_))))
}

/// Returns whether a manifest and its lock have these digests.
pub(super) fn is_as(manifest: &Path, digests: &[Option<Digest>; 2]) -> bool {
    let digest = |path: &Path| fs::read_text_if_any(path).ok().flatten().map(|text| Digest::of(text.as_bytes()));
    [digest(manifest), digest(&beside(manifest).join(lock::FILE_NAME))] == *digests
}

/// Returns whether files and folders beside a manifest have the digests that they had.
pub(super) fn are_as(manifest: &Path, inputs: &[InputRecord]) -> bool {
    let files = fs::ManifestFolder::new(beside(manifest));
    let now = |path: &str| {
        let parsed = RelPath::parse_input("", path).ok()?;
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
