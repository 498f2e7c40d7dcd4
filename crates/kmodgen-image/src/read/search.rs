//! Search for one file in the layers of an image, of which the last one is read first.

use std::io::Read;

use tar::EntryType;

use super::budget::Budget;
use super::file;
use super::layer::{EntryError, LayerEntry, LayerError, for_each_entry};
use crate::layers::is_hidden_by;
use crate::root::clean;

/// State of a file in one layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayerFile {
    /// The layer has the file.
    Contents(Vec<u8>),
    /// The layer removes the file of lower layers.
    Removed,
    /// The layer has nothing at the path.
    Absent,
}

/// Search for one file in the layers of one image.
#[derive(Debug)]
pub struct LayerSearch<'s> {
    path: &'s str,
    largest: u64,
    budget: Budget,
}

impl<'s> LayerSearch<'s> {
    /// Searches for a file of at most `largest` bytes, and unpacks at most `unpacked` bytes of all layers.
    pub fn new(path: &'s str, largest: u64, unpacked: u64) -> Self {
        Self { path, largest, budget: Budget::of(unpacked) }
    }

    /// Reads a layer, a tar file that may be compressed.
    ///
    /// # Errors
    /// A damaged or too large layer, and a file that is a link, a folder or too large.
    pub fn read(&self, layer: impl Read) -> Result<LayerFile, LayerError> {
        let mut state = LayerFile::Absent;
        for_each_entry(layer, &self.budget, |entry, path| {
            let path = clean(path);
            if path == self.path {
                // Of several entries, the last one counts.
                state = LayerFile::Contents(self.contents(entry)?);
            } else if state == LayerFile::Absent && is_hidden_by(self.path, &path, is_folder(entry)) {
                state = LayerFile::Removed;
            }
            Ok(())
        })?;
        Ok(state)
    }

    fn contents(&self, entry: &mut LayerEntry<'_, '_>) -> Result<Vec<u8>, EntryError> {
        if !matches!(entry.header().entry_type(), EntryType::Regular | EntryType::Continuous) {
            return Err(EntryError::NotRegular);
        }
        file::bytes(entry, self.largest)?.ok_or(EntryError::TooLarge { limit: self.largest })
    }
}

fn is_folder(entry: &LayerEntry<'_, '_>) -> bool {
    // Before POSIX, a folder was a file whose name ended so.
    entry.header().entry_type() == EntryType::Directory || entry.path_bytes().ends_with(b"/")
}

#[cfg(test)]
mod tests {
    use tar::{Builder, Header};

    use super::*;

    const PATH: &str = "etc/release.json";

    fn header(kind: EntryType, size: usize) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(size as u64);
        header
    }

    /// A layer of files.
    fn layer(files: &[(&str, &str)]) -> Vec<u8> {
        let mut tar = Builder::new(Vec::new());
        for (path, text) in files {
            let kind = if path.ends_with('/') { EntryType::Directory } else { EntryType::Regular };
            tar.append_data(&mut header(kind, text.len()), path, text.as_bytes()).unwrap();
        }
        tar.into_inner().unwrap()
    }

    fn link(kind: EntryType, path: &str) -> Vec<u8> {
        let mut tar = Builder::new(Vec::new());
        tar.append_link(&mut header(kind, 0), path, "/etc/shadow").unwrap();
        tar.into_inner().unwrap()
    }

    fn read(layer: &[u8]) -> Result<LayerFile, String> {
        LayerSearch::new(PATH, 10, 1 << 20).read(layer).map_err(|error| error.to_string())
    }

    #[test]
    fn a_layer_has_the_file_or_removes_it() {
        let contents = |text: &str| Ok(LayerFile::Contents(text.as_bytes().to_vec()));
        for (files, state) in [
            (&[("etc/", ""), (PATH, "{}")][..], contents("{}")),
            (&[("./etc/release.json", "{}"), ("etc/.wh.release.json", "")], contents("{}")),
            (&[("etc/.wh..wh..opq", ""), ("etc/release.json", "1")], contents("1")),
            (&[(PATH, "1"), (PATH, "2")], contents("2")),
            (&[("etc/release.json.old", "{}"), ("etc/", ""), ("a/etc/release.json", "")], Ok(LayerFile::Absent)),
            (&[("etc/.wh.release", ""), ("a/.wh.etc", "")], Ok(LayerFile::Absent)),
            (&[("etc/.wh.release.json", "")], Ok(LayerFile::Removed)),
            (&[(".wh.etc", "")], Ok(LayerFile::Removed)),
            (&[("etc/.wh..wh..opq", "")], Ok(LayerFile::Removed)),
            (&[(".wh..wh..opq", "")], Ok(LayerFile::Removed)),
            (&[("etc", "a file")], Ok(LayerFile::Removed)),
        ] {
            assert_eq!(read(&layer(files)), state, "{files:?}");
        }
    }

    #[test]
    fn links_and_large_files_are_errors() {
        for (layer, said) in [
            (link(EntryType::Symlink, PATH), "`etc/release.json`: it is not a regular file"),
            (link(EntryType::Link, PATH), "`etc/release.json`: it is not a regular file"),
            (layer(&[("etc/release.json/", "")]), "`etc/release.json/`: it is not a regular file"),
            (layer(&[(PATH, "12345678901")]), "`etc/release.json`: it is larger than 10 bytes"),
            (layer(&[("big", &"x".repeat(2 << 20))]), "it unpacks to more than 1 MiB"),
        ] {
            assert_eq!(read(&layer).unwrap_err(), said);
        }
        assert_eq!(read(&link(EntryType::Symlink, "etc")), Ok(LayerFile::Removed));
        // What is unpacked counts for all layers together.
        let search = LayerSearch::new(PATH, 10, 1 << 20);
        let half = layer(&[("half", &"x".repeat(600 << 10))]);
        search.read(&half[..]).unwrap();
        assert!(search.read(&half[..]).is_err());
    }
}
