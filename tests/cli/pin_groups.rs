//! Pins of groups of clusters: each group moves alone.

use std::sync::{Arc, Mutex};

use crate::scenario::{Project, Registry};

const KERNEL: &str = "5.14.0-1.el9.x86_64";

fn digest(digit: char) -> String {
    format!("sha256:{}", digit.to_string().repeat(64))
}

/// A registry whose images all have the same digest, and the digit that it is made of.
fn moving() -> (Registry, Arc<Mutex<char>>) {
    let digit = Arc::new(Mutex::new('1'));
    let now = digit.clone();
    (Registry::answering(move |_| format!("200 OK\nDocker-Content-Digest: {}", digest(*now.lock().unwrap()))), digit)
}

/// A manifest with a module on one image by tag, and these clusters.
fn project(port: u16, clusters: &str) -> Project {
    Project::of(&format!(
        "apiVersion: kmodgen/v1\nnamespace: kmods\nsources:\n  code: {{git: https://git.example.com/code.git, ref: \
         '{commit}'}}\nbaseImages: {{builder: '127.0.0.1:{port}/builder:9', runtime: \
         '127.0.0.1:{port}/runtime:9'}}\nkernels: [{KERNEL}]\nclusters: {{{clusters}}}\nmodules:\n  - name: one\n    \
         source: code\n    kmods: [one]\n    image: registry.example.com/kmods/one\n    moduleSpec: {{selector: {{a: \
         ''}}, moduleLoader: {{container: {{build: {{baseImageRegistryTLS: {{insecure: true}}}}}}}}}}\n",
        commit = "1".repeat(40)
    ))
}

/// The digit of the digest of the runtime image in a cluster's Dockerfile.
fn digit_in(project: &Project, cluster: &str) -> char {
    let dockerfile = project.read(&format!("gitops/{cluster}/one/{KERNEL}/Dockerfile"));
    let (_, rest) = dockerfile.split_once("/runtime:9@sha256:").unwrap();
    rest.chars().next().unwrap()
}

#[test]
fn a_group_moves_alone() {
    let (registry, digit) = moving();
    let project = project(registry.port, "dev: {}, stage: {pins: staging}, live: {pins: live}, live-2: {pins: live}");
    project.run("lock").fine();
    assert_eq!(registry.requests().len(), 2, "each image is looked up once");
    project.run("generate").fine();
    assert_eq!(["dev", "stage", "live", "live-2"].map(|cluster| digit_in(&project, cluster)), ['1'; 4]);

    *digit.lock().unwrap() = '2';
    let before = project.tree();
    project.run("update --images --group staging").fine().says("1 mapping would be rebuilt");
    assert_eq!(project.tree().since(&before), ["~ kmodgen.lock"]);
    let lock = project.read("kmodgen.lock").replace(&format!("127.0.0.1:{}", registry.port), "HOST");
    assert_snapshot!("lock_of_groups", lock);
    project.run("generate --check").differs().shows("stage: ").shows("dev: 0 created, 0 updated, 5 unchanged");
    project.run("generate").fine();
    assert_eq!(["dev", "stage", "live", "live-2"].map(|cluster| digit_in(&project, cluster)), ['1', '2', '1', '1']);

    *digit.lock().unwrap() = '3';
    project.run("update --images").fine().says("1 mapping would be rebuilt");
    project.run("generate").fine();
    assert_eq!(["dev", "stage", "live", "live-2"].map(|cluster| digit_in(&project, cluster)), ['3', '2', '1', '1']);
    for command in ["plan --locked", "lock --locked", "generate --check", "explain --locked", "lock"] {
        project.run(command).fine();
    }

    // A group that is gone, and one that is new.
    let lock = project.read("kmodgen.lock");
    project.edit("kmodgen.yaml", "live-2: {pins: live}", "live-2: {pins: more}");
    project.run("generate --locked --cluster live-2").trouble().says("run `kmodgen lock` without --locked");
    assert_eq!(project.read("kmodgen.lock"), lock);
    project.run("lock --offline").fine();
    project.run("generate --locked").fine();
    assert_eq!(digit_in(&project, "live-2"), '3', "a new group starts with the pins of the others");
    project.edit("kmodgen.yaml", ", live-2: {pins: more}", "");
    project.edit("kmodgen.yaml", "{pins: live}", "{}");
    project.run("lock").fine();
    assert_eq!(project.read("kmodgen.lock").matches("runtime:9").count(), 2);
    assert!(!project.read("kmodgen.lock").contains("more:"));
}

#[test]
fn without_groups_the_lock_is_as_before() {
    let (registry, _) = moving();
    let project = project(registry.port, "dev: {}, live: {}");
    project.run("lock").fine();
    let lock = project.read("kmodgen.lock");
    assert!(!lock.contains("groups"), "{lock}");
    project.run("update --group live").trouble().says("no cluster of the manifest has `pins: live`: write it in the");
}

#[test]
fn groups_are_named() {
    let (registry, _) = moving();
    let own = project(registry.port, "east: {pins: east}, west: {pins: staging}");
    own.run("lock").fine();
    own.run("update").trouble().says("all clusters of the manifest are in groups: pass --group with one of `east`");
    own.run("update --images --group stagin").trouble().says("did you mean `staging`?");
    own.run("update --images --group east").fine();
    let wrong = project(registry.port, "east: {pins: west}, west: {pins: east}, south: {pins: A_b}");
    assert_snapshot!(
        "wrong_groups",
        wrong.run("plan --offline").trouble().stderr.replace(&registry.port.to_string(), "PORT")
    );
}

/// The cached run of a cluster stays usable for the mappings whose pins are unchanged.
#[test]
fn the_pins_of_another_group_render_nothing() {
    let (registry, digit) = moving();
    let project = project(registry.port, "stage: {pins: staging}, live: {pins: live}");
    project.run("lock").fine();
    project.run("generate").fine();
    *digit.lock().unwrap() = '2';
    project.run("update --images --group staging").fine();
    project.run("generate").fine().shows("live: 0 created, 0 updated, 5 unchanged");
    project.run("generate --check").fine();
    let plan = project.run("plan --format json").fine().json();
    let hashes: Vec<&str> = plan.as_array().unwrap().iter().map(|row| row["hash"].as_str().unwrap()).collect();
    assert_ne!(hashes[0], hashes[1]);
}
