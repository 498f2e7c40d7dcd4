//! Rules on `version`, which are about a Module and its earlier revision.

use std::collections::HashMap;

use super::super::example::module_file;
use super::super::facts::{MappingFacts, ModuleFacts, ProjectFacts, Text, text};
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use super::images::{ObjectKey, key};
use crate::objects::KubernetesObject;
use crate::vocabulary::Severity;

/// A Module with this version and this image; both were `1` and `v1` at the earlier revision.
macro_rules! revisions {
    ($version:literal, $image:literal) => {
        concat!(revision!("module.yaml", $version, $image), revision!("before/module.yaml", "1", "v1"))
    };
}

macro_rules! revision {
    ($path:literal, $version:literal, $image:literal) => {
        concat!(
            module_file! { $path: },
            "      version: \"",
            $version,
            "\"\n",
            "      modprobe: {moduleName: driver}\n",
            "      kernelMappings: [{literal: 6.8.0-51-generic, containerImage: 'registry.example.com/driver:",
            $image,
            "'}]\n",
        )
    };
}

pub(in crate::lint) static CHANGED_VERSION: Rule = Rule {
    id: "KMG312",
    name: "changed-version-same-images",
    severity: Severity::Warning,
    summary: "`version` changed since the revision of `--since`, and no image did",
    why: "A new `version` starts an ordered upgrade: nodes unload the module and load it again, one after the other, when \
          their labels are changed. With the same images, they load the same kmods.",
    wrong: RuleExample { text: revisions!("2", "v1"), line: 8 },
    right: revisions!("2", "v2"),
    check: RuleCheck::Project(changed_version),
};

pub(in crate::lint) static CHANGED_IMAGE: Rule = Rule {
    id: "KMG313",
    name: "changed-image-same-version",
    severity: Severity::Warning,
    summary: "The image of a mapping changed since the revision of `--since`, and `version` did not",
    why: "With a new `version`, nodes load the new image in the order in which you change their labels. With the same \
          `version`, KMM unloads the old module and loads the new one on all nodes as it reaches them.",
    wrong: RuleExample { text: revisions!("1", "v2"), line: 10 },
    right: revisions!("2", "v2"),
    check: RuleCheck::Project(changed_image),
};

/// A Module and its earlier revision.
type Revisions<'p, 'n> = (&'p ModuleFacts<'n>, ModuleFacts<'p>);

/// Returns the Modules that an earlier revision has too.
fn revisions<'p, 'n>(project: &'p ProjectFacts<'n>) -> Vec<Revisions<'p, 'n>> {
    let Some(before) = project.before else { return Vec::new() };
    let old: HashMap<ObjectKey<'_>, &KubernetesObject> = before.modules().map(|object| (key(object), object)).collect();
    let pairs = project.modules.iter().filter_map(|module| {
        let object = old.get(&key(module.object))?;
        Some((module, ModuleFacts::of(object, &[], true)?))
    });
    pairs.collect()
}

fn version<'n>(module: &ModuleFacts<'n>) -> Option<Text<'n>> {
    text(module.container?, "version")
}

fn is_same_version(module: &ModuleFacts<'_>, old: &ModuleFacts<'_>) -> bool {
    version(module).map(|version| version.text) == version(old).map(|version| version.text)
}

fn all_images<'n>(module: &ModuleFacts<'n>) -> Vec<&'n str> {
    module.mappings.iter().filter_map(|mapping| mapping.image).map(|image| image.text).collect()
}

fn changed_version(project: &ProjectFacts<'_>, report: &mut RuleReport<'_>) {
    for (module, old) in revisions(project) {
        let Some(version) = version(module) else { continue };
        if !is_same_version(module, &old) && all_images(module) == all_images(&old) {
            report.at(version.span, "`version` changed, but no image did", "change the images too, or leave `version`");
        }
    }
}

/// Kernels of a mapping, as written: `literal`, then `regexp`.
type KernelKey<'n> = (Option<&'n str>, Option<&'n str>);

fn kernels<'n>(mapping: &MappingFacts<'n>) -> KernelKey<'n> {
    (mapping.literal.map(|literal| literal.text), mapping.regexp.map(|regexp| regexp.text))
}

fn changed_image(project: &ProjectFacts<'_>, report: &mut RuleReport<'_>) {
    for (module, old) in revisions(project) {
        let Some(version) = version(module).filter(|_| is_same_version(module, &old)) else { continue };
        let images: HashMap<KernelKey<'_>, &str> =
            old.mappings.iter().filter_map(|mapping| Some((kernels(mapping), mapping.image?.text))).collect();
        for mapping in &module.mappings {
            let Some(image) = mapping.image else { continue };
            if images.get(&kernels(mapping)).is_some_and(|old| *old != image.text) {
                let message = format!("`{}` is a new image, but `version` is the same", image.text.escape_debug());
                let help = "change `version` too, or remove it if the order of nodes does not matter";
                report.beside(image.span, (version.span, "the version"), message, help);
            }
        }
    }
}
