//! Origin of a source's code: one of several places, each with its own options.

use kmodgen_yaml::Node;

use super::file::File;
use super::inner::Inner;
use super::{SOURCE, place};
use crate::manifest::decode::{self, Fields};
use crate::manifest::named_image::NamedImage;
use crate::manifest::schema::{Field, Shape, Variables};
use crate::vocabulary::{
    Diagnostic, Diagnostics, GitRef, GitUrl, ImageRef, Invalid, RelPath, SourceName, Spanned, quoted_list,
};

/// Origin of code.
#[derive(Debug, Clone)]
pub enum Origin {
    /// A git repository at one ref.
    Git(Git),
    /// A file to download.
    File(File),
    /// A file of another source.
    Inner(Inner),
    /// A folder or file of an image.
    Image {
        /// The image.
        image: NamedImage,
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
    /// Set if the repository's submodules come with it.
    pub submodules: bool,
}

/// The fields that say where code comes from.
pub(super) const FIELDS: &[Field] = &[
    Field {
        key: "git",
        takes: Shape::Text,
        says: "URL of a git repository: `https`, `http`, `ssh`, `git`, `file`, or `user@host:path`",
    },
    Field {
        key: "ref",
        takes: Shape::Text,
        says: "branch, tag, full ref such as `refs/heads/main`, or commit; see [lock.md](lock.md)",
    },
    Field { key: "submodules", takes: Shape::Bool, says: "also fetch its submodules" },
    Field {
        key: "archive",
        takes: Shape::Expanding(Variables::Build),
        says: "instead of `git`: URL of a tar or zip archive; can contain `${KERNEL_VERSION}`",
    },
    Field {
        key: "rpm",
        takes: Shape::Expanding(Variables::Build),
        says: "instead of `git`: URL of an RPM, which is unpacked",
    },
    Field {
        key: "deb",
        takes: Shape::Expanding(Variables::Build),
        says: "instead of `git`: URL of a Debian package, which is unpacked",
    },
    Field {
        key: "in",
        takes: Shape::Text,
        says: "another source that contains the archive, RPM or Debian package; its path there, or a pattern, replaces the URL",
    },
    Field {
        key: "sha256",
        takes: Shape::Text,
        says: "the checksum of that file; default: the one in [the lock](lock.md)",
    },
    Field {
        key: "stripComponents",
        takes: Shape::Int,
        says: "how many leading folders to remove from an archive's paths, as with tar's `--strip-components`; default: 1",
    },
    Field { key: "image", takes: Shape::Text, says: "instead of `git`: an image" },
    Field {
        key: "pin",
        takes: Shape::Bool,
        says: "`false` to use the tag of `image` as it is, without a digest from [the lock](lock.md#images)",
    },
    Field {
        key: "path",
        takes: Shape::Text,
        says: "with `image`: the file or folder in it, `/` for everything; alone: a folder beside the manifest, for images that KMM does not build",
    },
];

/// The keys under which an origin is written, beside `path` alone.
const ORIGINS: [&str; 5] = ["git", "archive", "rpm", "deb", "image"];

impl Origin {
    /// Takes the one place of a source, and what goes with it.
    pub(super) fn decode(
        name: &Spanned<SourceName>,
        node: &Node,
        fields: &mut Fields<'_>,
        faults: &mut Diagnostics,
    ) -> Option<Self> {
        let mut given: Vec<_> =
            ORIGINS.iter().filter_map(|key| fields.take(key, faults).map(|node| (*key, node))).collect();
        if given.is_empty() {
            given.extend(fields.take("path", faults).map(|node| ("path", node)));
        }
        let origin = match given.as_slice() {
            [(key, node)] => Self::decode_one(key, node, fields, faults),
            several => {
                let misspelt =
                    node.as_mapping().unwrap_or_default().iter().any(|e| SOURCE.field(&e.key.value).is_none());
                if !several.is_empty() || !misspelt {
                    let problem = if several.is_empty() { "has no location" } else { "has several locations" };
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
            ("in", &["archive", "rpm", "deb"]),
            ("sha256", &["archive", "rpm", "deb"]),
            ("stripComponents", &["archive"]),
            ("pin", &["image"]),
            ("path", &["image"]),
        ] {
            let value = fields.take(key, faults);
            if let (Some(value), Some(kind)) =
                (value, kind.filter(|kind| given.len() == 1 && *kind != key && !of.contains(kind)))
            {
                faults.push(
                    Diagnostic::error("source-origin", format!("`{key}` is for {}, not for `{kind}`", quoted_list(of)))
                        .at(value.span, "")
                        .help("remove it"),
                );
            }
        }
        origin
    }

    fn decode_one(key: &str, node: &Node, fields: &mut Fields<'_>, faults: &mut Diagnostics) -> Option<Self> {
        match key {
            "git" => {
                let url = decode::text(node, "`git`", faults, GitUrl::parse);
                // The message about a URL that names a ref says where that goes.
                let names_ref = node.as_scalar().is_some_and(|scalar| GitUrl::located(&scalar.text).is_some());
                let reference = if names_ref {
                    fields.take("ref", faults)
                } else {
                    fields.need("ref", "write a branch, a tag or a commit; `kmodgen lock` pins it", faults)
                };
                let reference = reference.and_then(|node| decode::text(node, "`ref`", faults, GitRef::parse));
                let submodules = fields.take("submodules", faults).and_then(|n| decode::flag(n, "submodules", faults));
                Some(Self::Git(Git { url: url?, reference: reference?, submodules: submodules.unwrap_or_default() }))
            }
            "path" => decode::text(node, "`path`", faults, local_folder).map(Self::Folder),
            "image" => {
                let name = decode::text(node, "`image`", faults, ImageRef::parse);
                let pin = fields.take("pin", faults).and_then(|node| decode::flag(node, "pin", faults));
                let path = fields.need("path", "write the absolute path in the image", faults);
                let path = path.and_then(|node| decode::text(node, "`path`", faults, image_path));
                let image = NamedImage { name: name?, pin: pin.unwrap_or(true) };
                Some(Self::Image { image, path: path?.value })
            }
            _ => match fields.take("in", faults) {
                Some(container) => Inner::decode(key, (node, container), fields, faults).map(Self::Inner),
                None => File::decode(key, node, fields, faults).map(Self::File),
            },
        }
    }

    /// Notes a secret that nothing reads.
    pub(super) fn check_secret(&self, secret: &Spanned<String>, faults: &mut Diagnostics) {
        let fault = match self {
            Self::Git(_) | Self::File(_) => return,
            Self::Folder(_) => {
                Diagnostic::error("source-origin", "a folder beside the manifest needs no `secret`").help("remove it")
            }
            Self::Inner(_) => Diagnostic::error("source-origin", "a file of another source needs no `secret`")
                .help("remove it: the source that contains the file can have a `secret`"),
            Self::Image { .. } => {
                Diagnostic::warning("source-secret", "the builder pulls this image without the secret")
                    .help("remove it: `imageRepoSecret` of `moduleSpec` is the login for registries")
            }
        };
        faults.push(fault.at(secret.span, ""));
    }

    /// The version that a ref names, such as `v1.2.0` or `1.2.0`.
    pub(super) fn version(&self) -> Option<String> {
        let Self::Git(git) = self else { return None };
        let name = git.reference.as_str().rsplit('/').next()?;
        let version = name.strip_prefix('v').unwrap_or(name);
        let is_version = version.starts_with(|c: char| c.is_ascii_digit()) && version.contains('.');
        is_version.then(|| version.to_owned())
    }
}

fn image_path(text: &str) -> Result<String, Invalid> {
    if text == "/" {
        return Ok(text.to_owned());
    }
    match text.strip_prefix('/').map(RelPath::parse) {
        Some(Ok(path)) if decode::has_only(path.as_str(), "._-+/@~") => Ok(format!("/{path}")),
        _ => Err(Invalid::new(format!("`{}` is not a path in an image", text.escape_debug()))
            .help("write an absolute path of letters, digits and `._-+/@~`, without `..`")),
    }
}

/// A folder beside the manifest: it is printed in a `COPY`, whose flags begin with a dash.
fn local_folder(text: &str) -> Result<RelPath, Invalid> {
    let path = place(text)?;
    if path.as_str().starts_with('-') {
        return Err(Invalid::new(format!("the folder `{path}` starts with a dash, like a flag")).help("rename it"));
    }
    Ok(path)
}
