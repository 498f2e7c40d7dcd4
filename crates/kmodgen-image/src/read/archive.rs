//! Archives: a tar file of pieces, which are looked up by name.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _};
use std::path::Path;

use tar::{Archive, EntryType};

use super::blobs::{Blobs, Place};
use super::budget::Budget;
use super::error::ReadError;
use super::unpack;
use super::words::broken;

/// More entries than any archive of one image has: a layer each, and three more for each.
const MOST_ENTRIES: usize = 100_000;

/// Opens an archive, and lists what is in it.
pub(super) fn open(path: &Path) -> Result<Blobs, ReadError> {
    let metadata = std::fs::metadata(path).map_err(|error| failed(path, error))?;
    if !metadata.is_file() {
        return Err(ReadError::Layout { path: path.to_owned(), why: "it is not a regular file".into() });
    }
    let file = unpacked(path).map_err(|error| failed(path, error))?;
    let index = list(&file).map_err(|error| failed(path, error))?;
    Ok(Blobs::archive(path, file, index))
}

/// Opens an archive. One that is packed as a whole is unpacked to a file without a name first, as
/// pieces are needed in an order of their own.
fn unpacked(path: &Path) -> io::Result<File> {
    let mut file = File::open(path)?;
    let mut magic = [0; 6];
    let is_packed = match file.read_exact(&mut magic) {
        Ok(()) => unpack::is_packed(&magic),
        Err(_) => false,
    };
    file.rewind()?;
    if is_packed {
        let mut plain = tempfile::tempfile()?;
        let budget = Budget::default();
        io::copy(&mut unpack::stream(BufReader::new(file), &budget)?, &mut plain)?;
        plain.rewind()?;
        file = plain;
    }
    Ok(file)
}

/// The error of an archive: of the system, or of what the archive holds.
fn failed(path: &Path, error: io::Error) -> ReadError {
    let path = path.to_owned();
    match error.raw_os_error() {
        Some(_) => ReadError::File { path, error },
        None => ReadError::Layout { path, why: broken(&error) },
    }
}

fn list(file: &File) -> io::Result<BTreeMap<String, Place>> {
    let mut index = BTreeMap::new();
    let end = file.metadata()?.len();
    let mut archive = Archive::new(file);
    for (count, entry) in archive.entries_with_seek()?.enumerate() {
        let entry = entry?;
        if count == MOST_ENTRIES {
            return Err(io::Error::other("it has too many entries for an image"));
        }
        // Seeking finds no end; an entry that reaches beyond it is the archive's last.
        if entry.raw_file_position().saturating_add(entry.size()) > end {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some(name) = resolve("", &String::from_utf8_lossy(&entry.path_bytes())) else { continue };
        let place = match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => {
                Place::At { start: entry.raw_file_position(), size: entry.size() }
            }
            EntryType::Symlink | EntryType::Link => {
                let target = entry.link_name_bytes().unwrap_or_default();
                // A symbolic link starts from its own folder, a hard link from the archive's root.
                let from = if entry.header().entry_type() == EntryType::Symlink { parent(&name) } else { "" };
                match resolve(from, &String::from_utf8_lossy(&target)) {
                    Some(target) => Place::Link(target),
                    None => continue,
                }
            }
            _ => continue,
        };
        index.insert(name, place);
    }
    Ok(index)
}

/// Returns all but the last component of a name; empty at the top.
fn parent(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The name that a path in a folder of the archive leads to; `None` where it leads out.
fn resolve(folder: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::super::layout;
    use super::*;

    #[test]
    fn links_stay_in_the_archive() {
        assert_eq!(resolve("abc", "../def/layer.tar").as_deref(), Some("def/layer.tar"));
        assert_eq!(resolve("", "blobs/x").as_deref(), Some("blobs/x"));
        assert_eq!(resolve("abc", "../../etc/passwd"), None);
    }

    fn open_bytes(bytes: &[u8]) -> Result<Blobs, ReadError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        open(file.path())
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(spots in proptest::collection::vec((0usize..4096, any::<u8>()), 0..12), noise in proptest::collection::vec(any::<u8>(), 0..900)) {
            let mut tar = tar::Builder::new(Vec::new());
            let manifest = r#"[{"Config": "config", "Layers": ["a"]}]"#;
            let index = r#"{"manifests": [{"digest": "sha256:0"}, {"digest": ""}]}"#;
            for (name, text) in [("index.json", index.as_bytes()), ("manifest.json", manifest.as_bytes()), ("config", b"{}"), ("a", &noise)] {
                let mut header = tar::Header::new_ustar();
                header.set_size(text.len() as u64);
                tar.append_data(&mut header, name, text).unwrap();
            }
            let mut bytes = tar.into_inner().unwrap();
            let length = bytes.len();
            spots.iter().for_each(|(at, byte)| bytes[at % length] = *byte);
            for bytes in [&bytes, &noise] {
                if let Ok(blobs) = open_bytes(bytes) {
                    let _ = layout::read_docker(&blobs);
                    let _ = layout::read_oci(&blobs, None, None);
                }
            }
        }
    }
}
