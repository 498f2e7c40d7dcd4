//! Errors of the system, as errors about paths.

use std::io;
use std::path::Path;

use crate::tree::Inaccessible;
use crate::vocabulary::ABSENT;

/// Returns a function that turns an I/O error into an error about a path.
pub(super) fn fail(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Inaccessible {
    move |error| Inaccessible { verb, path: path.display().to_string(), why: describe(&error) }
}

/// An I/O error in the words of a message.
pub fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => ABSENT.into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::NotADirectory => "a part of the path is not a folder".into(),
        io::ErrorKind::StorageFull => "the disk is full".into(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".into(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_lowercase()
        }
    }
}
