//! Documents about built images, in a folder that the user named.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{Ended, named_folder};

/// Ending of the names of SPDX documents in JSON.
const ENDING: &str = ".spdx.json";

/// Word for such a document in messages.
const NOUN: &str = "SBOM";

/// A folder for software bills of materials.
#[derive(Debug)]
pub struct SbomFolder(PathBuf);

impl SbomFolder {
    /// Takes the folder that the user named. Links are refused as in that of logs.
    ///
    /// # Errors
    /// A link.
    pub fn of(named: &Path, checkouts: &[PathBuf]) -> Result<Self, Ended> {
        named_folder::check("--sbom", named, checkouts)?;
        Ok(Self(named.to_owned()))
    }

    /// Writes the document of a module's image for a kernel. No link is followed below the folder.
    ///
    /// # Errors
    /// Why it cannot be written.
    pub fn write(&self, module: &str, release: &str, text: &str) -> Result<(), Ended> {
        let (path, mut file) = named_folder::create(&self.0, module, &format!("{release}{ENDING}"), NOUN)?;
        file.write_all(text.as_bytes()).map_err(named_folder::cannot_write(NOUN, &path))
    }
}
