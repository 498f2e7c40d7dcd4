//! Images that a manifest names by tag, whose digests the lock has to know.

use std::collections::BTreeMap;

use super::Manifest;
use super::base_images::{BaseImages, Builder};
use super::kernel::Kernel;
use super::kmm::TlsSection;
use super::module::Module;
use super::named_image::NamedImage;
use super::recipe::Recipe;
use super::source::Source;
use crate::vocabulary::{ImageRef, Span, Spanned};

/// Uses of an image that is named by tag.
#[derive(Debug, Clone)]
pub struct TagUse<'m> {
    /// A place that names it.
    pub place: Span,
    /// Kernels whose images are made of it, once for each module.
    pub kernels: Vec<&'m Kernel>,
    /// TLS settings `insecure` and `insecureSkipTLSVerify` of the modules that use it.
    pub tls_flags: [bool; 2],
    /// Set if other kernels have another image in the same place.
    pub is_by_kernel: bool,
}

/// Returns the images of manifests that are named by tag and pinned, with their uses.
pub(super) fn image_tags<'m>(manifests: impl IntoIterator<Item = &'m Manifest>) -> BTreeMap<ImageRef, TagUse<'m>> {
    let mut tags = BTreeMap::new();
    for manifest in manifests.into_iter().filter(|manifest| names_tags(manifest)) {
        for module in manifest.modules.iter().filter(|module| module.is_built()) {
            let flags = module.objects.spec.tls_flags(TlsSection::BaseImages);
            for kernel in manifest.kernels.iter().filter(|kernel| module.kernels.selects(kernel)) {
                for (tag, is_by_kernel) in tags_on(manifest, module, kernel) {
                    let used = tags.entry(tag.value).or_insert_with(|| TagUse {
                        place: tag.span,
                        kernels: Vec::new(),
                        tls_flags: [false; 2],
                        is_by_kernel,
                    });
                    used.kernels.push(kernel);
                    used.tls_flags = [used.tls_flags[0] | flags[0], used.tls_flags[1] | flags[1]];
                }
            }
        }
    }
    tags
}

/// Returns whether any place of a manifest names an image by tag; if none does, not all kernels and modules are asked.
fn names_tags(manifest: &Manifest) -> bool {
    let Manifest { base_images, sources, kernels, modules, .. } = manifest;
    let mut recipes = modules.iter().flat_map(Module::recipes);
    has_tag(base_images)
        || sources.values().filter_map(Source::image).any(|image| image.tag().is_some())
        || kernels.iter().any(|kernel| kernel.toolkit_tag().is_some() || has_tag(&kernel.base_images))
        || recipes.any(|recipe| has_tag(&recipe.base_images))
}

fn has_tag(BaseImages { builder, runtime, fetch }: &BaseImages) -> bool {
    let has_builder = builder.as_ref().is_some_and(|builder| match &builder.name.value {
        Builder::Dtk => false,
        Builder::Image(text) => builder.pin && !text.contains('@'),
    });
    has_builder || runtime.iter().chain(fetch).any(|image| image.tag().is_some())
}

/// Returns the tags of the images that an image is made of, each with whether other kernels have another one.
fn tags_on(manifest: &Manifest, module: &Module, kernel: &Kernel) -> Vec<(Spanned<ImageRef>, bool)> {
    let applying = module.overrides.iter().filter(|(kernels, _)| kernels.selects(kernel)).map(|(_, recipe)| recipe);
    let recipes: Vec<&Recipe> = std::iter::once(&module.recipe).chain(applying).collect();
    let base = manifest.base_images.overridden_by(&kernel.base_images);
    let images = recipes.iter().fold(base, |images, recipe| images.overridden_by(&recipe.base_images));
    let chosen = recipes.iter().rev().find_map(|recipe| recipe.sources.as_deref()).unwrap_or_default();
    let chosen = chosen.iter().filter(|source| source.kernels.selects(kernel));
    let sources: Vec<&Source> = chosen.filter_map(|source| manifest.sources.get(&source.value.value)).collect();
    let fetch = images.fetch.filter(|_| sources.iter().any(|source| source.is_fetched()));
    let builder = images.builder.as_ref().and_then(|builder| {
        let is_by_kernel = matches!(&builder.name.value, Builder::Image(text) if text.contains('$'));
        Some((kernel.builder_tag(builder)?, is_by_kernel))
    });
    let others = images.runtime.iter().chain(&fetch).chain(sources.iter().filter_map(|source| source.image()));
    builder.into_iter().chain(others.filter_map(NamedImage::tag).map(|tag| (tag, false))).collect()
}
