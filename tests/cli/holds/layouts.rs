//! A held module keeps the layout of its commit.

use super::{change, change_layout, hold, is_as_at};
use crate::scenario::{EL9, Project};

#[test]
fn a_held_module_keeps_its_layout() {
    for (first, second) in [("bundle", "bundle"), ("files", "bundle"), ("bundle", "files")] {
        let project = Project::fleet();
        change_layout(&project, first);
        project.run("generate").fine();
        project.commit("v1");
        change(&project);
        change_layout(&project, second);
        project.run("generate").fine();
        project.commit("v2");
        hold(&project, "alpha --at v1").fine();
        project.run("generate --check").differs();
        let plan = project.run("plan --format json").fine().json();
        let rows = plan.as_array().unwrap().iter().filter(|row| row["module"] == "alpha" && row["state"] == "changed");
        let dockerfiles = rows.map(|row| row["dockerfile"].is_string()).collect::<Vec<_>>();
        assert_eq!(dockerfiles, [first == "files"; 3], "{plan}");
        project.run("explain").fine().shows("3 kernels").says("is held at");
        project.run("diff v2").fine().shows("reload").says("is held at");
        project.run("generate").fine().shows("3 to reload").says("panics, see #12");
        is_as_at(&project, "v1", "alpha");
        is_as_at(&project, "v2", "beta");
        assert!(project.read("gitops/kustomization.yaml").contains("- alpha"));
        for _ in 0..2 {
            project.run("generate --check").fine().says("is held at");
            project.run("generate").fine().shows("0 created, 0 updated").shows(" 0 removed");
        }
        let unchanged = project.run("generate").fine().stdout;
        std::fs::remove_dir_all(project.cache()).unwrap();
        assert_eq!(project.run("generate").fine().stdout, unchanged, "with and without a cache");
        project.run("explain").fine().shows("no mapping changed");
        let plan = project.run("plan --format json").fine().json();
        assert!(plan.as_array().unwrap().iter().all(|row| row["state"] == "unchanged"), "{plan}");
        project.run("hold alpha --release").fine();
        project.run("generate").fine().shows("3 to reload");
        is_as_at(&project, "v2", "alpha");
    }
}

/// The objects are the same in both layouts.
#[test]
fn a_hold_in_another_layout_reloads_nothing() {
    for (first, second) in [("files", "bundle"), ("bundle", "files")] {
        let project = Project::fleet();
        change_layout(&project, first);
        project.run("generate").fine();
        project.commit("v1");
        change_layout(&project, second);
        project.run("generate").fine();
        hold(&project, "alpha --at v1").fine();
        project.run("explain").fine().shows("no mapping changed");
        let plan = project.run("plan --format json").fine().json();
        assert!(plan.as_array().unwrap().iter().all(|row| row["state"] == "unchanged"), "{plan}");
        let run = project.run("generate").fine();
        assert!(!run.stdout.contains("on nodes"), "{run}");
        is_as_at(&project, "v1", "alpha");
        project.run("hold alpha --release").fine();
        let run = project.run("generate").fine();
        assert!(!run.stdout.contains("on nodes"), "{run}");
        project.run("generate --check").fine();
    }
}

#[test]
fn attributes_cover_the_layouts_of_held_modules() {
    let patterns = [("files", "/*/*/configmap.yaml "), ("bundle", "/*/configmaps.yaml ")];
    for (first, second) in [("files", "bundle"), ("bundle", "files"), ("bundle", "bundle")] {
        let project = Project::fleet();
        change_layout(&project, &format!("{first}, gitAttributes: true"));
        project.run("generate").fine();
        project.commit("v1");
        change_layout(&project, &format!("{second}, gitAttributes: true"));
        project.run("generate").fine();
        let alone = project.read("gitops/.gitattributes");
        let has = |text: &str| patterns.map(|(layout, pattern)| (layout, text.contains(pattern)));
        assert_eq!(has(&alone), ["files", "bundle"].map(|layout| (layout, layout == second)));
        hold(&project, "alpha --at v1").fine();
        project.run("generate").fine();
        let held = project.read("gitops/.gitattributes");
        assert_eq!(has(&held), ["files", "bundle"].map(|layout| (layout, layout == first || layout == second)));
        project.run("generate --check").fine();
        project.run("hold alpha --release").fine();
        project.run("generate").fine();
        assert_eq!(project.read("gitops/.gitattributes"), alone);
    }
}

#[test]
fn an_edit_of_a_held_bundle_is_noticed() {
    let project = Project::fleet();
    change_layout(&project, "bundle");
    project.run("generate").fine();
    project.commit("v1");
    change(&project);
    project.run("generate").fine();
    hold(&project, "alpha --at v1").fine();
    project.run("generate").fine();
    project.run("generate").fine();
    let file = "gitops/alpha/configmaps.yaml";
    let text = project.read(file);
    project.write(file, text.replacen("    FROM", "    # mine\n    FROM", 1));
    project.run("generate --check").differs();
    project.run("generate").differs().says("`gitops/alpha/configmaps.yaml: ConfigMap alpha-").says("edited by hand");
    project.run("generate --force").fine();
    is_as_at(&project, "v1", "alpha");
    let foreign = "---\nkind: ConfigMap\nmetadata:\n  name: mine\n";
    project.write(file, format!("{text}{foreign}"));
    project.run("generate").differs().says("ConfigMap mine`: not generated by kmodgen");
    let documents: Vec<&str> = text.split("---\n").collect();
    project.write(file, documents.iter().rev().copied().collect::<Vec<_>>().join("---\n"));
    project.run("generate").fine().shows("1 updated");
    is_as_at(&project, "v1", "alpha");
    // The document of a kernel that the commit does not have.
    let other = documents[0].replace(EL9, &format!("{EL9}x"));
    project.write(file, format!("{text}---\n{other}"));
    project.run("generate --force").fine().shows("1 removed");
    is_as_at(&project, "v1", "alpha");
    project.remove(file);
    project.run("generate").fine().shows("3 created");
    is_as_at(&project, "v1", "alpha");
}
