//! Rules on several Modules for the same nodes.

use std::collections::{HashMap, HashSet};

use super::super::facts::{ModuleFacts, ProjectFacts, Text};
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use crate::objects::json;
use crate::vocabulary::Severity;

pub(in crate::lint) static LOADED_TWICE: Rule = Rule {
    id: "KMG330",
    name: "kmod-of-two-modules",
    severity: Severity::Warning,
    summary: "Two Modules load one kmod on the same nodes",
    why: "KMM loads and unloads for each Module by itself: whichever is removed or changed first unloads the kmod of the \
          other one, and which of the two images a node loads from is chance.",
    wrong: RuleExample {
        text: "\
=== modules.yaml
apiVersion: kmm.sigs.x-k8s.io/v1beta1
kind: Module
metadata: {name: driver, namespace: drivers}
spec:
  selector: {node-role.kubernetes.io/worker: \"\"}
  moduleLoader:
    container:
      modprobe: {moduleName: my-driver}
      kernelMappings: [{literal: 6.8.0-51-generic, containerImage: 'registry.example.com/driver:v1'}]
---
apiVersion: kmm.sigs.x-k8s.io/v1beta1
kind: Module
metadata: {name: driver-v2, namespace: drivers}
spec:
  selector: {node-role.kubernetes.io/worker: \"\"}
  moduleLoader:
    container:
      modprobe: {moduleName: my_driver}
      kernelMappings: [{literal: 6.8.0-51-generic, containerImage: 'registry.example.com/driver:v2'}]
",
        line: 18,
    },
    right: "\
=== modules.yaml
apiVersion: kmm.sigs.x-k8s.io/v1beta1
kind: Module
metadata: {name: driver, namespace: drivers}
spec:
  selector: {driver: v1}
  moduleLoader:
    container:
      modprobe: {moduleName: my-driver}
      kernelMappings: [{literal: 6.8.0-51-generic, containerImage: 'registry.example.com/driver:v1'}]
---
apiVersion: kmm.sigs.x-k8s.io/v1beta1
kind: Module
metadata: {name: driver-v2, namespace: drivers}
spec:
  selector: {driver: v2}
  moduleLoader:
    container:
      modprobe: {moduleName: my_driver}
      kernelMappings: [{literal: 6.8.0-51-generic, containerImage: 'registry.example.com/driver:v2'}]
",
    check: RuleCheck::Project(loaded_twice),
};

fn loaded_twice(project: &ProjectFacts<'_>, report: &mut RuleReport<'_>) {
    // Files of several clusters are in folders of their own: only Modules of one folder are compared.
    let mut known: HashMap<(String, String, String), (Text<'_>, &ModuleFacts<'_>)> = HashMap::new();
    for module in project.modules.iter().filter(|module| !module.is_managed && !module.is_partial) {
        let (Some(kmod), Some(selector)) = (module.module_name(), module.spec.get("selector")) else { continue };
        let folder = module.object.origin.path.as_ref().map(|path| path.parent().to_owned()).unwrap_or_default();
        let name = kmod.text.replace('-', "_");
        let place = (folder, name, json(selector).to_string());
        match known.get(&place) {
            Some((first, other)) if is_another(module, other) && may_share_kernel(module, other) => {
                let message = format!("another Module loads `{}` on the same nodes", kmod.text);
                let help = "remove one of the Modules, or give them selectors for different nodes";
                report.beside(kmod.span, (first.span, "the other one"), message, help);
            }
            Some(_) => {}
            None => drop(known.insert(place, (kmod, module))),
        }
    }
}

fn is_another(one: &ModuleFacts<'_>, other: &ModuleFacts<'_>) -> bool {
    one.name.map(|it| it.text) != other.name.map(|it| it.text)
        || one.namespace.map(|it| it.text) != other.namespace.map(|it| it.text)
}

fn has_regexp(module: &ModuleFacts<'_>) -> bool {
    module.mappings.iter().any(|mapping| mapping.regexp.is_some())
}

fn literals<'n>(module: &ModuleFacts<'n>) -> HashSet<&'n str> {
    module.mappings.iter().filter_map(|mapping| mapping.literal).map(|literal| literal.text).collect()
}

/// Checks for a kernel of both: each release of one is compared, and a regexp may match any.
fn may_share_kernel(one: &ModuleFacts<'_>, other: &ModuleFacts<'_>) -> bool {
    if has_regexp(one) || has_regexp(other) {
        return has_regexp(one) && has_regexp(other);
    }
    let others = literals(other);
    literals(one).iter().any(|literal| others.contains(literal))
}
