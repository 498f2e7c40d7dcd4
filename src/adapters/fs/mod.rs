//! Files: the manifest's folder is read, the output folder is read and written.
#![expect(clippy::disallowed_methods, reason = "this is the one door to the file system")]

mod again;
mod cache_file;
mod document_file;
mod failure;
mod folder;
mod guard;
mod object_input;
mod output;
mod private;
mod replace;
mod stage;
mod staging_dir;
mod stamp;
mod stat;
mod stat_check;
mod tree;
mod write;

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use again::again;
pub use cache_file::{open_cache_file, random_checksum_key, write_cache_file};
pub use document_file::{DocumentFile, DocumentMemory};
pub use failure::describe;
pub use folder::ManifestFolder;
pub use guard::Guard;
pub use object_input::object_input;
pub use output::{check_folder, check_output};
pub use private::{PrivateFolder, sweep_private_folders};
pub use stage::{MemorySink, Stage};
pub use staging_dir::left_over;
pub use stamp::{Stamp, make_folder_of, nearest_folder, touch};
pub use stat::{fingerprint, now};
pub use stat_check::{BackgroundCheck, FinishingCheck, KnownShared};
pub use tree::Folder;
pub(super) use tree::LARGEST_OURS;
pub use write::{is_taken, remove, remove_if_empty, tidy_file, write_file, write_new_file};

use crate::tree::Inaccessible;
use crate::vocabulary::not_utf8;

/// The largest file that is read as input: a list of half a million kernels fits.
pub(super) const LARGEST_INPUT: u64 = 64 << 20;

/// Reads a regular file as text.
///
/// # Errors
/// What hinders, as a lower-case fragment. A pipe or device is refused before it is opened, so
/// that a run never waits for one.
pub fn read_text(path: &Path) -> Result<String, String> {
    read_text_up_to(path, LARGEST_INPUT)
}

/// Reads a regular file of at most `largest` bytes as text.
///
/// # Errors
/// As [`read_text`].
pub fn read_text_up_to(path: &Path, largest: u64) -> Result<String, String> {
    as_text(read_input(path, largest)?)
}

/// First bytes of files that are not UTF-8 text, with a message that also says what to do.
const OTHER_FORMS: [(&[u8], &str); 7] = [
    (b"\xff\xfe", "it is UTF-16 text, probably from PowerShell: use `Out-File -Encoding utf8`"),
    (b"\xfe\xff", "it is UTF-16 text: save it as UTF-8"),
    (b"\x1f\x8b", "it is compressed: unpack it with `gunzip`"),
    (b"\xfd7zXZ", "it is compressed: unpack it with `unxz`"),
    (b"\x28\xb5\x2f\xfd", "it is compressed: unpack it with `unzstd`"),
    (b"BZh", "it is compressed: unpack it with `bunzip2`"),
    (b"PK\x03\x04", "it is an archive: unpack it with `unzip`"),
];

fn as_text(bytes: Vec<u8>) -> Result<String, String> {
    let other = OTHER_FORMS.iter().find(|(beginning, _)| bytes.starts_with(beginning));
    if let Some((_, what)) = other.filter(|_| std::str::from_utf8(&bytes).is_err()) {
        return Err((*what).to_owned());
    }
    // Without a byte order mark, and in letters of ASCII.
    if bytes.len() > 3 && (bytes[1] == 0 && bytes[3] == 0 || bytes[0] == 0 && bytes[2] == 0) {
        return Err("it is UTF-16 text: save it as UTF-8".to_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        not_utf8(error.as_bytes(), at)
    })
}

/// Reads standard input as text, to its end.
///
/// # Errors
/// What hinders, as a lower-case fragment.
pub fn read_standard_input() -> Result<String, String> {
    read_standard_input_up_to(LARGEST_INPUT)
}

/// Reads at most `largest` bytes of standard input as text, to its end.
///
/// # Errors
/// As [`read_standard_input`].
pub fn read_standard_input_up_to(largest: u64) -> Result<String, String> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(largest + 1).read_to_end(&mut bytes).map_err(|error| describe(&error))?;
    if bytes.len() as u64 > largest {
        return Err(format!("it has more than {largest} bytes"));
    }
    as_text(bytes)
}

/// Reads a text file as [`read_text`] does; returns `None` if there is nothing at the path.
///
/// # Errors
/// As [`read_text`].
pub fn read_text_if_any(path: &Path) -> Result<Option<String>, String> {
    match again(|| fs::symlink_metadata(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        _ => read_text(path).map(Some),
    }
}

fn read_input(path: &Path, largest: u64) -> Result<Vec<u8>, String> {
    let (mut file, size) = open_input(path, largest)?;
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.read_to_end(&mut bytes).map_err(|error| describe(&error))?;
    Ok(bytes)
}

/// Opens a regular file of at most `largest` bytes, and returns it with its size.
fn open_input(path: &Path, largest: u64) -> Result<(io::Take<fs::File>, u64), String> {
    let metadata = again(|| fs::metadata(path)).map_err(|error| describe(&error))?;
    if metadata.is_dir() {
        return Err("it is a folder".into());
    }
    if !metadata.is_file() {
        return Err("it is not a regular file".into());
    }
    if metadata.len() > largest {
        return Err(format!("it has {} bytes; at most {largest} are allowed", metadata.len()));
    }
    let file = fs::File::open(path).map_err(|error| describe(&error))?;
    Ok((file.take(largest), metadata.len()))
}

/// The names of a folder's files and folders in order, for suggestions; none if it cannot be read.
pub fn names_in(folder: &Path) -> Vec<String> {
    const MOST: usize = 10_000;
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(MOST);
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// The manifest to use where none is named: `name` in `start` or the nearest folder above it.
///
/// # Errors
/// A folder that cannot be looked at: what is further up may not be what is meant.
pub fn find_upwards(start: &Path, name: &str) -> Result<Option<PathBuf>, Inaccessible> {
    for path in start.ancestors().map(|folder| folder.join(name)) {
        match again(|| fs::metadata(&path)) {
            Ok(metadata) if metadata.is_file() => return Ok(Some(path)),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failure::fail("look for", &path)(error));
            }
            _ => {}
        }
    }
    Ok(None)
}
