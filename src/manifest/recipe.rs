//! Recipe of an image, as far as one place of the manifest states it: the module itself, or an override for some
//! kernels.

use std::collections::BTreeMap;

use kmodgen_yaml::Node;

use super::base_images::{BASE_IMAGES, BaseImages};
use super::builder_folder::{BuilderFolder, FROM};
use super::conditional::{Conditional, conditional, conditional_with};
use super::declare::declare;
use super::decode::{self, Fields};
use super::install::{self, Install};
use super::kmm::{MAPPING, MappingFields};
use super::packages::{PACKAGES, Packages};
use super::schema::{Field, Record, Shape, Variables, joined};
use super::selection::Selection;
use super::steps::{STEPS, Steps, merged};
use super::variables;
use crate::vocabulary::{
    Diagnostic, Diagnostics, ImageRef, Invalid, KmodName, RelPath, SourceName, Spanned, nearest, quoted_list,
};

declare! {
    /// Settings that decide an image, as far as one place of the manifest states them: fields of a module, a version
    /// and an override alike.
    #[derive(Debug, Clone, Default)]
    pub struct Recipe {
        optional sources: Vec<Conditional<Spanned<SourceName>>> {
            key: "source",
            takes: Shape::OneOrList(&Shape::TextOr(&CHOSEN)),
            says: "one of `sources`, or several: the first one is built, and all are searched for kmods",
            decode: |node, _, faults| Some(decode_sources(node, faults)),
        }
        optional prebuilt: Spanned<String> {
            takes: Shape::Expanding(Variables::Kernel),
            says: "instead of `image` and `source`: an image that is built elsewhere, by tag or digest; `${KERNEL_FULL_VERSION}` in it is the release",
            decode: decode::placed(prebuilt_image),
        }
        optional mapping: MappingFields {
            takes: Shape::Record(&MAPPING),
            says: "beside `prebuilt`: other fields of the mappings, as KMM documents them; that of an override replaces all of them",
            decode: |node, _, faults| MappingFields::decode(node, faults),
        }
        optional kmods: Vec<Conditional<Spanned<Kmod>>> {
            takes: Shape::List(&Shape::TextOr(&KMOD)),
            says: "the `.ko` files that the build must produce, without `.ko`; if a name is not unique, with the last folders of its path, or `./` and the whole path",
            decode: |node, _, faults| Some(decode_kmods(node, faults)),
        }
        optional steps: Steps {
            takes: Shape::Either(STEPS),
            says: "the steps that compile; in an override also changes to steps, by `id`; default: `kbuild: {}`",
            decode: |node, _, faults| Steps::decode(node, faults),
        }
        optional template: Spanned<TemplateName> {
            takes: Shape::Text,
            says: "`dtk` (the default), `kernel-devel`, `debian` or a file; see [templates.md](templates.md)",
            decode: decode::placed(template_name),
        }
        default base_images: BaseImages {
            key: "baseImages",
            takes: Shape::Record(&BASE_IMAGES),
            says: "its own base images",
            decode: |node, _, faults| BaseImages::read(node, faults),
        }
        default install: Install {
            takes: Shape::Record(&install::INSTALL),
            says: "files of the image and their folders",
            decode: |node, _, faults| Install::decode(node, faults),
        }
        default packages: Packages {
            takes: Shape::Record(&PACKAGES),
            says: "packages for the builder and the image",
            decode: |node, _, faults| Packages::decode(node, faults),
        }
        default image_labels: BTreeMap<String, String> {
            key: "imageLabels",
            takes: Shape::Named(&Shape::Expanding(Variables::Build)),
            says: "labels of the images; an override adds to them",
            decode: |node, _, faults| Some(install::image_labels(node, faults)),
        }
        optional user: String {
            takes: Shape::Text,
            says: "the user that the image runs as; default: that of the runtime image",
            decode: decode::parsed(install::user),
        }
    }
}

/// A kmod that must come out of the build.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Kmod {
    /// Its name, without `.ko`.
    pub name: KmodName,
    /// The end of the folder in which the build leaves it, where its name alone is not unique.
    pub dir: Option<RelPath>,
    /// Set if `dir` is the whole folder, from the first source or from `from` on.
    pub is_anchored: bool,
    /// The folder that it is looked for in, instead of all sources.
    pub from: Option<BuilderFolder>,
}

impl Kmod {
    /// Its name, with the folder if one is given.
    pub fn path(&self) -> String {
        match &self.dir {
            Some(dir) => format!("{dir}/{}", self.name),
            None => self.name.to_string(),
        }
    }
}

