//! Modules: what is built, for which kernels, and how.

use std::collections::BTreeMap;

use super::build::{Build, STEPS};
use super::decode::{self, Fields};
use super::images::{IMAGES, Images};
use super::install::{self, Install, Packages};
use super::kmm::{self, KMM, Kmm};
use super::platform::Platform;
use super::schema::{Field, Record, Shape};
use super::source::Source;
use super::version::VERSION;
use super::when::{Circumstances, Conditional, SELECTION, Selection, WHEN, When, conditional};
use crate::vocabulary::{
    Diagnostic, Diagnostics, ImageRef, Invalid, KmodName, ModuleName, Namespace, RelPath, SourceName, Span, Spanned,
    nearest,
};
use crate::yaml::Node;

/// One module.
#[derive(Debug, Clone)]
pub struct Module {
    /// The name of its KMM Module.
    pub name: Spanned<ModuleName>,
    /// The repository of its images; tags are generated. Its name, where nothing is built.
    pub image: Spanned<ImageRef>,
    /// Where its images come from.
    pub kind: Kind,
    /// KMM's version of it, for ordered upgrade.
    pub version: Option<String>,
    /// Which kernels it is for.
    pub kernels: Selection,
    /// How it is built.
    pub recipe: Recipe,
    /// What is different for some kernels; later ones win.
    pub overrides: Vec<(When, Recipe)>,
    /// The rest of the Module.
    pub kmm: Kmm,
}

/// Where a module's images come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// They are built.
    Built,
    /// Somebody else builds them.
    Prebuilt,
    /// It has none: it is a device plugin, or a driver for dynamic resource allocation, alone.
    Plugin,
}

/// What decides an image, as far as one place of the manifest says.
#[derive(Debug, Clone, Default)]
pub struct Recipe {
    /// Where the code comes from, what is built first.
    pub sources: Option<Vec<Spanned<SourceName>>>,
    /// The image, where it is built elsewhere; KMM's variables for the release are written out.
    pub prebuilt: Option<Spanned<String>>,
    /// The Dockerfile template.
    pub template: Option<Spanned<TemplateName>>,
    /// Base images.
    pub images: Images,
    /// The steps that compile.
    pub build: Option<Build>,
    /// The kmods that must come out.
    pub kmods: Option<Vec<Conditional<Kmod>>>,
    /// Where they go, and what else the image carries.
    pub install: Install,
    /// What the builder needs beside the compiler.
    pub packages: Option<Packages>,
    /// Labels of the image; an override adds to them.
    pub labels: BTreeMap<String, String>,
    /// Who the image runs as.
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

/// What the manifest says outside of its modules.
pub(super) struct Scope<'m> {
    pub(super) namespace: Option<&'m Namespace>,
    /// The names of all sources as they are written, so that one with a fault of its own is not
    /// called missing as well.
    pub(super) sources: Vec<&'m str>,
    /// The sources that are right.
    pub(super) decoded: &'m BTreeMap<SourceName, Source>,
    /// What the clusters run.
    pub(super) platform: &'m Platform,
}

impl Scope<'_> {
    fn check_source(&self, name: &Spanned<SourceName>, faults: &mut Diagnostics) {
        if self.sources.contains(&name.as_str()) {
            return;
        }
        let fault =
            Diagnostic::error("unknown-source", format!("there is no source `{}`", name.value)).at(name.span, "");
        faults.push(match nearest(name.as_str(), self.sources.iter().copied()) {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None => fault.help("declare it under `sources`"),
        });
    }
}

pub(super) const IMAGE: Field =
    Field { key: "image", takes: Shape::Text, says: "the repository of its images, without a tag" };
pub(super) const SOURCE: Field = Field {
    key: "source",
    takes: Shape::OneOrList(&Shape::Text),
    says: "one of `sources`, or several: the first is built, and kmods are looked for in all",
};
pub(super) const PREBUILT: Field = Field {
    key: "prebuilt",
    takes: Shape::Text,
    says: "in place of `image` and `source`: the image that somebody else builds, by tag or digest; `${KERNEL_FULL_VERSION}` in it is the release",
};
pub(super) const KMODS: Field = Field {
    key: "kmods",
    takes: Shape::List(&Shape::TextOr(&KMOD)),
    says: "the `.ko` files that must come out, without `.ko`; with the end of its folder where a name is not unique",
};
pub(super) const BUILD: Field =
    Field { key: "build", takes: Shape::Either(STEPS), says: "the steps that compile; `kbuild: {}` where absent" };
pub(super) const TEMPLATE: Field = Field {
    key: "template",
    takes: Shape::Text,
    says: "`dtk` (where absent), `kernel-devel`, `debian` or a file; see [templates.md](templates.md)",
};
pub(super) const OWN_IMAGES: Field =
    Field { key: "images", takes: Shape::Record(&IMAGES), says: "its own base images" };
