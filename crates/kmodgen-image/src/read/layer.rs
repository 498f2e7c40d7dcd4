//! One layer: a tar stream, packed or not, read once from its start to its end.

use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::rc::Rc;
use std::sync::Arc;

use tar::{Archive, Entry, EntryType};

use super::budget::Budget;
use super::file;
use super::unpack;
use super::words::{broken, shown, size};
use crate::Image;
use crate::layers::Unfit;
use crate::root::{File, Node, clean};
use crate::secrets::Leak;

/// Bytes that the headers of one entry may take, long names and attributes included: the tar crate
/// holds them whole.
const LARGEST_HEADERS: u64 = 1 << 20;

/// Number of leaked secrets that are reported.
const MOST_LEAKS: usize = 1000;

/// Reason why a layer cannot be unpacked, a lower-case fragment.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// The stream is cut off, damaged, or larger than an image may be.
    #[error("{}", broken(.0))]
    Stream(io::Error),
    /// One entry cannot be unpacked.
    #[error("`{}`: {error}", shown(path))]
    Entry {
        /// The path in the layer.
        path: String,
        /// The reason.
        error: EntryError,
    },
    /// The layer's digest is another than that of its name.
    #[error("it is damaged: its digest is sha256:{0}, but its name has another one")]
    Digest(String),
}

/// Reason why an entry of a layer cannot be unpacked, a lower-case fragment.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// The stream is truncated or damaged within the entry.
    #[error("{}", broken(.0))]
    Stream(#[from] io::Error),
    /// A symbolic link has no target.
    #[error("it is a broken symbolic link")]
    EmptyLink,
    /// A hard link has no target.
    #[error("it is a broken hard link")]
    EmptyHardLink,
    /// The entry is a link, a folder or a device.
    #[error("it is not a regular file")]
    NotRegular,
    /// The file is larger than it may be.
    #[error("it is larger than {}", size(*limit))]
    TooLarge {
        /// Bytes that it may have.
        limit: u64,
    },
    /// The path or the target is impossible.
    #[error("{0}")]
    Unfit(#[from] Unfit),
}

/// Applies a layer to an image.
///
/// # Errors
/// A layer that no engine would unpack, or that is too large to be unpacked.
pub(super) fn apply(reader: impl Read, image: &mut Image, budget: &Budget) -> Result<(), LayerError> {
    image.layers += 1;
    image.root.next_layer();
    for_each_entry(reader, budget, |entry, path| read(entry, path, image, budget))
}

/// Calls `use_entry` with each entry of a layer and its path.
///
/// # Errors
/// A damaged layer, and what `use_entry` fails with.
pub(super) fn for_each_entry(
    reader: impl Read,
    budget: &Budget,
    mut use_entry: impl FnMut(&mut LayerEntry<'_, '_>, &str) -> Result<(), EntryError>,
) -> Result<(), LayerError> {
    let unpacked = unpack::stream(BufReader::new(reader), budget).map_err(LayerError::Stream)?;
    let ration = Rc::new(Cell::new(LARGEST_HEADERS));
    let mut archive = Archive::new(Rationed { inner: unpacked, ration: Rc::clone(&ration) });
    for entry in archive.entries().map_err(LayerError::Stream)? {
        let mut entry = entry.map_err(LayerError::Stream)?;
        // What is left of this entry when the next one is asked for, and that one's headers.
        let rest =
            if entry.header().entry_type().is_gnu_sparse() { entry.header().entry_size() } else { Ok(entry.size()) };
        ration.set(u64::MAX);
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        use_entry(&mut entry, &path).map_err(|error| LayerError::Entry { path, error })?;
        ration.set(rest.unwrap_or(0).saturating_add(LARGEST_HEADERS));
    }
    // What follows the tar's end counts for the layer's digest.
    ration.set(u64::MAX);
    io::copy(&mut archive.into_inner(), &mut io::sink()).map(drop).map_err(LayerError::Stream)
}

fn read(entry: &mut Entry<'_, impl Read>, path: &str, image: &mut Image, budget: &Budget) -> Result<(), EntryError> {
    let link = entry.link_name_bytes().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let node = match entry.header().entry_type() {
        EntryType::Directory => Node::Folder,
        // Before POSIX, a folder was a file whose name ended so.
        EntryType::Regular if path.ends_with('/') => Node::Folder,
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            let (size, mode) = (entry.size(), entry.header().mode()?);
            let path = clean(path);
            let (facts, secret) = file::look(&path, mode, size, entry, budget)?;
            if let Some(kind) = secret.filter(|_| image.leaks.len() < MOST_LEAKS) {
                image.leaks.push(Leak { layer: image.layers, path, kind });
            }
            Node::File(File { size, mode, facts: Arc::new(facts) })
        }
        EntryType::Symlink => Node::Link(link.ok_or(EntryError::EmptyLink)?),
        EntryType::Link => {
            let target = link.ok_or(EntryError::EmptyHardLink)?;
            return Ok(image.root.apply_hard_link(path, &target)?);
        }
        EntryType::Char | EntryType::Block | EntryType::Fifo => Node::Other,
        _ => return Ok(()),
    };
    Ok(image.root.apply(path, node)?)
}

