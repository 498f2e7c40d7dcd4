//! Sources of the kmods' code.

mod containers;
mod file;
mod inner;
mod origin;
mod place;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub(super) use file::checksum;
pub use file::{File, FileKind, decompressor};
pub use inner::Inner;
use kmodgen_yaml::Node;
pub use origin::{Git, Origin};
pub use place::source_folder;

use super::conditional::Conditional;
use super::declare::declare;
use super::decode::{self, Fields};
use super::expansion::Expands;
use super::named_image::NamedImage;
use super::schema::{Record, Shape, Variables, joined};
use super::selection::Selection;
use crate::vocabulary::{Bounds, Diagnostic, Diagnostics, Invalid, RelPath, SourceName, Spanned, kubernetes};

/// The folder of the builder that sources are laid in.
pub const BUILD_ROOT: &str = "/usr/src/kmodgen";

/// Code, and what is done to it before the build.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name in the manifest.
    pub name: Spanned<SourceName>,
    /// Origin of the code.
    pub origin: Origin,
    /// The folder to build in; the top where `None`.
    pub dir: Option<RelPath>,
    /// Folder for the code in the builder; its name below the folder of all sources if `None`.
    pub at: Option<Spanned<String>>,
    /// The secret that is needed to get it.
    pub secret: Option<Spanned<String>>,
    /// Its version, if the manifest or the ref states one.
    pub version: Option<String>,
    /// Patches, in the order in which they are applied.
    pub patches: Vec<Conditional<Spanned<RelPath>>>,
}

declare! {
    /// Settings of a source, wherever its code comes from.
    #[derive(Default)]
    struct SourceOptions {
        optional dir: RelPath {
            takes: Shape::Expanding(Variables::Build),
            says: "the folder to build in, below the top of the source",
            decode: decode::parsed(|text| Expands::Release.path(text)),
        }
        optional at: Spanned<String> {
            takes: Shape::Text,
            says: "its folder in the builder, below `/usr/src/kmodgen` or absolute; one source may be inside another; default: its name",
            decode: decode::placed(place::source_folder),
        }
        optional secret: Spanned<String> {
            takes: Shape::Text,
            says: "the secret with its login, mounted in the build: `username` and `password`, or `ssh-privatekey`",
            decode: decode::placed(secret_name),
        }
        optional version: String {
            takes: Shape::Text,
            says: "its version; default: that of a `ref` such as `v1.2.0`",
            decode: decode::parsed(decode::line),
        }
        default patches: Vec<(Patch, Selection)> {
            takes: Shape::List(&Shape::TextOr(&PATCH)),
            says: "files beside the manifest, applied in order with `git apply`",
            decode: |node, _, faults| {
                let items = decode::items(node, "`patches`", faults).iter();
                Some(items.filter_map(|item| Patch::read(item, faults)).collect())
            },
        }
    }
}

/// Schema of a source.
pub(super) static SOURCE: Record = Record { name: "a source", fields: joined![origin::FIELDS, SourceOptions::FIELDS] };

declare! {
    /// A patch of some versions of a source.
    struct Patch {
        optional file: Spanned<RelPath> {
            takes: Shape::Text,
            says: "the file",
            advice: "write `file: …`",
            decode: decode::noun("a patch", RelPath::parse),
        }
        optional source_version: Spanned<Bounds> {
            key: "sourceVersion",
            takes: Shape::Text,
            says: "versions of the source that need it: `\">=1.2, <2\"`",
            decode: decode::placed(Bounds::parse),
        }
    }
}

static PATCH: Record = Record { name: "a patch", fields: joined![Patch::FIELDS, Selection::FIELDS] };

impl Source {
    /// Its folder in the builder.
    pub fn folder(&self) -> String {
        self.at.as_ref().map_or_else(|| format!("{BUILD_ROOT}/{}", self.name.value), |at| at.value.clone())
    }

    /// The repository, where it comes from one.
    pub fn git(&self) -> Option<&Git> {
        match &self.origin {
            Origin::Git(git) => Some(git),
            Origin::File(_) | Origin::Inner(_) | Origin::Image { .. } | Origin::Folder(_) => None,
        }
    }

    /// The file, where it is one.
    pub fn file(&self) -> Option<&File> {
        match &self.origin {
            Origin::File(file) => Some(file),
            Origin::Git(_) | Origin::Inner(_) | Origin::Image { .. } | Origin::Folder(_) => None,
        }
    }

    /// Returns whether other kernels have another file.
    pub fn is_by_kernel(&self) -> bool {
        self.file().is_some_and(|file| file.url.expands()) || self.inner().is_some_and(Inner::expands)
    }

