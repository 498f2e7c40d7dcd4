//! A manifest that is not written yet, with the files next to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::faults::Faults;
use crate::manifest::Manifest;
use crate::settings::MANIFEST;
use crate::vocabulary::{Diagnostics, InputError, InputFiles, Listed, RelPath, SourceMap};

/// Files next to a new manifest, by path.
pub(super) struct UnwrittenFiles(BTreeMap<String, Arc<Vec<u8>>>);

impl UnwrittenFiles {
    /// Takes the texts of files with their paths.
    pub(super) fn of<'t>(files: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        let files = files.into_iter();
        Self(files.map(|(path, text)| (path.to_owned(), Arc::new(text.as_bytes().to_vec()))).collect())
    }
}

impl InputFiles for UnwrittenFiles {
    fn read(&self, path: &RelPath) -> Result<Arc<Vec<u8>>, InputError> {
        self.0.get(path.as_str()).cloned().ok_or(InputError::Absent)
    }

    fn list(&self, _: &RelPath) -> Result<Vec<Listed>, InputError> {
        Err(InputError::Absent)
    }
}

/// Checks that the other commands accept a manifest.
pub(super) fn check_manifest(text: &str, files: &UnwrittenFiles) -> anyhow::Result<()> {
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let source = sources.add(MANIFEST, text);
    match Manifest::read(source, text, files, &mut sources, &mut faults) {
        Some(_) if !faults.has_errors() => Ok(()),
        _ => Err(Faults::new(faults, sources).into()),
    }
}
