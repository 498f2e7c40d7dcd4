//! Recipe of an image, as far as one place of the manifest states it: the module itself, or an override for some
//! kernels.

use std::collections::BTreeMap;

use kmodgen_yaml::Node;

use super::build::{Build, STEPS};
use super::decode::{self, Fields};
use super::images::{IMAGES, Images};
use super::install::{self, Install};
use super::packages::{self, Packages};
use super::schema::{Field, Record, Shape, joined};
use super::variables;
use super::when::{Conditional, WHEN, When, conditional, conditionals};
use crate::vocabulary::{
    Diagnostic, Diagnostics, ImageRef, Invalid, KmodName, RelPath, SourceName, Spanned, nearest, quoted_list,
};

/// Settings that decide an image, as far as one place of the manifest states them.
#[derive(Debug, Clone, Default)]
pub struct Recipe {
    /// Sources of the code; the first one is built.
    pub sources: Option<Vec<Conditional<Spanned<SourceName>>>>,
    /// The image, where it is built elsewhere; KMM's variables for the release are written out.
    pub prebuilt: Option<Spanned<String>>,
    /// The Dockerfile template.
    pub template: Option<Spanned<TemplateName>>,
    /// Base images.
    pub images: Images,
    /// The steps that compile.
    pub build: Option<Build>,
    /// The kmods that must come out.
    pub kmods: Option<Vec<Conditional<Spanned<Kmod>>>>,
    /// Settings for installing the kmods, and other content of the image.
    pub install: Install,
    /// Packages that the builder needs besides the compiler.
    pub packages: Option<Packages<Conditional<String>>>,
    /// Labels of the image; an override adds to them.
    pub labels: BTreeMap<String, String>,
    /// User that the image runs as.
    pub user: Option<String>,
}

/// A kmod that must come out of the build.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Kmod {
    /// Its name, without `.ko`.
    pub name: KmodName,
    /// The folder in which the build leaves it, where its name alone is not unique.
    pub dir: Option<RelPath>,
}

impl std::fmt::Display for Kmod {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.dir {
            Some(dir) => write!(f, "{dir}/{}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

/// Which template a Dockerfile is made from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TemplateName {
    /// One of kmodgen's own.
    BuiltIn(String),
    /// A file beside the manifest.
    File(RelPath),
}

/// Fields of a module, a version and an override alike.
pub(super) const FIELDS: [Field; 10] = [
    Field {
        key: "source",
        takes: Shape::OneOrList(&Shape::TextOr(&CHOSEN)),
        says: "one of `sources`, or several: the first is built, and kmods are looked for in all",
    },
    Field {
        key: "prebuilt",
        takes: Shape::Text,
        says: "in place of `image` and `source`: the image that somebody else builds, by tag or digest; `${KERNEL_FULL_VERSION}` in it is the release",
    },
    Field {
        key: "kmods",
        takes: Shape::List(&Shape::TextOr(&KMOD)),
        says: "the `.ko` files that must come out, without `.ko`; with the end of its folder where a name is not unique",
    },
    Field { key: "build", takes: Shape::Either(STEPS), says: "the steps that compile; `kbuild: {}` where absent" },
    Field {
        key: "template",
        takes: Shape::Text,
        says: "`dtk` (where absent), `kernel-devel`, `debian` or a file; see [templates.md](templates.md)",
    },
    Field { key: "images", takes: Shape::Record(&IMAGES), says: "its own base images" },
    Field { key: "install", takes: Shape::Record(&install::INSTALL), says: "where the results go" },
    Field {
        key: "packages",
        takes: Shape::Either(&[packages::LIST, Shape::Record(&packages::PACKAGES)]),
        says: "packages that the builder gets first: a list, or lists by family",
    },
    Field { key: "labels", takes: Shape::TextMap, says: "labels of the image; an override adds to them" },
    Field { key: "user", takes: Shape::Text, says: "who the image runs as; the runtime image's own where absent" },
];

const OVERRIDE_FIELDS: [Field; 1 + FIELDS.len()] =
    joined([&[Field { key: "when", takes: Shape::Record(&WHEN), says: "the kernels it is for" }], &FIELDS, &[]]);

pub(super) static OVERRIDE: Record = Record { name: "an override", fields: &OVERRIDE_FIELDS };

static CHOSEN: Record = Record {
    name: "a chosen source",
    fields: &[
        Field { key: "source", takes: Shape::Text, says: "the source" },
        Field { key: "when", takes: Shape::Record(&WHEN), says: "the kernels that it is for" },
    ],
};

static KMOD: Record = Record {
    name: "a kmod",
    fields: &[
        Field { key: "kmod", takes: Shape::Text, says: "the kmod" },
        Field { key: "when", takes: Shape::Record(&WHEN), says: "the kernels that have it" },
    ],
};

impl Recipe {
    pub(super) fn decode(fields: &mut Fields<'_>, faults: &mut Diagnostics) -> Self {
        let sources = fields.take("source", faults).map(|node| decode_sources(node, faults));
        let prebuilt = fields.take("prebuilt", faults);
        let prebuilt = prebuilt.and_then(|node| decode::text(node, "`prebuilt`", faults, prebuilt_image));
        let template =
            fields.take("template", faults).and_then(|node| decode::text(node, "`template`", faults, template_name));
        let images = fields.take("images", faults).map(|node| Images::decode(node, faults)).unwrap_or_default();
        let build = fields.take("build", faults).and_then(|node| Build::decode(node, faults));
        let kmods = fields.take("kmods", faults).map(|node| decode_kmods(node, faults));
        let install = fields.take("install", faults).map(|node| Install::decode(node, faults)).unwrap_or_default();
        let packages = fields.take("packages", faults).and_then(|node| Packages::decode(node, faults));
        let labels = fields.take("labels", faults).map(|node| install::labels(node, faults)).unwrap_or_default();
        let user = fields.take("user", faults).and_then(|node| decode::text(node, "`user`", faults, install::user));
        Self {
            sources,
            prebuilt,
            template,
            images,
            build,
            kmods,
            install,
            packages,
            labels,
            user: user.map(|user| user.value),
        }
    }

