//! Clusters and versions: what comes of a manifest for each, and what a wrong one is told.

use std::sync::Arc;

use super::{Manifest, cluster_names};
use crate::testing::World;
use crate::vocabulary::{ClusterName, Diagnostics, InputFiles, SourceMap};

/// The manifests of a world, which must be right.
fn manifests(world: &World) -> Vec<Manifest> {
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let source = sources.add("kmodgen.yaml", world.manifest.as_str());
    let files: Arc<dyn InputFiles> = Arc::new(world.files.clone());
    let all = Manifest::read(source, &world.manifest, &*files, &mut sources, &mut faults);
    all.unwrap_or_else(|| panic!("{faults:#?}"))
}

fn modules(manifest: &Manifest) -> Vec<&str> {
    manifest.modules.iter().map(|module| module.name.as_str()).collect()
}

#[test]
fn each_cluster_has_a_manifest_of_its_own() {
    let world = World::small().and(
        "clusters:
  east: {namespace: east, image: registry.east.example.com/x/y, when: {labels: {site: a}}}
  west: {moduleSpec: {selector: {zone: west}, tolerations: []}}
",
    );
    let all = manifests(&world);
    let [east, west] = all.as_slice() else { panic!("{}", all.len()) };
    assert_eq!(east.cluster.as_ref().unwrap().as_str(), "east");
    assert_eq!(east.namespace.as_str(), "east");
    assert_eq!(east.modules[0].image.repository(), "registry.east.example.com/x/y/first");
    assert_eq!(east.kernels.iter().map(|kernel| kernel.release.as_str()).collect::<Vec<_>>(), ["5.14.0-1.el9.x86_64"]);
    assert_eq!(west.namespace.as_str(), "kmm-ci");
    assert_eq!(west.kernels.len(), 2);
    // Maps are merged; the other fields stay.
    assert_eq!(kmm_field(west, "selector").unwrap(), "node-role.kubernetes.io/worker: \"\"\nzone: west\n");
    assert_eq!(kmm_field(west, "modprobe"), kmm_field(east, "modprobe"));
    assert!(kmm_field(west, "modprobe").is_some());
}

/// A field of the first Module, as YAML.
fn kmm_field(manifest: &Manifest, name: &str) -> Option<String> {
    let spec = &manifest.modules[0].objects.spec;
    let mut fields = spec.spec.iter().chain(&spec.container);
    fields.find(|(key, _)| key == name).map(|(_, value)| kmodgen_yaml::emit(value))
}

#[test]
fn a_module_may_be_for_some_clusters() {
    let world = World::small()
        .with("  - name: first\n", "  - name: first\n    clusters: [east]\n")
        .and("clusters:\n  east: {}\n  west: {}\n");
    let all = manifests(&world);
    assert_eq!(all.iter().map(modules).collect::<Vec<_>>(), [vec!["first"], vec![]]);
}