pub(super) const INSTALL: Field =
    Field { key: "install", takes: Shape::Record(&install::INSTALL), says: "where the results go" };

pub(super) const PACKAGES: Field = Field {
    key: "packages",
    takes: Shape::Either(&[Shape::List(&Shape::Text), Shape::Record(&install::PACKAGES)]),
    says: "packages that the builder gets first: a list, or lists by family",
};
pub(super) const LABELS: Field =
    Field { key: "labels", takes: Shape::TextMap, says: "labels of the image; an override adds to them" };
pub(super) const USER: Field =
    Field { key: "user", takes: Shape::Text, says: "who the image runs as; the runtime image's own where absent" };

pub(super) const KERNELS: Field = Field {
    key: "kernels",
    takes: Shape::Record(&SELECTION),
    says: "which of the manifest's kernels; all where absent",
};
pub(super) const OVERRIDES: Field = Field {
    key: "overrides",
    takes: Shape::List(&Shape::Record(&OVERRIDE)),
    says: "what is different for some kernels",
};
pub(super) const TARGETS: Field = Field {
    key: "targets",
    takes: Shape::List(&Shape::Text),
    says: "which of the manifest's targets it is for; all where absent",
};
pub(super) const KMM_FIELD: Field = Field {
    key: "kmm",
    takes: Shape::OneOrList(&Shape::Record(&KMM)),
    says: "the rest of the Module; or a list of Modules on one image, of which the first builds it",
};

pub(super) static MODULE: Record = Record {
    name: "a module",
    fields: &[
        Field {
            key: "name",
            takes: Shape::Text,
            says: "the name of the KMM Module; with the namespace 41 characters at most",
        },
        IMAGE,
        SOURCE,
        PREBUILT,
        KMODS,
        BUILD,
        TEMPLATE,
        OWN_IMAGES,
        INSTALL,
        PACKAGES,
        LABELS,
        USER,
        KERNELS,
        OVERRIDES,
        TARGETS,
        Field {
            key: "version",
            takes: Shape::Text,
            says: "KMM's version, for ordered upgrade; see [identity.md](identity.md)",
        },
        Field {
            key: "versions",
            takes: Shape::List(&Shape::Record(&VERSION)),
            says: "several versions side by side, each a Module of its own; in place of `version`",
        },
        KMM_FIELD,
    ],
};

static OVERRIDE: Record = Record {
    name: "an override",
    fields: &[
        Field { key: "when", takes: Shape::Record(&WHEN), says: "the kernels it is for" },
        SOURCE,
        PREBUILT,
        KMODS,
        BUILD,
        TEMPLATE,
        OWN_IMAGES,
        INSTALL,
        PACKAGES,
        LABELS,
        USER,
    ],
};

static KMOD: Record = Record {
    name: "a kmod",
    fields: &[
        Field { key: "kmod", takes: Shape::Text, says: "the kmod" },
        Field { key: "when", takes: Shape::Record(&WHEN), says: "the kernels that have it" },
    ],
};

