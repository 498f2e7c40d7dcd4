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
        let files = folder_of(manifest);
        let same_templates = are_as(&files, &inputs.templates);
        let same = same_templates
            && is_as(manifest, &[inputs.manifest, inputs.lock])
            && are_as(&files, &inputs.files)
            && !has_unreadable_holds(&files);
        Self { same, same_templates }
    }
}

/// Returns whether a manifest and its lock, and files and folders in its folder, have the digests that they had.
pub(super) fn is_current(manifest: &Path, digests: &[Option<Digest>; 2], inputs: &[InputRecord]) -> bool {
    is_as(manifest, digests) && are_as(&folder_of(manifest), inputs)
}

/// Returns whether there is a file of holds that cannot be read, which has no digest, as an absent one.
fn has_unreadable_holds(files: &fs::ManifestFolder) -> bool {
    let read = RelPath::parse(holds::FILE_NAME).map(|path| files.digest(&path));
    matches!(read, Ok(Err(InputError::Unreadable(_))))
}

/// Returns whether a manifest and its lock have these digests.
fn is_as(manifest: &Path, digests: &[Option<Digest>; 2]) -> bool {
    let digest = |path: &Path| fs::read_text_if_any(path).ok().flatten().map(|text| Digest::of(text.as_bytes()));
    [digest(manifest), digest(&beside(manifest).join(lock::FILE_NAME))] == *digests
}

/// Returns whether files and folders in the folder of a manifest have the digests that they had.
fn are_as(files: &fs::ManifestFolder, inputs: &[InputRecord]) -> bool {
    let now = |path: &str| {
        let parsed = RelPath::parse_input("", path).ok()?;
        if path.ends_with('/') {
            return files.list(&parsed).ok().map(|names| listing_digest(&names));
        }
        files.digest(&parsed).ok()
    };
    inputs.iter().all(|(path, digest)| now(path) == *digest)
}

fn folder_of(manifest: &Path) -> fs::ManifestFolder {
    fs::ManifestFolder::new(beside(manifest))
}

fn beside(manifest: &Path) -> &Path {
    manifest.parent().unwrap_or(Path::new(""))
}
