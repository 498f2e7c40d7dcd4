//! A held module keeps its shared files.

use std::fs;

use super::{NAMES, has_no_unused_files, manifest, objects};
use crate::scenario::{Project, Tree};

fn at(project: &Project, revision: &str) -> Tree {
    let folder = project.path("checkout");
    let _ = fs::remove_dir_all(&folder);
    project.git("worktree prune");
    project.git(&format!("worktree add --quiet --force checkout {revision}"));
    Tree::read(&folder.join("gitops"))
}

/// A held module has the objects of its commit, in the layout of the commit, and nothing of them is removed.
#[test]
fn a_held_module_has_the_objects_of_its_commit() {
    for (first, second) in [("shared", "shared"), ("files", "shared"), ("shared", "bundle"), ("shared", "files")] {
        let project = Project::fleet().with("kmodgen.yaml", manifest(first));
        project.run("generate").fine();
        project.commit("v1");
        project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
        project.edit("kmodgen.yaml", &format!("layout: {first}"), &format!("layout: {second}"));
        project.run("generate").fine();
        project.commit("v2");
        let [before, after] = ["v1", "v2"].map(|revision| at(&project, revision));
        project.run("hold alpha --at v1 --reason test --until 9999-12-31").fine();
        project.run("generate --check").differs();
        let run = project.run("generate").fine();
        run.shows("3 to reload");
        for _ in 0..2 {
            project.run("generate --check").fine();
            project.run("generate").fine().shows("east: 0 created, 0 updated");
        }
        let unchanged = project.run("generate").fine().stdout;
        fs::remove_dir_all(project.cache()).unwrap();
        assert_eq!(project.run("generate").fine().stdout, unchanged, "with and without a cache");
        let held = project.output();
        for cluster in NAMES {
            for (module, of) in [("alpha", &before), ("beta", &after)] {
                let folder = format!("{cluster}/{module}");
                assert_eq!(objects(&held, &folder), objects(of, &folder), "{folder}, {first} to {second}");
            }
        }
        has_no_unused_files(&held, &NAMES);
        project.run("explain").fine().shows("no mapping changed");
        project.run("hold alpha --release").fine();
        project.run("generate").fine().shows("3 to reload");
        assert_eq!(project.output(), after);
    }
}
