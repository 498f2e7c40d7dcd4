//! Where the kmods' code comes from.

mod file;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use file::{File, FileKind};

use super::decode::{self, Fields};
use super::schema::{Field, Record, Shape};
use super::when::{Conditional, WHEN, When};
use crate::vocabulary::{
    Bounds, Diagnostic, Diagnostics, GitRef, GitUrl, ImageRef, Invalid, RelPath, SourceName, Spanned,
};
use crate::yaml::Node;

/// The folder of the builder that sources are laid in.
const SOURCES: &str = "/usr/src/kmodgen";

/// Code, and what is done to it before the build.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name in the manifest.
    pub name: Spanned<SourceName>,
    /// Where it comes from.
    pub origin: Origin,
    /// The folder to build in; the top where `None`.
    pub dir: Option<RelPath>,
    /// Where it is laid, below the folder of all sources; its name where `None`.
    pub at: Option<Spanned<RelPath>>,
    /// The secret that is needed to get it.
    pub secret: Option<Spanned<String>>,
    /// Patches, in the order in which they are applied.
    pub patches: Vec<Conditional<Spanned<RelPath>>>,
}

/// Where code comes from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// A git repository at one ref.
    Git(Git),
    /// A file to download.
    File(File),
    /// A folder or file of an image.
    Image {
        /// The image, by digest.
        image: Spanned<ImageRef>,
        /// The absolute path in it.
        path: String,
    },
    /// A folder beside the manifest.
    Folder(Spanned<RelPath>),
}

/// A git repository at one ref.
#[derive(Debug, Clone)]
pub struct Git {
    /// The repository.
    pub url: Spanned<GitUrl>,
    /// Branch, tag or commit; the lock pins the commit.
    pub reference: Spanned<GitRef>,
    /// Whether its submodules come with it.
    pub submodules: bool,
}

/// What a source may say.
pub(super) static SOURCE: Record = Record {
    name: "a source",
    fields: &[
        Field {
            key: "git",
            takes: Shape::Text,
            says: "a repository: `https`, `http`, `ssh`, `git`, `file`, or `user@host:path`",
        },
        Field {
            key: "ref",
            takes: Shape::Text,
            says: "its branch, tag, full ref such as `refs/heads/main`, or commit; see [lock.md](lock.md)",
        },
        Field { key: "submodules", takes: Shape::Bool, says: "with its submodules, at the commits that it names" },
        Field {
            key: "archive",
            takes: Shape::Text,
            says: "in place of `git`: the URL of a tar or zip archive; `${KERNEL_VERSION}` may stand in it",
        },
        Field { key: "rpm", takes: Shape::Text, says: "in place of `git`: the URL of an RPM, whose files are taken" },
        Field {
            key: "deb",
            takes: Shape::Text,
            says: "in place of `git`: the URL of a Debian package, whose files are taken",
        },
        Field {
            key: "sha256",
            takes: Shape::Text,
            says: "the checksum of that file; where absent, [the lock](lock.md) has it",
        },
        Field {
            key: "strip",
            takes: Shape::Int,
            says: "how many folders to take off an archive's paths; 1 where absent",
        },
        Field { key: "image", takes: Shape::Text, says: "in place of `git`: an image, by digest" },
        Field {
            key: "path",
            takes: Shape::Text,
            says: "with `image`: the file or folder in it. Alone: a folder beside the manifest, for images that KMM does not build",
        },
        Field { key: "dir", takes: Shape::Text, says: "the folder in it to build in" },
        Field {
            key: "at",
            takes: Shape::Text,
            says: "where it is laid, below `/usr/src/kmodgen`; its name where absent. One source may lie in another",
        },
        Field {
            key: "secret",
            takes: Shape::Text,
            says: "the secret with its login, which the build mounts: `username` and `password`, or `ssh-privatekey`",
        },
        Field {
            key: "version",
            takes: Shape::Text,
            says: "its version; where absent, that of a `ref` such as `v1.2.0`",
        },
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
        Field {
            key: "version",
            takes: Shape::Text,
            says: "the versions of the source that it is for: `\">=1.2, <2\"`",
        },
        Field { key: "when", takes: Shape::Record(&WHEN), says: "the kernels it is for" },
    ],
};

impl Source {
    /// Its folder in the builder.
    pub fn folder(&self) -> String {
        let at = self.at.as_ref().map_or(self.name.as_str(), |at| at.as_str());
        format!("{SOURCES}/{at}")
    }

    /// The repository, where it comes from one.
    pub fn git(&self) -> Option<&Git> {
        match &self.origin {
            Origin::Git(git) => Some(git),
            Origin::File(_) | Origin::Image { .. } | Origin::Folder(_) => None,
        }
    }