#[test]
fn each_version_is_a_module_of_its_own() {
    let world = World::small().with(
        "  - name: first\n",
        "  - name: first
    versions:
      - {version: \"1.2\"}
      - version: 2.0_rc1
        steps: [{kbuild: {}}]
        when: {flavour: rt}
        moduleSpec: {selector: {canary: \"\"}}
      - {version: \"3\", name: third, image: registry.example.com/kmods/third}
",
    );
    let all = manifests(&world);
    assert_eq!(modules(&all[0]), ["first-1-2", "first-2-0-rc1", "third"]);
    let [old, new, third] = all[0].modules.as_slice() else { panic!() };
    assert_eq!((old.version.as_deref(), new.version.as_deref()), (Some("1.2"), Some("2.0_rc1")));
    assert_eq!(old.image.repository(), new.image.repository());
    assert_eq!(third.image.repository(), "registry.example.com/kmods/third");
    for (module, count) in [(old, 2), (new, 1)] {
        assert_eq!(all[0].kernels.iter().filter(|kernel| module.kernels.selects(kernel)).count(), count);
    }
}

#[test]
fn faults_in_clusters_and_versions_are_told_once() {
    let world = World::small()
        .with("ref: main,", "ref: main, dri: x,")
        .with(
            "  - name: first\n",
            "  - name: first\n    clusters: [east, wst, 7.]\n    versions: [{vesion: \"1\"}, {version: \"-\"}, x]\n",
        )
        .and(
            "clusters:
  east: {namespace: EAST, image: https://x, when: {arch: z80}}
  west: {image: registry.example.com, moduleSpec: [a], imag: x}
  a/b: {}
",
        );
    assert_snapshot!(world.faults().join("\n"));
}

#[test]
fn what_a_cluster_runs_decides_what_it_can_be_given() {
    let world = World::small()
        .and_spec("imageRebuildTriggerGeneration: 1")
        .and("platform: {kmm: 2.5, kind: k8s}\nclusters: {new: {platform: {kmm: v2.6.1}}, old: {platform: {kmm: two}}, same: {}}\n");
    assert_snapshot!(world.faults().join("\n"));
    let dtk = format!("    dtk: example.com/dtk@sha256:{}\n    labels:", "a".repeat(64));
    let world = World::small().with("    labels:", &dtk).and("clusters: {other: {platform: {kind: kubernetes}}}\n");
    assert_snapshot!("toolkits", world.faults().join("\n"));
}

#[test]
fn rules_are_held_to_what_a_cluster_makes_of_a_module() {
    let world = World::small().and(
        "clusters:
  east: {moduleSpec: {moduleLoader: {container: {modprobe: {moduleName: tow}}}}}
  west: {namespace: a-namespace-of-a-cluster-far-in-the-west-x}
  none: {when: {kernel: 'x'}}
",
    );
    assert_snapshot!(world.faults().join("\n"));
}

#[test]
fn names_of_clusters_are_read_from_any_yaml() {
    for text in [
        "apiVersion: kmodgen/v1\nclusters:\n  east: {}\n  west: {}\n",
        "---\n  apiVersion: kmodgen/v1\n  clusters: {east: {}, west: {}}\n",
        "{\"apiVersion\": \"kmodgen/v1\", \"clusters\": {\"east\": {}, \"west\": {}}}\n",
        "apiVersion: kmodgen/v1\n? clusters\n: {east: {}, west: {}}\n",
    ] {
        let names = cluster_names(text, &crate::vocabulary::NoFiles);
        assert_eq!(names.iter().map(ClusterName::as_str).collect::<Vec<_>>(), ["east", "west"], "{text}");
    }
    for text in
        ["", "# clusters\n", "# clusters\n- clusters\n", "modules:\n  - clusters: [east]\n", "clusters: {a: [}\n"]
    {
        assert!(cluster_names(text, &crate::vocabulary::NoFiles).is_empty(), "{text}");
    }
}

#[test]
fn clusters_get_the_kernels_that_their_nodes_run() {
    let world = World::small()
        .file(
            "list.yaml",
            "apiVersion: kmodgen/v1
kernels:
  - {release: 6.1.0-1-amd64, nodes: {east: 3, west: 1}}
  - {release: 6.1.0-2-amd64, nodes: {east: 0}}
  - {release: 6.1.0-3-amd64, nodes: {west: 2}, labels: {site: a}}
  - {release: 6.1.0-4-amd64, nodes: 5}
  - 6.1.0-5-amd64
",
        )
        .with("kernels:\n", "kernels:\n  - file: list.yaml\n")
        .and("clusters: {east: {}, west: {unless: {labels: {site: a}}}, new: {when: {kernel: '6.*'}}}\n");
    let told: Vec<String> = manifests(&world)
        .iter()
        .map(|manifest| {
            let kernels = manifest.kernels.iter().filter_map(|kernel| {
                let number = kernel.release.as_str().strip_prefix("6.1.0-")?.strip_suffix("-amd64")?;
                Some(kernel.node_count().map_or_else(|| number.to_owned(), |nodes| format!("{number}={nodes}")))
            });
            format!("{}: {}", manifest.cluster.as_ref().unwrap(), kernels.collect::<Vec<_>>().join(" "))
        })
        .collect();
    // No number names the last one, so that it gets all kernels.
    assert_eq!(told, ["east: 1=3 2=0 4=5 5", "west: 1=1 4=5 5", "new: 1=4 2=0 3=2 4=5 5"]);
}

#[test]
fn counted_clusters_that_there_are_not_are_told() {
    let world = World::small()
        .file(
            "list.yaml",
            "apiVersion: kmodgen/v1
kernels:
  - {release: 6.1.0-1-amd64, nodes: {wset: 1, east: 3}}
  - {release: 6.1.0-2-amd64, nodes: {wset: 1, moon: 0, mars: 1}}
  - {release: 6.1.0-3-amd64, nodes: {sun: 1}}
",
        )
        .with("kernels:\n", "kernels:\n  - file: list.yaml\n");
    assert_snapshot!("without", world.faults().join("\n"));
    assert_snapshot!("with", world.and("clusters: {east: {}, west: {}}\n").faults().join("\n"));
    let none = World::small()
        .with("    labels:", "    nodes: {west: 1}\n    labels:")
        .with("  - 5.14.0-2.el9.x86_64+rt", "  - {release: 5.14.0-2.el9.x86_64+rt, nodes: {east: 1}}")
        .and("clusters: {east: {when: {kernel: '5.14.0-1.*'}}, west: {}}\n");
    assert_snapshot!("none", none.faults().join("\n"));
}
