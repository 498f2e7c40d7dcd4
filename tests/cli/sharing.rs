//! Clusters share the mappings that they have alike, and each gets the files that a run of its own writes.

use std::fs;

use crate::faults::chance::Chance;
use crate::faults::scaled;
use crate::publishing::Fleet;
use crate::scenario::{EL9, Project, Tree};

const TEMPLATE: &str = "{% extends 'kmodgen/kernel-devel' %}{% block labels %}LABEL a=0\n{% endblock %}";

/// Fields in which clusters differ.
const FIELDS: [&str; 10] = [
    "namespace: other",
    "image: registry.other.example.com/kmods",
    "mirrors: {git.example.com: mirror.example.com/git}",
    "when: {flavour: [standard, rt]}",
    "metadata: {labels: {team: nic}}",
    "moduleSpec: {selector: {zone: other}}",
    "moduleSpec: {moduleLoader: {container: {sign: {keySecret: {name: key}, certSecret: {name: cert}}}}}",
    "moduleSpec: {moduleLoader: {container: {build: {secrets: [{name: key}]}}}}",
    "moduleSpec: {moduleLoader: {container: {build: {buildArgs: [{name: HTTP_PROXY, value: a, hashed: false}]}}}}",
    "moduleSpec: {moduleLoader: {container: {inTreeModulesToRemove: [{module: old, when: {flavour: rt}}]}}}",
];

/// Numbers of nodes, so that some clusters have a kernel and others do not.
const NODES: &str = "{release: 6.12.107+deb12-cloud-amd64, nodes: {a: 1, b: 2, c: 0, d: 2}}";

/// Edits that change every mapping, some of them, or the objects alone.
const EDITS: [(&str, &str, &str); 4] = [
    ("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5"),
    ("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\""),
    ("kmodgen.yaml", "namespace: kmm-ci", "namespace: kmm"),
    ("templates/own", "LABEL a=0", "LABEL a=1"),
];

const CLUSTERS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// A manifest with clusters that differ by chance.
fn drawn(chance: &mut Chance) -> String {
    let mut manifest = include_str!("scenario/fleet.yaml")
        .replace("    kmods: [beta, beta_core]\n", "    kmods: [beta, beta_core]\n    template: templates/own\n");
    if chance.below(2) == 0 {
        manifest = manifest.replace("6.12.107+deb12-cloud-amd64", NODES);
    }
    manifest.push_str("clusters:\n");
    for cluster in CLUSTERS {
        let fields: Vec<&str> = FIELDS.into_iter().filter(|_| chance.below(4) == 0).collect();
        // All of these are in one field.
        let (specs, mut others): (Vec<&str>, Vec<&str>) =
            fields.into_iter().partition(|field| field.starts_with("moduleSpec"));
        others.extend(specs.get(chance.below(specs.len())));
        manifest.push_str(&format!("  {cluster}: {{{}}}\n", others.join(", ")));
    }
    let layout = ["files", "bundle", "shared"][chance.below(3)];
    manifest.push_str(&format!("output: {{layout: {layout}}}\n"));
    manifest
}

fn project(manifest: &str) -> Project {
    let project = Project::fleet().with("kmodgen.yaml", manifest).with("templates/own", TEMPLATE);
    project.run("lock").fine();
    project
}

fn output(project: &Project, cluster: &str) -> Tree {
    Tree::read(&project.path("gitops").join(cluster))
}

#[test]
fn generate_writes_what_each_cluster_gets_alone() {
    let mut chance = Chance::new();
    for _ in 0..scaled(2, 40) {
        let manifest = drawn(&mut chance);
        let all = project(&manifest);
        let alone = CLUSTERS.map(|cluster| (cluster, project(&manifest)));
        let forgets = chance.below(2) == 0;
        for (file, from, to) in [("kmodgen.yaml", "kmm-ci", "kmm-ci")].into_iter().chain(EDITS) {
            for project in alone.iter().map(|(_, project)| project).chain([&all]) {
                project.edit(file, from, to);
                if forgets && project.cache().exists() {
                    fs::remove_dir_all(project.cache()).unwrap();
                }
            }
            all.run("generate").fine();
            for (cluster, project) in &alone {
                project.run(&format!("generate --cluster {cluster}")).fine();
                assert_eq!(output(&all, cluster), output(project, cluster), "{cluster}, {to}, of\n{manifest}");
            }
            all.run("generate --check").fine();
        }
    }
}

#[test]
fn publish_commits_what_each_cluster_gets_alone() {
    let mut chance = Chance::new();
    for _ in 0..scaled(2, 30) {
        let manifest = drawn(&mut chance);
        let [all, alone] = [(); 2].map(|()| Fleet::of(project(&manifest)));
        let forgets = chance.below(2) == 0;
        for (file, from, to) in [("kmodgen.yaml", "kmm-ci", "kmm-ci")].into_iter().chain(EDITS) {
            for fleet in [&all, &alone] {
                fleet.project.edit(file, from, to);
                if forgets && fleet.project.cache().exists() {
                    fs::remove_dir_all(fleet.project.cache()).unwrap();
                }
            }
            all.publish("").fine();
            for cluster in CLUSTERS {
                alone.publish(&format!("--cluster {cluster}")).fine();
            }
            let trees = [&all, &alone].map(|fleet| fleet.tip("main^{tree}"));
            assert_eq!(trees[0], trees[1], "{to}, of\n{manifest}");
            all.is_sound();
            all.publish("").fine().shows("nothing to publish");
        }
    }
}

/// A file with other line ends is as good on the branch that has it, and no other cluster gets them.
#[test]
fn line_ends_are_not_shared() {
    let fleet = Fleet::of(project(&format!("{}clusters: {{a: {{}}, b: {{}}}}\n", include_str!("scenario/fleet.yaml"))));
    fleet.publish("--cluster a").fine();
    let file = format!("clusters/prod/a/alpha/{EL9}/configmap.yaml");
    fleet.commit("main", &format!("sed -i 's/$/\\r/' '{file}'"));
    fleet.publish("").fine();
    let tree = fleet.tree("main", "clusters/prod");
    let read = |cluster: &str| tree.file(&format!("{cluster}/alpha/{EL9}/configmap.yaml")).unwrap().to_vec();
    let [a, b] = ["a", "b"].map(read);
    assert!(a.contains(&b'\r') && !b.contains(&b'\r'));
    assert_eq!(a.into_iter().filter(|byte| *byte != b'\r').collect::<Vec<u8>>(), b);
}
