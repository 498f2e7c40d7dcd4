//! Whatever changes, each cluster has the objects of the layout `files`, and no shared file is left over.

use std::fs;

use super::{NAMES, has_no_unused_files, manifest, objects, outdate, project};
use crate::faults::chance::Chance;
use crate::faults::scaled;
use crate::scenario::{DEBIAN, Project, RT};

/// Edits of the manifest: each to and fro.
const EDITS: [(&str, &str); 7] = [
    ("ubi-minimal:9.4", "ubi-minimal:9.5"),
    ("DEBUG: \"0\"", "DEBUG: \"1\""),
    ("namespace: other", "namespace: another"),
    ("  edge: {when: {flavour: standard}}", "  edge: {when: {flavour: rt}}"),
    ("  west: {}", "  west: {metadata: {labels: {zone: west}}}"),
    ("namespace: kmm-ci", "namespace: kmm"),
    ("kmods: [alpha]", "kmods: [alpha_core]"),
];

/// Kernels that come and go.
const KERNELS: [&str; 2] = [DEBIAN, RT];

fn projects() -> [Project; 2] {
    ["shared", "files"].map(|layout| {
        let project = Project::fleet().with("kmodgen.yaml", manifest(layout));
        project.run("lock").fine();
        project.run("generate").fine();
        project
    })
}

/// Changes both manifests in the same way.
fn change(projects: &[Project; 2], chance: &mut Chance) {
    if chance.below(4) == 0 {
        let kernel = KERNELS[chance.below(KERNELS.len())];
        let text = projects[0].read("kmodgen.yaml");
        let line = text.lines().find(|line| line.contains(kernel) && line.starts_with("  - ")).map(str::to_owned);
        for project in projects {
            match &line {
                Some(line) if line.contains("release: ") => {
                    let text = project.read("kmodgen.yaml");
                    let (before, rest) = text.split_once(line.as_str()).unwrap();
                    let rest = rest.trim_start_matches('\n').split_once('\n').unwrap().1;
                    project.write("kmodgen.yaml", format!("{before}{}", rest.trim_start_matches('\n')));
                }
                Some(line) => project.edit("kmodgen.yaml", &format!("{line}\n"), ""),
                None => project.edit("kmodgen.yaml", "modules:\n", &format!("  - {kernel}\nmodules:\n")),
            }
        }
        return;
    }
    let (from, to) = EDITS[chance.below(EDITS.len())];
    for project in projects {
        let (from, to) = if project.read("kmodgen.yaml").contains(from) { (from, to) } else { (to, from) };
        project.edit("kmodgen.yaml", from, to);
    }
}

#[test]
fn any_changes_leave_the_objects_of_files() {
    let mut chance = Chance::new();
    for _ in 0..scaled(2, 30) {
        let projects = projects();
        let [shared, files] = &projects;
        for _ in 0..6 {
            change(&projects, &mut chance);
            if chance.below(3) == 0 && shared.cache().exists() {
                fs::remove_dir_all(shared.cache()).unwrap();
            }
            if chance.below(3) == 0 {
                // A part of the clusters or modules first.
                let part = ["--cluster east", "--cluster other --only alpha", "--only beta"][chance.below(3)];
                shared.run(&format!("generate --allow-remove {part}")).fine();
                let tree = shared.output();
                NAMES.iter().for_each(|cluster| drop(objects(&tree, cluster)));
            }
            for project in &projects {
                project.run("generate --allow-remove").fine();
            }
            let [tree, expected] = [shared, files].map(Project::output);
            for cluster in NAMES {
                assert_eq!(objects(&tree, cluster), objects(&expected, cluster), "{cluster}");
            }
            has_no_unused_files(&tree, &NAMES);
            shared.run("generate --check").fine();
        }
    }
}

/// A cluster that leaves the manifest keeps its files, and those that it shares, until its folder is deleted.
#[test]
fn files_of_a_cluster_that_is_gone_stay() {
    let [shared, _] = projects();
    let before = shared.output();
    shared.edit("kmodgen.yaml", "  other: {namespace: other}\n", "");
    shared.run("generate").differs().says("`gitops/other` does not belong to a cluster any more");
    assert_eq!(shared.output(), before);
    fs::remove_dir_all(shared.path("gitops/other")).unwrap();
    shared.run("generate --check").differs().shows("gitops/_shared/alpha/");
    shared.run("generate").fine().shows("_shared: 0 created, 0 updated, 0 unchanged, 12 removed");
    has_no_unused_files(&shared.output(), &["east", "west", "edge"]);
    shared.run("generate --check").fine();
}

