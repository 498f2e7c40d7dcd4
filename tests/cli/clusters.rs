//! Clusters: one manifest for several clusters, a folder for each.

use crate::scenario::{DEBIAN, EL9, Project, RT};

const CLUSTERS: &str = "clusters:
  east: {image: registry.east.example.com/kmods, when: {flavour: [standard, rt]}}
  west: {namespace: west, moduleSpec: {selector: {zone: west}}}
";

fn two() -> Project {
    let project = Project::fleet();
    project.append("kmodgen.yaml", CLUSTERS);
    project
}

/// The tag of an image in a Module.
fn tag(module: &str, release: &str) -> String {
    let release = release.replace('+', "_");
    let at = module.find(&format!(":{release}-")).unwrap_or_else(|| panic!("{release}: {module}"));
    module[at..].lines().next().unwrap().to_owned()
}

#[test]
fn each_cluster_has_a_folder_with_its_own() {
    let project = two();
    project.run("generate").fine();
    assert_snapshot!("tree", project.tree().paths().join("\n"));
    let [east, west] = ["east", "west"].map(|cluster| project.read(&format!("gitops/{cluster}/alpha/module.yaml")));
    assert!(east.contains("registry.east.example.com/kmods/alpha:") && east.contains("namespace: kmm-ci"));
    assert!(west.contains("registry.example.com/kmods/alpha:") && west.contains("namespace: west"));
    // The same content has the same tag, wherever it goes.
    assert_eq!([EL9, RT].map(|release| tag(&east, release)), [EL9, RT].map(|release| tag(&west, release)));
    let dockerfile = |cluster: &str| project.read(&format!("gitops/{cluster}/alpha/{EL9}/Dockerfile"));
    assert_eq!(dockerfile("east"), dockerfile("west"));
}

/// The manifest is decoded once, and not again for each cluster.
#[test]
fn warnings_about_all_clusters_are_printed_once() {
    let project = two();
    project.edit("kmodgen.yaml", "registry.example.com/kmods/beta", "registry.example.com/kmods/alpha");
    project.run("generate").fine();
    for command in ["plan", "generate --dry-run", "generate", "generate --check", "explain alpha"] {
        let run = project.run(command);
        assert_eq!(run.stderr.matches("warning[shared-image]").count(), 1, "{run}");
    }
}

#[test]
fn a_change_while_clusters_are_generated_is_read() {
    let project = two();
    project.run("generate").fine();
    project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
    let updated = project.run("generate").fine();
    assert!(updated.stdout.contains("east: 0 created") && !updated.stdout.contains("0 updated"), "{updated}");
    project.run("generate --check").fine();
}

#[test]
fn a_second_run_touches_nothing_and_a_change_only_its_cluster() {
    let project = two();
    project.run("generate").fine();
    let before = project.tree();
    let again = project.run("generate").fine();
    assert_eq!(project.tree().written_since(&before), Vec::<&str>::new());
    assert!(again.stdout.contains("east: 0 created, 0 updated") && again.stdout.contains("west: 0 created"));
    project.run("generate --check").fine();
    project.edit("kmodgen.yaml", "zone: west", "zone: far-west");
    let before = project.tree();
    let json = project.run("generate --format json").fine().json();
    assert_eq!(json["summary"]["updated"], 2);
    assert_eq!(json["files"][0]["path"], "west/alpha/module.yaml");
    assert_eq!(
        project.tree().written_since(&before),
        ["gitops/west/alpha/module.yaml", "gitops/west/beta/module.yaml"]
    );
}

#[test]
fn every_verb_knows_clusters() {
    let project = two();
    project.run("generate --cluster west").fine();
    assert!(!project.path("gitops/east").exists());
    assert_snapshot!("plan", project.run("plan").fine().unhashed());
    let rows = project.run("plan --format json --cluster east").fine().json();
    let rows = rows.as_array().unwrap();
    assert!(rows.iter().all(|row| row["cluster"] == "east" && row["state"] == "new"));
    assert!(rows.iter().all(|row| row["release"] != DEBIAN) && rows.len() == 4);
    let explained = project.run(&format!("explain {EL9} --format json")).fine().json();
    let states: Vec<_> =
        explained.as_array().unwrap().iter().map(|one| format!("{} {}", one["cluster"], one["state"])).collect();
    assert_eq!(states, ["\"east\" \"new\""; 2].into_iter().chain(["\"west\" \"unchanged\""; 2]).collect::<Vec<_>>());
    for verb in ["generate", "plan", "build"] {
        let refused = project.run(&format!("{verb} --cluster wst")).trouble();
        assert!(refused.stderr.contains("no cluster `wst`; did you mean `west`?"), "{}", refused.stderr);
    }
    let refused = project.run("generate --only gamma").trouble();
    assert!(refused.stderr.contains("--only gamma: no module"), "{}", refused.stderr);
    project.run("generate --only alpha --cluster east").fine();
}

#[test]
fn what_two_clusters_share_is_built_once() {
    let project = two();
    project.edit("kmodgen.yaml", "image: registry.east.example.com/kmods, ", "");
    let jobs = project.run("plan --format github --offline").fine().json();
    assert_eq!(jobs["include"].as_array().unwrap().len(), 6, "{jobs}");
}