    /// Returns whether a program gets it, or patches it on some kernel.
    pub(super) fn is_fetched(&self) -> bool {
        !self.patches.is_empty() || matches!(self.origin, Origin::Git(_) | Origin::File(_) | Origin::Inner(_))
    }

    /// Returns the image that it is a part of, if it is one.
    pub fn image(&self) -> Option<&NamedImage> {
        match &self.origin {
            Origin::Image { image, .. } => Some(image),
            Origin::Git(_) | Origin::File(_) | Origin::Inner(_) | Origin::Folder(_) => None,
        }
    }

    /// The folder beside the manifest, where it is one.
    pub fn local(&self) -> Option<&Spanned<RelPath>> {
        match &self.origin {
            Origin::Folder(path) => Some(path),
            Origin::Git(_) | Origin::File(_) | Origin::Inner(_) | Origin::Image { .. } => None,
        }
    }
}

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
    refuse_one_place(&sources, faults);
    let names: Vec<&str> = node.as_mapping().unwrap_or_default().iter().map(|entry| entry.key.value.as_str()).collect();
    containers::check(&names, &sources, faults);
    sources
}

fn decode_one(name: Spanned<SourceName>, node: &Node, faults: &mut Diagnostics) -> Option<Source> {
    let mut fields = Fields::open(&SOURCE, node, faults)?;
    let origin = Origin::decode(&name, node, &mut fields, faults);
    let SourceOptions { dir, at, secret, version, patches } =
        SourceOptions::take(&mut fields, faults).unwrap_or_default();
    fields.finish(faults);
    if let (Some(origin), Some(secret)) = (&origin, &secret) {
        origin.check_secret(secret, faults);
    }
    let version = version.or_else(|| origin.as_ref()?.version());
    let patches = patches.into_iter().filter_map(|(patch, kernels)| {
        let value = patch.of_version(version.as_deref(), faults)?;
        Some(Conditional { value, kernels })
    });
    let patches = patches.collect();
    Some(Source { name, origin: origin?, dir, at, secret, version, patches })
}

impl Patch {
    /// Decodes a patch, written as a string or as a map, and the kernels that it is for.
    fn read(node: &Node, faults: &mut Diagnostics) -> Option<(Self, Selection)> {
        if node.as_mapping().is_none() {
            let file = decode::text(node, "a patch", faults, RelPath::parse)?;
            return Some((Self { file: Some(file), source_version: None }, Selection::default()));
        }
        let mut fields = Fields::open(&PATCH, node, faults)?;
        let patch = Self::take(&mut fields, faults)?;
        let kernels = Selection::take(&mut fields, faults)?;
        fields.finish(faults);
        Some((patch, kernels))
    }

    /// Returns the file if the patch is for a version of the source.
    fn of_version(self, source: Option<&str>, faults: &mut Diagnostics) -> Option<Spanned<RelPath>> {
        let fits = match (&self.source_version, source) {
            (None, _) => true,
            (Some(bounds), Some(source)) => bounds.hold(source),
            (Some(bounds), None) => {
                faults.push(
                    Diagnostic::error("source-version", "this source has no version")
                        .at(bounds.span, "")
                        .help("write the source's `version`, or a `ref` such as `v1.2.0`"),
                );
                false
            }
        };
        self.file.filter(|_| fits)
    }
}

/// A folder in the builder: it is printed in shell commands and beside other folders.
fn place(text: &str) -> Result<RelPath, Invalid> {
    let path = RelPath::parse(text)?;
    if decode::has_only(path.as_str(), "._-+/") {
        return Ok(path);
    }
    Err(Invalid::new(format!("`{path}` has characters other than letters, digits, `.`, `_`, `-`, `+`")))
}

/// The name of a secret that builds mount.
fn secret_name(text: &str) -> Result<String, Invalid> {
    // The value is not shown: it may be the secret itself.
    kubernetes::build_secret(text).map(|()| text.to_owned()).map_err(|_| {
        Invalid::new("this is not the name of a Kubernetes secret that builds can mount")
            .secret()
            .help("create the secret in the cluster, and write its name: at most 56 lower-case letters, digits and `-`")
    })
}

/// Two sources in one folder would mix.
fn refuse_one_place(sources: &BTreeMap<SourceName, Source>, faults: &mut Diagnostics) {
    let mut places: BTreeMap<String, &Source> = BTreeMap::new();
    for source in sources.values() {
        if let Some(other) = places.insert(source.folder(), source) {
            let span = source.at.as_ref().or(other.at.as_ref()).map_or(source.name.span, |at| at.span);
            faults.push(
                Diagnostic::error(
                    "source-place",
                    format!("sources `{}` and `{}` are in the same folder", other.name.value, source.name.value),
                )
                .at(span, "")
                .help("give one of them another `at`"),
            );
        }
    }
}