    /// The file, where it is one.
    pub fn file(&self) -> Option<&File> {
        match &self.origin {
            Origin::File(file) => Some(file),
            Origin::Git(_) | Origin::Image { .. } | Origin::Folder(_) => None,
        }
    }

    /// The folder beside the manifest, where it is one.
    pub fn local(&self) -> Option<&Spanned<RelPath>> {
        match &self.origin {
            Origin::Folder(path) => Some(path),
            Origin::Git(_) | Origin::File(_) | Origin::Image { .. } => None,
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
    sources
}

/// The keys under which an origin is written, beside `path` alone.
const ORIGINS: [&str; 5] = ["git", "archive", "rpm", "deb", "image"];

fn decode_one(name: Spanned<SourceName>, node: &Node, faults: &mut Diagnostics) -> Option<Source> {
    let mut fields = Fields::open(&SOURCE, node, faults)?;
    let mut given: Vec<_> =
        ORIGINS.iter().filter_map(|key| fields.take(key, faults).map(|node| (*key, node))).collect();
    if given.is_empty() {
        given.extend(fields.take("path", faults).map(|node| ("path", node)));
    }
    let origin = match given.as_slice() {
        [(key, node)] => decode_origin(key, node, &mut fields, faults),
        several => {
            let misspelt = node.as_mapping().unwrap_or_default().iter().any(|e| SOURCE.field(&e.key.value).is_none());
            if !several.is_empty() || !misspelt {
                let problem = if several.is_empty() { "does not say where it is" } else { "is in several places" };
                faults.push(
                    Diagnostic::error("source-origin", format!("source `{}` {problem}", name.value))
                        .at(name.span, "")
                        .help(
                            "write one of `git`, `archive`, `rpm`, `deb`, `image` and `path`: `git: https://…` with `ref: …`",
                        ),
                );
            }
            None
        }
    };
    let kind = given.first().map(|(key, _)| *key);
    for (key, of) in [
        ("ref", &["git"][..]),
        ("submodules", &["git"]),
        ("sha256", &["archive", "rpm", "deb"]),
        ("strip", &["archive"]),
        ("path", &["image"]),
    ] {
        let value = fields.take(key, faults);
        if let (Some(value), Some(kind)) =
            (value, kind.filter(|kind| given.len() == 1 && *kind != key && !of.contains(kind)))
        {
            faults.push(
                Diagnostic::error(
                    "source-origin",
                    format!("`{key}` goes with {}, not with `{kind}`", decode::list(of)),
                )
                .at(value.span, "")
                .help("take it out"),
            );
        }
    }
    let dir = fields.take("dir", faults).and_then(|node| decode::text(node, "`dir`", faults, RelPath::parse));
    let at = fields.take("at", faults).and_then(|node| decode::text(node, "`at`", faults, place));
    let secret = fields.take("secret", faults).and_then(|node| decode::text(node, "`secret`", faults, secret_name));
    if let (Some(Origin::Folder(_)), Some(secret)) = (&origin, &secret) {
        faults.push(
            Diagnostic::error("source-origin", "a folder beside the manifest needs no `secret`")
                .at(secret.span, "")
                .help("take it out"),
        );
    }
    if let (Some(Origin::Image { .. }), Some(secret)) = (&origin, &secret) {
        faults.push(
            Diagnostic::warning("source-secret", "the builder pulls this image, and nothing reads the secret")
                .at(secret.span, "")
                .help("take it out: `imageRepoSecret` of `kmm` is the login for registries"),
        );
    }
    let version = fields.take("version", faults).and_then(|node| decode::text(node, "`version`", faults, decode::line));
    let version = version.map(|version| version.value).or_else(|| version_of(origin.as_ref()?));
    let mut patches = Vec::new();
    if let Some(list) = fields.take("patches", faults) {
        for item in decode::items(list, "`patches`", faults) {
            patches.extend(decode_patch(item, version.as_deref(), faults));
        }
    }
    fields.finish(faults);
    Some(Source { name, origin: origin?, dir: dir.map(|dir| dir.value), at, secret, patches })
}

fn decode_origin(key: &str, node: &Node, fields: &mut Fields<'_>, faults: &mut Diagnostics) -> Option<Origin> {
    match key {
        "git" => {
            let url = decode::text(node, "`git`", faults, GitUrl::parse);
            let reference = fields.need("ref", "write a branch, a tag or a commit; `kmodgen lock` pins it", faults);
            let reference = reference.and_then(|node| decode::text(node, "`ref`", faults, GitRef::parse));
            let submodules = fields.take("submodules", faults).and_then(|n| decode::flag(n, "submodules", faults));
            Some(Origin::Git(Git { url: url?, reference: reference?, submodules: submodules.unwrap_or_default() }))
        }
        "path" => decode::text(node, "`path`", faults, local_folder).map(Origin::Folder),
        "image" => {
            let image = decode::text(node, "`image`", faults, pinned);
            let path = fields.need("path", "write the absolute path in the image", faults);
            let path = path.and_then(|node| decode::text(node, "`path`", faults, image_path));
            Some(Origin::Image { image: image?, path: path?.value })
        }
        _ => File::decode(key, node, fields, faults).map(Origin::File),
    }
}

/// A patch; `None` also where it is for other versions of the source.
fn decode_patch(node: &Node, source: Option<&str>, faults: &mut Diagnostics) -> Option<Conditional<Spanned<RelPath>>> {
    if node.as_mapping().is_none() {
        let value = decode::text(node, "a patch", faults, RelPath::parse)?;
        return Some(Conditional { value, when: None });
    }
    let mut fields = Fields::open(&PATCH, node, faults)?;
    let file = fields.need("file", "write `file: …`", faults);
    let file = file.and_then(|node| decode::text(node, "a patch", faults, RelPath::parse));
    let version = fields.take("version", faults).and_then(|n| decode::text(n, "`version`", faults, Bounds::parse));
    let when = fields.take("when", faults).map(|node| When::decode(node, faults));
    fields.finish(faults);
    let fits = match (&version, source) {
        (None, _) => true,
        (Some(bounds), Some(source)) => bounds.hold(source),
        (Some(bounds), None) => {
            faults.push(
                Diagnostic::error("source-version", "nothing says which version this source is")
                    .at(bounds.span, "")
                    .help("write the source's `version`, or a `ref` such as `v1.2.0`"),
            );
            false
        }
    };
    file.filter(|_| fits).map(|value| Conditional { value, when })
}

/// The version that a ref names, such as `v1.2.0` or `1.2.0`.
fn version_of(origin: &Origin) -> Option<String> {
    let Origin::Git(git) = origin else { return None };
    let name = git.reference.as_str().rsplit('/').next()?;
    let version = name.strip_prefix('v').unwrap_or(name);
    let is_version = version.starts_with(|c: char| c.is_ascii_digit()) && version.contains('.');
    is_version.then(|| version.to_owned())
}

fn pinned(text: &str) -> Result<ImageRef, Invalid> {
    let image = ImageRef::parse(text)?;
    if image.digest().is_some() {
        return Ok(image);
    }
    Err(Invalid::new(format!("`{image}` names an image without its digest"))
        .help("write `REPOSITORY@sha256:…`: a tag can move, and with it what your modules are built from"))
}

fn image_path(text: &str) -> Result<String, Invalid> {
    match text.strip_prefix('/').map(RelPath::parse) {
        Some(Ok(path)) if path.as_str().chars().all(|c| c.is_ascii_alphanumeric() || "._-+/@~".contains(c)) => {
            Ok(format!("/{path}"))
        }
        _ => Err(Invalid::new(format!("`{}` is not a path in an image", text.escape_debug()))
            .help("write it from `/` on, of letters, digits and `._-+/@~`, without `..`")),
    }
}

/// A folder in the builder: it is printed in shell commands and beside other folders.
fn place(text: &str) -> Result<RelPath, Invalid> {
    let path = RelPath::parse(text)?;
    if path.as_str().chars().all(|c| c.is_ascii_alphanumeric() || "._-+/".contains(c)) {
        return Ok(path);
    }
    Err(Invalid::new(format!("`{path}` is not of letters, digits, `.`, `_`, `-`, `+`")))
}

/// A folder beside the manifest: it is printed in a `COPY`, whose flags begin with a dash.
fn local_folder(text: &str) -> Result<RelPath, Invalid> {
    let path = place(text)?;
    if path.as_str().starts_with('-') {
        return Err(Invalid::new(format!("the folder `{path}` begins with a dash, as flags do")).help("rename it"));
    }
    Ok(path)
}

/// The name of a Kubernetes secret: a DNS subdomain.
fn secret_name(text: &str) -> Result<String, Invalid> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if text.len() <= 253
        && text.starts_with(edge)
        && text.ends_with(edge)
        && text.chars().all(legal)
        && !text.contains("..")
    {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(format!("`{}` is not the name of a secret", text.escape_debug()))
        .help("write lower-case letters, digits, `-` and `.`"))
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
                    format!("sources `{}` and `{}` are laid in one folder", other.name.value, source.name.value),
                )
                .at(span, "")
                .help("give one of them another `at`"),
            );
        }
    }
}
