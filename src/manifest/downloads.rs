//! Files that builds download, as far as the lock has to know their checksums.

use std::collections::BTreeMap;

use super::{Circumstances, Manifest, Module, RepositoryKey, Source};
use crate::vocabulary::Span;

impl Manifest {
    /// The URLs of all files whose checksums the lock has to know, and the places that ask for them:
    /// those for each kernel that a module is for, where they differ.
    pub fn file_urls(&self) -> BTreeMap<String, Span> {
        let mut urls = BTreeMap::new();
        let files = self.sources.values().filter_map(Source::file).filter(|file| file.sha256.is_none());
        let (on_each_kernel, on_all): (Vec<_>, Vec<_>) = files.partition(|file| file.url.expands());
        for file in on_all {
            urls.entry(file.url.to_string()).or_insert(file.url.span);
        }
        let recipes = self.modules.iter().flat_map(Module::recipes);
        for repository in recipes.filter_map(|recipe| recipe.packages.repositories.as_ref()).flatten() {
            if let RepositoryKey::Download { url, sha256: None } = &repository.value.key {
                urls.entry(url.to_string()).or_insert(url.span);
            }
        }
        if on_each_kernel.is_empty() {
            return urls;
        }
        for module in &self.modules {
            for kernel in self.kernels.iter().filter(|kernel| module.kernels.selects(kernel)) {
                let circumstances = Circumstances::of(kernel);
                let recipe = module.recipe_on(&circumstances);
                let chosen = recipe.sources.iter().flatten().filter_map(|source| source.on(&circumstances));
                let sources = chosen.filter_map(|name| self.sources.get(&name.value));
                for file in sources.filter_map(Source::file).filter(|file| file.url.expands()) {
                    urls.entry(file.url.on(kernel.release.as_str())).or_insert(file.url.span);
                }
            }
        }
        urls
    }
}
