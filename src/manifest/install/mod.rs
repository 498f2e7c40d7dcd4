//! Folders for the results of a build, and other content of the image.

mod files;
mod place;

use std::collections::BTreeMap;

pub use files::InstalledFiles;
use files::InstalledKind;
use kmodgen_yaml::Node;
pub use place::ImagePlace;

use super::builder_folder::{BuilderFolder, FROM};
use super::conditional::{Conditional, conditional_with};
use super::declare::declare;
use super::decode::{self, has_only, has_only_within};
use super::expansion::Expands;
use super::schema::{Field, Record, Shape, Variables, joined};
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

declare! {
    /// Settings for installing the results, as far as one place of the manifest states them.
    #[derive(Debug, Clone, Default)]
    pub struct Install: INSTALL, "`install`", overridable {
        optional mod_dir: RelPath {
            key: "modDir",
            takes: Shape::Text,
            says: "the folder below `/opt/lib/modules/<release>`, as kbuild's `INSTALL_MOD_DIR`: `extra` (the default), `updates`, `kernel/…` or one below these",
            decode: decode::parsed(mod_dir),
        }
        optional strip: bool {
            takes: Shape::Bool,
            says: "remove debugging symbols from kmods without a signature; default: `true`",
            decode: decode::flag,
        }
        optional compress: Spanned<Compression> {
            takes: Shape::OneOf(&["gz", "xz", "zstd"]),
            says: "compress the kmods; the kernel and kmod must support it; not together with `sign`",
            decode: decode::placed(compression),
        }
        optional link_in_tree: bool {
            key: "linkInTree",
            takes: Shape::Bool,
            says: "link to the in-tree modules of the node, for kmods that depend on them; depmod uses those of the builder",
            decode: decode::flag,
        }
        optional firmware: Vec<Conditional<InstalledFiles>> {
            takes: Shape::List(&Shape::TextOr(&files::FILES)),
            says: "files, folders or shell patterns in a source; copied to `/opt/lib/firmware`, which becomes `firmwarePath`",
            decode: |node, key, faults| InstalledKind::Firmware.decode(node, key, faults),
        }
        optional licenses: Vec<Conditional<InstalledFiles>> {
            takes: Shape::List(&Shape::TextOr(&files::FILES)),
            says: "files, folders or shell patterns in a source; copied to `/licenses`",
            decode: |node, key, faults| InstalledKind::License.decode(node, key, faults),
        }
        optional files: Vec<Conditional<InstalledFiles>> {
            takes: Shape::List(&Shape::Record(&files::OTHER_FILES)),
            says: "other files, folders or shell patterns in a source, and their paths in the image",
            decode: |node, key, faults| InstalledKind::Other.decode(node, key, faults),
        }
        optional rpms: Vec<Conditional<InstalledPackage>> {
            takes: Shape::List(&Shape::TextOr(&PACKAGE)),
            says: "packages from an `rpmbuild` step, an `rpm` source or a folder, by name or shell pattern; kmods are installed for KMM, other files at their own paths",
            decode: |node, _, faults| {
                let items = decode::items(node, "`rpms`", faults).iter();
                Some(items.filter_map(|item| decode_package(item, faults)).collect())
            },
        }
    }
}

/// A package whose files are installed.
#[derive(Debug, Clone)]
pub struct InstalledPackage {
    /// Its name, or a pattern of it.
    pub name: Spanned<String>,
    /// The folder with its RPM, if that is not where a source or an `rpmbuild` step leaves it.
    pub from: Option<BuilderFolder>,
}

static PACKAGE: Record = Record {
    name: "an installed package",
    fields: joined![
        &[Field { key: "rpm", takes: Shape::Expanding(Variables::Build), says: "the package" }, FROM],
        Selection::FIELDS
    ],
};

fn decode_package(node: &Node, faults: &mut Diagnostics) -> Option<Conditional<InstalledPackage>> {
    conditional_with(
        node,
        &PACKAGE,
        faults,
        |node, faults| {
            let name = decode::text(node, "a package", faults, package)?;
            Some(InstalledPackage { name, from: None })
        },
        |fields, package, faults| {
            BuilderFolder::take(fields, package, faults, |package, from| InstalledPackage {
                from: Some(from),
                ..package
            })
        },
    )
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
        Invalid::new(format!("`{}` is not a compression of kernel modules", text.escape_debug()))
            .help("write `gz`, `xz` or `zstd`, like the kernel's own modules")
    })
}

/// Labels of the image.
pub(super) fn image_labels(node: &Node, faults: &mut Diagnostics) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for entry in decode::entries(node, "`imageLabels`", faults) {
        let key = &entry.key.value;
        if !has_only_within(key, "._-/") {
            faults.push(
                Diagnostic::error("invalid-value", format!("`{}` is not a label key", key.escape_debug()))
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
        .help("write `USER` or `USER:GROUP`, as names or numbers"))
}

/// Checks the name or number of a user or a group.
fn is_account(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') && has_only(text, "_-")
}
