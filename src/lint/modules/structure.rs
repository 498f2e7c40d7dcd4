//! Rules on fields: what the API server refuses or drops.

use super::super::example::module;
use super::super::facts::ModuleFacts;
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use crate::vocabulary::{Severity, quoted_list};

/// Code of the check of fields for a field that does not exist.
const UNKNOWN: &str = "unknown-key";

/// Keys of `spec` of a ManagedClusterModule.
const OF_HUB: [&str; 3] = ["moduleSpec", "selector", "spokeNamespace"];

pub(in crate::lint) static UNKNOWN_FIELD: Rule = Rule {
    id: "KMG201",
    name: "unknown-field",
    severity: Severity::Error,
    summary: "A Module has a field that KMM does not know",
    why: "KMM's CustomResourceDefinition is structural: the API server drops unknown fields, or refuses the object if \
          the client asks for strict validation. The setting never reaches KMM.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver, inTreeModuleToRemove: driver}"
            "kernelMappings:"
            "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
            "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
        },
        line: 8,
    },
    right: module! {
        "modprobe: {moduleName: driver}"
        "inTreeModulesToRemove: [driver]"
        "kernelMappings:"
        "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
        "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
    },
    check: RuleCheck::Module(unknown_field),
};

fn unknown_field(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    let unknown = module.field_faults.iter().filter(|fault| fault.code == UNKNOWN);
    unknown.for_each(|fault| report.adopt(fault.clone()));
    let outer = module.object.node.get("spec").filter(|_| module.is_managed);
    for entry in outer.and_then(|spec| spec.as_mapping()).unwrap_or_default() {
        let key = entry.key.value.as_str();
        if !OF_HUB.contains(&key) {
            let message = format!("`spec` of a ManagedClusterModule has no key `{}`", key.escape_debug());
            report.at(entry.key.span, message, format!("it takes {}", quoted_list(&OF_HUB)));
        }
    }
}

pub(in crate::lint) static REFUSED_FIELD: Rule = Rule {
    id: "KMG202",
    name: "refused-field",
    severity: Severity::Error,
    summary: "A field of a Module is missing, or has a value that the API server or KMM's webhook refuses",
    why: "KMM's CustomResourceDefinition has types, required fields and limits; KMM makes Pods, Builds, DaemonSets and \
          DeviceClasses of the rest, which the API server checks. Its webhook allows tolerations as Kubernetes does, and \
          hostPath volumes below /dev, /sys, /var, /opt and /run only.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver, args: {load: []}}"
            "kernelMappings:"
            "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
            "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
        },
        line: 8,
    },
    right: module! {
        "modprobe: {moduleName: driver, args: {load: [-v]}}"
        "kernelMappings:"
        "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
        "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
    },
    check: RuleCheck::Module(refused_field),
};

fn refused_field(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    let others = module.field_faults.iter().filter(|fault| fault.code != UNKNOWN);
    others.for_each(|fault| report.adopt(fault.clone()));
}
