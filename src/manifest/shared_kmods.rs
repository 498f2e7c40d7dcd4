//! Modules that load one kmod on the same nodes: KMM would load and unload it for each of them.

use std::collections::{BTreeMap, HashMap};

use kmodgen_yaml::Yaml;

use super::kernel::Kernel;
use super::kmm::{self, ModuleSpec};
use super::module::Module;
use crate::vocabulary::{Diagnostic, Diagnostics, ModuleName, Spanned};

/// Code of the messages.
const CODE: &str = "shared-kmod";

/// A KMM Module that loads kmods.
struct Loader<'m> {
    name: &'m Spanned<ModuleName>,
    module: &'m Module,
    /// Labels that a node needs for it. Labels of a hub's spokes and the version label of ordered upgrades are among
    /// them.
    labels: BTreeMap<String, &'m str>,
}

impl<'m> Loader<'m> {
    fn new(module: &'m Module, name: &'m Spanned<ModuleName>, spec: &'m ModuleSpec) -> Self {
        let mut labels: BTreeMap<String, &str> = BTreeMap::new();
        labels.extend(spec.selector().map(|(key, value)| (key.to_owned(), value)));
        if let Some(hub) = &module.objects.hub {
            labels.extend(kmm::labels(Some(&hub.value.selector)).map(|(key, value)| (format!("spoke {key}"), value)));
        }
        if let Some(version) = &module.version {
            labels.insert(format!("version of {}", name.value), version);
        }
        Self { name, module, labels }
    }

    /// Returns whether a node can have the labels that both need.
    fn can_meet(&self, other: &Self) -> bool {
        self.module.objects.hub.is_some() == other.module.objects.hub.is_some()
            && self.labels.iter().all(|(key, value)| other.labels.get(key).is_none_or(|other| value == other))
    }

    /// Returns whether each node with the labels of one has those of the other.
    fn always_meets(&self, other: &Self) -> bool {
        [(self, other), (other, self)]
            .into_iter()
            .any(|(one, other)| one.labels.iter().all(|(key, value)| other.labels.get(key) == Some(value)))
    }

    /// Returns the first kernel that both are for.
    fn common_kernel<'k>(&self, other: &Self, kernels: &'k [Kernel]) -> Option<&'k Kernel> {
        kernels.iter().find(|kernel| self.module.kernels.selects(kernel) && other.module.kernels.selects(kernel))
    }

    /// Returns the selector with one more label, as it would be written in the manifest.
    fn selector_with(&self, label: &str) -> String {
        let own = self.labels.iter().filter(|(key, _)| !key.contains(' '));
        let own = own.map(|(key, value)| format!("{}: {}", kmodgen_yaml::inline(key), kmodgen_yaml::inline(value)));
        let labels: Vec<String> =
            own.chain([format!("{label}: {}", kmodgen_yaml::inline(self.name.as_str()))]).collect();
        format!("`selector: {{{}}}`", labels.join(", "))
    }
}

/// Refuses Modules of one cluster that load a kmod on the same nodes, and warns of those that may.
pub(super) fn check(modules: &[Module], kernels: &[Kernel], faults: &mut Diagnostics) {
    let mut by_kmod: HashMap<String, Vec<Loader<'_>>> = HashMap::new();
    for module in modules.iter().filter(|module| module.has_objects()) {
        for (name, spec) in module.names().zip(module.objects.specs()) {
            // One without a selector has an error of its own.
            let Some(kmod) = loaded(spec).filter(|_| spec.field("selector").is_some()) else { continue };
            let loader = Loader::new(module, name, spec);
            let loaders = by_kmod.entry(kmod.replace('-', "_")).or_default();
            // Two Modules of one name have an error of their own.
            let others = loaders.iter().filter(|other| other.name.value != name.value && other.can_meet(&loader));
            let mut others = others.filter_map(|other| Some((other, loader.common_kernel(other, kernels)?)));
            // One message for each Module, for a conflict rather than for a possible one.
            let first = others.next();
            let conflict = first.into_iter().chain(others).find(|(other, _)| loader.always_meets(other));
            if let Some((other, kernel)) = conflict.or(first) {
                faults.push(fault(kmod, other, &loader, kernel));
            }
            loaders.push(loader);
        }
    }
}

/// Returns the kmod that a Module loads. Kmods that this one depends on may be those of other Modules, too.
fn loaded(spec: &ModuleSpec) -> Option<&str> {
    let Some((_, Yaml::Map(modprobe))) = spec.container.iter().find(|(key, _)| key == "modprobe") else { return None };
    modprobe.iter().find(|(key, _)| key == "moduleName").and_then(|(_, name)| text(name))
}

fn text<'y>(value: &'y Yaml<'_>) -> Option<&'y str> {
    match value {
        Yaml::Text(text) | Yaml::Block(text) => Some(text),
        _ => None,
    }
}

