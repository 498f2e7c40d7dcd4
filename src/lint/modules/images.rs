//! Rules on the images of mappings and how they are built.

use super::super::example::module;
use super::super::facts::{MappingFacts, ModuleFacts, Text, entry, string, text, variables};
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use crate::manifest::variables as kmm_variables;
use crate::vocabulary::{Severity, nearest, quoted_list};

pub(in crate::lint) static IMAGE_WITHOUT_KERNEL: Rule = Rule {
    id: "KMG220",
    name: "image-without-kernel",
    severity: Severity::Error,
    summary: "A regexp mapping builds one image for all kernels that it matches",
    why: "KMM does not build an image that exists. The first kernel builds the image, and every other kernel then loads \
          kmods that were built for the first one.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver}"
            "kernelMappings:"
            "  - regexp: '^.+$'"
            "    containerImage: registry.example.com/driver:1.0"
            "    build: {dockerfileConfigMap: {name: driver}}"
        },
        line: 11,
    },
    right: module! {
        "modprobe: {moduleName: driver}"
        "kernelMappings:"
        "  - regexp: '^.+$'"
        "    containerImage: registry.example.com/driver:1.0-${KERNEL_FULL_VERSION}"
        "    build: {dockerfileConfigMap: {name: driver}}"
    },
    check: RuleCheck::Module(image_without_kernel),
};

fn image_without_kernel(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    for MappingFacts { regexp, image, build, .. } in &module.mappings {
        let (Some(regexp), Some(image), Some(_)) = (regexp, image, build) else { continue };
        if matches_one_release(regexp.text) || variables(image.text).any(|name| name.starts_with("KERNEL_")) {
            continue;
        }
        let message = format!("`{}` is the same image for all kernels that `{}` matches", image.text, regexp.text);
        report.at(image.span, message, format!("write `containerImage: {}`", with_kernel(image.text)));
    }
}

/// Checks for a regexp that is a literal with anchors.
pub(super) fn matches_one_release(regexp: &str) -> bool {
    let inner = regexp.trim_start_matches('^').trim_end_matches('$').replace("\\.", ".").replace("\\+", "");
    inner.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

fn with_kernel(image: &str) -> String {
    const KERNEL: &str = "${KERNEL_FULL_VERSION}";
    let (name, digest) = image.split_once('@').map_or((image, ""), |(name, digest)| (name, digest));
    let last = name.rsplit('/').next().unwrap_or(name);
    match last.split_once(':') {
        _ if !digest.is_empty() => format!("{}:{KERNEL}", name.split(':').next().unwrap_or(name)),
        Some((_, "latest")) => format!("{}{KERNEL}", name.trim_end_matches("latest")),
        Some(_) => format!("{name}-{KERNEL}"),
        None => format!("{name}:{KERNEL}"),
    }
}

pub(in crate::lint) static IMAGE_WITHOUT_TAG: Rule = Rule {
    id: "KMG221",
    name: "image-without-tag",
    severity: Severity::Error,
    summary: "`containerImage` has neither a tag nor a digest",
    why: "KMM's webhook refuses the Module.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver}"
            "kernelMappings:"
            "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
            "    containerImage: registry.example.com:5000/driver"
        },
        line: 11,
    },
    right: module! {
        "modprobe: {moduleName: driver}"
        "kernelMappings:"
        "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
        "    containerImage: registry.example.com:5000/driver:5.14.0-427.28.1.el9_4.x86_64"
    },
    check: RuleCheck::Module(image_without_tag),
};

fn image_without_tag(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    for image in images(module) {
        let name = image.text.rsplit('/').next().unwrap_or_default();
        // A variable may stand for all of it.
        let is_open = image.text.is_empty() || name.starts_with('$');
        if !is_open && !name.contains(':') && !image.text.contains('@') {
            let message = format!("`{}` has neither a tag nor a digest", image.text);
            report.at(image.span, message, format!("write `containerImage: {}:${{KERNEL_FULL_VERSION}}`", image.text));
        }
    }
}

/// The images of all mappings, each written one once.
fn images<'n>(module: &ModuleFacts<'n>) -> Vec<Text<'n>> {
    let own = module.mappings.iter().filter_map(|mapping| text(mapping.node, "containerImage"));
    module.container.and_then(|container| text(container, "containerImage")).into_iter().chain(own).collect()
}

pub(in crate::lint) static UNKNOWN_VARIABLE: Rule = Rule {
    id: "KMG222",
    name: "unknown-variable",
    severity: Severity::Error,
    summary: "A field has a variable that KMM does not expand there",
    why: "KMM puts nothing in the place of an unknown variable. It expands the kernel's variables in `containerImage`, \
          `filesToSign` and `unsignedImage`, and `${MOD_NAME}` and `${MOD_NAMESPACE}` in `containerImage` alone.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver}"
            "kernelMappings:"
            "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
            "    containerImage: registry.example.com/driver:${KERNEL_RELEASE}"
        },
        line: 11,
    },
    right: module! {
        "modprobe: {moduleName: driver}"
        "kernelMappings:"
        "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
        "    containerImage: registry.example.com/${MOD_NAMESPACE}/driver:${KERNEL_FULL_VERSION}"
    },
    check: RuleCheck::Module(unknown_variable),
};

