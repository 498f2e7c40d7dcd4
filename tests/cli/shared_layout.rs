//! `output.layout: shared`: the same objects for each cluster, of which those that clusters have alike are on disk once.

mod changes;
mod holds;
mod owners;
mod publishing;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use crate::scenario::{DEBIAN, EL9, Project, RT, Tree};

/// Clusters of which two have the same mappings, one a part of them, and one its own.
pub(super) const CLUSTERS: &str = "
clusters:
  east: {}
  west: {}
  edge: {when: {flavour: standard}}
  other: {namespace: other}
";

const NAMES: [&str; 4] = ["east", "west", "edge", "other"];

/// The manifest of a fleet with clusters, in a layout.
pub(super) fn manifest(layout: &str) -> String {
    format!("{}{CLUSTERS}output: {{layout: {layout}}}\n", include_str!("scenario/fleet.yaml"))
}

fn project(layout: &str) -> Project {
    let project = Project::fleet().with("kmodgen.yaml", manifest(layout));
    project.run("generate").fine();
    project
}

/// Changes every image.
fn outdate(project: &Project) {
    project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
}

/// Returns a path without `..`.
fn resolved(path: &Path) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            Component::Normal(name) => parts.extend(name.to_str()),
            _ => {}
        }
    }
    parts.join("/")
}

