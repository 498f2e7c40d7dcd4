//! Modules: what is built, for which kernels, and how.

use std::collections::BTreeMap;

use kmodgen_yaml::Node;

use super::built_by::BuiltBy;
use super::conditional::Circumstances;
use super::decode::{self, Fields};
use super::expansion::Expands;
use super::kernel::Kernel;
use super::kind::{ModuleKind, refuse_building, refuse_mapping};
use super::kmm::{self, Objects, refuse_kmm};
use super::platform::Platform;
use super::recipe::{Recipe, decode_override};
use super::schema::{Field, Record, Shape, joined};
use super::selection::Selection;
use super::source::Source;
use super::steps::check_changes;
use super::version::{IMAGE, VARIANTS, VERSION, label_value};
use crate::vocabulary::{
    Diagnostic, Diagnostics, ImageRef, Invalid, ModuleName, Namespace, SourceName, Spanned, check_tag, nearest,
    written_out,
};

/// One module.
#[derive(Debug, Clone)]
pub struct Module {
    /// The name of its KMM Module.
    pub name: Spanned<ModuleName>,
    /// The repository of its images; tags are generated. Its name, where nothing is built.
    pub image: Spanned<ImageRef>,
    /// Origin of the module's images.
    pub kind: ModuleKind,
    /// Builder of its images, if they are built.
    pub built_by: BuiltBy,
    /// KMM's version of it, for ordered upgrade.
    pub version: Option<String>,
    /// Set if `version` is in the tags of its images.
    pub version_in_tag: bool,
    /// Which kernels it is for.
    pub kernels: Selection,
    /// Recipe of the module's images, before `overrides`.
    pub recipe: Recipe,
    /// Changes to `recipe` for some kernels; later ones win.
    pub overrides: Vec<(Selection, Recipe)>,
    /// Further tags of each image, in which the release expands.
    pub aliases: Vec<Spanned<String>>,
    /// Its KMM objects.
    pub objects: Objects,
}

/// Parts of the manifest outside of its modules.
pub(super) struct Scope<'m> {
    pub(super) namespace: Option<&'m Namespace>,
    /// The names of all sources as they are written, so that one with a fault of its own is not
    /// called missing as well; `None` if `sources` itself has one.
    pub(super) sources: Option<Vec<&'m str>>,
    /// Set if the fields that a cluster lays over modules are known.
    pub(super) knows_clusters: bool,
    /// The sources that are right.
    pub(super) decoded: &'m BTreeMap<SourceName, Source>,
    /// Platform of the clusters.
    pub(super) platform: &'m Platform,
}

impl Scope<'_> {
    /// Checks whether a source is a folder beside the manifest.
    fn is_folder(&self, name: &SourceName) -> bool {
        self.decoded.get(name).is_some_and(|source| source.local().is_some())
    }

    fn check_source(&self, name: &Spanned<SourceName>, faults: &mut Diagnostics) {
        let Some(sources) = self.sources.as_ref().filter(|sources| !sources.contains(&name.as_str())) else { return };
        let fault =
            Diagnostic::error("unknown-source", format!("there is no source `{}`", name.value)).at(name.span, "");
        faults.push(match nearest(name.as_str(), sources.iter().copied()) {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None => fault.help("declare it under `sources`"),
        });
    }
}

const HEAD: &[Field] = &[
    Field {
        key: "name",
        takes: Shape::Text,
        says: "the name of the KMM Module; together with the namespace (on a hub, `spokeNamespace`) at most 41 characters, 40 before KMM 2.7",
    },
    IMAGE,
];

const VERSIONED: &[Field] = &[
    Field {
        key: "version",
        takes: Shape::Text,
        says: "version of the KMM Module, for KMM's ordered upgrade; see [identity.md](identity.md)",
    },
    Field {
        key: "versions",
        takes: Shape::List(&Shape::Record(&VERSION)),
        says: "several versions at the same time, each with its own Module; instead of `version`",
    },
];