fn unknown_variable(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    images(module).into_iter().for_each(|image| check_variables(image, kmm_variables::IMAGE, report));
    for sign in module.sections("sign") {
        let files = sign.value.get("filesToSign").and_then(|files| files.as_sequence()).unwrap_or_default();
        let paths = files.iter().filter_map(|file| string(file));
        paths.chain(text(&sign.value, "unsignedImage")).for_each(|text| {
            check_variables(text, kmm_variables::KERNEL, report);
        });
    }
}

fn check_variables(text: Text<'_>, known: &[&str], report: &mut RuleReport<'_>) {
    for name in variables(text.text).filter(|name| !known.contains(name)) {
        let message = format!("KMM puts nothing in the place of `${{{name}}}` here");
        let help = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `${{{near}}}`?"),
            None => format!("use {}", quoted_list(known)),
        };
        report.at(text.span, message, help);
    }
}

pub(in crate::lint) static DROPPED_SETTINGS: Rule = Rule {
    id: "KMG223",
    name: "dropped-build-settings",
    severity: Severity::Warning,
    summary: "A mapping's `selector` or TLS settings are dropped, because the container has the section too",
    why: "If the container has `build` or `sign`, KMM merges a mapping's section into it and leaves out `selector`, \
          `baseImageRegistryTLS` and `unsignedImageRegistryTLS` of the mapping.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver}"
            "build: {dockerfileConfigMap: {name: driver}}"
            "kernelMappings:"
            "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
            "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
            "    build: {dockerfileConfigMap: {name: driver}, selector: {kubernetes.io/arch: amd64}}"
        },
        line: 13,
    },
    right: module! {
        "modprobe: {moduleName: driver}"
        "kernelMappings:"
        "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
        "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
        "    build: {dockerfileConfigMap: {name: driver}, selector: {kubernetes.io/arch: amd64}}"
    },
    check: RuleCheck::Module(dropped_settings),
};

fn dropped_settings(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    let Some(container) = module.container else { return };
    const DROPPED: [(&str, &[&str]); 2] =
        [("build", &["selector", "baseImageRegistryTLS"]), ("sign", &["unsignedImageRegistryTLS"])];
    for (section, keys) in DROPPED {
        let Some(outer) = entry(container, section) else { continue };
        for mapping in &module.mappings {
            let Some(own) = entry(mapping.node, section) else { continue };
            for dropped in keys.iter().filter_map(|key| entry(&own.value, key)) {
                report.beside(
                    dropped.key.span,
                    (outer.key.span, "KMM takes the settings of this section"),
                    format!("KMM drops `{}` here, because the container has `{section}` too", dropped.key.value),
                    format!("write the whole `{section}` in one place: in the container, or in each mapping"),
                );
            }
        }
    }
}

pub(in crate::lint) static INSECURE_REGISTRY: Rule = Rule {
    id: "KMG224",
    name: "insecure-registry",
    severity: Severity::Warning,
    summary: "A registry is used without TLS, or without a check of its certificate",
    why: "Nodes load whatever the registry serves into their kernel. OpenShift's builds and pulls do not read these \
          settings at all: there, the cluster's image configuration decides.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver}"
            "registryTLS: {insecureSkipTLSVerify: true}"
            "kernelMappings:"
            "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
            "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
        },
        line: 9,
    },
    right: module! {
        "modprobe: {moduleName: driver}"
        "kernelMappings:"
        "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
        "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
    },
    check: RuleCheck::Module(insecure_registry),
};

fn insecure_registry(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    let settings = [("", "registryTLS"), ("build", "baseImageRegistryTLS"), ("sign", "unsignedImageRegistryTLS")];
    let nodes = module.container.into_iter().chain(module.mappings.iter().map(|mapping| mapping.node));
    for node in nodes {
        for (section, key) in settings {
            let holder = if section.is_empty() { Some(node) } else { node.get(section).map(|node| &**node) };
            let Some(tls) = holder.and_then(|holder| holder.get(key)) else { continue };
            for flag in ["insecure", "insecureSkipTLSVerify"].iter().filter_map(|flag| entry(tls, flag)) {
                if string(&flag.value).is_some_and(|value| value.text == "true") {
                    let message =
                        format!("`{}` lets anyone between the nodes and the registry replace kmods", flag.key.value);
                    report.at(flag.key.span, message, "trust the registry's certificate on the nodes, and remove it");
                }
            }
        }
    }
}
