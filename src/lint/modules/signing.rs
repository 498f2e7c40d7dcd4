//! Rules on signing.

use super::super::example::module;
use super::super::facts::{ModuleFacts, entry, texts};
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use super::images::matches_one_release;
use crate::vocabulary::{KernelRelease, Severity};

pub(in crate::lint) static FILES_TO_SIGN: Rule = Rule {
    id: "KMG240",
    name: "files-to-sign",
    severity: Severity::Error,
    summary: "`filesToSign` is empty, or has a file outside of `dirName`",
    why: "KMM's webhook refuses the Module: each file to sign must be below `dirName`, which is `/opt` if it is not set.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver}"
            "sign:"
            "  keySecret: {name: key}"
            "  certSecret: {name: cert}"
            "  unsignedImage: registry.example.com/driver:unsigned"
            "  filesToSign: [/lib/modules/${KERNEL_FULL_VERSION}/extra/driver.ko]"
            "kernelMappings:"
            "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
            "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
        },
        line: 13,
    },
    right: module! {
        "modprobe: {moduleName: driver}"
        "sign:"
        "  keySecret: {name: key}"
        "  certSecret: {name: cert}"
        "  unsignedImage: registry.example.com/driver:unsigned"
        "  filesToSign: [/opt/lib/modules/*/extra/driver.ko]"
        "kernelMappings:"
        "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
        "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
    },
    check: RuleCheck::Module(files_to_sign),
};

fn files_to_sign(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    let folder = module.folder().trim_end_matches('/');
    for sign in module.sections("sign") {
        // A mapping's section may leave the files to the container's.
        let is_partial = module.is_partial || module.sections("sign").len() > 1;
        let files = texts(&sign.value, "filesToSign");
        if files.is_empty() && !is_partial && sign.value.as_mapping().is_some() {
            let help = "write `filesToSign: [/opt/lib/modules/*/extra/NAME.ko]`";
            report.at(sign.key.span, "`sign` names no files to sign", help);
        }
        for file in files.iter().filter(|file| !file.text.starts_with(&format!("{folder}/"))) {
            let help = match file.text.trim_start_matches('/') {
                rest if rest.starts_with("lib/modules/") => format!("write `{folder}/{rest}`"),
                _ => format!("write a path that starts with `{folder}/lib/modules/`"),
            };
            report.at(file.span, format!("this file to sign is not below `dirName`, which is `{folder}`"), help);
        }
    }
}

pub(in crate::lint) static SIGN_WITHOUT_IMAGE: Rule = Rule {
    id: "KMG241",
    name: "sign-without-image",
    severity: Severity::Error,
    summary: "A mapping is signed without `build` and without `unsignedImage`",
    why: "KMM signs the image that it built, or the one in `unsignedImage`. With neither, there is nothing to sign.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver}"
            "sign:"
            "  keySecret: {name: key}"
            "  certSecret: {name: cert}"
            "  filesToSign: [/opt/lib/modules/*/extra/driver.ko]"
            "kernelMappings:"
            "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
            "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
        },
        line: 14,
    },
    right: module! {
        "modprobe: {moduleName: driver}"
        "sign:"
        "  keySecret: {name: key}"
        "  certSecret: {name: cert}"
        "  unsignedImage: registry.example.com/driver:unsigned"
        "  filesToSign: [/opt/lib/modules/*/extra/driver.ko]"
        "kernelMappings:"
        "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
        "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
    },
    check: RuleCheck::Module(sign_without_image),
};

fn sign_without_image(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    if module.is_partial {
        return;
    }
    let outer = module.container.and_then(|container| container.get("sign"));
    for mapping in &module.mappings {
        let Some(sign) = mapping.sign.filter(|_| mapping.build.is_none()) else { continue };
        let has_image =
            [Some(sign), outer.map(|node| &**node)].iter().flatten().any(|sign| entry(sign, "unsignedImage").is_some());
        if !has_image {
            let help = "write `unsignedImage: IMAGE` in `sign`, or add `build`";
            report.at(mapping.node.span.at_start(), "there is no image to sign for this mapping", help);
        }
    }
}

