//! Rules on the object as a whole.

use super::super::example::module;
use super::super::facts::{ModuleFacts, entry, text};
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use crate::vocabulary::{Severity, kubernetes as k8s};

/// Most characters of a Module's name and namespace together, with any KMM.
const LONGEST_NAMES: usize = 41;

/// A mapping that is right, for examples about something else.
macro_rules! mapping {
    () => {
        "kernelMappings: [{literal: 5.14.0-427.28.1.el9_4.x86_64, containerImage: 'registry.example.com/driver:el9'}]"
    };
}

/// A Module with this line of metadata, which is line 3.
macro_rules! named {
    ($metadata:literal) => {
        concat!(
            "=== module.yaml\napiVersion: kmm.sigs.x-k8s.io/v1beta1\nkind: Module\n",
            $metadata,
            "\nspec:\n  selector: {node-role.kubernetes.io/worker: \"\"}\n  moduleLoader:\n    container:\n",
            "      modprobe: {moduleName: driver}\n      ",
            mapping!(),
            "\n"
        )
    };
}

pub(in crate::lint) static LONG_NAME: Rule = Rule {
    id: "KMG250",
    name: "long-name",
    severity: Severity::Error,
    summary: "Name and namespace of a Module have more than 41 characters together",
    why: "KMM makes labels of both. Its webhook allows 41 characters together, and 40 before KMM 2.7.",
    wrong: RuleExample {
        text: named!("metadata: {name: driver-for-the-network-cards, namespace: network-drivers}"),
        line: 3,
    },
    right: named!("metadata: {name: driver-for-the-cards, namespace: network-drivers}"),
    check: RuleCheck::Module(long_name),
};

fn long_name(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    let (Some(name), Some(namespace)) = (module.name, module.namespace) else { return };
    let length = name.text.len() + namespace.text.len();
    if length > LONGEST_NAMES {
        let message =
            format!("`{}` and its namespace `{}` have {length} characters together", name.text, namespace.text);
        report.at(name.span, message, format!("shorten one of them by {}", length - LONGEST_NAMES));
    }
}

pub(in crate::lint) static DOTTED_NAME: Rule = Rule {
    id: "KMG251",
    name: "dot-in-name",
    severity: Severity::Error,
    summary: "The name of a Module has a dot",
    why: "KMM makes labels such as `kmm.node.kubernetes.io/NAMESPACE.NAME.ready` and takes them apart at the dots.",
    wrong: RuleExample { text: named!("metadata: {name: driver.v2, namespace: drivers}"), line: 3 },
    right: named!("metadata: {name: driver-v2, namespace: drivers}"),
    check: RuleCheck::Module(dotted_name),
};

fn dotted_name(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    if let Some(name) = module.name.filter(|name| name.text.contains('.')) {
        let help = format!("write `name: {}`", name.text.replace('.', "-"));
        report.at(name.span, format!("the name `{}` has a dot", name.text), help);
    }
}

pub(in crate::lint) static VERSION_LABEL: Rule = Rule {
    id: "KMG252",
    name: "version-is-no-label",
    severity: Severity::Error,
    summary: "`version` is not a value of a label",
    why: "KMM compares `version` with a label of the node. The API server refuses labels with other characters than \
          letters, digits, `-`, `_` and `.`, or more than 63 of them.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver}"
            "version: 1.2+build3"
            "kernelMappings: [{literal: 5.14.0-427.28.1.el9_4.x86_64, containerImage: 'registry.example.com/driver:el9'}]"
        },
        line: 9,
    },
    right: module! {
        "modprobe: {moduleName: driver}"
        "version: 1.2-build3"
        "kernelMappings: [{literal: 5.14.0-427.28.1.el9_4.x86_64, containerImage: 'registry.example.com/driver:el9'}]"
    },
    check: RuleCheck::Module(version_label),
};

fn version_label(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    let Some(version) = module.container.and_then(|container| text(container, "version")) else { return };
    if let Err(invalid) = k8s::label_value(version.text) {
        let right: String = version
            .text
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' })
            .collect();
        report.at(version.span, invalid.message, format!("write `version: {}`", right.trim_matches(['-', '_', '.'])));
    }
}

pub(in crate::lint) static DRA_AND_PLUGIN: Rule = Rule {
    id: "KMG253",
    name: "dra-and-device-plugin",
    severity: Severity::Error,
    summary: "A Module has both `dra` and `devicePlugin`",
    why: "The API server refuses the Module: its CustomResourceDefinition has a rule against both.",
    wrong: RuleExample {
        text: "\
=== module.yaml
apiVersion: kmm.sigs.x-k8s.io/v1beta1
kind: Module
metadata: {name: driver, namespace: drivers}
spec:
  selector: {node-role.kubernetes.io/worker: \"\"}
  devicePlugin: {container: {image: 'registry.example.com/plugin:1.0'}}
  dra: {driverName: gpu.example.com, container: {image: 'registry.example.com/dra:1.0'}}
",
        line: 7,
    },
    right: "\
=== module.yaml
apiVersion: kmm.sigs.x-k8s.io/v1beta1
kind: Module
metadata: {name: driver, namespace: drivers}
spec:
  selector: {node-role.kubernetes.io/worker: \"\"}
  dra: {driverName: gpu.example.com, container: {image: 'registry.example.com/dra:1.0'}}
",
    check: RuleCheck::Module(dra_and_plugin),
};

fn dra_and_plugin(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    if let (Some(dra), Some(plugin)) = (entry(module.spec, "dra"), entry(module.spec, "devicePlugin")) {
        let other = (plugin.key.span, "the other one");
        report.beside(dra.key.span, other, "a Module cannot have both `dra` and `devicePlugin`", "remove one of them");
    }
}

pub(in crate::lint) static NOTHING_TO_LOAD: Rule = Rule {
    id: "KMG254",
    name: "managed-module-without-loader",
    severity: Severity::Error,
    summary: "A ManagedClusterModule has no `moduleLoader`",
    why: "The hub's operator reads `moduleLoader` of each ManagedClusterModule without a check, and crashes if it is \
          missing.",
    wrong: RuleExample {
        text: "\
=== module.yaml
apiVersion: hub.kmm.sigs.x-k8s.io/v1beta1
kind: ManagedClusterModule
metadata: {name: driver}
spec:
  selector: {site: north}
  spokeNamespace: drivers
  moduleSpec:
    selector: {node-role.kubernetes.io/worker: \"\"}
    devicePlugin: {container: {image: 'registry.example.com/plugin:1.0'}}
",
        line: 8,
    },
    right: "\
=== module.yaml
apiVersion: hub.kmm.sigs.x-k8s.io/v1beta1
kind: ManagedClusterModule
metadata: {name: driver}
spec:
  selector: {site: north}
  spokeNamespace: drivers
  moduleSpec:
    selector: {node-role.kubernetes.io/worker: \"\"}
    moduleLoader:
      container:
        modprobe: {moduleName: driver}
        kernelMappings: [{literal: 5.14.0-427.28.1.el9_4.x86_64, containerImage: 'registry.example.com/driver:el9'}]
",
    check: RuleCheck::Module(nothing_to_load),
};

fn nothing_to_load(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    if module.is_managed && !module.is_partial && entry(module.spec, "moduleLoader").is_none() {
        let help = "write a Module with the device plugin on each spoke instead";
        report.at(module.spec.span.at_start(), "this ManagedClusterModule has no `moduleLoader`", help);
    }
}
