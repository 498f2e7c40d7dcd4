//! Where the results of a build go, and what else the image carries.

use std::collections::BTreeMap;

use kmodgen_yaml::Node;

use super::decode::{self, Fields};
use super::expansion::Expands;
use super::schema::{Field, Record, Shape};
use super::when::{Conditional, WHEN, When, conditionals};
use crate::vocabulary::{Diagnostic, Diagnostics, Invalid, RelPath, Spanned, written_out};

/// Folder of the image that firmware is installed into.
pub const FIRMWARE_FOLDER: &str = "/opt/lib/firmware";

/// Folder of the image that licenses are installed into.
pub const LICENSE_FOLDER: &str = "/licenses";

/// Where the results go, as far as one place of the manifest says.
#[derive(Debug, Clone, Default)]
pub struct Install {
    /// The folder below `/opt/lib/modules/<release>` that the kmods are put into.
    pub dir: Option<RelPath>,
    /// Whether debugging symbols are taken out.
    pub strip: Option<bool>,
    /// How the kmods are compressed.
    pub compress: Option<Spanned<Compression>>,
    /// Whether the kernel's own modules are found by a link, and depmod sees them.
    pub host: Option<bool>,
    /// Files of the source that the kmods load.
    pub firmware: Option<Vec<Conditional<InstalledFiles>>>,
    /// Files of the source that are in `/licenses`.
    pub licenses: Option<Vec<Conditional<InstalledFiles>>>,
    /// The packages, by name or pattern, whose files are in the image.
    pub rpms: Option<Vec<Conditional<Spanned<String>>>>,
}

/// How kmods are compressed.
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

pub(super) static INSTALL: Record = Record {
    name: "`install`",
    fields: &[
        Field {
            key: "dir",
            takes: Shape::Text,
            says: "the folder below `/opt/lib/modules/<release>`: `extra` (where absent), `updates`, `kernel/…` or one below these",
        },
        Field { key: "strip", takes: Shape::Bool, says: "take debugging symbols out of the kmods" },
        Field {
            key: "compress",
            takes: Shape::OneOf(&["gz", "xz", "zstd"]),
            says: "compress the kmods, as the kernel and its kmod must support; not beside `sign`",
        },
        Field {
            key: "host",
            takes: Shape::Bool,
            says: "link `host` to the node's own modules, for kmods that depend on them; depmod sees those of the builder",
        },
        Field {
            key: "firmware",
            takes: Shape::List(&Shape::TextOr(&FIRMWARE)),
            says: "files of the source, folders whose contents, or shell patterns of these, that go to `/opt/lib/firmware`; `firmwarePath` is then that",
        },
        Field {
            key: "licenses",
            takes: Shape::List(&Shape::TextOr(&LICENSE)),
            says: "files of the source, folders whose contents, or shell patterns of these, that go to `/licenses`",
        },
        Field {
            key: "rpms",
            takes: Shape::List(&Shape::TextOr(&PACKAGE)),
            says: "packages of an `rpmbuild` step or an `rpm` source, by name or shell pattern, whose files are installed: kmods for KMM, the rest at its own places",
        },
    ],
};

static PACKAGE: Record = Record {
    name: "an installed package",
    fields: &[
        Field { key: "rpm", takes: Shape::Text, says: "the package" },
        Field { key: "when", takes: Shape::Record(&WHEN), says: "the kernels whose images have its files" },
    ],
};

static FIRMWARE: Record = Record {
    name: "firmware",
    fields: &[
        Field { key: "from", takes: Shape::Text, says: "the file, folder or shell pattern" },
        Field { key: "to", takes: Shape::Text, says: "the folder below `/opt/lib/firmware` that it goes to" },
        Field { key: "when", takes: Shape::Record(&WHEN), says: "the kernels whose images have it" },
    ],
};

static LICENSE: Record = Record {
    name: "a license",
    fields: &[
        Field { key: "file", takes: Shape::Text, says: "the file, folder or shell pattern" },
        Field { key: "to", takes: Shape::Text, says: "the folder below `/licenses` that it goes to" },
        Field { key: "when", takes: Shape::Record(&WHEN), says: "the kernels whose images have it" },
    ],
};

