//! Inputs of commands that read Kubernetes objects.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::again::again;
use super::{ManifestFolder, describe, read_standard_input};
use crate::objects::{FolderStart, ObjectInput};
use crate::vocabulary::RelPath;

/// Argument for standard input.
const STANDARD_INPUT: &str = "-";

/// Opens an input: a file, a folder, or `-` for standard input.
pub fn object_input(argument: &str) -> ObjectInput {
    let opened = match argument {
        STANDARD_INPUT => {
            read_standard_input().map(|text| ObjectInput::Text { name: "standard input".to_owned(), text })
        }
        _ => open(Path::new(argument)),
    };
    opened.unwrap_or_else(|reason| ObjectInput::Unreadable { name: argument.to_owned(), reason })
}

fn open(path: &Path) -> Result<ObjectInput, String> {
    let metadata = again(|| fs::metadata(path)).map_err(|error| describe(&error))?;
    let name = path.display().to_string();
    if metadata.is_dir() {
        let folder = ManifestFolder::new(path);
        let start = FolderStart::All(folder.list_top().map_err(|error| error.to_string())?);
        return Ok(ObjectInput::Folder { name, files: Arc::new(folder), start });
    }
    // A link that the user names is followed; its kustomization is about the folder that the file is in.
    let real = again(|| fs::canonicalize(path)).map_err(|error| describe(&error))?;
    let file = real.file_name().and_then(|file| file.to_str()).ok_or("its name is not UTF-8")?;
    let start = FolderStart::File(RelPath::parse(file).map_err(|invalid| invalid.message)?);
    let parent = path.parent().map(|parent| parent.display().to_string()).unwrap_or_default();
    let folder = real.parent().unwrap_or(Path::new("/"));
    Ok(ObjectInput::Folder { name: parent, files: Arc::new(ManifestFolder::new(folder)), start })
}
