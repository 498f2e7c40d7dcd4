//! Comparison of two builds of one image, layer by layer.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tar::EntryType;

use super::blobs::Blobs;
use super::budget::Budget;
use super::difference::{Aspect, Difference};
use super::error::ReadError;
use super::layer::{LayerEntry, LayerError, for_each_entry};
use super::layout::{Parts, parse};
use crate::root::clean;

/// A file of a layer.
#[derive(Debug, PartialEq, Eq)]
struct LayerFile {
    kind: EntryType,
    link: Option<Vec<u8>>,
    digest: [u8; 32],
    mode: Option<u32>,
    owner: (Option<u64>, Option<u64>),
    attributes: BTreeMap<Vec<u8>, Vec<u8>>,
    time: Option<u64>,
}

impl LayerFile {
    fn read(entry: &mut LayerEntry<'_, '_>) -> io::Result<Self> {
        let mut attributes = BTreeMap::new();
        for extension in entry.pax_extensions()?.into_iter().flatten() {
            let extension = extension?;
            if extension.key_bytes().starts_with(b"SCHILY.xattr.") {
                attributes.insert(extension.key_bytes().to_owned(), extension.value_bytes().to_owned());
            }
        }
        let header = entry.header();
        let (kind, mode, time) = (header.entry_type(), header.mode().ok(), header.mtime().ok());
        let owner = (header.uid().ok(), header.gid().ok());
        let link = entry.link_name_bytes().map(|bytes| bytes.into_owned());
        let mut hash = Sha256::new();
        io::copy(entry, &mut Writer(&mut hash))?;
        Ok(Self { kind, link, digest: hash.finalize().into(), mode, owner, attributes, time })
    }

    /// Returns the aspect that tells most of those in which two files differ.
    fn difference(&self, other: &Self, dates: bool) -> Option<Aspect> {
        let aspects = [
            (Aspect::Kind, self.kind != other.kind),
            (Aspect::Bytes, self.link != other.link || self.digest != other.digest),
            (Aspect::Mode, self.mode != other.mode),
            (Aspect::Owner, self.owner != other.owner),
            (Aspect::Attributes, self.attributes != other.attributes),
            (Aspect::Time, dates && self.time != other.time),
        ];
        aspects.into_iter().find_map(|(aspect, differs)| differs.then_some(aspect))
    }
}

/// Writer that hashes.
struct Writer<'h>(&'h mut Sha256);

impl io::Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the first difference between two builds of one image; without `dates`, between their files.
pub(super) fn first(
    (one, other): (&Blobs, &Blobs),
    [parts, other_parts]: [Parts; 2],
    dates: bool,
) -> Result<Option<Difference>, ReadError> {
    let mut found = None;
    for (number, (layer, other_layer)) in (1..).zip(parts.layers.iter().zip(&other_parts.layers)) {
        // A name with a digest in it is that of the same bytes.
        if found.is_none() && !(parts.named_by_digest && layer == other_layer) {
            let layers = parts.layers.len();
            let read = [files(one.open(layer)?), files(other.open(other_layer)?)];
            let [one, other] =
                read.map(|files| files.map_err(|error| ReadError::Layer { layer: number, layers, error }));
            found = of_files(&one?, &other?, dates);
        }
    }
    if found.is_some() || (!dates && parts.layers.len() == other_parts.layers.len()) {
        return Ok(found);
    }
    let [configuration, other_configuration]: [Value; 2] = [
        parse(one, &parts.configuration, &one.document(&parts.configuration)?)?,
        parse(other, &other_parts.configuration, &other.document(&other_parts.configuration)?)?,
    ];
    Ok(of_values("", Some(&configuration), Some(&other_configuration)))
}

fn files(reader: impl Read) -> Result<BTreeMap<String, LayerFile>, LayerError> {
    let budget = Budget::default();
    let mut files = BTreeMap::new();
    for_each_entry(reader, &budget, |entry, path| {
        files.insert(clean(path), LayerFile::read(entry)?);
        Ok(())
    })?;
    Ok(files)
}