impl Module {
    pub(super) fn decode(node: &Node, scope: &Scope<'_>, faults: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::open(&MODULE, node, faults)?;
        let name = fields
            .need("name", "write the name of its KMM Module", faults)
            .and_then(|node| decode::text(node, "`name`", faults, ModuleName::parse));
        let kind = Kind::of(node);
        let image = match kind {
            Kind::Built => fields
                .need("image", "write the repository of its images, such as `registry.example.com/kmods/NAME`", faults)
                .and_then(|node| decode::text(node, "`image`", faults, repository)),
            Kind::Prebuilt | Kind::Plugin => {
                fields.take("image", faults);
                let name = name.as_ref();
                name.and_then(|name| Some(Spanned::new(ImageRef::parse(name.as_str()).ok()?, name.span)))
            }
        };
        let version = fields.take("version", faults).and_then(|n| decode::text(n, "`version`", faults, label_value));
        let kernels = fields.take("kernels", faults).map(|n| Selection::decode(n, faults)).unwrap_or_default();
        let recipe = Recipe::decode(&mut fields, faults);
        let mut overrides = Vec::new();
        if let Some(list) = fields.take("overrides", faults) {
            let items = decode::items(list, "`overrides`", faults);
            overrides.extend(items.iter().filter_map(|item| decode_override(item, faults)));
        }
        let kmm_node = fields.take("kmm", faults);
        // Both are done with: what is decoded is one version, for one target.
        fields.take("targets", faults);
        fields.take("versions", faults);
        fields.later(&["fallback", "sign", "patches"]);
        fields.finish(faults);
        if kind != Kind::Built {
            refuse_building(node, faults);
        }
        for (key, given) in [("source", recipe.sources.is_some()), ("kmods", recipe.kmods.is_some())] {
            if kind == Kind::Built && !given && node.get(key).is_none() {
                let advice =
                    if key == "source" { "name one of `sources`" } else { "list the `.ko` files that must come out" };
                faults.push(
                    Diagnostic::error("missing-key", format!("a module has no `{key}`"))
                        .at(name.as_ref().map_or(node.span, |name| name.span), "this module")
                        .help(advice),
                );
            }
        }
        let recipes = || std::iter::once(&recipe).chain(overrides.iter().map(|(_, recipe)| recipe));
        recipes().filter_map(|r| r.sources.as_ref()).flatten().for_each(|source| scope.check_source(source, faults));
        if let (Some(name), Some(namespace)) = (&name, scope.namespace) {
            kmm::check_name_length(name, namespace, faults);
        }
        let kmods = all_kmods(&recipe, &overrides);
        let start = Span::new(node.span.source, node.span.start, node.span.start);
        let firmware = recipes().any(|recipe| recipe.install.firmware.is_some());
        let secrets = recipes().filter_map(|recipe| recipe.sources.as_ref()).flatten();
        let secrets = secrets.filter_map(|name| Some(scope.decoded.get(&name.value)?.secret.as_ref()?.value.as_str()));
        let context = kmm::Context {
            kind,
            secrets: secrets.collect(),
            namespace: scope.namespace,
            firmware,
            platform: scope.platform,
            kmods: &kmods,
            module: name.as_ref().map_or(start, |name| name.span),
        };
        let kmm = Kmm::decode_all(kmm_node, &context, faults);
        if kmm.sign.is_some() {
            recipes().for_each(|recipe| refuse_compression(recipe, faults));
        }
        Some(Self {
            name: name?,
            image: image?,
            kind,
            version: version.map(|v| v.value),
            kernels,
            recipe,
            overrides,
            kmm,
        })
    }

    /// Whether its images are built.
    pub fn is_built(&self) -> bool {
        self.kind == Kind::Built
    }

    /// Whether its images are built elsewhere.
    pub fn is_prebuilt(&self) -> bool {
        self.kind == Kind::Prebuilt
    }

    /// Whether its image has firmware on any kernel.
    pub fn has_firmware(&self) -> bool {
        self.recipes().any(|recipe| recipe.install.firmware.is_some())
    }

    fn recipes(&self) -> impl Iterator<Item = &Recipe> {
        std::iter::once(&self.recipe).chain(self.overrides.iter().map(|(_, recipe)| recipe))
    }

    /// How the module is built for a kernel: its own recipe, then each override that applies.
    pub fn recipe_on(&self, kernel: &Circumstances<'_>) -> Recipe {
        let applying = self.overrides.iter().filter(|(when, _)| kernel.allow(when));
        applying.fold(self.recipe.clone(), |recipe, (_, over)| recipe.overridden_by(over))
    }
}

