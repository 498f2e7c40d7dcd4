//! Modules whose images somebody else builds: objects alone; and the reverse, images alone.

use crate::scenario::{EL9, Project, RT};

fn project() -> Project {
    Project::of(&format!(
        "apiVersion: kmodgen/v1
namespace: drivers
kernels: [{EL9}, {RT}]
modules:
  - name: vendor
    prebuilt: registry.example.com/vendor/driver:1.2-${{KERNEL_FULL_VERSION}}
    moduleSpec: {{selector: {{a: ''}}, moduleLoader: {{container: {{modprobe: {{moduleName: driver}}}}}}}}
"
    ))
}

#[test]
fn they_are_planned_written_and_left_alone() {
    let project = project();
    assert_snapshot!("plan", project.run("plan").fine());
    let first = project.run("generate --format json").fine().json();
    assert_eq!((&first["summary"]["created"], &first["nodes"]["load"]), (&3.into(), &2.into()));
    let before = project.tree();
    project.run("generate").fine();
    project.run("generate --check").fine();
    assert_eq!(project.tree().written_since(&before), Vec::<&str>::new());
    let states = project.run("plan --format json").fine().json();
    assert!(states.as_array().unwrap().iter().all(|row| row["state"] == "unchanged"), "{states}");
}

#[test]
fn another_image_reloads_and_a_kernel_that_goes_unloads() {
    let project = project();
    project.run("generate").fine();
    project.edit("kmodgen.yaml", "driver:1.2", "driver:1.3");
    project.edit("kmodgen.yaml", &format!(", {RT}"), "");
    let states = project.run("plan --format json").fine().json();
    let state = |at: usize| states[at]["state"].as_str().unwrap().to_owned();
    assert_eq!([state(0), state(1)], ["changed", "removed"]);
    let told = project.run("generate").fine();
    assert!(told.stdout.contains("0 mappings to load, 1 to reload, 1 to unload"), "{}", told.stdout);
}

#[test]
fn an_edit_by_hand_is_kept_and_named() {
    let project = project();
    project.run("generate").fine();
    project.append("gitops/vendor/module.yaml", "# mine\n");
    let told = project.run("generate").differs();
    assert!(told.stderr.contains("gitops/vendor/module.yaml"), "{}", told.stderr);
    assert!(project.read("gitops/vendor/module.yaml").ends_with("# mine\n"));
}

#[test]
fn it_goes_when_the_manifest_does_not_have_it_any_more() {
    let project = project();
    project.run("generate").fine();
    project.edit("kmodgen.yaml", "  - name: vendor\n", "  - name: other\n");
    project.run("generate --allow-remove").fine();
    assert!(!project.path("gitops/vendor").exists());
    assert!(project.path("gitops/other/module.yaml").exists());
}

#[test]
fn the_namespace_comes_and_goes() {
    let project = project();
    project.append("kmodgen.yaml", "output: {namespace: true, syncWaves: true}\n");
    project.run("generate").fine();
    let namespace = project.read("gitops/namespace.yaml");
    assert!(namespace.contains("kind: Namespace") && namespace.contains("sync-wave: \"-2\""), "{namespace}");
    assert!(project.read("gitops/kustomization.yaml").contains("- namespace.yaml\n"));
    let before = project.tree();
    project.run("generate").fine();
    project.run("generate --check").fine();
    assert_eq!(project.tree().written_since(&before), Vec::<&str>::new());

    project.append("gitops/namespace.yaml", "# mine\n");
    let told = project.run("generate").differs();
    assert!(told.stderr.contains("gitops/namespace.yaml"), "{}", told.stderr);
    project.run("generate --force").fine();
    project.edit("kmodgen.yaml", "namespace: true, ", "");
    project.run("generate").fine();
    assert!(!project.path("gitops/namespace.yaml").exists());
    assert!(!project.read("gitops/kustomization.yaml").contains("namespace.yaml"));
    project.write("gitops/namespace.yaml", "someone else's\n");
    project.run("generate").fine();
    assert_eq!(project.read("gitops/namespace.yaml"), "someone else's\n");
}

#[test]
fn images_alone_have_no_objects() {
    let project = Project::generated();
    project.edit(
        "kmodgen.yaml",
        "    moduleSpec: {selector: {node-role.kubernetes.io/worker: \"\"}}\n",
        "    objects: false\n",
    );
    project.run("generate").differs().says("skipped module `alpha`: it would lose all its kernels");
    let told = project.run("generate --allow-remove").fine();
    assert!(told.stdout.contains("0 created, 1 updated, 14 unchanged, 2 removed"), "{}", told.stdout);
    assert!(told.stdout.contains("0 mappings to load, 0 to reload, 3 to unload"), "{}", told.stdout);
    assert!(!project.path("gitops/alpha/module.yaml").exists());
    assert!(project.path(&format!("gitops/alpha/{EL9}/Dockerfile")).exists());
    assert!(!project.read("gitops/kustomization.yaml").contains("alpha"));
    let before = project.tree();
    project.run("generate").fine();
    project.run("generate --check").fine();
    assert_eq!(project.tree().written_since(&before), Vec::<&str>::new());
    let states = |project: &Project| {
        let rows = project.run("plan --format json").fine().json();
        rows.as_array().unwrap().iter().map(|row| row["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(states(&project), ["unchanged"; 6]);
    project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
    assert_eq!(states(&project)[..3], ["changed"; 3]);
    project.run("generate").fine();
    project.append(&format!("gitops/alpha/{RT}/Dockerfile"), "# mine\n");
    project.run("generate").differs();
}