/// Returns the first path at which two layers differ, one with other dates alone last.
fn of_files(one: &BTreeMap<String, LayerFile>, other: &BTreeMap<String, LayerFile>, dates: bool) -> Option<Difference> {
    let paths: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let differences = paths.into_iter().filter_map(|path| {
        let what = match (one.get(path), other.get(path)) {
            (Some(file), Some(other)) => file.difference(other, dates)?,
            (Some(_), None) => Aspect::OnlyInFirst,
            (None, _) => Aspect::OnlyInSecond,
        };
        Some((what == Aspect::Time, path, what))
    });
    let (_, path, what) = differences.min()?;
    Some(Difference::File { path: format!("/{path}"), what })
}

/// Returns the first field in which two documents differ.
fn of_values(field: &str, one: Option<&Value>, other: Option<&Value>) -> Option<Difference> {
    match (one, other) {
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            names.into_iter().find_map(|name| {
                let field = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
                of_values(&field, one.get(name), other.get(name))
            })
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            let numbers = 0..one.len().max(other.len());
            numbers.into_iter().find_map(|at| of_values(&format!("{field}.{at}"), one.get(at), other.get(at)))
        }
        (one, other) if one == other => None,
        (one, other) => {
            let [first, second] = [one, other].map(|value| value.map(Value::to_string).unwrap_or_default());
            Some(Difference::Configuration { field: field.to_owned(), first, second })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tar::{Builder, Header};

    use super::*;

    type File<'f> = (&'f str, EntryType, u32, u64, &'f str);

    const FILE: EntryType = EntryType::Regular;

    fn layer(list: &[File<'_>]) -> BTreeMap<String, LayerFile> {
        let mut tar = Builder::new(Vec::new());
        for (path, kind, mode, time, text) in list {
            let mut header = Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_mode(*mode);
            header.set_mtime(*time);
            if *kind == EntryType::Symlink {
                header.set_size(0);
                tar.append_link(&mut header, path, text).unwrap();
            } else {
                header.set_size(text.len() as u64);
                tar.append_data(&mut header, path, text.as_bytes()).unwrap();
            }
        }
        files(&tar.into_inner().unwrap()[..]).unwrap()
    }

    fn difference(one: &[File<'_>], other: &[File<'_>], dates: bool) -> Option<String> {
        of_files(&layer(one), &layer(other), dates).map(|difference| difference.to_string())
    }

    #[test]
    fn each_aspect_of_a_file_is_named() {
        let file = ("a/b", FILE, 0o644, 1, "x");
        for (other, message) in [
            (("a/b", FILE, 0o644, 1, "y"), "`/a/b` has other bytes"),
            (("a/b", FILE, 0o755, 1, "x"), "`/a/b` has another mode"),
            (("a/b", FILE, 0o644, 2, "x"), "`/a/b` has another time"),
            (("a/b", EntryType::Symlink, 0o644, 1, "x"), "`/a/b` is of another kind"),
            (("a/c", FILE, 0o644, 1, "x"), "`/a/b` is in the first build only"),
            (("a/a", FILE, 0o644, 1, "x"), "`/a/a` is in the second build only"),
        ] {
            assert_eq!(difference(&[file], &[other], true).as_deref(), Some(message));
        }
        assert_eq!(difference(&[file], &[("./a/b", FILE, 0o644, 1, "x")], true), None);
        assert_eq!(difference(&[file], &[("a/b", FILE, 0o644, 2, "x")], false), None);
    }

    #[test]
    fn a_time_is_named_if_nothing_else_differs() {
        let one = [("a", FILE, 0o644, 1, "x"), ("b", FILE, 0o644, 1, "x")];
        let other = [("a", FILE, 0o644, 2, "x"), ("b", FILE, 0o644, 2, "y")];
        assert_eq!(difference(&one, &other, true).as_deref(), Some("`/b` has other bytes"));
    }

    #[test]
    fn fields_are_named_with_both_values() {
        let one = json!({"a": {"b": ["x", "y"]}, "c": 1});
        let other = json!({"a": {"b": ["x", "z"]}, "d": 1});
        let message = of_values("", Some(&one), Some(&other)).unwrap().to_string();
        assert_eq!(message, "`a.b.1` of the configuration was \"y\", then \"z\"");
        let message = of_values("", Some(&json!({"c": 1})), Some(&json!({}))).unwrap().to_string();
        assert_eq!(message, "`c` of the configuration was 1, then nothing");
        assert_eq!(of_values("", Some(&one), Some(&one)), None);
    }
}
