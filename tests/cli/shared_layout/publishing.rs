//! The layout on a branch.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use super::{NAMES, has_no_unused_files, manifest, objects};
use crate::publishing::Fleet;
use crate::scenario::Project;

fn fleet(layout: &str) -> Fleet {
    let project = Project::fleet().with("kmodgen.yaml", manifest(layout));
    project.run("lock").fine();
    Fleet::of(project)
}

#[test]
fn a_branch_has_what_generate_writes() {
    let fleet = fleet("shared");
    let edits = [
        ("kmm-ci", "kmm-ci"),
        ("ubi-minimal:9.4", "ubi-minimal:9.5"),
        ("namespace: other", "namespace: another"),
        ("  edge: {when: {flavour: standard}}", "  edge: {when: {flavour: rt}}"),
    ];
    for forgets in [false, true] {
        for (from, to) in edits {
            let (from, to) = if forgets { (to, from) } else { (from, to) };
            fleet.project.edit("kmodgen.yaml", from, to);
            if forgets && fleet.project.cache().exists() {
                fs::remove_dir_all(fleet.project.cache()).unwrap();
            }
            fleet.publish("--allow-remove --cluster east").fine();
            fleet.publish("--allow-remove").fine();
            fleet.project.run("generate --allow-remove").fine();
            let tree = fleet.tree("main", "clusters/prod");
            assert_eq!(tree, fleet.project.output(), "{to}");
            has_no_unused_files(&tree, &NAMES);
            fleet.is_sound();
            fleet.publish("").fine().shows("nothing to publish");
            fleet.publish("--cluster west --check").fine();
        }
    }
}

/// A run that compares files writes what it found to the cache.
#[test]
fn a_run_without_changes_compares_no_file() {
    for layout in ["files", "bundle", "shared"] {
        let fleet = fleet(layout);
        fleet.project.edit("kmodgen.lock", "version:", "# of the platform team\nversion:");
        fleet.publish("").fine();
        let cached = || -> Vec<_> {
            let files = fs::read_dir(fleet.project.cache()).unwrap().map(|entry| entry.unwrap());
            let mut files: Vec<_> = files.map(|file| (file.file_name(), file.metadata().unwrap().ino())).collect();
            files.sort();
            files
        };
        let before = cached();
        fleet.publish("").fine().shows("nothing to publish");
        assert_eq!(cached(), before, "{layout}");
        fleet.project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
        fleet.publish("").fine();
        assert_ne!(cached(), before, "{layout}");
        let before = cached();
        fleet.publish("").fine().shows("nothing to publish");
        assert_eq!(cached(), before, "{layout}");
    }
}

#[test]
fn a_commit_counts_the_files_that_change() {
    let fleet = fleet("shared");
    for (from, to) in
        [("kmm-ci", "kmm-ci"), ("ubi-minimal:9.4", "ubi-minimal:9.5"), ("flavour: standard}}", "flavour: rt}}")]
    {
        fleet.project.edit("kmodgen.yaml", from, to);
        fleet.publish("--allow-remove").fine();
        let message = fleet.git("fleet.git", &["log", "-1", "--format=%B", "main"]);
        let count = |kind| {
            let filter = format!("--diff-filter={kind}");
            let flags = ["show", "--no-renames", "--name-only", "--format=", &filter, "main"];
            fleet.git("fleet.git", &flags).lines().count()
        };
        let [created, updated, removed] = ["A", "M", "D"].map(count);
        let counts = format!("Files: {created} created, {updated} updated, {removed} removed");
        assert!(message.contains(&counts), "{counts}\n{message}");
    }
}

#[test]
fn files_of_a_removed_module_go_at_once() {
    let fleet = fleet("shared");
    fleet.publish("").fine();
    fleet.project.run("generate").fine();
    let text = fleet.project.read("kmodgen.yaml");
    let (before, rest) = text.split_once("  - name: alpha\n").unwrap();
    let rest = &rest[rest.find("  - name: beta").unwrap()..];
    fleet.project.write("kmodgen.yaml", format!("{before}{rest}"));
    for refused in [fleet.publish(""), fleet.project.run("generate")] {
        refused.differs().says("skipped module `alpha`");
    }
    let tree = fleet.tree("main", "clusters/prod");
    assert!(tree.paths().iter().any(|path| path.starts_with("_shared/alpha/")));
    fleet.publish("--allow-remove").fine();
    fleet.project.run("generate --allow-remove").fine();
    let tree = fleet.tree("main", "clusters/prod");
    assert_eq!(tree, fleet.project.output());
    has_no_unused_files(&tree, &NAMES);
    assert!(!tree.paths().iter().any(|path| path.contains("alpha")));
}

#[test]
fn an_edit_on_the_branch_stays() {
    let fleet = fleet("shared");
    fleet.publish("").fine();
    let tree = fleet.tree("main", "clusters/prod");
    let path = tree.paths().into_iter().find(|path| path.ends_with("configmap.yaml")).unwrap();
    fleet.commit("main", &format!("sed -i 's/    FROM/    # mine\\n    FROM/' 'clusters/prod/{path}'"));
    fleet.publish("").differs().says(&format!("skipped `clusters/prod/{path}`: edited by hand"));
    fleet.publish("--force").fine();
    assert_eq!(fleet.tree("main", "clusters/prod"), tree);
    fleet.publish("").fine().shows("nothing to publish");
}

#[test]
fn the_layout_of_a_branch_changes() {
    let [fleet, files] = ["shared", "files"].map(fleet);
    for fleet in [&fleet, &files] {
        fleet.publish("").fine();
    }
    let [shared, expected] = [&fleet, &files].map(|fleet| fleet.tree("main", "clusters/prod"));
    for cluster in NAMES {
        assert_eq!(objects(&shared, cluster), objects(&expected, cluster));
    }
    fleet.project.edit("kmodgen.yaml", "layout: shared", "layout: files");
    let run = fleet.publish("").fine();
    assert!(!run.stdout.contains("on nodes"), "{run}");
    assert_eq!(fleet.tree("main", "clusters/prod"), expected);
    fleet.project.edit("kmodgen.yaml", "layout: files", "layout: shared");
    fleet.publish("").fine();
    assert_eq!(fleet.tree("main", "clusters/prod"), shared);
}

/// The text is the same for each layout, but for the paths of the files.
#[test]
fn a_pull_request_describes_the_changes_in_each_layout() {
    let bodies = ["files", "bundle", "shared"].map(|layout| {
        let fleet = fleet(layout);
        fleet.publish("").fine();
        fleet.project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
        let run = fleet.publish("--branch kmm/update --pull-request --format json").fine();
        run.json()["publish"]["pullRequest"]["body"].as_str().unwrap().to_owned()
    });
    assert!(bodies[0].contains("runtime image") && !bodies[0].contains("needs a decision"), "{}", bodies[0]);
    let effects =
        |body: &str| body.lines().filter(|line| line.contains("reload")).map(str::to_owned).collect::<Vec<_>>();
    for body in &bodies[1..] {
        assert_eq!(effects(body), effects(&bodies[0]), "{body}");
        assert!(body.contains("runtime image") && !body.contains("needs a decision"), "{body}");
    }
}