#[test]
fn a_depfile_is_of_all_clusters() {
    let project = two();
    let refused = project.run("generate --depfile kmodgen.d").trouble();
    assert!(refused.stderr.contains("--depfile requires --stamp"), "{}", refused.stderr);
    project.run("generate --stamp stamp --depfile kmodgen.d").fine();
    let rule = project.read("kmodgen.d");
    assert!(rule.contains("stamp:") && rule.contains("patches/fix.patch"), "{rule}");
}

#[test]
fn a_cluster_that_goes_is_named_and_stays() {
    let project = two();
    project.run("generate").fine();
    project.edit("kmodgen.yaml", "  west: {namespace: west, moduleSpec: {selector: {zone: west}}}\n", "");
    let before = project.tree();
    let told = project.run("generate").differs();
    assert!(told.stderr.contains("`gitops/west` does not belong to a cluster"), "{}", told.stderr);
    assert_eq!(project.tree().written_since(&before), Vec::<&str>::new());
    std::fs::remove_dir_all(project.path("gitops/west")).unwrap();
    project.run("generate").fine();
}

#[test]
fn a_preflight_is_of_one_kernel_and_one_cluster() {
    let project = Project::fleet();
    assert_snapshot!("preflight", project.run(&format!("preflight {EL9} --push")).fine());
    assert!(!project.path("gitops").exists());
    let refused = project.run("preflight 5.14.0-427.28.1.el9_4.x86_65").trouble();
    assert!(refused.stderr.contains(&format!("did you mean `{EL9}`?")), "{}", refused.stderr);
    let refused = two().run(&format!("preflight {EL9}")).trouble();
    assert!(refused.stderr.contains("select one with one of --cluster east, --cluster west"), "{}", refused.stderr);
    project.append(
        "kmodgen.yaml",
        "platform: {kind: kubernetes}\nbaseImages: {builder: example.com/b:1, runtime: example.com/r:1, pin: false}\n",
    );
    project.edit("kmodgen.yaml", "baseImages:\n  builder: dtk\n  runtime: registry.example.com/ubi9/ubi-minimal:9.4@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\n", "");
    let told = project.run(&format!("preflight {EL9}")).fine();
    assert!(
        told.stdout.contains("kind: PreflightValidation\n") && !told.stdout.contains("dtkImage"),
        "{}",
        told.stdout
    );
}

/// A kernel that both clusters have, with numbers of nodes.
fn counted(nodes: &str) -> Project {
    let project = Project::fleet();
    project.append("kmodgen.yaml", "clusters: {east: {}, west: {}}\n");
    let digest = format!("dtk@sha256:{}\n", "a".repeat(64));
    project.edit("kmodgen.yaml", &digest, &format!("{digest}    nodes: {nodes}\n"));
    project.run("generate").fine();
    project
}

#[test]
fn each_cluster_is_guarded_by_its_own_nodes() {
    let project = counted("{east: 3, west: 0}");
    let east = project.read("gitops/east/alpha/module.yaml");
    assert!(east.contains(&format!("kmodgen/nodes: {EL9}\n")) && east.contains("# 3 nodes\n"), "{east}");
    let west = project.read("gitops/west/alpha/module.yaml");
    assert!(!west.contains("kmodgen/nodes") && west.contains("# no nodes\n"), "{west}");
    // Another cluster's nodes hold nothing.
    project.edit("kmodgen.yaml", "{east: 3, west: 0}", "{east: 3}");
    let rows = project.run("plan --offline --format json --only alpha").fine().json();
    let of = |cluster: &str| rows.as_array().unwrap().iter().filter(|row| row["cluster"] == cluster).count();
    // No kernel names `west`, so that it has all of them.
    assert_eq!((of("east"), of("west")), (3, 3), "{rows}");
    project.edit("kmodgen.yaml", "  - 6.12.107", "  - {release: 6.1.0-1-amd64, nodes: {west: 1}}\n  - 6.12.107");
    let run = project.run("generate").fine();
    run.shows(&format!("unloads alpha on {EL9}")).shows("west: ");
    assert!(!project.path(&format!("gitops/west/alpha/{EL9}")).exists());
    // Its own nodes do.
    project.edit("kmodgen.yaml", "{west: 1}", "{east: 0, west: 1}");
    project.edit("kmodgen.yaml", "{east: 3}", "{west: 0}");
    let run = project.run("generate").differs();
    run.says(&format!("skipped module `alpha`: it would be unloaded on nodes that run {EL9}"));
    assert!(project.path(&format!("gitops/east/alpha/{EL9}")).exists());
    assert!(project.path(&format!("gitops/west/alpha/{EL9}")).exists());
    project.run("generate --allow-remove").fine().shows(&format!("unloads alpha on {EL9}"));
}

#[test]
fn unknown_clusters_of_kernels_are_warned_of_once() {
    let project = counted("{east: 3, wset: 1}");
    let run = project.run("plan --offline").fine();
    let run = run.says("warning[unknown-cluster]").says("`wset`").says("did you mean `west`?");
    assert_eq!(run.stderr.matches("unknown-cluster").count(), 1, "{run}");
    project.edit("kmodgen.yaml", "{east: 3, wset: 1}", "{}");
    project.run("generate").trouble().says("`nodes` names no cluster");
}