/// What a cached run knows of the output folder is its absolute path.
#[test]
fn a_run_names_folders_alike_with_and_without_a_cache() {
    for (flag, folder) in [("", "gitops"), (" -o ../elsewhere", "../elsewhere")] {
        let project = Project::fleet().with("kmodgen.yaml", manifest("shared"));
        let generate = format!("generate{flag} --allow-remove");
        let forget = || fs::remove_dir_all(project.cache()).unwrap();
        project.run(&generate).fine();
        let old = fs::read_dir(project.path(folder).join("_shared/alpha").join(DEBIAN)).unwrap();
        let old = old.map(|entry| entry.unwrap().path()).next().unwrap();
        let texts = ["kustomization.yaml", "configmap.yaml"].map(|name| (name, fs::read(old.join(name)).unwrap()));
        outdate(&project);
        project.run(&generate).fine();
        for is_cached in [true, false] {
            fs::create_dir_all(&old).unwrap();
            texts.iter().for_each(|(name, text)| fs::write(old.join(name), text).unwrap());
            if !is_cached {
                forget();
            }
            project.run(&generate).fine().shows(&format!("removed  {folder}/_shared/alpha/{DEBIAN}/"));
        }
        project.edit("kmodgen.yaml", "  other: {namespace: other}\n", "");
        project.run(&generate).differs();
        for is_cached in [true, false] {
            if !is_cached {
                forget();
            }
            project.run(&generate).differs().says(&format!("`{folder}/other` does not belong to a cluster any more"));
        }
    }
}

/// The output of both revisions is in no folder.
#[test]
fn a_diff_tells_the_same_in_each_layout() {
    let diffs = ["files", "bundle", "shared"].map(|layout| {
        let project = Project::fleet().with("kmodgen.yaml", manifest(layout));
        project.commit("v1");
        project.run("diff v1").fine().shows("no differences");
        outdate(&project);
        let text = project.run("diff v1").fine().shows("runtime image").stdout;
        // Summaries count files.
        text.lines().filter(|line| !line.contains(" added, ")).map(str::to_owned).collect::<Vec<_>>()
    });
    for diff in &diffs[1..] {
        assert_eq!(*diff, diffs[0]);
    }
}

/// What became of the kustomization of a module is told of it alone.
#[test]
fn files_that_no_kustomization_names_are_unchanged() {
    const SELECTOR: &str = "moduleSpec: {selector: {a: b}}";
    type Spoil = fn(&std::path::Path);
    let ways: [(Spoil, &str, i32); 3] = [
        (|path| fs::remove_file(path).unwrap(), "west: 1 created, 0 updated, 16 unchanged, 0 removed, 0 conflicts", 0),
        (
            |path| {
                fs::remove_file(path).unwrap();
                std::os::unix::fs::symlink("elsewhere", path).unwrap();
            },
            "west: 0 created, 0 updated, 16 unchanged, 0 removed, 1 conflict",
            1,
        ),
        (
            |path| {
                let text = fs::read_to_string(path).unwrap();
                let lines = text.lines().filter(|line| !line.contains("_shared"));
                fs::write(path, lines.collect::<Vec<_>>().join("\n")).unwrap();
            },
            "west: 0 created, 0 updated, 16 unchanged, 0 removed, 1 conflict",
            1,
        ),
    ];
    for (spoil, summary, code) in ways {
        for is_cached in [true, false] {
            let project = project("shared");
            let before = project.output();
            spoil(&project.path("gitops/west/alpha/kustomization.yaml"));
            let spoiled = project.output();
            if !is_cached {
                fs::remove_dir_all(project.cache()).unwrap();
            }
            let run = project.run("generate").shows(summary);
            assert_eq!(run.code, code, "{run}");
            assert_eq!(project.output(), if code == 0 { before } else { spoiled }, "{run}");
            if code == 0 {
                continue;
            }
            // The Module waits, too.
            project.edit("kmodgen.yaml", "moduleSpec: {selector: {node-role.kubernetes.io/worker: \"\"}}", SELECTOR);
            if !is_cached {
                fs::remove_dir_all(project.cache()).unwrap();
            }
            project.run("generate").differs().shows("west: 0 created, 0 updated, 15 unchanged, 0 removed, 2 conflicts");
        }
    }
}