pub(super) static MODULE: Record = Record {
    name: "a module",
    fields: joined![HEAD, Recipe::FIELDS, Selection::FIELDS, VARIANTS, VERSIONED, kmm::FIELDS],
};

impl Module {
    pub(super) fn decode(node: &Node, scope: &Scope<'_>, faults: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::open(&MODULE, node, faults)?;
        let name = fields
            .need("name", "write the name of its KMM Module", faults)
            .and_then(|node| decode::text(node, "`name`", faults, ModuleName::parse));
        let kind = ModuleKind::of(node);
        let image = match kind {
            ModuleKind::Built => fields
                .need("image", "write the repository of its images, such as `registry.example.com/kmods/NAME`", faults)
                .and_then(|node| decode::text(node, "`image`", faults, image_repository)),
            ModuleKind::Prebuilt | ModuleKind::Plugin => {
                fields.take("image", faults);
                let name = name.as_ref();
                name.and_then(|name| Some(Spanned::new(ImageRef::parse(name.as_str()).ok()?, name.span)))
            }
        };
        let built_by = BuiltBy::take(&mut fields, faults);
        let version = fields.take("version", faults).and_then(|n| decode::text(n, "`version`", faults, label_value));
        let version_in_tag = fields.take("versionInTag", faults);
        if let Some(node) = version_in_tag.filter(|_| node.get("version").is_none()) {
            faults.push(
                Diagnostic::error("version-in-tag", "the tag cannot contain a `version`, because the module has none")
                    .at(node.span, "")
                    .help("write a `version`, or remove `versionInTag`"),
            );
        }
        let version_in_tag = version_in_tag.and_then(|node| decode::flag(node, "versionInTag", faults));
        let kernels = Selection::take(&mut fields, faults).unwrap_or_default();
        let recipe = Recipe::take(&mut fields, faults).unwrap_or_default();
        let mut overrides = Vec::new();
        if let Some(list) = fields.take("overrides", faults) {
            let items = decode::items(list, "`overrides`", faults);
            overrides.extend(items.iter().filter_map(|item| decode_override(item, faults)));
        }
        let aliases = fields.take("aliases", faults).map(|list| decode::items(list, "`aliases`", faults));
        let aliases =
            aliases.unwrap_or_default().iter().filter_map(|item| decode::text(item, "an alias", faults, alias));
        let aliases: Vec<Spanned<String>> = aliases.collect();
        // Both are done with: what is decoded is one version, for one cluster.
        fields.take("clusters", faults);
        fields.take("versions", faults);
        for (key, is_written) in ["source", "kmods"].map(|key| (key, node.get(key).is_some())) {
            if kind == ModuleKind::Built && !is_written {
                let advice = if key == "source" {
                    "write one of `sources`"
                } else {
                    "list the `.ko` files that the build produces"
                };
                fields.lacks(
                    key,
                    Diagnostic::error("missing-key", format!("a module has no `{key}`"))
                        .at(name.as_ref().map_or(node.span, |name| name.span), "this module")
                        .help(advice),
                );
            }
        }
        match kind {
            ModuleKind::Prebuilt => refuse_building(node, faults),
            ModuleKind::Built => refuse_mapping(node, faults),
            ModuleKind::Plugin => {
                refuse_building(node, faults);
                refuse_mapping(node, faults);
            }
        }
        let recipes: Vec<&Recipe> = recipes(&recipe, &overrides).collect();
        let changed = overrides.iter().filter_map(|(_, recipe)| recipe.steps.as_ref());
        if knows_all("steps", (node, &recipe), &overrides, |recipe| Some(recipe.steps.as_ref()?.len())) {
            check_changes(recipe.steps.as_ref(), changed, faults);
        }
        let sources: Vec<_> = recipes.iter().flat_map(|recipe| recipe.all_sources()).collect();
        sources.iter().for_each(|source| scope.check_source(source, faults));
        let kmods = all_kmods(&recipes);
        let start = node.span.at_start();
        let secrets =
            sources.iter().filter_map(|name| Some(scope.decoded.get(&name.value)?.secret.as_ref()?.value.as_str()));
        let mut with_sources = recipes.iter().filter(|recipe| recipe.sources.is_some());
        let context = kmm::Context {
            kind,
            folder: sources.iter().find(|name| scope.is_folder(name)).map(|name| name.as_str()),
            built_by,
            kmm_builds: built_by == BuiltBy::Cluster
                && with_sources.any(|recipe| !recipe.all_sources().any(|name| scope.is_folder(name))),
            secrets: secrets.collect(),
            namespace: scope.namespace,
            firmware: recipes.iter().any(|recipe| recipe.install.firmware.is_some()),
            platform: scope.platform,
            kmods: &kmods,
            knows_kmods: knows_all("kmods", (node, &recipe), &overrides, |recipe| Some(recipe.kmods.as_ref()?.len())),
            knows_clusters: scope.knows_clusters,
            name: name.as_ref(),
            module: name.as_ref().map_or(start, |name| name.span),
        };
        let objects = Objects::take(&mut fields, node, &context, faults);
        refuse_kmm(&mut fields, faults);
        fields.finish(faults);
        if let (false, false, Some(name)) = (objects.are_written, kind == ModuleKind::Built, &name) {
            let fault =
                format!("module `{}` generates nothing: its images are prebuilt, and it has no Module", name.value);
            faults.push(
                Diagnostic::warning("no-output", fault)
                    .at(name.span, "")
                    .help("remove `objects: false`, or remove the module"),
            );
        }
        if objects.spec.sign.is_some() {
            recipes.iter().for_each(|recipe| refuse_compression(recipe, faults));
        }
        Some(Self {
            name: name?,
            image: image?,
            kind,
            built_by,
            version: version.map(|v| v.value),
            version_in_tag: version_in_tag.unwrap_or_default(),
            kernels,
            recipe,
            overrides,
            aliases,
            objects,
        })
    }