impl std::fmt::Display for Kmod {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", if self.is_anchored { "./" } else { "" }, self.path())?;
        self.from.as_ref().map_or(Ok(()), |from| write!(f, " from {from}"))
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

pub(super) static OVERRIDE: Record = Record { name: "an override", fields: joined![Selection::FIELDS, Recipe::FIELDS] };

static CHOSEN: Record = Record {
    name: "a chosen source",
    fields: joined![&[Field { key: "source", takes: Shape::Text, says: "the source" }], Selection::FIELDS],
};

static KMOD: Record = Record {
    name: "a kmod",
    fields: joined![&[Field { key: "kmod", takes: Shape::Text, says: "the kmod" }, FROM], Selection::FIELDS],
};

impl Recipe {
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
            mapping: over.mapping.clone().or_else(|| self.mapping.clone()),
            template: over.template.clone().or_else(|| self.template.clone()),
            base_images: self.base_images.overridden_by(&over.base_images),
            steps: match (&self.steps, &over.steps) {
                (Some(base), Some(over)) => Some(base.overridden_by(over)),
                (base, over) => over.clone().or_else(|| base.clone()),
            },
            kmods: over.kmods.clone().or_else(|| self.kmods.clone()),
            install: self.install.overridden_by(&over.install),
            packages: self.packages.overridden_by(&over.packages),
            image_labels: merged(&self.image_labels, &over.image_labels),
            user: over.user.clone().or_else(|| self.user.clone()),
        }
    }
}

pub(super) fn decode_override(node: &Node, faults: &mut Diagnostics) -> Option<(Selection, Recipe)> {
    let mut fields = Fields::open(&OVERRIDE, node, faults)?;
    if !decode::may_have(node, &OVERRIDE, "unless") {
        fields.need("when", "write `when: {kernel: PATTERN}`", faults);
    }
    let kernels = Selection::take(&mut fields, faults)?;
    let recipe = Recipe::take(&mut fields, faults).unwrap_or_default();
    fields.finish(faults);
    Some((kernels, recipe))
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
                Diagnostic::error("repeated-source", format!("source `{}` is listed twice", name.value.value))
                    .at(name.value.span, "")
                    .context(other.value.span, "first here"),
            ),
            None => names.push(name),
        }
    }
    if node.as_sequence().is_some_and(<[_]>::is_empty) {
        faults.push(
            Diagnostic::error("empty-list", "`source` is empty").at(node.span, "").help("write one of `sources`"),
        );
    }
    names
}

fn decode_source(node: &Node, faults: &mut Diagnostics) -> Option<Conditional<Spanned<SourceName>>> {
    conditional(node, &CHOSEN, faults, |node, faults| decode::text(node, "`source`", faults, SourceName::parse))
}

fn decode_kmods(node: &Node, faults: &mut Diagnostics) -> Vec<Conditional<Spanned<Kmod>>> {
    let items = decode::items(node, "`kmods`", faults).iter();
    let kmods = items.filter_map(|item| decode_kmod(item, faults)).collect();
    if node.as_sequence().is_some_and(<[_]>::is_empty) {
        faults.push(
            Diagnostic::error("no-kmods", "`kmods` is empty")
                .at(node.span, "")
                .help("list the `.ko` files that the build produces, without `.ko`"),
        );
    }
    kmods
}

fn decode_kmod(node: &Node, faults: &mut Diagnostics) -> Option<Conditional<Spanned<Kmod>>> {
    conditional_with(
        node,
        &KMOD,
        faults,
        |node, faults| decode::text(node, "a kmod", faults, kmod),
        |fields, kmod, faults| {
            BuilderFolder::take(fields, kmod, faults, |kmod, from| {
                Spanned::new(Kmod { from: Some(from), ..kmod.value }, kmod.span)
            })
        },
    )
}

/// Checks a kmod: its name, with the end of its folder, or with all of it after `./`.
fn kmod(text: &str) -> Result<Kmod, Invalid> {
    let (is_anchored, path) = text.strip_prefix("./").map_or((false, text), |path| (true, path));
    let Some((dir, name)) = path.rsplit_once('/') else {
        return KmodName::parse(path).map(|name| Kmod { name, dir: None, is_anchored, from: None });
    };
    let dir = RelPath::parse(dir)?;
    if !decode::has_only(dir.as_str(), "._-+/") {
        return Err(Invalid::new(format!(
            "the folder `{dir}` of a kmod has characters other than letters, digits, `.`, `_`, `-`, `+`"
        )));
    }
    Ok(Kmod { name: KmodName::parse(name)?, dir: Some(dir), is_anchored, from: None })
}

fn template_name(text: &str) -> Result<TemplateName, Invalid> {
    if crate::template::BUILT_IN.contains(&text) {
        return Ok(TemplateName::BuiltIn(text.to_owned()));
    }
    if !text.contains(['/', '.']) {
        let invalid = Invalid::new(format!("`{}` is not a built-in template", text.escape_debug()));
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