fn fault(kmod: &str, first: &Loader<'_>, second: &Loader<'_>, kernel: &Kernel) -> Diagnostic {
    let (one, other, release) = (&first.name.value, &second.name.value, &kernel.release.value);
    let what = format!("Modules `{one}` and `{other}` load kmod `{kmod}`");
    let fault = if first.always_meets(second) {
        Diagnostic::error(CODE, format!("{what} on the same nodes, for example with kernel `{release}`"))
    } else {
        Diagnostic::warning(CODE, format!("{what}, and nodes may match both, for example with kernel `{release}`"))
    };
    let [one, other] = [first, second].map(|loader| loader.selector_with("driver"));
    let when = match std::ptr::eq(first.module, second.module) {
        true => "",
        false => ", or select different kernels with `when`",
    };
    fault
        .at(second.name.span, "again here")
        .context(first.name.span, "first here")
        .help(format!("write a label with different values in their `moduleSpec`: {one} and {other}{when}"))
}

#[cfg(test)]
mod tests {
    use crate::testing::World;

    /// Messages about two modules that load one kmod, the second one with this selector and these fields.
    fn told(selector: &str, fields: &str) -> Vec<String> {
        let second = format!(
            "  - name: second\n    source: code\n    kmods: [one]\n    image: registry.example.com/kmods/second\n{fields}    \
             moduleSpec: {{selector: {{{selector}}}}}\n"
        );
        World::small().and(&second).faults()
    }

    #[test]
    fn modules_on_the_same_nodes_are_refused() {
        assert_snapshot!(told("node-role.kubernetes.io/worker: ''", "").join("\n"));
        // One selector within the other.
        assert_snapshot!(told("node-role.kubernetes.io/worker: '', zone: a", "").join("\n"));
    }

    #[test]
    fn modules_that_may_meet_are_warned_of() {
        assert_snapshot!(told("example.com/canary: 'true'", "").join("\n"));
    }

    #[test]
    fn modules_that_cannot_meet_pass() {
        let none: [&str; 0] = [];
        assert_eq!(told("node-role.kubernetes.io/worker: 'no'", ""), none);
        assert_eq!(told("node-role.kubernetes.io/worker: ''", "    objects: false\n"), none);
        let other_kernels = World::small()
            .and_module("when: {labels: {site: a}}\n")
            .and("  - name: second\n    source: code\n    kmods: [one]\n    unless: {labels: {site: a}}\n    image: registry.example.com/kmods/second\n    moduleSpec: {selector: {node-role.kubernetes.io/worker: ''}}\n");
        assert_eq!(other_kernels.faults(), none);
        let clusters = "clusters:\n  east: {}\n  west: {}\n";
        let other_clusters = World::small().and_module("clusters: [east]\n").and("  - name: second\n    clusters: [west]\n    source: code\n    kmods: [one]\n    image: registry.example.com/kmods/second\n    moduleSpec: {selector: {node-role.kubernetes.io/worker: ''}}\n").and(clusters);
        assert_eq!(other_clusters.faults(), none);
    }

    #[test]
    fn modules_of_one_name_are_one_error() {
        let faults = World::small()
            .and("  - name: first\n    source: code\n    kmods: [one]\n    image: registry.example.com/kmods/second\n    moduleSpec: {selector: {node-role.kubernetes.io/worker: ''}}\n")
            .faults();
        assert!(faults.len() == 1 && faults[0].contains("two modules have the name `first`"), "{faults:?}");
    }

    #[test]
    fn versions_are_told_apart_by_selectors() {
        fn versions(one: &str, other: &str) -> Vec<String> {
            let versions = format!(
                "versions:\n  - {{version: '1', image: a/b, moduleSpec: {{selector: {{{one}}}}}}}\n  - {{version: '2', image: a/c, moduleSpec: {{selector: {{{other}}}}}}}\n"
            );
            World::small().and_module(&versions).faults()
        }
        assert_eq!(versions("canary: 'false'", "canary: 'true'"), [""; 0]);
        // Each node has the version label of one of them, or of both.
        assert_snapshot!(versions("", "").join("\n"));
    }

    #[test]
    fn additional_modules_count() {
        fn additional(selector: &str, kmod: &str) -> Vec<String> {
            let lines = format!(
                "additionalModules:\n  - name: more\n    moduleSpec:\n      selector: {{{selector}}}\n      moduleLoader: {{container: {{modprobe: {{moduleName: {kmod}}}}}}}\n"
            );
            World::small().and_module(&lines).faults()
        }
        assert_snapshot!(additional("node-role.kubernetes.io/worker: ''", "one").join("\n"));
        assert_eq!(additional("node-role.kubernetes.io/worker: 'no'", "one"), [""; 0]);
        assert_eq!(additional("node-role.kubernetes.io/worker: ''", "two, modulesLoadingOrder: [two, one]"), [""; 0]);
    }
}
