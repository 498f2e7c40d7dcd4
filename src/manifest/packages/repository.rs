//! Package repositories, and the keys that their packages are signed with.

use kmodgen_yaml::Node;

use crate::manifest::conditional::Conditional;
use crate::manifest::declare::declare;
use crate::manifest::decode::{self, Fields, has_only, has_only_within};
use crate::manifest::expansion::Expands;
use crate::manifest::schema::{Record, Shape, joined};
use crate::manifest::selection::Selection;
use crate::manifest::source::checksum;
use crate::vocabulary::{Diagnostic, Diagnostics, Digest, FileUrl, Invalid, PackageManager, RelPath, Spanned};

declare! {
    /// A package repository.
    #[derive(Debug, Clone)]
    pub struct Repository {
        required name: Spanned<String> {
            takes: Shape::Text,
            says: "its name, also used in file names",
            advice: "write `name: …`, of letters, digits, `.`, `_`, `-`",
            decode: decode::placed(name),
        }
        required url: Spanned<String> {
            takes: Shape::Text,
            says: "its URL; dnf replaces `$basearch` and `$releasever`",
            advice: "write `url: https://…`",
            decode: decode::placed(url),
        }
        required key: RepositoryKey {
            takes: Shape::Record(&KEY),
            says: "the key that signs its packages",
            advice: "write `key: {file: keys/vendor.asc}`: without a key, packages are not verified",
            decode: |node, _, faults| RepositoryKey::read(node, faults),
        }
        optional suite: String {
            takes: Shape::Text,
            says: "for apt-get: the suite, such as `bookworm`, or a path that ends with `/`; a repository without a suite has RPMs",
            decode: decode::parsed(suite),
        }
        default components: Vec<String> {
            takes: Shape::List(&Shape::Text),
            says: "for apt-get: components, such as `main`",
            decode: |node, _, faults| {
                let items = decode::items(node, "`components`", faults).iter();
                let components = items.filter_map(|item| decode::text(item, "a component", faults, name));
                Some(components.map(|component| component.value).collect())
            },
        }
        optional stage: Stage {
            takes: Shape::OneOf(&["builder", "runtime"]),
            says: "the only image that gets it; default: both, the runtime image only if it gets packages",
            decode: decode::parsed(stage),
        }
    }
}

declare! {
    /// Fields of a key, of which one names its place.
    struct KeyFields: KEY, "the key of a repository" {
        optional file: Spanned<RelPath> {
            takes: Shape::Text,
            says: "a file beside the manifest, in the format of `gpg --armor --export`",
            decode: decode::placed(RelPath::parse),
        }
        optional url: Spanned<FileUrl> {
            takes: Shape::Text,
            says: "instead of `file`: URL of the key",
            decode: decode::placed(key_url),
        }
        optional sha256: Digest {
            takes: Shape::Text,
            says: "the checksum of the file at `url`; default: the one in [the lock](lock.md)",
            decode: decode::parsed(checksum),
        }
    }
}

/// Key that the packages of a repository are signed with.
#[derive(Debug, Clone)]
pub enum RepositoryKey {
    /// A file beside the manifest.
    File(Spanned<RelPath>),
    /// A file to download.
    Download {
        url: Spanned<FileUrl>,
        /// Its checksum, if the manifest has it; otherwise the lock does.
        sha256: Option<Digest>,
    },
}

/// Stage of a Dockerfile that packages are installed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    Builder,
    Runtime,
}

pub(super) static REPOSITORY: Record =
    Record { name: "a repository", fields: joined![Repository::FIELDS, Selection::FIELDS] };

impl Repository {
    /// Decodes a list of repositories.
    pub(super) fn list(node: &Node, key: &str, faults: &mut Diagnostics) -> Option<Vec<Conditional<Self>>> {
        let items = decode::items(node, &format!("`{key}`"), faults).iter();
        Some(items.filter_map(|item| Self::read(item, faults)).collect())
    }

    fn read(node: &Node, faults: &mut Diagnostics) -> Option<Conditional<Self>> {
        let mut fields = Fields::open(&REPOSITORY, node, faults)?;
        let value = Self::take(&mut fields, faults);
        let kernels = Selection::take(&mut fields, faults);
        fields.finish(faults);
        let value = value?;
        let items = node.get("components").and_then(|list| list.as_sequence()).map_or(0, <[_]>::len);
        if node.get("suite").is_some() != value.suite.is_some() || items != value.components.len() {
            return None;
        }
        let help = match &value.suite {
            Some(suite) if suite.ends_with('/') => (!value.components.is_empty()).then_some("remove `components`"),
            Some(_) => {
                value.components.is_empty().then_some("write `components: [main]`, or a path that ends with `/`")
            }
            None => (!value.components.is_empty()).then_some("write the `suite` too, such as `suite: bookworm`"),
        };
        if let Some(help) = help {
            let message = "only a suite of apt-get has components";
            faults.push(Diagnostic::error("repository", message).at(value.name.span, "").help(help));
        }
        Some(Conditional { value, kernels: kernels? })
    }

    /// Returns whether a package manager reads repositories of this kind.
    pub fn is_for(&self, manager: PackageManager) -> bool {
        match manager {
            PackageManager::Apt => self.suite.is_some(),
            PackageManager::Dnf | PackageManager::Microdnf | PackageManager::Zypper => self.suite.is_none(),
            PackageManager::Apk => false,
        }
    }
}

impl RepositoryKey {
    fn read(node: &Node, faults: &mut Diagnostics) -> Option<Self> {
        let KeyFields { file, url, sha256 } = KeyFields::decode(node, faults)?;
        let has = |key| node.get(key).is_some();
        if has("file") == has("url") || has("sha256") && !has("url") {
            faults.push(
                Diagnostic::error("repository", "a key is either a file beside the manifest or a download")
                    .at(node.span, "")
                    .help("write `key: {file: keys/vendor.asc}` or `key: {url: https://…, sha256: …}`"),
            );
            return None;
        }
        file.map(Self::File).or_else(|| Some(Self::Download { url: url?, sha256 }))
    }
}

fn name(text: &str) -> Result<String, Invalid> {
    if has_only_within(text, "._-") {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(format!("`{}` is not a name here", text.escape_debug()))
        .help("write letters, digits, `.`, `_`, `-`, such as `vendor-el9`"))
}

fn url(text: &str) -> Result<String, Invalid> {
    let plain = text.replace("$basearch", "x").replace("$releasever", "9");
    Expands::Nothing.line(&plain)?;
    FileUrl::parse(&plain).map(|_| text.to_owned())
}

fn key_url(text: &str) -> Result<FileUrl, Invalid> {
    Expands::Nothing.line(text)?;
    FileUrl::parse(text)
}

fn suite(text: &str) -> Result<String, Invalid> {
    if !text.is_empty() && !text.starts_with(['-', '/']) && has_only(text, "._-+~/") {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(format!("`{}` is not the suite of a repository", text.escape_debug()))
        .help("write its name, such as `bookworm`, or a path that ends with `/`"))
}

fn stage(text: &str) -> Result<Stage, Invalid> {
    match text {
        "builder" => Ok(Stage::Builder),
        "runtime" => Ok(Stage::Runtime),
        _ => Err(Invalid::new(format!("`{}` is not a stage with packages", text.escape_debug()))
            .help("write `builder` or `runtime`, or remove it for both")),
    }
}
