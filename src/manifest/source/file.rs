//! Sources that are one file to download: archives and packages.

use kmodgen_yaml::Node;

use crate::manifest::decode::{self, Fields};
use crate::vocabulary::{Diagnostic, Diagnostics, Digest, FileUrl, Invalid, Span, Spanned};

/// A file that a builder downloads and unpacks.
#[derive(Debug, Clone)]
pub struct File {
    /// Format, which decides how the file is unpacked.
    pub kind: FileKind,
    pub url: Spanned<FileUrl>,
    /// Its checksum, where the manifest names it; otherwise the lock does.
    pub sha256: Option<Digest>,
    /// Number of folders to remove from the front of an archive's paths.
    pub strip_components: u8,
}

/// Format of a file, which decides how it is unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// With tar, which knows the compressions by itself.
    Tar,
    /// With unzip.
    Zip,
    /// The payload of an RPM.
    Rpm,
    /// The payload of a Debian package.
    Deb,
}

impl FileKind {
    /// Its name for templates.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tar => "tar",
            Self::Zip => "zip",
            Self::Rpm => "rpm",
            Self::Deb => "deb",
        }
    }
}

/// The endings of tar archives, with the program that GNU tar decompresses each with.
const TAR: [(&str, Option<&str>); 9] = [
    (".tar", None),
    (".tar.gz", Some("gzip")),
    (".tgz", Some("gzip")),
    (".tar.xz", Some("xz")),
    (".txz", Some("xz")),
    (".tar.bz2", Some("bzip2")),
    (".tbz2", Some("bzip2")),
    (".tar.zst", Some("zstd")),
    (".tzst", Some("zstd")),
];

/// The name of the file at `url`: the one after a `#`, or the end of its path.
fn file_name(url: &str) -> &str {
    match url.split_once('#') {
        Some((_, name)) => name,
        None => url.split('?').next().unwrap_or_default(),
    }
}

/// The program that decompresses the tar archive at `url`, if one is needed.
pub fn decompressor(url: &str) -> Option<&'static str> {
    TAR.iter().find(|(ending, _)| file_name(url).ends_with(ending)).and_then(|(_, program)| *program)
}

impl File {
    /// Takes the fields of a file that is written under `key`.
    pub(super) fn decode(key: &str, node: &Node, fields: &mut Fields<'_>, faults: &mut Diagnostics) -> Option<Self> {
        let url = decode::text(node, &format!("`{key}`"), faults, FileUrl::parse);
        let sha256 = fields.take("sha256", faults);
        let sha256 = sha256.and_then(|node| decode::text(node, "`sha256`", faults, checksum));
        let Some(url) = url else {
            fields.take("stripComponents", faults);
            return None;
        };
        if let Some(sha256) = sha256.as_ref().filter(|_| url.expands()) {
            faults.push(
                Diagnostic::error(
                    "checksum",
                    "this URL differs for each kernel, but `sha256` can be correct for only one",
                )
                .at(sha256.span, "")
                .context(url.span, "the URL")
                .help("remove it: `kmodgen lock` pins the checksum of each"),
            );
        }
        let Checked { kind, strip_components } =
            FileKind::take(key, (file_name(url.as_str()), url.span), "URL", fields, faults)?;
        Some(Self { kind, url, sha256: sha256.map(|sha256| sha256.value), strip_components })
    }
}

/// Format of a file, and how it is unpacked.
pub(super) struct Checked {
    pub(super) kind: FileKind,
    pub(super) strip_components: u8,
}

impl FileKind {
    /// Takes what else decides how a file is unpacked that is written under `key`; `name` is that of the file, at the
    /// end of a `what`.
    pub(super) fn take(
        key: &str,
        (name, span): (&str, Span),
        what: &str,
        fields: &mut Fields<'_>,
        faults: &mut Diagnostics,
    ) -> Option<Checked> {
        let strip = fields.take("stripComponents", faults);
        let strip = strip.and_then(|node| decode::text(node, "`stripComponents`", faults, count));
        let kind = match key {
            "rpm" => Self::Rpm,
            "deb" => Self::Deb,
            _ if name.ends_with(".zip") => Self::Zip,
            _ if TAR.iter().any(|(ending, _)| name.ends_with(ending)) => Self::Tar,
            _ => {
                let help = "end it with `.tar`, `.tar.gz`, `.tar.xz`, `.tar.bz2`, `.tar.zst` or `.zip`";
                let more = "; a name can be added after a `#`: `…#/driver.tar.gz` is not sent to the server";
                faults.push(
                    Diagnostic::error(
                        "archive",
                        format!("cannot determine the archive's format from the end of its {what}"),
                    )
                    .at(span, "")
                    .help(format!("{help}{}", if what == "URL" { more } else { "" })),
                );
                return None;
            }
        };
        let strip_components = strip.map_or(u8::from(matches!(kind, Self::Tar | Self::Zip)), |strip| strip.value);
        Some(Checked { kind, strip_components })
    }
}

pub(in crate::manifest) fn checksum(text: &str) -> Result<Digest, Invalid> {
    Digest::parse(text).ok_or_else(|| {
        Invalid::new(format!("`{}` is not a SHA-256 checksum", text.escape_debug()))
            .help("write 64 hexadecimal digits in lower case, as `sha256sum` prints them; or remove it, and run `kmodgen lock`")
    })
}

fn count(text: &str) -> Result<u8, Invalid> {
    text.parse().ok().filter(|number| *number < 20).ok_or_else(|| {
        Invalid::new(format!("`{}` is not a number of folders", text.escape_debug()))
            .help("write 0, 1 or another small number")
    })
}