    /// Returns whether the module's images are built.
    pub fn is_built(&self) -> bool {
        self.kind == ModuleKind::Built
    }

    /// Returns whether the module's images are built elsewhere.
    pub fn is_prebuilt(&self) -> bool {
        self.kind == ModuleKind::Prebuilt
    }

    /// Checks whether it says which image a kernel has that is built elsewhere.
    pub fn names_images(&self) -> bool {
        self.recipes().any(|recipe| recipe.prebuilt.is_some())
    }

    /// Checks whether every Module of it has a `fallback`.
    pub fn falls_back(&self) -> bool {
        self.objects.fall_back()
    }

    /// Checks whether there is anything to say to KMM where these are all kernels.
    pub fn is_for_any(&self, kernels: &[Kernel]) -> bool {
        match self.kind {
            ModuleKind::Plugin => true,
            ModuleKind::Prebuilt if kernels.is_empty() => self.falls_back(),
            ModuleKind::Built | ModuleKind::Prebuilt => kernels.iter().any(|kernel| self.kernels.selects(kernel)),
        }
    }

    /// Returns the version that its images have in their tags.
    pub fn tag_version(&self) -> Option<&str> {
        self.version.as_deref().filter(|_| self.version_in_tag)
    }

    /// Returns the beginning of the names of its images, which all of them share.
    pub fn image_start(&self) -> String {
        format!("{}:{}", self.image.repository(), self.tag_version().unwrap_or_default())
    }

    /// Returns whether the module has KMM objects.
    pub fn has_objects(&self) -> bool {
        self.objects.are_written
    }

    /// Returns whether the module's image has firmware on any kernel.
    pub fn has_firmware(&self) -> bool {
        self.recipes().any(|recipe| recipe.install.firmware.is_some())
    }

    /// Returns the names of all Modules that are made of it.
    pub fn names(&self) -> impl Iterator<Item = &Spanned<ModuleName>> {
        std::iter::once(&self.name).chain(self.objects.additional.iter().map(|module| &module.name))
    }

