//! Further Modules on one image: each is loaded on nodes of its own, so that each counts there.

use crate::scenario::{EL9, Project, RT};

fn project() -> Project {
    let project = Project::of(&format!(
        "apiVersion: kmodgen/v1
namespace: drivers
sources: {{driver: {{path: src}}}}
baseImages: {{builder: dtk, runtime: 'registry.example.com/runtime:1', pin: false}}
kernels:
  - {{release: {EL9}, nodes: 3}}
  - {RT}
modules:
  - name: driver
    source: driver
    kmods: [driver]
    image: registry.example.com/kmods/driver
    moduleSpec:
      selector: {{a: ''}}
    additionalModules:
      - {{name: driver-b, moduleSpec: {{selector: {{b: ''}}}}}}
"
    ));
    project.with("src/Makefile", "obj-m := driver.o\n")
}

const SECOND: &str = "      - {name: driver-b, moduleSpec: {selector: {b: ''}}}\n";

/// `module release state` of each row of the plan.
fn rows(project: &Project) -> Vec<String> {
    let rows = project.run("plan --format json").fine().json();
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap_or("-").to_owned();
    let row = |row| ["module", "release", "state"].map(|key| text(row, key)).join(" ");
    rows.as_array().unwrap().iter().map(row).collect()
}

#[test]
fn the_plan_has_them_and_generate_counts_them() {
    let project = project();
    let all = |state: &str| {
        [("driver", EL9), ("driver", RT), ("driver-b", EL9), ("driver-b", RT)]
            .map(|(module, release)| format!("{module} {release} {state}"))
    };
    assert_eq!(rows(&project), all("new"));
    let told = project.run("generate").fine();
    told.shows("4 mappings to load, 0 to reload, 0 to unload");
    assert_eq!(rows(&project), all("unchanged"));
    project.write("src/Makefile", "obj-m := driver.o other.o\n");
    assert_eq!(rows(&project), all("changed"));
    project.run("generate").fine().shows("0 mappings to load, 4 to reload, 0 to unload");
}

#[test]
fn one_that_comes_is_loaded_and_one_that_goes_is_unloaded() {
    let project = project();
    project.run("generate").fine();
    project.append("kmodgen.yaml", "      - {name: driver-c, moduleSpec: {selector: {c: ''}}}\n");
    assert_eq!(rows(&project)[4..], [format!("driver-c {EL9} new"), format!("driver-c {RT} new")]);
    project.run("generate").fine().shows("2 mappings to load, 0 to reload, 0 to unload");

    project.edit("kmodgen.yaml", SECOND, "");
    assert_eq!(rows(&project)[4..], [format!("driver-b {EL9} removed"), format!("driver-b {RT} removed")]);
    let held = project.run("generate").differs();
    held.says(&format!("skipped module `driver`: `driver-b` would be unloaded on nodes that run {EL9} (3)"));
    assert!(project.read("gitops/driver/module.yaml").contains("driver-b"));
    let told = project.run("generate --allow-remove").fine();
    told.shows("0 mappings to load, 0 to reload, 2 to unload").shows(&format!("unloads driver-b on {EL9}, {RT}"));
    assert!(!project.read("gitops/driver/module.yaml").contains("driver-b"));
}

#[test]
fn all_go_with_their_module() {
    let project = project();
    project.run("generate").fine();
    project.edit("kmodgen.yaml", "  - name: driver\n", "  - name: other\n");
    project.edit("kmodgen.yaml", &format!("    additionalModules:\n{SECOND}"), "");
    let told = project.run("generate --allow-remove").fine();
    told.shows("2 mappings to load, 0 to reload, 4 to unload").shows(&format!("unloads driver-b on {EL9}, {RT}"));
}

#[test]
fn they_load_prebuilt_images_likewise() {
    let project = project();
    project.edit(
        "kmodgen.yaml",
        "    source: driver\n    kmods: [driver]\n    image: registry.example.com/kmods/driver\n",
        "    prebuilt: registry.example.com/driver:1-${KERNEL_FULL_VERSION}\n",
    );
    project.edit(
        "kmodgen.yaml",
        "      selector: {a: ''}\n",
        "      selector: {a: ''}\n      moduleLoader: {container: {modprobe: {moduleName: driver}}}\n",
    );
    let loader = "{b: ''}, moduleLoader: {container: {modprobe: {moduleName: driver}}}}";
    project.edit("kmodgen.yaml", "{b: ''}}", loader);
    project.run("generate").fine().shows("4 mappings to load, 0 to reload, 0 to unload");
    project.edit("kmodgen.yaml", "driver:1-", "driver:2-");
    let states = rows(&project);
    assert_eq!(states.iter().filter(|row| row.ends_with(" changed")).count(), 4, "{states:#?}");
    project.run("generate").fine().shows("0 mappings to load, 4 to reload, 0 to unload");
}
