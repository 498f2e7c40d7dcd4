//! `diff`: what changes on nodes between two revisions.

mod errors;
mod markdown;

use std::fmt::Write as _;

use crate::scenario::{DEBIAN, EL9, Project, RT};
use crate::test_cases::{change, fleet_with_cases};

/// The fleet with a kernel of counted nodes, committed and tagged.
fn committed() -> Project {
    let project = Project::fleet();
    project.edit("kmodgen.yaml", &format!("  - {DEBIAN}\n"), &format!("  - {{release: {DEBIAN}, nodes: 4}}\n"));
    project.edit("kmodgen.yaml", &format!("  - release: {EL9}\n"), &format!("  - release: {EL9}\n    nodes: 12\n"));
    project.commit("v1");
    project
}

#[test]
fn nothing_differs() {
    let project = committed();
    assert_eq!(project.run("diff v1").fine().silent().stdout, "no differences\n");
    project.append("kmodgen.yaml", "# a comment\n");
    assert_eq!(project.run("diff v1").fine().silent().stdout, "no differences\n");
    let json = project.run("diff v1 HEAD --format json").fine().json();
    assert_eq!([&json["from"], &json["to"]], ["v1", "HEAD"]);
    assert_eq!(json["nodes"], serde_json::json!({"load": 0, "reload": 0, "unload": 0}));
    project.run("diff v1 --format markdown").fine().shows("**No differences**");
}

#[test]
fn a_base_image_moved() {
    let project = committed();
    project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    let before = project.tree();
    let run = project.run("diff v1").fine().silent();
    assert_snapshot!("diff_base_image", run.unhashed());
    let json = project.run("diff v1 --format json").fine().json();
    assert_eq!(json["nodes"], serde_json::json!({"load": 0, "reload": 6, "unload": 0}));
    assert_eq!(json["to"], serde_json::Value::Null);
    assert_eq!(json["objects"]["dockerfiles"], serde_json::json!({"added": 0, "changed": 6, "removed": 0}));
    let [inputs, diffs] = ["inputs", "diffs"].map(|key| json[key].as_array().unwrap().len());
    assert_eq!((inputs, diffs), (1, 1), "{json}");
    let first = &json["inputs"][0]["mappings"][0];
    assert_eq!((&first["module"], &first["release"], &first["nodes"]), (&"alpha".into(), &EL9.into(), &12.into()));
    assert_eq!(project.tree().written_since(&before), Vec::<&str>::new());
    project.outside_is_untouched();
}

#[test]
fn a_revision_or_the_working_tree() {
    let project = committed();
    project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    project.commit("v2");
    project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
    let reloads = |arguments: &str| {
        let json = project.run(&format!("diff {arguments} --format json")).fine().json();
        json["nodes"]["reload"].as_u64().unwrap()
    };
    assert_eq!(reloads("v1 v2"), 6);
    assert_eq!(reloads("v2"), 3, "only alpha was edited");
    assert_eq!(reloads("v2 HEAD"), 0);
    project.run("diff v2 v1").fine().shows("runtime image 9.5 to 9.4");
    // The manifest of the working tree is not read if two revisions are named.
    project.write("kmodgen.yaml", "modules: [");
    assert_eq!(reloads("v1 v2"), 6);
    project.remove("kmodgen.yaml");
    assert_eq!(reloads("v1 v2 -f kmodgen.yaml"), 6);
}

#[test]
fn kernels_that_come_and_go() {
    let project = committed();
    let old = format!("  - {{release: {DEBIAN}, nodes: 4}}\n");
    project.edit("kmodgen.yaml", &old, "  - {release: 6.12.108+deb12-cloud-amd64, nodes: 1}\n");
    let run = project.run("diff v1").fine().silent();
    assert_snapshot!("diff_kernels", run.unhashed());
    let json = project.run("diff v1 --format json").fine().json();
    assert_eq!(json["nodes"], serde_json::json!({"load": 2, "reload": 0, "unload": 2}));
    assert_eq!(json["modules"][0]["unload"][0]["nodes"], 4, "{json}");
    assert_eq!(json["refused"][0]["module"], "alpha");
}

#[test]
fn a_patch_and_a_template_changed() {
    let project = fleet_with_cases();
    project.commit("v1");
    project.append("patches/fix.patch", "@@ -5 +5 @@\n-a\n+b\n");
    let run = project.run("diff v1").fine();
    run.shows("\n3 kernels reload: patch patches/fix.patch digest ").shows("on nodes: 0 mappings to load, 3 to reload");
    project.commit("v2");
    change(&project);
    let run = project.run("diff v2").fine();
    let run = run.shows("\n3 kernels reload: text of the Dockerfile; same: ");
    run.shows("3 Dockerfiles with the same change: alpha on ").shows("\n-LABEL made=here\n+LABEL made=there\n");
}

