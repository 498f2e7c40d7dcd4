//! Modules that flags may name.

use std::collections::BTreeSet;

use anyhow::bail;

use crate::manifest::Manifest;
use crate::tree::{Inaccessible, Kind, OutputFolder};
use crate::vocabulary::{ModuleName, nearest};

/// Names of the modules of a run: those of the manifest, and those that are only in an output folder. A module of
/// another owner, or one that is removed, is no longer in the manifest.
#[derive(Default)]
pub(super) struct KnownModules(BTreeSet<String>);

impl KnownModules {
    /// Adds the modules of a cluster.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub(super) fn add(&mut self, manifest: &Manifest, folder: &dyn OutputFolder) -> Result<(), Inaccessible> {
        self.0.extend(manifest.modules.iter().map(|module| module.name.value.to_string()));
        let folders = folder.names("")?.into_iter().filter(|(name, kind)| {
            // Names of other folders may have any characters.
            *kind == Kind::Folder && ModuleName::parse(name).is_ok()
        });
        self.0.extend(folders.map(|(name, _)| name));
        Ok(())
    }

    /// Refuses values of a flag that are names of no module.
    pub(super) fn check(&self, flag: &str, names: &[String]) -> anyhow::Result<()> {
        let Some(name) = names.iter().find(|name| !self.0.contains(*name)) else { return Ok(()) };
        let near = nearest(name, self.0.iter().map(String::as_str));
        let hint = near.map(|near| format!("; did you mean `{flag} {near}`?")).unwrap_or_default();
        bail!("{flag}: neither the manifest nor the output folder has a module `{}`{hint}", name.escape_debug());
    }
}
