//! Sources that are one file of another source: an archive in an archive, a package in an image.

use kmodgen_yaml::Node;

use super::file::{Checked, FileKind};
use crate::manifest::decode::{self, Fields};
use crate::manifest::expansion::Expands;
use crate::vocabulary::{Diagnostic, Diagnostics, Invalid, RelPath, SourceName, Spanned, written_out};

/// A file of another source, which a builder unpacks.
#[derive(Debug, Clone)]
pub struct Inner {
    /// The source that has it.
    pub container: Spanned<SourceName>,
    /// Its path there, or a shell pattern of it, in which the release expands.
    pub path: Spanned<RelPath>,
    /// Format, which decides how the file is unpacked.
    pub kind: FileKind,
    /// Number of folders to remove from the front of an archive's paths.
    pub strip_components: u8,
}

impl Inner {
    /// Takes the fields of a file that is written under `key`, with the source that has it.
    pub(super) fn decode(
        key: &str,
        (node, container): (&Node, &Node),
        fields: &mut Fields<'_>,
        faults: &mut Diagnostics,
    ) -> Option<Self> {
        let container = decode::text(container, "`in`", faults, SourceName::parse);
        let path = decode::text(node, &format!("`{key}`"), faults, path);
        if let Some(sha256) = fields.take("sha256", faults) {
            faults.push(
                Diagnostic::error("source-origin", "`sha256` cannot be used with `in`")
                    .at(sha256.span, "")
                    .help("remove it: the source that contains the file is pinned"),
            );
        }
        let path = path?;
        let Checked { kind, strip_components } =
            FileKind::take(key, (path.as_str(), path.span), "path", fields, faults)?;
        Some(Self { container: container?, path, kind, strip_components })
    }

    /// Returns whether other kernels have another file.
    pub fn expands(&self) -> bool {
        self.path.as_str().contains("${")
    }
}

/// Checks a path in another source, or a pattern of it.
fn path(text: &str) -> Result<RelPath, Invalid> {
    if text.contains("://") {
        return Err(Invalid::new(format!(
            "expected a path in the source that `in` names, found the URL `{}`",
            text.escape_debug()
        ))
        .help("write the path, or remove `in` to download the file"));
    }
    let path = Expands::Release.pattern(text)?;
    if decode::has_only(&written_out(text, "R"), "._-+@~/*?[]!") {
        return Ok(path);
    }
    Err(Invalid::new(format!("path `{path}` has characters other than letters, digits, `.`, `_`, `-`, `+`, `@`, `~`"))
        .help("write a pattern, with `?` for any character"))
}
