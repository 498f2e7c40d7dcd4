//! Rules on Modules and the ConfigMaps that they name.

use super::super::facts::{BuildFacts, ConfigMapFacts, ProjectFacts, entry, is_of_flux, text};
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use crate::objects::DOCKERFILE_KEY;
use crate::vocabulary::{Severity, nearest};

/// A Module with a build from the ConfigMap `driver`, and more files. The name of the ConfigMap is in line 12.
macro_rules! built {
    ($($more:literal)*) => {
        concat!(
            "=== module.yaml\napiVersion: kmm.sigs.x-k8s.io/v1beta1\nkind: Module\n",
            "metadata: {name: driver, namespace: drivers}\nspec:\n  selector: {node-role.kubernetes.io/worker: \"\"}\n",
            "  moduleLoader:\n    container:\n      modprobe: {moduleName: driver}\n      kernelMappings:\n",
            "        - regexp: '^.+$'\n          containerImage: registry.example.com/driver:${KERNEL_FULL_VERSION}\n",
            "          build: {dockerfileConfigMap: {name: driver}}\n",
            $($more,)*
        )
    };
}

pub(in crate::lint) static MISSING: Rule = Rule {
    id: "KMG301",
    name: "missing-config-map",
    severity: Severity::Warning,
    summary: "A Module names a ConfigMap that is in none of the files",
    why: "KMM waits for the ConfigMap and builds nothing; the Module shows no error. Only ConfigMaps are compared if there \
          is at least one with a Dockerfile: others may be applied in another way.",
    wrong: RuleExample {
        text: built! {
            "=== configmap.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: drivr, namespace: drivers}\n"
            "data:\n  dockerfile: |\n    FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\n"
        },
        line: 12,
    },
    right: built! {
        "=== configmap.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: driver, namespace: drivers}\n"
        "data:\n  dockerfile: |\n    FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\n"
    },
    check: RuleCheck::Project(missing),
};

fn missing(project: &ProjectFacts<'_>, report: &mut RuleReport<'_>) {
    let names: Vec<&str> =
        project.config_maps.iter().filter(|map| map.dockerfile.is_some()).map(|map| map.name.text).collect();
    let is_changed = project.config_maps.iter().any(|map| !map.object.changed_by.is_empty());
    if names.is_empty() || is_changed {
        return;
    }
    for BuildFacts { config_map, .. } in project.builds() {
        if project.named(config_map.text).next().is_none() {
            let help = match nearest(config_map.text, names.iter().copied().take(100)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "add the ConfigMap, with the Dockerfile under the key `dockerfile`".to_owned(),
            };
            report.at(config_map.span, format!("there is no ConfigMap `{}`", config_map.text), help);
        }
    }
}

pub(in crate::lint) static OTHER_NAMESPACE: Rule = Rule {
    id: "KMG302",
    name: "config-map-of-another-namespace",
    severity: Severity::Error,
    summary: "The ConfigMap of a Module is in another namespace",
    why: "KMM looks for the ConfigMap in the namespace of the Module, and waits if it is not there.",
    wrong: RuleExample {
        text: built! {
            "=== configmap.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: driver, namespace: builds}\n"
            "data:\n  dockerfile: |\n    FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\n"
        },
        line: 12,
    },
    right: built! {
        "=== configmap.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: driver, namespace: drivers}\n"
        "data:\n  dockerfile: |\n    FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\n"
    },
    check: RuleCheck::Project(other_namespace),
};

fn other_namespace(project: &ProjectFacts<'_>, report: &mut RuleReport<'_>) {
    for build in project.builds() {
        let module = &project.modules[build.module];
        let Some(namespace) = module.config_map_namespace() else { continue };
        let maps: Vec<&ConfigMapFacts<'_>> = project.named(build.config_map.text).collect();
        let is_elsewhere = |map: &&ConfigMapFacts<'_>| map.namespace.is_some_and(|other| other != namespace);
        if let Some(first) = maps.first().filter(|_| !module.is_partial && maps.iter().all(is_elsewhere)) {
            let other = first.namespace.unwrap_or_default();
            let message =
                format!("the ConfigMap `{}` is in namespace `{other}`, the Module in `{namespace}`", first.name.text);
            let place = (first.name.span, "the ConfigMap");
            report.beside(build.config_map.span, place, message, format!("move the ConfigMap to `{namespace}`"));
        }
    }
}

pub(in crate::lint) static WRONG_KEY: Rule = Rule {
    id: "KMG303",
    name: "config-map-without-dockerfile",
    severity: Severity::Error,
    summary: "The ConfigMap of a Module has no key `dockerfile`",
    why: "KMM reads the Dockerfile under the key `dockerfile`, in lower case. kustomize takes the name of a file as its \
          key, so `files: [Dockerfile]` has another one.",
    wrong: RuleExample {
        text: built! {
            "=== configmap.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: driver, namespace: drivers}\n"
            "data:\n  Dockerfile: |\n    FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\n"
        },
        line: 5,
    },
    right: built! {
        "=== configmap.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: driver, namespace: drivers}\n"
        "data:\n  dockerfile: |\n    FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\n"
    },
    check: RuleCheck::Project(wrong_key),
};

