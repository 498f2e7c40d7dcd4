//! `status`: what runs in a cluster, and why the rest does not.

mod crds;
mod hostile;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::scenario::Project;

/// Text that all environments of Pods and all Dockerfiles of the recorded objects have.
const SECRET: &str = "hunter2";

/// Recorded objects of clusters, each in one state.
fn recordings() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/status");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 15, "{files:?}");
    files.into_iter().map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path)).collect()
}

fn recording(name: &str) -> Value {
    let (_, path) = recordings().into_iter().find(|(found, _)| found == name).unwrap();
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A list of the objects of a recording that are of these kinds.
fn only(recording: &Value, kinds: &[&str]) -> String {
    let items = recording["items"].as_array().unwrap().iter();
    let items: Vec<_> = items.filter(|item| kinds.iter().any(|kind| item["kind"] == **kind)).collect();
    serde_json::json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

/// The code of the only problem that each recording has.
const PROBLEMS: &[(&str, &[&str])] = &[
    ("all-tainted", &["all-nodes-tainted"]),
    ("build-fails", &["build-fails"]),
    ("building", &[]),
    ("load-fails", &["load-fails"]),
    ("loaded", &[]),
    ("no-config-map", &["no-config-map"]),
    ("no-driver-toolkit", &["no-driver-toolkit"]),
    ("no-firmware", &["copy-fails"]),
    ("no-mapping", &["no-mapping"]),
    ("no-shell", &["image-without-shell"]),
    ("old-build", &["old-build"]),
    ("ordered-upgrade", &["no-version-label", "other-version-label"]),
    ("other-architecture", &["other-architecture"]),
    ("probably-no-driver-toolkit", &["no-driver-toolkit"]),
    ("pull-denied", &["pull-denied"]),
    ("pull-fails", &["pull-fails"]),
    ("rebooted", &[]),
];

#[test]
fn each_state_is_found_with_cause_and_cure() {
    let names: Vec<_> = recordings().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, PROBLEMS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (name, codes) in PROBLEMS {
        let project = Project::fleet();
        project.write("cluster.json", recording(name).to_string());
        let run = project.run("status cluster.json").silent();
        assert_eq!(run.code, i32::from(!codes.is_empty()), "{name}");
        assert_snapshot!(name.replace('-', "_"), run);
        let run = project.run("status cluster.json --format json").silent();
        let report = run.json();
        assert_eq!(report["version"], 1);
        let nodes = &report["modules"][0]["nodes"];
        let number = |key: &str| nodes[key].as_u64().unwrap();
        let sum: u64 = ["loaded", "waiting", "stuck", "unmapped", "unknown"].iter().map(|key| number(key)).sum();
        assert_eq!(number("wanted"), sum, "{name}");
        let problems = report["modules"][0]["problems"].as_array().unwrap();
        assert_eq!(problems.iter().map(|problem| &problem["code"]).collect::<Vec<_>>(), *codes, "{name}");
        assert!(problems.iter().all(|problem| problem["cure"].as_str().is_some_and(|cure| !cure.is_empty())));
        assert!(!run.stdout.contains(SECRET), "{name}");
    }
}

#[test]
fn inputs_are_read_in_any_order_and_form() {
    let project = Project::fleet();
    let recording = recording("no-mapping");
    project.write("all.json", recording.to_string());
    let whole = project.run("status all.json").differs().stdout;
    let kinds =
        ["Node", "Module", "NodeModulesConfig", "ModuleImagesConfig", "ModuleBuildSignConfig", "ConfigMap", "Pod"];
    for kind in kinds {
        project.write(&format!("{kind}.json"), only(&recording, &[kind]));
    }
    let names: Vec<String> = kinds.iter().rev().map(|kind| format!("{kind}.json")).collect();
    assert_eq!(project.run(&format!("status {}", names.join(" "))).differs().stdout, whole);
    let objects: Vec<String> = recording["items"].as_array().unwrap().iter().map(Value::to_string).collect();
    project.write("stream.json", objects.join("\n"));
    project.write("array.json", recording["items"].to_string());
    project.write("list.yaml", format!("# YAML\n---\n{recording:#}\n"));
    for name in ["stream.json", "array.json", "list.yaml"] {
        assert_eq!(project.run(&format!("status {name}")).differs().stdout, whole, "{name}");
    }
    let run = project.kmodgen("status - Pod.json").shell("exec <all.json").run().differs();
    assert_eq!(run.stdout, whole);
}

#[test]
fn kinds_are_told_apart_by_their_content() {
    let project = Project::fleet();
    let mut recording = recording("old-build");
    project.write("all.json", recording.to_string());
    let whole = project.run("status all.json").differs().stdout;
    for item in recording["items"].as_array_mut().unwrap() {
        let item = item.as_object_mut().unwrap();
        item.remove("kind");
        item.remove("apiVersion");
    }
    project.write("bare.json", recording.to_string());
    assert_eq!(project.run("status bare.json").differs().stdout, whole);
}

#[test]
fn missing_kinds_are_named_with_their_commands() {
    let recording = recording("load-fails");
    for kinds in [
        &["Module"][..],
        &["Node", "Module"],
        &["NodeModulesConfig"],
        &["Node", "NodeModulesConfig"],
        &["Module", "NodeModulesConfig"],
        &["ModuleImagesConfig"],
    ] {
        let project = Project::fleet();
        project.write("cluster.json", only(&recording, kinds));
        let run = project.run("status cluster.json").differs();
        assert_snapshot!(format!("without_all_but_{}", kinds.join("_")), run);
    }
    let project = Project::fleet();
    project.write(
        "others.json",
        r#"{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Service"}]}"#,
    );
    project.run("status others.json").trouble().says("no input has an object").says("oc get nodes,modules,");
}

#[test]
fn hubs_count_clusters() {
    let project = Project::fleet();
    let hub = |applied: u32, degraded: u32| {
        serde_json::json!({
            "apiVersion": "hub.kmm.sigs.x-k8s.io/v1beta1",
            "kind": "ManagedClusterModule",
            "metadata": {"name": "nic"},
            "spec": {"spokeNamespace": "drivers", "selector": {}, "moduleSpec": {"selector": {}}},
            "status": {"numberDesired": 3, "numberApplied": applied, "numberDegraded": degraded},
        })
        .to_string()
    };
    project.write("hub.json", hub(3, 0));
    project.run("status hub.json").fine().shows("nic: applied on 3 of 3 clusters");
    project.write("hub.json", hub(1, 0));
    project.run("status hub.json").fine().shows("in progress").shows("applied on 1 of 3 clusters");
    let summary = project.run("status hub.json --format json").fine().json();
    assert_eq!(summary["summary"]["state"], "in-progress", "{summary}");
    project.write("hub.json", hub(2, 1));
    project.run("status hub.json").differs().shows("the Module is not applied on 1 cluster");
}

#[test]
fn other_formats_escape_what_they_show() {
    let project = Project::fleet();
    let mut list = recording("ordered-upgrade").to_string();
    list = list.replace("\"nic\"", "\"<b>&nic`|\"").replace("worker-2", "<script>");
    project.write("cluster.json", list);
    let page = project.run("status cluster.json --format html").differs().stdout;
    assert!(
        !page.contains("<b>") && !page.contains("<script") && page.contains("drivers/&lt;b&gt;&amp;nic`|"),
        "{page}"
    );
    let markdown = project.run("status cluster.json --format markdown").differs().stdout;
    assert!(markdown.contains("``drivers/<b>&nic`¦``"), "{markdown}");
    assert!(!page.contains(SECRET) && !markdown.contains(SECRET));
    project.write("cluster.json", recording("ordered-upgrade").to_string());
    assert_snapshot!("markdown", project.run("status cluster.json --format markdown").differs());
    let page = project.run("status cluster.json --format html").differs().stdout;
    assert_snapshot!("html", page.split_once("</style>").unwrap().1);
    for outside in ["http:", "https:", "<script", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
}

/// A page for 20 modules on 200 kernels of 1,000 nodes stays small, and each of its links leads to one place in it.
#[test]
fn pages_of_large_fleets_are_small() {
    let mut items = Vec::new();
    let kernel = |number: usize| format!("5.14.0-427.{number}.1.el9_4.x86_64");
    let image = |module: usize, kernel: &str| {
        format!("registry.example.com/platform/drivers/module-{module}:{kernel}-0123456789abcdef")
    };
    for number in 0..1_000 {
        let name = format!("worker-{number}.east.example.com");
        let release = kernel(number % 200);
        let config = |module: usize| {
            serde_json::json!({
                "name": format!("module-{module}"), "namespace": "drivers",
                "config": {"kernelVersion": release, "containerImage": image(module, &release)},
            })
        };
        let wanted: Vec<_> = (0..20).map(config).collect();
        let loaded: Vec<_> = (0..20).filter(|module| (module + number) % 7 != 0).map(config).collect();
        items.push(serde_json::json!({"kind": "Node", "metadata": {"name": name}, "status": {"nodeInfo": {"kernelVersion": release}}}));
        items.push(serde_json::json!({
            "kind": "NodeModulesConfig", "metadata": {"name": name},
            "spec": {"modules": wanted}, "status": {"modules": loaded},
        }));
    }
    for module in 0..20 {
        let mappings: Vec<_> = (0..200)
            .map(|number| serde_json::json!({"literal": kernel(number), "containerImage": image(module, &kernel(number))}))
            .collect();
        items.push(serde_json::json!({
            "kind": "Module", "metadata": {"name": format!("module-{module}"), "namespace": "drivers"},
            "spec": {"selector": {}, "moduleLoader": {"container": {
                "modprobe": {"moduleName": "m"}, "kernelMappings": mappings}}},
        }));
    }
    let project = Project::fleet();
    project.write("fleet.json", serde_json::json!({"kind": "List", "items": items}).to_string());
    let page = project.run("status fleet.json --format html").differs().stdout;
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    let ids: Vec<&str> = page.split("id=").skip(1).map(|rest| rest.trim_start_matches('"')).collect();
    let ids: Vec<&str> = ids.iter().map(|rest| rest.split(['"', '>', ' ']).next().unwrap()).collect();
    let unique: std::collections::BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len(), "each anchor is there once");
    let links: Vec<&str> = page.split("#").skip(1).map(|rest| rest.split(['"', '>']).next().unwrap()).collect();
    let links: Vec<&str> = links.into_iter().filter(|link| link.starts_with(['k', 'm'])).collect();
    assert!(links.len() > 4_000 && links.iter().all(|link| unique.contains(link)));
}

#[test]
fn images_are_compared_with_the_plan_of_a_manifest() {
    let project = Project::generated();
    let rows = project.run("plan --offline --format json").fine().json();
    let row = rows.as_array().unwrap().iter().find(|row| row["hash"].is_string()).unwrap().clone();
    let (module, release) = (row["module"].as_str().unwrap(), row["release"].as_str().unwrap());
    let manifest = project.read("kmodgen.yaml");
    let namespace = manifest.lines().find_map(|line| line.strip_prefix("namespace: ")).unwrap().trim();
    let cluster = |image: &str| {
        let config = serde_json::json!({"name": module, "namespace": namespace,
            "config": {"kernelVersion": release, "containerImage": image}});
        let items = serde_json::json!([
            {"kind": "Node", "metadata": {"name": "a"}, "status": {"nodeInfo": {"kernelVersion": release}}},
            {"kind": "NodeModulesConfig", "metadata": {"name": "a"},
             "spec": {"modules": [config]}, "status": {"modules": [config]}},
            {"kind": "Module", "metadata": {"name": module, "namespace": namespace}, "spec": {"selector": {},
             "moduleLoader": {"container": {"modprobe": {"moduleName": "m"},
             "kernelMappings": [{"literal": release, "containerImage": image}]}}}},
        ]);
        items.to_string()
    };
    let before = project.tree();
    project.write("cluster.json", cluster(row["image"].as_str().unwrap()));
    project.run("status cluster.json -f kmodgen.yaml").fine().shows("1 loaded");
    project.write("cluster.json", cluster("registry.example.com/old:1"));
    project.run("status cluster.json").fine();
    let run = project.run("status cluster.json -f kmodgen.yaml").differs();
    run.shows("in progress").shows("does not have the manifest's image for 1 kernel: commit or publish");
    let report = project.run("status cluster.json -f kmodgen.yaml --format json").differs().json();
    assert_eq!(report["modules"][0]["kernels"][0]["plannedImage"], row["image"]);
    assert_eq!(project.tree().since(&before), ["+ cluster.json"]);
}
