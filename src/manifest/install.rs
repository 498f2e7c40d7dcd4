//! Folders for the results of a build, and other content of the image.

use std::collections::BTreeMap;

use kmodgen_yaml::Node;

use super::conditional::{Conditional, conditionals};
use super::declare::declare;
use super::decode::{self, Fields, has_only, has_only_within};
use super::expansion::Expands;
use super::schema::{Field, Record, Shape, joined};
use super::selection::Selection;
use crate::vocabulary::{Diagnostic, Diagnostics, Invalid, RelPath, Spanned, written_out};

/// Folder of the image that firmware is installed into.
pub const FIRMWARE_FOLDER: &str = "/opt/lib/firmware";

/// Folder of the image that licenses are installed into.
pub const LICENSE_FOLDER: &str = "/licenses";

/// Compression of kmods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// gzip, `.ko.gz`.
    Gzip,
    /// xz, `.ko.xz`.
    Xz,
    /// Zstandard, `.ko.zst`.
    Zstd,
}

impl Compression {
    /// Its name in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
        }
    }

    /// The ending of a compressed kmod's file.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Gzip => ".ko.gz",
            Self::Xz => ".ko.xz",
            Self::Zstd => ".ko.zst",
        }
    }
}

/// Files of the source for a folder of the image, `/opt/lib/firmware` or `/licenses`.
#[derive(Debug, Clone, Hash)]
pub struct InstalledFiles {
    /// A file, a folder whose contents are meant, or a shell pattern of these.
    pub from: Spanned<RelPath>,
    /// A folder below the one of the image; the latter itself if `None`.
    pub to: Option<RelPath>,
}

declare! {
    /// Settings for installing the results, as far as one place of the manifest states them.
    #[derive(Debug, Clone, Default)]
    pub struct Install: INSTALL, "`install`", overridable {
        optional mod_dir: RelPath {
            key: "modDir",
            takes: Shape::Text,
            says: "the folder below `/opt/lib/modules/<release>`, as kbuild's `INSTALL_MOD_DIR`: `extra` (where absent), `updates`, `kernel/…` or one below these",
            decode: decode::parsed(mod_dir),
        }
        optional strip: bool {
            takes: Shape::Bool,
            says: "take debugging symbols out of the kmods that carry no signature: `true` (where absent) or `false`",
            decode: decode::flag,
        }
        optional compress: Spanned<Compression> {
            takes: Shape::OneOf(&["gz", "xz", "zstd"]),
            says: "compress the kmods, as the kernel and its kmod must support; not beside `sign`",
            decode: decode::placed(compression),
        }
        optional link_in_tree: bool {
            key: "linkInTree",
            takes: Shape::Bool,
            says: "link to the node's own modules, for kmods that depend on them; depmod sees those of the builder",
            decode: decode::flag,
        }
        optional firmware: Vec<Conditional<InstalledFiles>> {
            takes: Shape::List(&Shape::TextOr(&FILES)),
            says: "files of the source, folders whose contents, or shell patterns of these, that go to `/opt/lib/firmware`; `firmwarePath` is then that",
            decode: |node, key, faults| Some(decode_list(node, key, faults)),
        }
        optional licenses: Vec<Conditional<InstalledFiles>> {
            takes: Shape::List(&Shape::TextOr(&FILES)),
            says: "files of the source, folders whose contents, or shell patterns of these, that go to `/licenses`",
            decode: |node, key, faults| Some(decode_list(node, key, faults)),
        }
        optional rpms: Vec<Conditional<Spanned<String>>> {
            takes: Shape::List(&Shape::TextOr(&PACKAGE)),
            says: "packages of an `rpmbuild` step or an `rpm` source, by name or shell pattern, whose files are installed: kmods for KMM, the rest at its own places",
            decode: |node, _, faults| Some(conditionals(node, "`rpms`", &PACKAGE, faults, decode_package)),
        }
    }
}

static PACKAGE: Record = Record {
    name: "an installed package",
    fields: joined![&[Field { key: "rpm", takes: Shape::Text, says: "the package" }], Selection::FIELDS],
};

static FILES: Record = Record {
    name: "installed files",
    fields: joined![
        &[
            Field { key: "from", takes: Shape::Text, says: "the file, folder or shell pattern" },
            Field { key: "to", takes: Shape::Text, says: "the folder that it goes to, below the one for all" },
        ],
        Selection::FIELDS,
    ],
};