    /// Every source that some kernel may have.
    pub(super) fn all_sources(&self) -> impl Iterator<Item = &Spanned<SourceName>> {
        self.sources.iter().flatten().map(|source| &source.value)
    }

    /// This, with what `over` says instead.
    #[must_use]
    pub fn overridden_by(&self, over: &Self) -> Self {
        Self {
            sources: over.sources.clone().or_else(|| self.sources.clone()),
            prebuilt: over.prebuilt.clone().or_else(|| self.prebuilt.clone()),
            template: over.template.clone().or_else(|| self.template.clone()),
            images: self.images.overridden_by(&over.images),
            build: match (&self.build, &over.build) {
                (Some(base), Some(over)) => Some(base.overridden_by(over)),
                (base, over) => over.clone().or_else(|| base.clone()),
            },
            kmods: over.kmods.clone().or_else(|| self.kmods.clone()),
            install: self.install.overridden_by(&over.install),
            packages: over.packages.clone().or_else(|| self.packages.clone()),
            labels: self.labels.iter().chain(&over.labels).map(|(key, value)| (key.clone(), value.clone())).collect(),
            user: over.user.clone().or_else(|| self.user.clone()),
        }
    }
}

pub(super) fn decode_override(node: &Node, faults: &mut Diagnostics) -> Option<(When, Recipe)> {
    let mut fields = Fields::open(&OVERRIDE, node, faults)?;
    let when = fields
        .need("when", "write `when: {release: PATTERN}`", faults)
        .map(|node| When::decode(node, faults))
        .unwrap_or_default();
    let recipe = Recipe::decode(&mut fields, faults);
    fields.finish(faults);
    Some((when, recipe))
}

fn decode_sources(node: &Node, faults: &mut Diagnostics) -> Vec<Conditional<Spanned<SourceName>>> {
    if node.as_sequence().is_none() {
        return decode_source(node, faults).into_iter().collect();
    }
    let mut names: Vec<Conditional<Spanned<SourceName>>> = Vec::new();
    for item in decode::items(node, "`source`", faults) {
        let Some(name) = decode_source(item, faults) else { continue };
        match names.iter().find(|other| other.value.value == name.value.value) {
            Some(other) => faults.push(
                Diagnostic::error("repeated-source", format!("source `{}` is named twice", name.value.value))
                    .at(name.value.span, "")
                    .context(other.value.span, "first here"),
            ),
            None => names.push(name),
        }
    }
    if node.as_sequence().is_some_and(<[_]>::is_empty) {
        faults
            .push(Diagnostic::error("empty-list", "`source` is empty").at(node.span, "").help("name one of `sources`"));
    }
    names
}

fn decode_source(node: &Node, faults: &mut Diagnostics) -> Option<Conditional<Spanned<SourceName>>> {
    conditional(node, &CHOSEN, faults, |node, faults| decode::text(node, "`source`", faults, SourceName::parse))
}

fn decode_kmods(node: &Node, faults: &mut Diagnostics) -> Vec<Conditional<Spanned<Kmod>>> {
    let kmods = conditionals(node, "`kmods`", &KMOD, faults, |node, faults| decode::text(node, "a kmod", faults, kmod));
    if node.as_sequence().is_some_and(<[_]>::is_empty) {
        faults.push(
            Diagnostic::error("no-kmods", "`kmods` is empty")
                .at(node.span, "")
                .help("list the `.ko` files that must come out, without `.ko`"),
        );
    }
    kmods
}

fn kmod(text: &str) -> Result<Kmod, Invalid> {
    let Some((dir, name)) = text.rsplit_once('/') else {
        return KmodName::parse(text).map(|name| Kmod { name, dir: None });
    };
    let dir = RelPath::parse(dir)?;
    if !decode::has_only(dir.as_str(), "._-+/") {
        return Err(Invalid::new(format!(
            "the folder `{dir}` of a kmod is not of letters, digits, `.`, `_`, `-`, `+`"
        )));
    }
    Ok(Kmod { name: KmodName::parse(name)?, dir: Some(dir) })
}

fn template_name(text: &str) -> Result<TemplateName, Invalid> {
    if crate::template::BUILT_IN.contains(&text) {
        return Ok(TemplateName::BuiltIn(text.to_owned()));
    }
    if !text.contains(['/', '.']) {
        let invalid = Invalid::new(format!("`{}` is not one of kmodgen's templates", text.escape_debug()));
        return Err(match nearest(text, crate::template::BUILT_IN) {
            Some(near) => invalid.help(format!("did you mean `{near}`?")),
            None => invalid.help(format!(
                "write {} or the path of a file, such as `templates/mine.Dockerfile`",
                quoted_list(&crate::template::BUILT_IN)
            )),
        });
    }
    RelPath::parse(text).map(TemplateName::File)
}

/// An image by tag or digest, with KMM's variables for the release in it.
fn prebuilt_image(text: &str) -> Result<String, Invalid> {
    let image = ImageRef::parse(&variables::expand(text, variables::KERNEL)?)?;
    if image.tag().is_some() || image.digest().is_some() {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(format!("`{}` has neither tag nor digest", text.escape_debug()))
        .help("write `REPOSITORY:${KERNEL_FULL_VERSION}`, or in an override the image of some kernels"))
}
