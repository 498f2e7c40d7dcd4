//! Inputs: texts, files and folders.

use std::sync::Arc;

use crate::vocabulary::{InputFiles, Listed, RelPath};

/// An input, as the command line names it.
pub enum ObjectInput {
    /// A text without a folder, such as standard input.
    Text { name: String, text: String },
    /// A folder, or a file with the folder that it is in.
    Folder { name: String, files: Arc<dyn InputFiles>, start: FolderStart },
    /// Something that cannot be read, and the reason.
    Unreadable { name: String, reason: String },
}

/// The part of a folder to start from.
pub enum FolderStart {
    /// One file, and what its kustomization names.
    File(RelPath),
    /// Every file, of which these are at the top.
    All(Vec<Listed>),
}