fn wrong_key(project: &ProjectFacts<'_>, report: &mut RuleReport<'_>) {
    for build in project.builds() {
        for map in project.named(build.config_map.text) {
            if map.map.get(DOCKERFILE_KEY).is_some() || !map.object.changed_by.is_empty() || map.map.has_binary {
                continue;
            }
            let near = map.map.data.iter().find(|entry| entry.key.value.eq_ignore_ascii_case(DOCKERFILE_KEY));
            let (span, help) = match near {
                Some(entry) if entry.is_file => (entry.key.span, "write `dockerfile=Dockerfile` in `files`"),
                Some(entry) => (entry.key.span, "write `dockerfile`, in lower case"),
                None => (map.name.span, "put the Dockerfile under the key `dockerfile`"),
            };
            let message = format!("the ConfigMap `{}` has no key `dockerfile`", map.name.text);
            report.at(span, message, help);
        }
    }
}

pub(in crate::lint) static HASHED_NAME: Rule = Rule {
    id: "KMG304",
    name: "hashed-config-map-name",
    severity: Severity::Error,
    summary: "kustomize adds a hash to the name of a ConfigMap that a Module names without it",
    why: "kustomize rewrites hashed names in the kinds that it knows, and not in a Module. KMM then waits for a \
          ConfigMap that does not exist.",
    wrong: RuleExample {
        text: built! {
            "=== kustomization.yaml\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
            "namespace: drivers\nconfigMapGenerator:\n  - name: driver\n    namespace: drivers\n    literals: ['dockerfile=FROM registry.example.com/base:1']\n"
        },
        line: 12,
    },
    right: built! {
        "=== kustomization.yaml\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        "namespace: drivers\nconfigMapGenerator:\n  - name: driver\n    namespace: drivers\n    literals: ['dockerfile=FROM registry.example.com/base:1']\n"
        "    options: {disableNameSuffixHash: true}\n"
    },
    check: RuleCheck::Project(hashed_name),
};

fn hashed_name(project: &ProjectFacts<'_>, report: &mut RuleReport<'_>) {
    // Any of these may teach kustomize where the name is.
    let teaches = ["configurations", "transformers", "replacements", "components", "vars", "crds", "openapi"];
    let is_taught = |key: &&str| project.objects.kustomizations().any(|object| object.node.get(key).is_some());
    if teaches.iter().any(is_taught) {
        return;
    }
    for build in project.builds() {
        let maps: Vec<&ConfigMapFacts<'_>> = project.named(build.config_map.text).collect();
        if let Some(first) = maps.first().filter(|_| maps.iter().all(|map| map.map.is_hashed)) {
            let message = format!("kustomize adds a hash to the name `{}`, but not here", first.name.text);
            let help =
                "write `generatorOptions: {disableNameSuffixHash: true}` in the kustomization, and a name of your own";
            report.beside(build.config_map.span, (first.name.span, "gets a hash"), message, help);
        }
    }
}

pub(in crate::lint) static FLUX_SUBSTITUTION: Rule = Rule {
    id: "KMG305",
    name: "flux-substitution",
    severity: Severity::Warning,
    summary: "Flux replaces the variables of a Dockerfile in a ConfigMap",
    why: "`postBuild` of a Flux Kustomization replaces each `${NAME}` in all its objects, in Dockerfiles too. The build \
          arguments of KMM become empty strings.",
    wrong: RuleExample {
        text: "\
=== flux.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: drivers, namespace: flux-system}
spec: {path: ./drivers, postBuild: {substitute: {cluster: north}}}
=== configmap.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: driver, namespace: drivers}
data:
  dockerfile: |
    FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
    ARG KERNEL_VERSION
    RUN echo ${KERNEL_VERSION}
",
        line: 3,
    },
    right: "\
=== flux.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: drivers, namespace: flux-system}
spec: {path: ./drivers, postBuild: {substitute: {cluster: north}}}
=== configmap.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: driver
  namespace: drivers
  annotations: {kustomize.toolkit.fluxcd.io/substitute: disabled}
data:
  dockerfile: |
    FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
    ARG KERNEL_VERSION
    RUN echo ${KERNEL_VERSION}
",
    check: RuleCheck::Project(flux_substitution),
};

fn flux_substitution(project: &ProjectFacts<'_>, report: &mut RuleReport<'_>) {
    const ANNOTATION: &str = "kustomize.toolkit.fluxcd.io/substitute";
    let mut flux = project.objects.objects.iter().filter(|object| is_of_flux(object));
    let substitutes = flux.find_map(|object| entry(object.node.get("spec")?, "postBuild"));
    let Some(substitutes) = substitutes else { return };
    for map in &project.config_maps {
        let Some(dockerfile) = map.map.get(DOCKERFILE_KEY) else { continue };
        let metadata = map.object.node.get("metadata");
        let is_off = ["annotations", "labels"].iter().any(|key| {
            let notes = metadata.and_then(|metadata| metadata.get(key));
            notes.and_then(|notes| text(notes, ANNOTATION)).is_some_and(|value| value.text == "disabled")
        });
        if !is_off && dockerfile.text.value.contains("${") {
            let other = (substitutes.key.span, "Flux replaces variables");
            let message = format!("Flux replaces the variables of the Dockerfile in `{}`", map.name.text);
            report.beside(map.name.span, other, message, format!("write `annotations: {{{ANNOTATION}: disabled}}`"));
        }
    }
}
