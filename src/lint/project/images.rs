//! Rules on images and their Dockerfiles.

use std::collections::HashMap;

use super::super::example::{config_map, module_file};
use super::super::facts::{BuildFacts, DockerfileFacts, ModuleFacts, ProjectFacts, Text, text, variables};
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use crate::objects::{DOCKERFILE_KEY, KubernetesObject, Objects};
use crate::vocabulary::Severity;

/// A Module that builds images of these two tags, each from a Dockerfile of its own.
macro_rules! two_dockerfiles {
    ($el9:literal, $ubuntu:literal) => {
        concat!(
            module_file! {
                "module.yaml":
                "modprobe: {moduleName: driver}"
                "kernelMappings:"
                "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
            },
            "          containerImage: registry.example.com/driver:",
            $el9,
            "\n",
            "          build: {dockerfileConfigMap: {name: el9}}\n",
            "        - literal: 6.8.0-51-generic\n",
            "          containerImage: registry.example.com/driver:",
            $ubuntu,
            "\n",
            "          build: {dockerfileConfigMap: {name: ubuntu}}\n",
            "=== configmaps.yaml\n",
            config_map!("el9", "FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4"),
            "---\n",
            config_map!("ubuntu", "FROM docker.io/library/ubuntu:24.04"),
        )
    };
}

pub(in crate::lint) static ONE_TAG: Rule = Rule {
    id: "KMG310",
    name: "one-image-for-two-dockerfiles",
    severity: Severity::Error,
    summary: "Two mappings build the same image from different Dockerfiles",
    why: "KMM does not build an image that exists. Whichever Dockerfile is built first makes the image, and the other one \
          is never built.",
    wrong: RuleExample { text: two_dockerfiles!("v1", "v1"), line: 14 },
    right: two_dockerfiles!("v1-el9", "v1-ubuntu"),
    check: RuleCheck::Project(one_tag),
};

/// The images that a build makes, as they are written.
fn images<'n>(project: &ProjectFacts<'n>, build: &BuildFacts<'n>) -> Vec<Text<'n>> {
    let module: &ModuleFacts<'n> = &project.modules[build.module];
    let mappings = module.mappings.iter().enumerate();
    let own = mappings.filter(|(at, mapping)| match build.mapping {
        Some(number) => number == *at,
        None => mapping.node.get("build").is_none(),
    });
    own.filter_map(|(_, mapping)| mapping.image).collect()
}

fn one_tag(project: &ProjectFacts<'_>, report: &mut RuleReport<'_>) {
    let mut known: HashMap<&str, (Text<'_>, &DockerfileFacts<'_>)> = HashMap::new();
    for build in project.builds() {
        let Some(dockerfile) = project.dockerfile(&build) else { continue };
        let has_arguments = build.node.get("buildArgs").is_some();
        for image in images(project, &build) {
            // Of several kernels, the images have several names.
            if variables(image.text).next().is_some() || image.text.contains('@') || has_arguments {
                continue;
            }
            match known.get(image.text) {
                Some((first, other)) if other.text != dockerfile.text => {
                    let message = format!("`{}` is built from two Dockerfiles", image.text);
                    report.beside(
                        image.span,
                        (first.span, "first here"),
                        message,
                        "give each of them a tag of its own",
                    );
                }
                Some(_) => {}
                None => drop(known.insert(image.text, (image, dockerfile))),
            }
        }
    }
}

/// A Module with this tag, whose Dockerfile changed; the tag was `v1` at the earlier revision.
macro_rules! new_dockerfile {
    ($tag:literal) => {
        concat!(
            built!("module.yaml", $tag),
            "=== configmap.yaml\n",
            config_map!("driver", "FROM registry.access.redhat.com/ubi9/ubi-minimal:9.5"),
            "=== before/configmap.yaml\n",
            config_map!("driver", "FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4"),
            built!("before/module.yaml", "v1"),
        )
    };
}

macro_rules! built {
    ($path:literal, $tag:literal) => {
        concat!(
            module_file! {
                $path:
                "modprobe: {moduleName: driver}"
                "kernelMappings:"
                "  - regexp: '^.+$'"
            },
            "          containerImage: registry.example.com/driver:",
            $tag,
            "-${KERNEL_FULL_VERSION}\n",
            "          build: {dockerfileConfigMap: {name: driver}}\n",
        )
    };
}

pub(in crate::lint) static CHANGED_DOCKERFILE: Rule = Rule {
    id: "KMG311",
    name: "changed-dockerfile-same-image",
    severity: Severity::Error,
    summary: "A Dockerfile changed since the revision of `--since`, and its images have the same names",
    why: "KMM does not build an image that exists, whatever changed in its Dockerfile, and it does not watch the ConfigMap. \
          The change reaches no node until the tag changes.",
    wrong: RuleExample { text: new_dockerfile!("v1"), line: 11 },
    right: new_dockerfile!("v2"),
    check: RuleCheck::Project(changed_dockerfile),
};

/// Name and namespace of an object.
pub(super) type ObjectKey<'n> = (&'n str, &'n str);

/// Returns the key of an object; empty strings stand for what it lacks.
pub(super) fn key(object: &KubernetesObject) -> ObjectKey<'_> {
    let name = object.name.as_ref().map_or("", |name| name.value.as_str());
    (name, object.namespace.as_ref().map_or("", |namespace| namespace.value.as_str()))
}

/// The images of each Module at the earlier revision, with their Dockerfiles.
fn built_before(before: &Objects) -> HashMap<(ObjectKey<'_>, &str), &str> {
    let dockerfiles: HashMap<ObjectKey<'_>, &str> = before
        .config_maps()
        .filter_map(|object| Some((key(object), object.config_map()?.get(DOCKERFILE_KEY)?.text.value.as_str())))
        .collect();
    let mut built = HashMap::new();
    for object in before.modules() {
        let Some(facts) = ModuleFacts::of(object, &[], true) else { continue };
        for mapping in &facts.mappings {
            let name = mapping.build.and_then(|build| build.get("dockerfileConfigMap"));
            let Some(name) = name.and_then(|node| text(node, "name")) else { continue };
            let dockerfile = dockerfiles.get(&(name.text, key(object).1)).or_else(|| dockerfiles.get(&(name.text, "")));
            if let (Some(image), Some(dockerfile)) = (&mapping.image, dockerfile) {
                built.insert((key(object), image.text), *dockerfile);
            }
        }
    }
    built
}

fn changed_dockerfile(project: &ProjectFacts<'_>, report: &mut RuleReport<'_>) {
    let Some(before) = project.before else { return };
    let built = built_before(before);
    for build in project.builds() {
        let Some(dockerfile) = project.dockerfile(&build) else { continue };
        let module = &project.modules[build.module];
        for image in images(project, &build) {
            let old = built.get(&(key(module.object), image.text));
            if old.is_some_and(|old| *old != dockerfile.text) {
                let message = format!("the Dockerfile of `{}` changed, but the image has the same name", image.text);
                report.at(image.span, message, "change the tag, for example by a version or a hash of the Dockerfile");
            }
        }
    }
}
