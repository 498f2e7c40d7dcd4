//! Fields that people know from Modules, and that `kmm` does not take.

use kmodgen_yaml::Node;

use super::{entry, fields};
use crate::manifest::decode::{self, Fields};
use crate::vocabulary::{Diagnostic, Diagnostics};

/// Refuses the fields for loading kmods, of which there are none.
pub(super) fn refuse_loading(node: &Node, faults: &mut Diagnostics) {
    let own = ["modprobe", "imagePullPolicy", "registryTLS", "serviceAccountName", "build", "sign", "fallback"];
    for entry in own.iter().chain([&fields::IN_TREE]).filter_map(|key| entry(node, key)) {
        let message = format!("`{}` is for loading kmods, and this module has none", entry.key.value);
        faults.push(
            Diagnostic::error("kmm-plugin", message)
                .at(entry.key.span, "")
                .help("take it out, or give the module `source` and `kmods`, or `prebuilt`"),
        );
    }
}

/// Refuses the fields that KMM is rid of, and those that kmodgen writes.
pub(super) fn refuse_deprecated(fields: &mut Fields<'_>, faults: &mut Diagnostics) {
    if let Some(node) = fields.take_refused("inTreeModuleToRemove", faults) {
        faults.push(
            Diagnostic::error(
                "kmm-deprecated",
                "`inTreeModuleToRemove` is deprecated, and refused beside its successor",
            )
            .at(node.span, "")
            .help("write `inTreeModulesToRemove: [NAME]`"),
        );
    }
    for (key, advice) in [
        ("kernelMappings", "take it out: one literal mapping per kernel is generated"),
        ("containerImage", "write the module's `image` instead"),
        ("version", "write the module's own `version`, beside `name`"),
    ] {
        if let Some(node) = fields.take_refused(key, faults) {
            faults.push(
                Diagnostic::error("kmm-generated", format!("`{key}` is kmodgen's to write"))
                    .at(node.span, "")
                    .help(advice),
            );
        }
    }
}

/// The error of `moduleLoader`, whose fields are those of `kmm` itself.
pub(super) fn module_loader(node: &Node) -> Diagnostic {
    let container = node.get("container").map_or(node, |container| container);
    let fields = container.as_mapping().map(|_| decode::flow(container)).filter(|flow| flow.len() < 100);
    let help = match fields {
        Some(fields) => format!("write its fields under `kmm` itself: `kmm: {fields}`"),
        None => "write its fields under `kmm` itself, such as `kmm: {modprobe: …}`".into(),
    };
    Diagnostic::error("unknown-key", "`kmm` has no key `moduleLoader`").at(node.span, "").help(help)
}
