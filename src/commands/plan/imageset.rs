//! Images and files of a project that a disconnected site copies.

use kmodgen_yaml::Yaml;

use crate::commands::drift::Drift;
use crate::commands::project::Project;
use crate::handoff::ImageSet;
use crate::manifest::{Builder, ModuleSpec};
use crate::plan::{self, Content, Key, Mapping, Resolved};
use crate::settings::{Only, is_selected};

/// Returns what builds and nodes of all clusters access, by the public names.
pub(super) fn image_set(parts: &[(&Project, &Drift<'_>)], only: Option<&Only>) -> ImageSet {
    let mut set = ImageSet::default();
    for (project, drift) in parts {
        for (module, mappings) in &drift.plan.modules {
            let name = module.name.as_str();
            let chosen = mappings.iter().filter(|mapping| is_selected(only, name, mapping.kernel.release.as_str()));
            chosen.for_each(|mapping| add_build(&mut set, mapping));
            for (kernel, image) in plan::prebuilt(&project.manifest, module) {
                if is_selected(only, name, kernel.release.as_str()) {
                    set.add_image(&image, "prebuilt image");
                }
            }
            let is_chosen = only.is_none_or(|only| only.touches(module, &project.manifest.kernels));
            let specs = module.objects.specs().filter(|_| is_chosen && module.has_objects());
            specs.flat_map(pod_images).for_each(|image| set.add_image(image, "image of a device plugin or DRA driver"));
        }
    }
    set
}

/// Adds what the build of a mapping accesses.
fn add_build(set: &mut ImageSet, mapping: &Mapping<'_>) {
    let Resolved { builder, runtime, fetch, codes, repositories, .. } = &*mapping.resolved;
    if let Some(image) = mapping.builder() {
        let is_toolkit = matches!(builder.name.value, Builder::Dtk);
        set.add_image(&image, if is_toolkit { "Driver Toolkit" } else { "builder image" });
    }
    set.add_image(&runtime.to_string(), "runtime image");
    if let Some(fetch) = fetch {
        set.add_image(&fetch.to_string(), "fetch image");
    }
    for code in codes {
        match &code.content {
            Content::Commit { url, commit, .. } => set.add_commit(url.as_str(), commit.as_str()),
            Content::File { url, sha256, .. } => set.add_file(url, &sha256.to_string()),
            Content::Image { image, .. } => set.add_image(image, "source image"),
            Content::Inner { .. } | Content::Folder(_) => {}
        }
    }
    for repository in repositories {
        set.add_packages(&repository.url);
        if let Key::Download { url, sha256 } = &repository.key {
            set.add_file(url, &sha256.to_string());
        }
    }
}

/// Returns the images of the pods that KMM makes of a Module.
fn pod_images(spec: &ModuleSpec) -> Vec<&str> {
    let mut images = Vec::new();
    for (key, value) in &spec.spec {
        if ["devicePlugin", "dra"].contains(&&**key) {
            collect_images(value, &mut images);
        }
    }
    images
}

fn collect_images<'y>(value: &'y Yaml<'_>, images: &mut Vec<&'y str>) {
    match value {
        Yaml::Map(pairs) => {
            for (key, value) in pairs {
                match value {
                    Yaml::Text(image) if key == "image" => images.push(image),
                    value => collect_images(value, images),
                }
            }
        }
        Yaml::Seq(items) => items.iter().for_each(|item| collect_images(item, images)),
        _ => {}
    }
}