fn decode_list(node: &Node, key: &str, faults: &mut Diagnostics) -> Vec<Conditional<InstalledFiles>> {
    decode::items(node, &format!("`{key}`"), faults).iter().filter_map(|item| decode_files(item, faults)).collect()
}

fn decode_package(node: &Node, faults: &mut Diagnostics) -> Option<Spanned<String>> {
    decode::text(node, "a package", faults, package)
}

fn decode_files(node: &Node, faults: &mut Diagnostics) -> Option<Conditional<InstalledFiles>> {
    if node.as_mapping().is_none() {
        let from = decode::text(node, "a path", faults, pattern)?;
        return Some(Conditional { value: InstalledFiles { from, to: None }, kernels: Selection::default() });
    }
    let mut fields = Fields::open(&FILES, node, faults)?;
    let from = fields.need("from", "write the file or folder of the source", faults);
    let from = from.and_then(|node| decode::text(node, "`from`", faults, pattern));
    let to = fields.take("to", faults);
    let to = to.and_then(|node| decode::text(node, "`to`", faults, |text| Expands::Release.path(text)));
    let kernels = Selection::take(&mut fields, faults)?;
    fields.finish(faults);
    Some(Conditional { value: InstalledFiles { from: from?, to: to.map(|to| to.value) }, kernels })
}

fn pattern(text: &str) -> Result<RelPath, Invalid> {
    Expands::Release.pattern(text)
}

/// depmod prefers `updates` to the rest; `extra` is where out-of-tree modules go; `kernel/…`
/// mirrors the kernel's own tree.
fn mod_dir(text: &str) -> Result<RelPath, Invalid> {
    let dir = RelPath::parse(text)?;
    let top = dir.as_str().split('/').next().unwrap_or_default();
    if ["extra", "updates", "kernel"].contains(&top) && has_only(dir.as_str(), "._-+/") {
        return Ok(dir);
    }
    Err(Invalid::new(format!("`{dir}` is not a folder for kernel modules"))
        .help("write `extra`, `updates`, `kernel/…` or a folder below one of them"))
}

/// The name of an RPM, in which a shell's patterns and the release may stand.
fn package(text: &str) -> Result<String, Invalid> {
    let name = Expands::Release.line(text)?;
    let plain = written_out(&name, "x");
    if !plain.is_empty() && has_only(&plain, "._-+*?[]") {
        return Ok(name);
    }
    Err(Invalid::new(format!("`{}` is not the name of a package", text.escape_debug()))
        .help("write it without version, release and `.rpm`, such as `kmod-driver` or `kmod-driver-*`"))
}

fn compression(text: &str) -> Result<Compression, Invalid> {
    let all = [Compression::Gzip, Compression::Xz, Compression::Zstd];
    all.into_iter().find(|compression| compression.name() == text).ok_or_else(|| {
        Invalid::new(format!("`{}` is no compression of kernel modules", text.escape_debug()))
            .help("write `gz`, `xz` or `zstd`, as the kernel's own modules have it")
    })
}

/// Labels of the image.
pub(super) fn image_labels(node: &Node, faults: &mut Diagnostics) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for entry in decode::entries(node, "`imageLabels`", faults) {
        let key = &entry.key.value;
        if !has_only_within(key, "._-/") {
            faults.push(
                Diagnostic::error("invalid-value", format!("`{}` is not the key of a label", key.escape_debug()))
                    .at(entry.key.span, "")
                    .help("write letters, digits, `.`, `_`, `-`, `/`, such as `org.opencontainers.image.vendor`"),
            );
        } else if let Some(value) =
            decode::text(&entry.value, "a label's value", faults, |text| Expands::Prose.line(text))
        {
            labels.insert(key.clone(), value.value);
        }
    }
    labels
}

/// Checks the user that the image runs as: `USER[:GROUP]`, each a name or a number.
pub(super) fn user(text: &str) -> Result<String, Invalid> {
    let (user, group) = text.split_once(':').map_or((text, None), |(user, group)| (user, Some(group)));
    if is_account(user) && group.is_none_or(is_account) {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(format!("`{}` is not a user", text.escape_debug()))
        .help("write `USER` or `USER:GROUP`, names or numbers"))
}

/// Checks the name or number of a user or a group.
fn is_account(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') && has_only(text, "_-")
}
