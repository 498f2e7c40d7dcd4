//! Rows of Modules that load images of others: of another Module, or prebuilt ones.

use super::Row;
use super::rows::{LoadingKernels, RowMaker, renamed};
use crate::plan;

impl RowMaker<'_> {
    /// Returns the mappings of further Modules, which load what another one builds.
    pub(super) fn further(&self) -> Vec<Row> {
        let drift = self.drift;
        let mut rows = Vec::new();
        for (module, mappings) in &drift.plan.modules {
            let built = mappings.iter().map(|mapping| {
                let hash = mapping.identity.hash.to_string();
                (mapping.kernel.release.as_str(), mapping.image_name(), Some(hash))
            });
            let prebuilt = plan::prebuilt(&self.project.manifest, module).into_iter();
            let prebuilt = prebuilt.map(|(kernel, image)| (kernel.release.as_str(), image, None));
            let images: Vec<(&str, String, Option<String>)> = built.chain(prebuilt).collect();
            let name = module.name.as_str();
            let impact = drift.impacts.get(name);
            for object in module.objects.additional.iter().map(|module| module.name.as_str()) {
                let loading = LoadingKernels::of(impact.and_then(|impact| impact.others.get(object)));
                rows.extend(images.iter().map(|(release, image, hash)| {
                    let old = drift.old_image_of(name, object, release);
                    let row = self.loaded(object, release, loading.state(release), image.clone(), old);
                    Row { hash: hash.clone(), actions: loading.acts(release, false), ..row }
                }));
            }
        }
        rows
    }

    /// Returns the mappings of prebuilt images.
    pub(super) fn prebuilt(&self) -> Vec<Row> {
        let drift = self.drift;
        let mut rows = Vec::new();
        for (module, _) in &drift.plan.modules {
            let name = module.name.as_str();
            let loading = LoadingKernels::of(drift.impacts.get(name));
            for (kernel, image) in plan::prebuilt(&self.project.manifest, module) {
                let release = kernel.release.as_str();
                let old = drift.old_image_of(name, name, release);
                let row = self.loaded(name, release, loading.state(release), image, old);
                rows.push(Row { actions: loading.acts(release, false), ..row });
            }
        }
        rows
    }

    /// Returns the row of an image that is not built for this Module.
    fn loaded(&self, module: &str, release: &str, state: &'static str, image: String, old: Option<&String>) -> Row {
        let old_image = old.filter(|old| state == "changed" && **old != image).cloned();
        let why = match (state, &old_image) {
            ("new", _) => Some(self.why_new(module)),
            ("changed", Some(old)) => Some(renamed(old, &image)),
            _ => None,
        };
        Row { why, old_image, ..self.row(module, release, state, image) }
    }
}