    pub(super) fn recipes(&self) -> impl Iterator<Item = &Recipe> {
        recipes(&self.recipe, &self.overrides)
    }

    /// Returns the module's recipe for a kernel: its own, then each override that applies.
    pub fn recipe_on(&self, kernel: &Circumstances<'_>) -> Recipe {
        let applying = self.overrides.iter().filter(|(kernels, _)| kernel.allow(kernels));
        applying.fold(self.recipe.clone(), |recipe, (_, over)| recipe.overridden_by(over))
    }
}

fn recipes<'m>(recipe: &'m Recipe, overrides: &'m [(Selection, Recipe)]) -> impl Iterator<Item = &'m Recipe> {
    std::iter::once(recipe).chain(overrides.iter().map(|(_, recipe)| recipe))
}

/// KMM's signing takes `.ko` files alone.
fn refuse_compression(recipe: &Recipe, faults: &mut Diagnostics) {
    if let Some(compress) = &recipe.install.compress {
        faults.push(
            Diagnostic::error("kmm-sign", "KMM cannot sign compressed kmods")
                .at(compress.span, "")
                .help("remove `compress` or `sign`"),
        );
    }
}

/// Parses the repository of a module's images, which has neither a tag nor a digest.
///
/// # Errors
/// A text that names no image, or one image alone.
pub fn image_repository(text: &str) -> Result<ImageRef, Invalid> {
    let image = ImageRef::parse(text).map_err(|invalid| match text.split_once('$') {
        Some(_) if !invalid.secret => {
            invalid.help("write only the repository: kmodgen adds a tag with the kernel release and the content hash")
        }
        _ => invalid,
    })?;
    if image.tag().is_none() && image.digest().is_none() {
        return Ok(image);
    }
    Err(Invalid::new(format!("`{image}` is a single image, but each kernel requires its own"))
        .help(format!("write `{}`: the tag is the kernel release and the content hash", image.repository())))
}

/// A tag, in which the release expands.
fn alias(text: &str) -> Result<String, Invalid> {
    if let Some((repository, tag)) = text.rsplit_once(':')
        && !tag.contains('/')
    {
        return Err(Invalid::new(format!("`{}` is an image, but an alias is only a tag", text.escape_debug())).help(
            format!("write `{}`: the repository is `image`, not `{}`", tag.escape_debug(), repository.escape_debug()),
        ));
    }
    let line = Expands::Release.line(text)?;
    check_tag(&written_out(&line, "R"))?;
    Ok(line)
}

/// Checks that all items of a list of the module at `node`, and of its overrides, are decoded; `count` tells how many
/// of them a recipe has.
fn knows_all(
    key: &str,
    (node, recipe): (&Node, &Recipe),
    overrides: &[(Selection, Recipe)],
    count: impl Fn(&Recipe) -> Option<usize>,
) -> bool {
    let items = node.get("overrides").map_or(Some(&[][..]), |list| list.as_sequence());
    let Some(items) = items.filter(|items| items.len() == overrides.len()) else { return false };
    let overrides = items.iter().zip(overrides).map(|(item, (_, recipe))| (&**item, recipe));
    std::iter::once((node, recipe)).chain(overrides).all(|(node, recipe)| match (node.get(key), count(recipe)) {
        (Some(list), Some(count)) => list.as_sequence().is_none_or(|list| list.len() == count),
        (Some(_), None) => false,
        (None, _) => !decode::may_have(node, &MODULE, key),
    })
}

/// The names of all kmods that some kernel may have.
fn all_kmods(recipes: &[&Recipe]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for kmod in recipes.iter().filter_map(|recipe| recipe.kmods.as_ref()).flatten() {
        let name = kmod.value.name.as_str();
        if !names.iter().any(|other| other == name) {
            names.push(name.to_owned());
        }
    }
    names
}
