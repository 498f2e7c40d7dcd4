//! Promotion of pins between groups of clusters, and ordered upgrades.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use crate::scenario::{Project, Registry};

const KERNEL: &str = "5.14.0-1.el9.x86_64";
const OTHER: &str = "5.14.0-2.el9.x86_64";

/// A registry whose images all have the same digest, and the digit that it is made of.
fn moving() -> (Registry, Arc<Mutex<char>>) {
    let digit = Arc::new(Mutex::new('1'));
    let now = digit.clone();
    let answer = move |_: &str| {
        let digest = now.lock().unwrap().to_string().repeat(64);
        format!("200 OK\nDocker-Content-Digest: sha256:{digest}")
    };
    (Registry::answering(answer), digit)
}

fn module(name: &str, port: u16, fields: &str) -> String {
    format!(
        "  - name: {name}\n    source: code\n    kmods: [{name}]\n    image: registry.example.com/{name}\n    baseImages: \
         {{builder: '127.0.0.1:{port}/builder:9', runtime: '127.0.0.1:{port}/{name}:9'}}\n    moduleSpec: {{selector: \
         {{a: ''}}, moduleLoader: {{container: {{build: {{baseImageRegistryTLS: {{insecure: true}}}}}}}}}}\n{fields}"
    )
}

/// Clusters `stage` and `live` with their own pins, of which those of `stage` are ahead; the module `two` shares its
/// builder with `one`.
fn ahead(modules: &[String], clusters: &str) -> (Project, Registry, Arc<Mutex<char>>) {
    let (registry, digit) = moving();
    let modules = modules.concat().replace("PORT", &registry.port.to_string());
    let project = Project::of(&format!(
        "apiVersion: kmodgen/v1\nnamespace: kmods\nsources:\n  code: {{git: https://git.example.com/code.git, ref: \
         '{commit}'}}\nkernels: [{KERNEL}, {OTHER}]\nclusters:\n{clusters}modules:\n{modules}",
        commit = "1".repeat(40)
    ));
    project.run("lock").fine();
    *digit.lock().unwrap() = '2';
    project.run("update --images --group staging").fine();
    (project, registry, digit)
}

const CLUSTERS: &str = "  stage: {pins: staging}\n  live: {pins: live}\n";

fn of_port(name: &str) -> String {
    module(name, 0, "").replace("127.0.0.1:0", "127.0.0.1:PORT")
}

