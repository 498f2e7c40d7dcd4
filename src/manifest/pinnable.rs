//! Items of manifests that the lock pins.

use std::collections::BTreeMap;

use super::image_tags::{TagUse, image_tags};
use super::source::{Git, Source};
use super::{Manifest, Module};
use crate::vocabulary::{GitRef, GitUrl, ImageRef, ModuleName, Span};

/// Items of manifests that the lock pins, unless the manifest itself does.
#[derive(Debug, Clone, Default)]
pub struct Pinnable<'m> {
    /// Refs of repositories.
    pub gits: BTreeMap<(&'m GitUrl, &'m GitRef), &'m Git>,
    /// URLs of files, each with a place that asks for it.
    pub files: BTreeMap<String, Span>,
    /// Images that are named by tag.
    pub images: BTreeMap<ImageRef, TagUse<'m>>,
}

impl<'m> Pinnable<'m> {
    /// Returns the items of manifests.
    pub fn of(manifests: impl IntoIterator<Item = &'m Manifest> + Clone) -> Self {
        let mut items = Self { images: image_tags(manifests.clone()), ..Self::default() };
        for manifest in manifests {
            let gits = manifest.sources.values().filter_map(Source::git);
            let gits = gits.filter(|git| git.reference.as_commit().is_none());
            items.gits.extend(gits.map(|git| ((&git.url.value, &git.reference.value), git)));
            items.files.extend(manifest.file_urls());
        }
        items
    }

    /// Returns whether there is no item.
    pub fn is_empty(&self) -> bool {
        let Self { gits, files, images } = self;
        gits.is_empty() && files.is_empty() && images.is_empty()
    }
}

impl Manifest {
    /// Returns the manifest with only one of its modules and the sources of this one; without a module if it has none
    /// of this name.
    #[must_use]
    pub fn of_module(&self, name: &ModuleName) -> Self {
        let mut manifest = self.clone();
        manifest.modules.retain(|module| module.name.value == *name);
        let recipes = manifest.modules.iter().flat_map(Module::recipes);
        let used: Vec<_> = recipes.flat_map(|recipe| recipe.all_sources()).map(|name| name.value.clone()).collect();
        manifest.sources.retain(|name, _| used.contains(name));
        manifest
    }
}