/// An entry of an unpacked layer.
pub(super) type LayerEntry<'e, 'r> = Entry<'e, Rationed<Box<dyn Read + 'r>>>;

/// A reader that hands out no more than its ration.
pub(super) struct Rationed<R> {
    inner: R,
    ration: Rc<Cell<u64>>,
}

impl<R: Read> Read for Rationed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.ration.get();
        let count = self.inner.read(buffer)? as u64;
        if count > left {
            return Err(io::Error::other("it has a header of more than 1 MiB"));
        }
        self.ration.set(left - count);
        usize::try_from(count).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tar::{Builder, Header};

    use super::*;

    fn header(kind: EntryType, size: u64) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o755);
        header.set_size(size);
        header
    }

    fn layer(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tar = Builder::new(Vec::new());
        for (path, bytes) in files {
            tar.append_data(&mut header(EntryType::Regular, bytes.len() as u64), path, *bytes).unwrap();
        }
        tar.into_inner().unwrap()
    }

    fn paths(image: &Image) -> Vec<&str> {
        image.root.below("").map(|(path, _)| path).collect()
    }

    fn fail(bytes: &[u8]) -> String {
        apply(bytes, &mut Image::default(), &Budget::default()).unwrap_err().to_string()
    }

    #[test]
    fn layers_are_applied_and_secrets_seen_in_all() {
        let mut image = Image::default();
        let long = format!("{}/x", "long".repeat(60));
        let first = layer(&[("./root/.docker/config.json", b"{}"), ("a/x", b"#!/bin/sh\n"), (&long, b"")]);
        apply(&first[..], &mut image, &Budget::default()).unwrap();
        apply(&layer(&[("root/.wh..docker", b""), (".wh.a", b"")])[..], &mut image, &Budget::default()).unwrap();
        assert_eq!(paths(&image), [&long[..240], &long, "root"]);
        assert_eq!((image.leaks[0].layer, image.leaks[0].path.as_str()), (1, "root/.docker/config.json"));
    }

    #[test]
    fn hostile_streams_end_in_errors() {
        let good = layer(&[("a", &[1; 2000]), ("b", b"x")]);
        assert_eq!(fail(&good[..1500]), "it is truncated");
        assert!(fail(&[7; 2048]).starts_with("it is damaged: "), "{}", fail(&[7; 2048]));
        let mut huge = header(EntryType::Regular, u64::MAX >> 1);
        huge.set_path("huge").unwrap();
        huge.set_cksum();
        assert_eq!(fail(&[huge.as_bytes().as_slice(), &[0; 512]].concat()), "it is truncated");
        let mut name = header(EntryType::GNULongName, 8 << 20);
        name.set_cksum();
        let bomb = [name.as_bytes().to_vec(), vec![b'x'; 8 << 20]].concat();
        assert!(fail(&bomb).contains("a header of more than 1 MiB"));
        let mut link = Builder::new(Vec::new());
        link.append_link(&mut header(EntryType::Link, 0), "a", "../../etc/passwd").unwrap();
        assert_eq!(
            fail(&link.into_inner().unwrap()),
            "`a`: it is a hard link to `../../etc/passwd`, which is not a file of the image"
        );
    }

    #[test]
    fn links_and_devices_stay_in_the_image() {
        let mut tar = Builder::new(Vec::new());
        tar.append_link(&mut header(EntryType::Symlink, 0), "out", "/etc").unwrap();
        tar.append_data(&mut header(EntryType::Regular, 1), "out/passwd", &b"x"[..]).unwrap();
        tar.append_link(&mut header(EntryType::Link, 0), "copy", "/out/passwd").unwrap();
        tar.append_data(&mut header(EntryType::Char, 0), "null", io::empty()).unwrap();
        let mut up = header(EntryType::Regular, 0);
        up.as_old_mut().name[..12].copy_from_slice(b"../../escape");
        up.set_cksum();
        tar.append(&up, io::empty()).unwrap();
        let mut image = Image::default();
        apply(&tar.into_inner().unwrap()[..], &mut image, &Budget::default()).unwrap();
        assert_eq!(paths(&image), ["copy", "escape", "etc", "etc/passwd", "null", "out"]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(spots in proptest::collection::vec((0usize..4096, any::<u8>()), 0..20), cut in 0usize..600, noise in proptest::collection::vec(any::<u8>(), 0..1500)) {
            let _ = apply(&noise[..], &mut Image::default(), &Budget::default());
            let mut bytes = layer(&[("opt/a.ko.xz", &noise), ("modules.dep", b"a:"), ("long/".repeat(40).trim_end_matches('/'), b"x")]);
            let length = bytes.len();
            for (at, byte) in &spots {
                bytes[at % length] = *byte;
            }
            bytes.truncate(length - cut.min(length));
            let _ = apply(&bytes[..], &mut Image::default(), &Budget::default());
        }
    }
}