#[test]
fn a_module_alone_changed() {
    let project = committed();
    let (from, to) = ("kmods/alpha\n", "kmods/alpha2\n");
    project.edit("kmodgen.yaml", from, to);
    let run = project.run("diff v1").fine();
    // No input of the image has another value, but nodes pull another image.
    let run = run.shows(" reload: image alpha to alpha2\n").shows("\n1 Module: alpha\n");
    run.shows("Modules: 0 added, 1 changed, 0 removed").shows("3 to reload");
    project.edit("kmodgen.yaml", to, from);
    project.edit("kmodgen.yaml", "{selector: {node-role.kubernetes.io/worker: \"\"}}", "{selector: {zone: a}}");
    let run = project.run("diff v1").fine();
    let run = run.shows("\n-    node-role.kubernetes.io/worker: \"\"\n+    zone: a\n");
    run.shows("on nodes: 0 mappings to load, 0 to reload, 0 to unload\n");
    project.edit("kmodgen.yaml", "{selector: {zone: a}}", "{selector: {node-role.kubernetes.io/worker: \"\"}}");
    project.append("kmodgen.yaml", "metadata: {annotations: {team: a}}\n");
    let run = project.run("diff v1").fine();
    run.shows("6 ConfigMaps with the same change").shows("\n2 Modules with the same change: alpha; beta\n");
}

/// A manifest with `count` kernels.
fn many(count: usize) -> Project {
    let project = Project::fleet();
    let mut kernels = String::from("apiVersion: kmodgen/v1\nkernels:\n");
    for number in 0..count {
        let digest = format!("{number:032x}").repeat(2);
        let release = format!("5.14.0-{number}.el9.x86_64");
        let _ =
            writeln!(kernels, "  - {{release: {release}, nodes: 1, dtk: \"quay.example.com/dtk@sha256:{digest}\"}}");
    }
    project.write("kernels.yaml", kernels);
    let manifest = project.read("kmodgen.yaml");
    let (start, rest) = manifest.split_once("kernels:\n").unwrap();
    let (_, modules) = rest.split_once("modules:\n").unwrap();
    project.write("kmodgen.yaml", format!("{start}kernels: [{{file: kernels.yaml}}]\nmodules:\n{modules}"));
    project.commit("v1");
    project
}

#[test]
fn equal_changes_of_many_kernels_are_one() {
    let project = many(200);
    project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
    // Each kernel has a builder of its own, in which the same changes.
    project.write("kernels.yaml", project.read("kernels.yaml").replace("quay.example.com/dtk", "quay.example.com/new"));
    let json = project.run("diff v1 --format json").fine().json();
    let sizes = |key: &str| -> Vec<usize> {
        json[key].as_array().unwrap().iter().map(|group| group["mappings"].as_array().unwrap().len()).collect()
    };
    assert_eq!((sizes("inputs"), sizes("diffs")), (vec![200, 200], vec![200, 200]));
    let run = project.run("diff v1").fine();
    let run = run
        .shows("\n200 kernels, 200 nodes reload: ")
        .shows("\n  alpha on 5.14.0-0.el9.x86_64, ")
        .shows(" and 195 more\n");
    let run = run.shows("\n200 Dockerfiles with the same change: beta on ");
    assert!(run.stdout.lines().count() < 80, "{run}");
}

#[test]
fn clusters_that_come_go_and_change() {
    let project = committed();
    let one = "clusters:\n  east: {}\n  west: {when: {flavour: rt}}\n";
    project.append("kmodgen.yaml", one);
    project.commit("two");
    let run = project.run("diff v1 two").fine();
    run.shows("east/alpha\n  load    ").shows("\nalpha\n  unload  ");
    project.edit("kmodgen.yaml", "  west: {when: {flavour: rt}}\n", "  north: {when: {flavour: rt}}\n");
    project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    let run = project.run("diff two").fine().silent();
    assert_snapshot!("diff_clusters", run.unhashed());
    let json = project.run("diff two --cluster north --format json").fine().json();
    assert_eq!(json["nodes"], serde_json::json!({"load": 2, "reload": 0, "unload": 0}));
    assert_eq!(json["modules"][0]["load"][0]["release"], RT);
    let json = project.run("diff two --cluster west --format json").fine().json();
    assert_eq!(json["nodes"], serde_json::json!({"load": 0, "reload": 0, "unload": 2}));
    project.run("diff two --cluster wst").trouble().says("the manifest has no cluster `wst`; did you mean `west`?");
}

#[test]
fn a_manifest_in_a_folder_of_the_repository() {
    let project = committed();
    std::fs::create_dir_all(project.path("deep")).unwrap();
    project.git("mv kmodgen.yaml deep/kmodgen.yaml");
    project.git("mv patches deep/patches");
    project.commit("deep");
    project.edit("deep/kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    project.run("diff deep -f deep/kmodgen.yaml").fine().shows("6 to reload");
    project.kmodgen("diff deep").from(project.path("deep")).run().fine().shows("6 to reload");
}
