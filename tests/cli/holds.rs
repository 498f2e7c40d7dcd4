//! What would unload or reload nodes without anyone having said so is held: the module stays as
//! it is, and everything else is written.

use crate::scenario::{EL9, Project};

/// A generated fleet that knows of three nodes on the EL 9 kernel.
fn with_nodes() -> Project {
    let project = Project::fleet();
    project.edit(
        "kmodgen.yaml",
        &format!("dtk@sha256:{}\n", "a".repeat(64)),
        &format!("dtk@sha256:{}\n    nodes: 3\n", "a".repeat(64)),
    );
    project.run("generate").fine();
    project
}

/// A generated fleet whose `alpha` has a version.
fn with_version() -> Project {
    let project = Project::fleet();
    project.edit("kmodgen.yaml", "  - name: alpha\n", "  - name: alpha\n    version: \"1.0\"\n");
    project.run("generate").fine();
    project
}

fn exclude_from_alpha(project: &Project) {
    project.edit(
        "kmodgen.yaml",
        "  - name: alpha\n",
        "  - name: alpha\n    kernels: {exclude: ['5[.]14[.]0-427[.]28.*']}\n",
    );
}

#[test]
fn a_kernel_with_nodes_is_not_unloaded_in_passing() {
    let project = with_nodes();
    exclude_from_alpha(&project);
    project.edit("kmodgen.yaml", &"2".repeat(40), &"3".repeat(40));
    let before = project.output();
    let run = project.run("generate").differs();
    assert_snapshot!(run.unhashed());
    let changed = project.output().since(&before);
    assert!(changed.len() == 7 && changed.iter().all(|change| change.starts_with("~ beta/")), "{changed:?}");
    let held = project.run("generate --format json").differs().json()["held"].clone();
    assert_eq!(held[0]["module"], "alpha", "{held}");

    project.run("generate --force").differs();
    project.run("generate --allow-remove").fine().shows(&format!("unloads alpha on {EL9}"));
    assert!(!project.path(&format!("gitops/alpha/{EL9}")).exists());
}

#[test]
fn a_module_with_nodes_is_not_removed_in_passing() {
    let project = with_nodes();
    let manifest = project.read("kmodgen.yaml");
    project.write("kmodgen.yaml", manifest.split_once("  - name: beta").unwrap().0);
    let before = project.output();
    project.run("generate").differs().says("module `beta` is left as it is").says("--allow-remove");
    assert_eq!(project.output().since(&before), Vec::<String>::new(), "the list of modules too");
    project.edit("kmodgen.yaml", "name: alpha", "name: alpha2");
    project.run("generate").differs().says("module `alpha` is left as it is");
    let list = project.read("gitops/kustomization.yaml");
    assert!(["\"alpha\"", "\"alpha2\"", "\"beta\""].iter().all(|name| list.contains(name)), "{list}");
    project.run("generate --allow-remove").fine().shows("unloads beta on");
    assert!(!project.path("gitops/beta").exists() && !project.read("gitops/kustomization.yaml").contains("\"beta\""));
}

#[test]
fn only_is_not_held_up_by_other_modules() {
    let project = with_nodes();
    exclude_from_alpha(&project);
    project.edit("kmodgen.yaml", &"2".repeat(40), &"3".repeat(40));
    project.run("generate --only beta").fine().shows("7 updated");
    project.run("generate --only alpha").differs().says("module `alpha` is left as it is");
}

#[test]
fn a_new_image_needs_a_new_version() {
    let project = with_version();
    project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
    let before = project.output();
    assert_snapshot!(project.run("generate").differs().unhashed());
    assert_eq!(project.output().since(&before), Vec::<String>::new());
    project.run("generate --force").differs();
    project.edit("kmodgen.yaml", "version: \"1.0\"", "version: \"1.1\"");
    project.run("generate").fine().shows("7 updated").shows("3 to reload");
}

#[test]
fn the_same_image_needs_no_new_version() {
    let project = with_version();
    project.edit("kmodgen.yaml", "  - name: alpha\n", "  - name: alpha\n    kernels: {include: ['5[.].*']}\n");
    project.run("generate").fine().shows("1 to unload");
    project.edit("kmodgen.yaml", "version: \"1.0\"", "version: \"2.0\"");
    project.run("generate").fine().shows("1 updated");
}

#[test]
fn a_version_neither_comes_nor_goes() {
    let project = with_version();
    project.edit("kmodgen.yaml", "    version: \"1.0\"\n", "");
    let before = project.output();
    assert_snapshot!("a_version_goes", project.run("generate").differs());
    project.edit("kmodgen.yaml", "  - name: alpha\n", "  - name: alpha\n    version: \"1.0\"\n");
    project.edit("kmodgen.yaml", "  - name: beta\n", "  - name: beta\n    version: \"1.0\"\n");
    assert_snapshot!("a_version_comes", project.run("generate").differs());
    assert_eq!(project.output().since(&before), Vec::<String>::new());
}