/// Adds the texts of the objects that a kustomization lists, and the paths of the folders that it names outside its own.
fn add_objects(tree: &Tree, folder: &str, objects: &mut BTreeSet<String>, named: &mut BTreeSet<String>) {
    let text = |path: &str| {
        let bytes = tree.file(path).unwrap_or_else(|| panic!("{path} is listed, but not there"));
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    let list = text(&format!("{folder}/kustomization.yaml"));
    for item in list.lines().filter_map(|line| line.strip_prefix("  - ")) {
        let path = resolved(&PathBuf::from(folder).join(item.trim_matches('"')));
        if item.contains("..") {
            named.insert(path.clone());
        }
        if path.ends_with(".yaml") {
            objects.extend(text(&path).split("---\n").map(str::to_owned));
        } else {
            add_objects(tree, &path, objects, named);
        }
    }
}

/// Returns the objects of a cluster, as kustomize finds them.
pub(super) fn objects(tree: &Tree, cluster: &str) -> BTreeSet<String> {
    let (mut objects, mut named) = (BTreeSet::new(), BTreeSet::new());
    add_objects(tree, cluster, &mut objects, &mut named);
    objects
}

/// Checks that the shared files are those that some cluster has.
pub(super) fn has_no_unused_files(tree: &Tree, clusters: &[&str]) {
    let (mut objects, mut named) = (BTreeSet::new(), BTreeSet::new());
    clusters.iter().for_each(|cluster| add_objects(tree, cluster, &mut objects, &mut named));
    let shared = tree.paths().into_iter().filter(|path| path.starts_with("_shared/"));
    let folders = shared.map(|path| path.rsplit_once('/').unwrap().0.to_owned());
    // A comment names those that KMM does not build.
    assert_eq!(folders.collect::<BTreeSet<_>>(), named);
}

#[test]
fn what_clusters_have_alike_is_on_disk_once() {
    let (shared, files) = (project("shared"), project("files"));
    let [tree, expected] = [&shared, &files].map(Project::output);
    for cluster in NAMES {
        assert_eq!(objects(&tree, cluster), objects(&expected, cluster), "{cluster}");
    }
    has_no_unused_files(&tree, &NAMES);
    assert_eq!(tree.paths().iter().filter(|path| path.ends_with("/configmap.yaml")).count(), 12);
    let folder = ["east/alpha/kustomization.yaml", "east/alpha/module.yaml"];
    assert_eq!(tree.paths().into_iter().filter(|path| path.starts_with("east/alpha/")).collect::<Vec<_>>(), folder);
    shared.run("generate --check").fine();
    fs::remove_dir_all(shared.cache()).unwrap();
    shared.run("generate --check").fine().shows("east: 0 created, 0 updated, 17 unchanged, 0 removed");
    shared.run("generate").fine();
    assert_eq!(shared.output(), tree);
}

#[test]
#[ignore = "needs kubectl"]
fn kustomize_finds_the_shared_files() {
    let build = |project: &Project, cluster: &str| {
        let folder = format!("gitops/{cluster}");
        let output =
            Command::new("kubectl").args(["kustomize", &folder]).current_dir(project.path("")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().split("---\n").map(str::to_owned).collect::<BTreeSet<String>>()
    };
    let (shared, files) = (project("shared"), project("files"));
    for cluster in NAMES {
        assert_eq!(build(&shared, cluster), build(&files, cluster));
    }
}

#[test]
fn the_layout_is_for_clusters() {
    let project = Project::fleet();
    project.append("kmodgen.yaml", "output: {layout: shared}\n");
    assert_snapshot!("without_clusters", project.run("generate").trouble().unhashed());
    assert!(!project.path("gitops").exists());
}

/// The Modules and ConfigMaps are the same, so that nothing reloads, and the files of the other layout go.
#[test]
fn the_layout_changes_without_a_reload() {
    for other in ["files", "bundle"] {
        for forget in [false, true] {
            let project = project(other);
            let before = project.output();
            let change = |from: &str, to: &str| {
                project.edit("kmodgen.yaml", &format!("layout: {from}"), &format!("layout: {to}"));
                if forget {
                    fs::remove_dir_all(project.cache()).unwrap();
                }
                project.changes_layout();
                project.run("generate --check").fine();
            };
            change(other, "shared");
            assert_eq!(project.output(), self::project("shared").output(), "it is what a run from nothing writes");
            change("shared", other);
            assert_eq!(project.output(), before);
        }
    }
}

#[test]
fn an_edit_stays_until_someone_decides() {
    for forget in [false, true] {
        let project = project("shared");
        let output = project.output();
        let path = output.paths().into_iter().find(|path| path.ends_with("configmap.yaml")).unwrap();
        let path = format!("gitops/{path}");
        let edited = project.read(&path).replacen("    FROM", "    # mine\n    FROM", 1);
        project.write(&path, &edited);
        outdate(&project);
        if forget {
            fs::remove_dir_all(project.cache()).unwrap();
        }
        let run = project.run("generate").differs();
        run.says(&format!("skipped `{path}`: edited by hand"));
        assert_eq!(project.read(&path), edited);
        // The cluster that has the file keeps its module, and the others go on.
        let tree = project.output();
        has_no_unused_files(&tree, &NAMES);
        assert!(String::from_utf8_lossy(tree.file("east/alpha/module.yaml").unwrap()).contains("kind: Module"));
        project.run("generate --force").fine();
        project.run("generate --check").fine();
        assert!(!project.output().files().any(|(_, bytes)| String::from_utf8_lossy(bytes).contains("# mine")));
        has_no_unused_files(&project.output(), &NAMES);
    }
}

#[test]
fn a_file_that_is_gone_is_written_again() {
    for name in ["configmap.yaml", "kustomization.yaml"] {
        let project = project("shared");
        let tree = project.output();
        let path = tree.paths().into_iter().find(|path| path.starts_with("_shared/") && path.ends_with(name)).unwrap();
        project.remove(&format!("gitops/{path}"));
        project.run("generate --check").differs().shows(&format!("created  gitops/{path}\n"));
        project.run("generate").fine().shows(&format!("created  gitops/{path}\n"));
        assert_eq!(project.output(), tree);
    }
}

#[test]
fn a_folder_of_a_cluster_is_no_link() {
    let project = project("shared");
    fs::rename(project.path("gitops/east"), project.path("elsewhere")).unwrap();
    project.link("gitops/east", "../elsewhere");
    let before = project.output();
    project.run("generate").trouble().says("gitops/east`: it is a symbolic link, but must be a folder");
    assert_eq!(project.output(), before);
}

/// What a kustomization behind a link names is not known.
#[test]
fn nothing_is_removed_if_a_kustomization_is_a_link() {
    let project = project("shared");
    fs::rename(project.path("gitops/west/alpha/kustomization.yaml"), project.path("list.yaml")).unwrap();
    project.link("gitops/west/alpha/kustomization.yaml", "../../../list.yaml");
    let files = |project: &Project| project.output().paths().iter().filter(|path| path.starts_with("_shared/")).count();
    let before = files(&project);
    outdate(&project);
    project.run("generate").differs().says("gitops/west/alpha/kustomization.yaml`: it is a symbolic link");
    assert_eq!(files(&project), 2 * before);
}

/// A link in the checkout leads nowhere.
#[test]
fn nothing_is_written_through_links() {
    let project = project("shared");
    let outside = project.path("outside");
    fs::create_dir(&outside).unwrap();
    for below in ["gitops/_shared", "gitops/_shared/alpha", &format!("gitops/_shared/alpha/{EL9}")] {
        fs::remove_dir_all(project.path(below)).unwrap();
        project.link(below, outside.to_str().unwrap());
        for arguments in ["generate", "generate --force", "generate --check"] {
            let run = project.run(arguments);
            assert_ne!(run.code, 0, "{run}");
            run.says("symbolic link");
        }
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "{below}");
        fs::remove_file(project.path(below)).unwrap();
        project.run("generate").fine();
        project.run("generate --check").fine();
    }
}

#[test]
fn commands_read_shared_files() {
    let project = project("shared");
    project.commit("v1");
    assert_eq!(project.run("diff v1").fine().silent().stdout, "no differences\n");
    let release = project.run(&format!("explain {EL9} --cluster east")).fine();
    release.shows("unchanged");
    outdate(&project);
    project.run("explain").fine().shows("runtime image");
    let plan = project.run("plan --format json").fine().json();
    let states: Vec<_> = plan.as_array().unwrap().iter().map(|row| (&row["state"], &row["dockerfile"])).collect();
    assert_eq!(states.len(), 20);
    assert!(states.iter().all(|(state, file)| *state == "changed" && file.is_null()), "{plan}");
    let json = project.run("diff v1 --format json").fine().json();
    assert_eq!(json["nodes"], serde_json::json!({"load": 0, "reload": 20, "unload": 0}));
    let run = project.run("generate --diff --explain").fine();
    run.shows("+++ b/gitops/_shared/alpha/").shows("runtime image");
    project.run("generate --check").fine();
    let bake = project.run("plan --offline --dtk registry.example.com/dtk:1 --format bake").fine().json();
    assert!(bake["target"].as_object().unwrap().values().all(|target| target["dockerfile-inline"].is_string()));
    let tekton = project.run("plan --offline --dtk registry.example.com/dtk:1 --format tekton").fine().stdout;
    assert!(tekton.contains(&format!("value: gitops/_shared/alpha/{EL9}/")), "{tekton}");
    let files = self::project("files");
    outdate(&files);
    files.run("generate").fine();
    for arguments in ["lint gitops", "import gitops/east -o adopted"] {
        let [run, expected] = [&project, &files].map(|project| project.run(arguments));
        assert_eq!(run.code, expected.code, "{run}\n{expected}");
    }
    assert!(project.read("gitops/east/beta/kustomization.yaml").contains(RT));
}

#[test]
fn modules_that_are_built_elsewhere_keep_their_files() {
    let project = Project::fleet().with("kmodgen.yaml", manifest("shared"));
    project.edit("kmodgen.yaml", "    kmods: [alpha]\n", "    kmods: [alpha]\n    builtBy: ci\n");
    project.run("generate").differs();
    let plan = project.run("plan --format json").fine().json();
    let images: BTreeSet<&str> = plan.as_array().unwrap().iter().map(|row| row["image"].as_str().unwrap()).collect();
    let digest = "0123456789abcdef".repeat(4);
    let pushed = images.iter().filter(|image| image.contains("/alpha:"));
    let pushed: String = pushed.map(|image| format!("  - image: {image}\n    digest: sha256:{digest}\n")).collect();
    project.append("kmodgen.lock", &format!("pushed:\n{pushed}"));
    project.run("generate").fine();
    let list = project.read("gitops/east/alpha/kustomization.yaml");
    assert!(list.contains("# - ../../_shared/alpha/") && !list.contains("  - \"../../_shared"), "{list}");
    for _ in 0..2 {
        project.run("generate --check").fine();
        project.run("generate").fine();
    }
    project.edit("kmodgen.yaml", &format!("  - {DEBIAN}\n"), "");
    project.run("generate").fine();
    assert!(!project.output().paths().iter().any(|path| path.contains(DEBIAN)), "{:?}", project.output().paths());
    project.run("generate --check").fine();
}
