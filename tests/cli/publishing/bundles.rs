//! Bundles on a branch: what is on it is what `generate` writes.

use std::fs;

use super::Fleet;
use crate::scenario::{DEBIAN, Project, Tree};

const LAYOUT: &str = "output: {layout: bundle}\n";

fn generated(fleet: &Fleet) -> Tree {
    let fresh = Project::fleet();
    fresh.write("kmodgen.yaml", fleet.project.read("kmodgen.yaml"));
    fresh.run("generate").fine();
    fresh.output()
}

fn bundled() -> Fleet {
    let fleet = Fleet::new();
    fleet.project.append("kmodgen.yaml", LAYOUT);
    fleet.publish("").fine().shows("11 created");
    fleet
}

#[test]
fn the_branch_has_what_generate_writes() {
    let fleet = bundled();
    assert_eq!(fleet.tree("main", "clusters/prod"), generated(&fleet));
    fleet.is_sound();
    let first = fleet.tip("main");
    for forget in [false, true] {
        if forget {
            fs::remove_dir_all(fleet.project.cache()).unwrap();
        }
        fleet.publish("").fine().shows("nothing to publish");
        assert_eq!(fleet.tip("main"), first);
    }
    // A kernel goes, and one comes; then every image changes.
    let changes =
        [(format!("  - {DEBIAN}\n"), "  - 6.1.0-99-amd64\n"), ("ubi-minimal:9.4".to_owned(), "ubi-minimal:9.5")];
    for (from, to) in changes {
        fleet.project.edit("kmodgen.yaml", &from, to);
        fleet.publish("--check").differs();
        fleet.publish("--allow-remove").fine();
        assert_eq!(fleet.tree("main", "clusters/prod"), generated(&fleet));
        fleet.is_sound();
        fleet.publish("").fine().shows("nothing to publish");
    }
}

#[test]
fn the_layout_changes_in_both_directions() {
    let fleet = Fleet::published();
    let files = fleet.tree("main", "clusters/prod");
    fleet.project.append("kmodgen.yaml", LAYOUT);
    let run = fleet.publish("").fine();
    assert!(!run.stdout.contains("on nodes"), "{run}");
    assert_eq!(fleet.tree("main", "clusters/prod"), generated(&fleet));
    let message = fleet.git("fleet.git", &["log", "-1", "--format=%B", "main"]);
    assert!(!message.contains("alpha"), "no mapping changed: {message}");
    fleet.project.edit("kmodgen.yaml", "layout: bundle", "layout: files");
    fleet.publish("").fine();
    assert_eq!(fleet.tree("main", "clusters/prod"), files);
    fleet.is_sound();
}

#[test]
fn an_edit_on_the_branch_is_named_by_its_object() {
    let fleet = bundled();
    fleet.commit("main", "sed -i '0,/    FROM/s//    # mine\\n    FROM/' clusters/prod/alpha/configmaps.yaml");
    let tip = fleet.tip("main");
    fleet.project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    let run = fleet.publish("").differs();
    run.says("skipped `clusters/prod/alpha/configmaps.yaml: ConfigMap alpha-5-14-0-427-28-1");
    let changed = fleet.git("fleet.git", &["diff", "--name-only", &tip, "main"]);
    assert_eq!(changed, "clusters/prod/beta/configmaps.yaml\nclusters/prod/beta/module.yaml");
    fleet.publish("--force").fine();
    assert_eq!(fleet.tree("main", "clusters/prod"), generated(&fleet));
}