pub(in crate::lint) static IGNORED_UNSIGNED_IMAGE: Rule = Rule {
    id: "KMG242",
    name: "ignored-unsigned-image",
    severity: Severity::Warning,
    summary: "`unsignedImage` is ignored, because the image is built",
    why: "With `build` and `sign`, KMM signs the image that it built, and does not read `unsignedImage`.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver}"
            "build: {dockerfileConfigMap: {name: driver}}"
            "sign:"
            "  keySecret: {name: key}"
            "  certSecret: {name: cert}"
            "  unsignedImage: registry.example.com/driver:unsigned"
            "  filesToSign: [/opt/lib/modules/*/extra/driver.ko]"
            "kernelMappings:"
            "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
            "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
        },
        line: 13,
    },
    right: module! {
        "modprobe: {moduleName: driver}"
        "build: {dockerfileConfigMap: {name: driver}}"
        "sign:"
        "  keySecret: {name: key}"
        "  certSecret: {name: cert}"
        "  filesToSign: [/opt/lib/modules/*/extra/driver.ko]"
        "kernelMappings:"
        "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
        "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
    },
    check: RuleCheck::Module(ignored_unsigned_image),
};

fn ignored_unsigned_image(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    let container = module.container;
    let is_built_everywhere = !module.mappings.is_empty() && module.mappings.iter().all(|it| it.build.is_some());
    let outer = container.filter(|_| is_built_everywhere).into_iter();
    let inner = module.mappings.iter().filter(|mapping| mapping.build.is_some()).map(|mapping| mapping.node);
    for node in outer.chain(inner) {
        let unsigned = node.get("sign").and_then(|sign| entry(sign, "unsignedImage"));
        if let Some(unsigned) = unsigned {
            report.at(unsigned.key.span, "KMM ignores `unsignedImage`, because it builds the image", "remove it");
        }
    }
}

pub(in crate::lint) static RELEASE_TO_SIGN: Rule = Rule {
    id: "KMG243",
    name: "hard-coded-release-to-sign",
    severity: Severity::Warning,
    summary: "`filesToSign` of a regexp mapping names the release of one kernel",
    why: "KMM signs the image of each kernel that the regexp matches. A path with the release of another kernel matches no \
          file, and the signing build fails.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver}"
            "sign:"
            "  keySecret: {name: key}"
            "  certSecret: {name: cert}"
            "  unsignedImage: registry.example.com/driver:unsigned-${KERNEL_FULL_VERSION}"
            "  filesToSign: [/opt/lib/modules/5.14.0-427.28.1.el9_4.x86_64/extra/driver.ko]"
            "kernelMappings:"
            "  - regexp: '^.+$'"
            "    containerImage: registry.example.com/driver:${KERNEL_FULL_VERSION}"
        },
        line: 13,
    },
    right: module! {
        "modprobe: {moduleName: driver}"
        "sign:"
        "  keySecret: {name: key}"
        "  certSecret: {name: cert}"
        "  unsignedImage: registry.example.com/driver:unsigned-${KERNEL_FULL_VERSION}"
        "  filesToSign: ['/opt/lib/modules/${KERNEL_FULL_VERSION}/extra/driver.ko']"
        "kernelMappings:"
        "  - regexp: '^.+$'"
        "    containerImage: registry.example.com/driver:${KERNEL_FULL_VERSION}"
    },
    check: RuleCheck::Module(release_to_sign),
};

fn release_to_sign(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    let mut seen = Vec::new();
    for mapping in &module.mappings {
        let (Some(regexp), Some(sign)) = (mapping.regexp, mapping.sign) else { continue };
        if matches_one_release(regexp.text) {
            continue;
        }
        for file in texts(sign, "filesToSign") {
            let below = file.text.split_once("/lib/modules/").and_then(|(_, rest)| rest.split('/').next());
            let Some(release) = below.filter(|release| KernelRelease::parse(release).is_ok()) else { continue };
            if !seen.contains(&file.span) {
                seen.push(file.span);
                let message = format!("`{release}` is one of the kernels that `{}` matches", regexp.text);
                let help = format!("write `{}`", file.text.replacen(release, "${KERNEL_FULL_VERSION}", 1));
                report.at(file.span, message, help);
            }
        }
    }
}