/// A text without the port, which is in all hashes.
fn shown(text: &str, registry: &Registry) -> String {
    let text = text.replace(&registry.port.to_string(), "PORT");
    let hashes = text.split(' ').map(|word| {
        let is_hash = word.get(..12).is_some_and(|start| start.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if is_hash { format!("HASH{}", &word[12..]) } else { word.to_owned() }
    });
    hashes.collect::<Vec<_>>().join(" ")
}

#[test]
fn pins_are_promoted_and_hashes_are_equal() {
    let (project, registry, _) = ahead(&[of_port("one")], CLUSTERS);
    let before = project.tree();
    let run = project.run("promote one --from staging --to live --dry-run").fine();
    assert_snapshot!("promote", shown(&format!("{}{}", run.stdout, run.stderr), &registry));
    assert_eq!(project.tree().since(&before), [""; 0]);
    project.run("promote one --from stage --to live").fine().says("kmodgen.lock written");
    assert_eq!(project.tree().since(&before), ["~ kmodgen.lock"]);
    let hashes = project.run("plan --format json --locked").fine().json();
    let hash = |row: usize| hashes[row]["hash"].as_str().unwrap().to_owned();
    assert_eq!((hash(0), hash(1)), (hash(2), hash(3)));
    project.run("lock --locked").fine();
    let before = project.tree();
    project.run("promote one --from staging --to live").fine().says("nothing to promote");
    assert_eq!(project.tree().since(&before), [""; 0]);
    for (arguments, said) in [
        ("one --from staging --to stage", "have the same pins"),
        ("one --from stagin --to live", "did you mean `staging`?"),
        ("on --from staging --to live", "did you mean `one`?"),
    ] {
        project.run(&format!("promote {arguments}")).trouble().says(said);
    }
}

#[test]
fn promotions_are_printed_for_scripts() {
    let (project, ..) = ahead(&[of_port("one"), of_port("two")], CLUSTERS);
    let promote =
        |arguments: &str| project.run(&format!("promote one --from staging --to live --format json {arguments}"));
    let json = promote("").differs().says("module `two` changes too").json();
    assert_eq!((&json["result"], &json["alsoChanged"][0]["module"]), (&"refused".into(), &"two".into()), "{json}");
    assert_eq!(promote("--also two --dry-run").fine().json()["result"], "would-be-written");
    let json = promote("--also two").fine().json();
    assert_eq!((&json["result"], &json["from"], &json["to"]), (&"written".into(), &"staging".into(), &"live".into()));
    assert_eq!(json["pins"].as_array().unwrap().len(), 2, "{json}");
    for row in json["mappings"].as_array().unwrap() {
        assert_eq!((&row["same"], &row["otherCluster"]), (&true.into(), &"stage".into()), "{row}");
        assert_eq!(row["hash"], row["otherHash"]);
        assert_ne!(row["hash"], row["oldHash"]);
    }
    let json = promote("").fine().json();
    assert_eq!((&json["result"], &json["pins"]), (&"nothing-to-promote".into(), &serde_json::json!([])), "{json}");
    let platform = "  stage: {pins: staging}\n  live: {pins: live, platform: {kmm: \"2.4\"}}\n";
    let (project, ..) = ahead(&[of_port("one")], platform);
    let json = project.run("promote one --from staging --to live --format json").differs().json();
    let row = &json["mappings"][0];
    assert_eq!((&json["result"], &row["same"]), (&"refused".into(), &false.into()), "{json}");
    assert!(row["differences"][0]["input"].is_string(), "{json}");
}

/// A cluster without a group takes part under its own name; the groups keep their pins.
#[test]
fn clusters_without_a_group_are_named() {
    let (project, _registry, _) =
        ahead(&[of_port("one")], "  dev: {}\n  stage: {pins: staging}\n  live: {pins: live}\n");
    project.run("promote one --from staging --to dev").fine();
    let plan = project.run("plan --format json --locked").fine().json();
    let hashes: Vec<&str> = plan.as_array().unwrap().iter().map(|row| row["hash"].as_str().unwrap()).collect();
    assert_eq!(hashes[0], hashes[2]);
    assert_ne!(hashes[0], hashes[4]);
}

#[test]
fn other_modules_with_the_same_pins_are_named() {
    let (project, registry, _) = ahead(&[of_port("one"), of_port("two")], CLUSTERS);
    let before = project.tree();
    let run = project.run("promote one --from staging --to live").differs();
    assert_snapshot!("promote_shared", shown(&run.stderr, &registry));
    assert_eq!(project.tree().since(&before), [""; 0]);
    project.run("promote one --from staging --to live --also two").fine().says("module `two` changes too: 2 mappings");
    assert_eq!(project.tree().since(&before), ["~ kmodgen.lock"]);
}

/// A platform that changes the images of one cluster is no pin.
#[test]
fn images_that_differ_for_other_reasons_are_not_promoted() {
    let (project, registry, _) =
        ahead(&[of_port("one")], "  stage: {pins: staging}\n  live: {pins: live, platform: {kmm: \"2.4\"}}\n");
    let before = project.tree();
    let run = project.run("promote one --from staging --to live").differs();
    assert_snapshot!("promote_differs", shown(&format!("{}{}", run.stdout, run.stderr), &registry));
    assert_eq!(project.tree().since(&before), [""; 0]);
}

/// Kernels that one group does not have are stated; without a kernel in both, there is no proof.
#[test]
fn kernels_of_one_group_alone_are_not_compared() {
    let some = "  stage: {pins: staging, when: {kernel: '.*-1[.].*'}}\n  live: {pins: live}\n";
    let (project, ..) = ahead(&[of_port("one")], some);
    project.run("promote one --from staging --to live").fine().shows("not compared: no cluster of `staging`");
    let none =
        "  stage: {pins: staging, when: {kernel: '.*-1[.].*'}}\n  live: {pins: live, unless: {kernel: '.*-1[.].*'}}\n";
    let (project, ..) = ahead(&[of_port("one")], none);
    let before = project.tree();
    project
        .run("promote one --from staging --to live")
        .trouble()
        .says("no kernel of module `one` is in clusters of both");
    assert_eq!(project.tree().since(&before), [""; 0]);
}

/// A project with a module of version 1.3, and its nodes.
fn upgraded(version: &str) -> Project {
    let module = module("driver", 0, version).replace(
        "baseImages: {builder: '127.0.0.1:0/builder:9', runtime: '127.0.0.1:0/driver:9'}",
        "baseImages: {builder: dtk, runtime: 'registry.example.com/r:9', pin: false}",
    );
    let project = Project::of(&format!(
        "apiVersion: kmodgen/v1\nnamespace: drivers\nsources:\n  code: {{git: https://git.example.com/code.git, ref: \
         '{commit}'}}\nkernels: [{KERNEL}, {OTHER}]\nmodules:\n{module}",
        commit = "1".repeat(40)
    ));
    project.write("nodes.json", nodes(&[]));
    project
}

/// Six nodes, of which some have the new version.
fn nodes(done: &[&str]) -> String {
    let mut items = String::new();
    for (number, kernel) in [KERNEL, KERNEL, KERNEL, OTHER, OTHER, "6.1.0-1.x86_64"].into_iter().enumerate() {
        let name = format!("worker-{number}");
        let version = if done.contains(&name.as_str()) { "1.3" } else { "1.2" };
        let _ = write!(
            items,
            r#"{}{{"kind": "Node", "metadata": {{"name": "{name}", "labels": {{"a": "", "topology.kubernetes.io/zone": "zone-{}", "kmm.node.kubernetes.io/version-module.drivers.driver": "{version}"}}}}, "status": {{"nodeInfo": {{"kernelVersion": "{kernel}"}}}}}}"#,
            if number == 0 { "" } else { "," },
            number % 2
        );
    }
    format!("{{\"kind\": \"List\", \"items\": [{items}]}}")
}

const ROLLOUT: &str = "rollout driver --nodes nodes.json --waves 1,50%,100%";

#[test]
fn a_rollout_goes_on_after_each_wave() {
    let project = upgraded("    version: '1.3'\n");
    project.run("lock").fine();
    let before = project.tree();
    assert_snapshot!("rollout", project.run(ROLLOUT).fine().stdout);
    assert_snapshot!("rollout_markdown", project.run(&format!("{ROLLOUT} --format markdown")).fine().stdout);
    let plan = project.run(&format!("{ROLLOUT} --format json")).fine().json();
    assert_eq!(project.tree().since(&before), [""; 0]);
    let names = |plan: &serde_json::Value, wave: usize| -> Vec<String> {
        let nodes = plan["waves"][wave]["nodes"].as_array().unwrap();
        nodes.iter().map(|node| node["node"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let first = names(&plan, 0);
    assert_eq!((first.len(), names(&plan, 1).len(), names(&plan, 2).len()), (1, 2, 2));
    project.write("nodes.json", nodes(&[&first[0]]));
    let next = project.run(&format!("{ROLLOUT} --format json")).fine().json();
    assert_eq!((names(&next, 0).len(), names(&next, 1), names(&next, 2)), (0, names(&plan, 1), names(&plan, 2)));
    project.run(ROLLOUT).fine().shows("wave 1 of 3 (1): done");
}

#[test]
fn a_rollout_that_cannot_be_is_one_error() {
    let project = upgraded("");
    project.run("lock").fine();
    let run = project.run(ROLLOUT).trouble().says("`driver` has no `version`").says("write `version: \"1.0\"`");
    assert!(run.stdout.is_empty());
    let project = upgraded("    version: '1.3'\n");
    project.run("lock").fine();
    for (arguments, said) in [
        ("rollout drivr --nodes nodes.json --waves 1", "did you mean `driver`?"),
        ("rollout driver --nodes none.json --waves 1", "cannot read `none.json`"),
        ("rollout driver --nodes nodes.json --waves 2,1", "--waves: wave `1` must be larger than `2`"),
        ("rollout driver --nodes bad.json --waves 1", "is not the name of a node"),
    ] {
        project.write("bad.json", nodes(&[]).replace("worker-2", "a;reboot"));
        let run = project.run(arguments).trouble().says(said);
        assert!(run.stdout.is_empty(), "{run}");
    }
}
