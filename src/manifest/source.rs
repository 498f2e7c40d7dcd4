//! Where the kmods' code comes from.

use std::collections::BTreeMap;

use super::decode::{self, Fields};
use super::schema::{Field, Record, Shape};
use super::when::{Conditional, WHEN, conditional};
use crate::vocabulary::{Diagnostic, Diagnostics, GitRef, GitUrl, RelPath, SourceName, Spanned};
use crate::yaml::Node;

/// A git repository at one ref, and what is done to it before the build.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name in the manifest.
    pub name: Spanned<SourceName>,
    /// The repository.
    pub git: Spanned<GitUrl>,
    /// Branch, tag or commit; the lock pins the commit.
    pub reference: Spanned<GitRef>,
    /// The folder to build in; the top where `None`.
    pub dir: Option<RelPath>,
    /// Patches, in the order in which they are applied.
    pub patches: Vec<Conditional<Spanned<RelPath>>>,
}

pub(super) static SOURCE: Record = Record {
    name: "a source",
    fields: &[
        Field {
            key: "git",
            takes: Shape::Text,
            says: "the repository: `https`, `http`, `ssh`, `git`, `file`, or `user@host:path`",
        },
        Field {
            key: "ref",
            takes: Shape::Text,
            says: "a branch, a tag, a full ref such as `refs/heads/main`, or a commit; see [lock.md](lock.md)",
        },
        Field { key: "dir", takes: Shape::Text, says: "the folder in it to build in" },
        Field {
            key: "patches",
            takes: Shape::List(&Shape::TextOr(&PATCH)),
            says: "files beside the manifest, applied in order with `git apply`",
        },
    ],
};

static PATCH: Record = Record {
    name: "a patch",
    fields: &[
        Field { key: "file", takes: Shape::Text, says: "the file" },
        Field { key: "when", takes: Shape::Record(&WHEN), says: "the kernels it is for" },
    ],
};

pub(super) fn decode_all(node: &Node, faults: &mut Diagnostics) -> BTreeMap<SourceName, Source> {
    let mut sources = BTreeMap::new();
    for entry in decode::entries(node, "`sources`", faults) {
        let name = match SourceName::parse(&entry.key.value) {
            Ok(name) => Spanned::new(name, entry.key.span),
            Err(invalid) => {
                faults.push(Diagnostic::invalid("invalid-value", entry.key.span, invalid));
                continue;
            }
        };
        if let Some(source) = decode_one(name, &entry.value, faults) {
            sources.insert(source.name.value.clone(), source);
        }
    }
    sources
}

fn decode_one(name: Spanned<SourceName>, node: &Node, faults: &mut Diagnostics) -> Option<Source> {
    let mut fields = Fields::open(&SOURCE, node, faults)?;
    fields.later(&["archive", "rpm", "deb", "image", "path", "at", "secret", "submodules"]);
    let another_kind = ["archive", "rpm", "deb", "image", "path"].iter().any(|kind| node.get(kind).is_some());
    let git = if another_kind {
        fields.take("git", faults)
    } else {
        fields.need("git", "write `git: https://…` and `ref: …`", faults)
    };
    let git = git.and_then(|node| decode::text(node, "`git`", faults, GitUrl::parse));
    let reference = if git.is_some() {
        fields.need("ref", "write a branch, a tag or a commit; `kmodgen lock` pins it", faults)
    } else {
        fields.take("ref", faults)
    };
    let reference = reference.and_then(|node| decode::text(node, "`ref`", faults, GitRef::parse));
    let dir = fields.take("dir", faults).and_then(|node| decode::text(node, "`dir`", faults, RelPath::parse));
    let mut patches = Vec::new();
    if let Some(list) = fields.take("patches", faults) {
        for item in decode::items(list, "`patches`", faults) {
            patches.extend(conditional(item, &PATCH, faults, |node, faults| {
                decode::text(node, "a patch", faults, RelPath::parse)
            }));
        }
    }
    fields.finish(faults);
    Some(Source { name, git: git?, reference: reference?, dir: dir.map(|dir| dir.value), patches })
}