impl Install {
    pub(super) fn decode(node: &Node, faults: &mut Diagnostics) -> Self {
        let Some(mut fields) = Fields::open(&INSTALL, node, faults) else { return Self::default() };
        let mut flag =
            |key, faults: &mut Diagnostics| fields.take(key, faults).and_then(|n| decode::flag(n, key, faults));
        let (strip, host) = (flag("strip", faults), flag("host", faults));
        let dir = fields.take("dir", faults).and_then(|node| decode::text(node, "`dir`", faults, install_dir));
        let compress =
            fields.take("compress", faults).and_then(|node| decode::text(node, "`compress`", faults, compression));
        let mut files = |key, record, faults: &mut Diagnostics| {
            let node = fields.take(key, faults)?;
            let items = decode::items(node, &format!("`{key}`"), faults).iter();
            Some(items.filter_map(|item| decode_files(item, record, faults)).collect())
        };
        let firmware = files("firmware", &FIRMWARE, faults);
        let licenses = files("licenses", &LICENSE, faults);
        let rpms = fields.take("rpms", faults).map(|node| {
            conditionals(node, "`rpms`", &PACKAGE, faults, |node, faults| {
                decode::text(node, "a package", faults, package)
            })
        });
        fields.finish(faults);
        Self { dir: dir.map(|dir| dir.value), strip, compress, host, firmware, licenses, rpms }
    }

    /// This, with what `over` says instead.
    #[must_use]
    pub fn overridden_by(&self, over: &Self) -> Self {
        Self {
            dir: over.dir.clone().or_else(|| self.dir.clone()),
            strip: over.strip.or(self.strip),
            compress: over.compress.clone().or_else(|| self.compress.clone()),
            host: over.host.or(self.host),
            firmware: over.firmware.clone().or_else(|| self.firmware.clone()),
            licenses: over.licenses.clone().or_else(|| self.licenses.clone()),
            rpms: over.rpms.clone().or_else(|| self.rpms.clone()),
        }
    }
}

fn decode_files(node: &Node, record: &'static Record, faults: &mut Diagnostics) -> Option<Conditional<InstalledFiles>> {
    if node.as_mapping().is_none() {
        return decode::text(node, record.name, faults, |text| Expands::Release.pattern(text))
            .map(|from| Conditional { value: InstalledFiles { from, to: None }, when: None });
    }
    let key = record.fields[0].key;
    let mut fields = Fields::open(record, node, faults)?;
    let from = fields.need(key, "write the file or folder of the source", faults);
    let from =
        from.and_then(|node| decode::text(node, &format!("`{key}`"), faults, |text| Expands::Release.pattern(text)));
    let to = fields
        .take("to", faults)
        .and_then(|node| decode::text(node, "`to`", faults, |text| Expands::Release.path(text)));
    let when = fields.take("when", faults).map(|node| When::decode(node, faults));
    fields.finish(faults);
    Some(Conditional { value: InstalledFiles { from: from?, to: to.map(|to| to.value) }, when })
}

/// depmod prefers `updates` to the rest; `extra` is where out-of-tree modules go; `kernel/…`
/// mirrors the kernel's own tree.
fn install_dir(text: &str) -> Result<RelPath, Invalid> {
    let dir = RelPath::parse(text)?;
    let top = dir.as_str().split('/').next().unwrap_or_default();
    let legal = |c: char| c.is_ascii_alphanumeric() || "._-+/".contains(c);
    if ["extra", "updates", "kernel"].contains(&top) && dir.as_str().chars().all(legal) {
        return Ok(dir);
    }
    Err(Invalid::new(format!("`{dir}` is not a folder for kernel modules"))
        .help("write `extra`, `updates`, `kernel/…` or a folder below one of them"))
}

/// The name of an RPM, in which a shell's patterns and the release may stand.
fn package(text: &str) -> Result<String, Invalid> {
    let name = Expands::Release.line(text)?;
    let plain = written_out(&name, "x");
    let legal = |c: char| c.is_ascii_alphanumeric() || "._-+*?[]".contains(c);
    if !plain.is_empty() && plain.chars().all(legal) {
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
pub(super) fn labels(node: &Node, faults: &mut Diagnostics) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for entry in decode::entries(node, "`labels`", faults) {
        let legal = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
        let key = &entry.key.value;
        let edge = |c: char| c.is_ascii_alphanumeric();
        if !(key.starts_with(edge) && key.ends_with(edge) && key.chars().all(legal)) {
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

/// Who the image runs as: `USER[:GROUP]`, each a name or a number.
pub(super) fn user(text: &str) -> Result<String, Invalid> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let parts: Vec<&str> = text.split(':').collect();
    let name =
        |part: &&str| part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') && part.chars().all(legal);
    if parts.len() <= 2 && parts.iter().all(name) {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(format!("`{}` is not a user", text.escape_debug()))
        .help("write `USER` or `USER:GROUP`, names or numbers"))
}