impl Recipe {
    fn decode(fields: &mut Fields<'_>, faults: &mut Diagnostics) -> Self {
        let sources = fields.take("source", faults).map(|node| decode_sources(node, faults));
        let prebuilt = fields.take("prebuilt", faults);
        let prebuilt = prebuilt.and_then(|node| decode::text(node, "`prebuilt`", faults, prebuilt_image));
        let template =
            fields.take("template", faults).and_then(|node| decode::text(node, "`template`", faults, template_name));
        let images = fields.take("images", faults).map(|node| Images::decode(node, faults)).unwrap_or_default();
        let build = fields.take("build", faults).and_then(|node| Build::decode(node, faults));
        let kmods = fields.take("kmods", faults).map(|node| decode_kmods(node, faults));
        let install = fields.take("install", faults).map(|node| Install::decode(node, faults)).unwrap_or_default();
        let packages = fields.take("packages", faults).map(|node| Packages::decode(node, faults));
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

impl Kind {
    /// That of a module as it is written.
    fn of(node: &Node) -> Self {
        let says = |key: &str| node.get(key).is_some();
        let overrides = node.get("overrides").and_then(|list| list.as_sequence()).unwrap_or_default();
        let kmm = node.get("kmm");
        let plugs = |key: &str| kmm.is_some_and(|kmm| kmm.get(key).is_some());
        if says("prebuilt") || overrides.iter().any(|over| over.get("prebuilt").is_some()) {
            Self::Prebuilt
        } else if !says("image") && !says("source") && !says("kmods") && (plugs("devicePlugin") || plugs("dra")) {
            Self::Plugin
        } else {
            Self::Built
        }
    }
}

/// Fields of a build, where nothing is built.
fn refuse_building(node: &Node, faults: &mut Diagnostics) {
    for entry in node.as_mapping().unwrap_or_default() {
        let key = entry.key.value.as_str();
        if ["image", "source", "build", "template", "images", "install", "packages", "labels", "user"].contains(&key) {
            faults.push(
                Diagnostic::error(
                    "prebuilt",
                    format!("`{key}` is for images that are built, and this module's are not"),
                )
                .at(entry.key.span, "")
                .help("take it out, or `prebuilt`"),
            );
        }
    }
}

/// An image by tag or digest, with KMM's variables for the release in it.
fn prebuilt_image(text: &str) -> Result<String, Invalid> {
    let plain =
        ["${KERNEL_FULL_VERSION}", "${KERNEL_VERSION}"].iter().fold(text.to_owned(), |t, name| t.replace(name, "R"));
    let image = ImageRef::parse(&plain)?;
    if image.tag().is_some() || image.digest().is_some() {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(format!("`{}` has neither tag nor digest", text.escape_debug()))
        .help("write `REPOSITORY:${KERNEL_FULL_VERSION}`, or in an override the image of some kernels"))
}

/// KMM's signing takes `.ko` files alone.
fn refuse_compression(recipe: &Recipe, faults: &mut Diagnostics) {
    if let Some(compress) = &recipe.install.compress {
        faults.push(
            Diagnostic::error("kmm-sign", "KMM signs no compressed kmods")
                .at(compress.span, "")
                .help("take `compress` out, or `sign`"),
        );
    }
}

fn decode_override(node: &Node, faults: &mut Diagnostics) -> Option<(When, Recipe)> {
    let mut fields = Fields::open(&OVERRIDE, node, faults)?;
    let when = fields
        .need("when", "write `when: {release: PATTERN}`", faults)
        .map(|node| When::decode(node, faults))
        .unwrap_or_default();
    let recipe = Recipe::decode(&mut fields, faults);
    fields.finish(faults);
    Some((when, recipe))
}

fn decode_sources(node: &Node, faults: &mut Diagnostics) -> Vec<Spanned<SourceName>> {
    let one = |node: &Node, faults: &mut Diagnostics| decode::text(node, "`source`", faults, SourceName::parse);
    if node.as_sequence().is_none() {
        return one(node, faults).into_iter().collect();
    }
    let mut names: Vec<Spanned<SourceName>> = Vec::new();
    for item in decode::items(node, "`source`", faults) {
        let Some(name) = one(item, faults) else { continue };
        match names.iter().find(|other| other.value == name.value) {
            Some(other) => faults.push(
                Diagnostic::error("repeated-source", format!("source `{}` is named twice", name.value))
                    .at(name.span, "")
                    .context(other.span, "first here"),
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

fn decode_kmods(node: &Node, faults: &mut Diagnostics) -> Vec<Conditional<Kmod>> {
    let kmods: Vec<_> = decode::items(node, "`kmods`", faults)
        .iter()
        .filter_map(|item| {
            conditional(item, &KMOD, faults, |node, faults| decode::text(node, "a kmod", faults, kmod).map(|k| k.value))
        })
        .collect();
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
    let legal = |c: char| c.is_ascii_alphanumeric() || "._-+/".contains(c);
    if !dir.as_str().chars().all(legal) {
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
                decode::list(&crate::template::BUILT_IN)
            )),
        });
    }
    RelPath::parse(text).map(TemplateName::File)
}

fn repository(text: &str) -> Result<ImageRef, Invalid> {
    let image = ImageRef::parse(text)?;
    if image.tag().is_none() && image.digest().is_none() {
        return Ok(image);
    }
    Err(Invalid::new(format!("`{image}` names one image, and every kernel has one of its own"))
        .help(format!("write `{}`: the tag is the kernel release and the content hash", image.repository())))
}

/// A label value: at most 63 characters, alphanumeric at both ends.
pub(super) fn label_value(text: &str) -> Result<String, Invalid> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let edge = |c: char| c.is_ascii_alphanumeric();
    if (1..=63).contains(&text.len()) && text.chars().all(legal) && text.starts_with(edge) && text.ends_with(edge) {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(format!("`{}` is not a version that KMM takes", text.escape_debug())).help(
        "it becomes a label's value: at most 63 of letters, digits, `.`, `_`, `-`, a letter or digit at both ends",
    ))
}

/// The names of all kmods that some kernel may have.
fn all_kmods(recipe: &Recipe, overrides: &[(When, Recipe)]) -> Vec<String> {
    let lists = std::iter::once(recipe).chain(overrides.iter().map(|(_, recipe)| recipe));
    let mut names: Vec<String> = Vec::new();
    for kmod in lists.filter_map(|recipe| recipe.kmods.as_ref()).flatten() {
        let name = kmod.value.name.as_str();
        if !names.iter().any(|other| other == name) {
            names.push(name.to_owned());
        }
    }
    names
}
