//! The door through which the core asks for the files beside a manifest.

use std::sync::Arc;

use super::RelPath;

/// What [`InputFiles::read`] says where there is no file.
pub const ABSENT: &str = "there is no such file";

/// The folder of a manifest: kernel lists, patches, templates and their includes are read from
/// it and from nowhere else.
pub trait InputFiles: Send + Sync {
    /// The bytes of a file in the folder.
    ///
    /// # Errors
    /// What hinders, as a lower-case fragment fit for a message: [`ABSENT`], not a regular file, too
    /// large, or reached through a link that leaves the folder.
    fn read(&self, path: &RelPath) -> Result<Arc<[u8]>, String>;
}
