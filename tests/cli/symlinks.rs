//! No path leaves the output folder: what a symbolic link leads to is neither written nor removed.

use std::fs;

use crate::scenario::{DEBIAN, EL9, Project, Tree};

/// Puts a generated folder or file outside of the project, and a link where it was.
fn move_outside(project: &Project, path: &str) {
    let target = project.outside().join("moved");
    fs::rename(project.path(path), &target).unwrap();
    project.link(path, target);
}

/// Runs with what changes every file and removes a kernel's, and checks what the link leads to.
fn hold_to(path: &str, conflicts: u64) {
    for flags in ["", "--force", "--force --allow-remove"] {
        let project = Project::generated();
        move_outside(&project, path);
        let before = Tree::read(&project.outside());
        project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
        project.edit("kmodgen.yaml", &format!("  - {DEBIAN}\n"), "");
        let run = project.run(&format!("generate --format json {flags}")).differs();
        assert_eq!(run.summary()[4], conflicts, "{run}");
        assert_eq!(Tree::read(&project.outside()).written_since(&before), Vec::<&str>::new());
        assert!(project.path(path).is_symlink());
    }
}

#[test]
fn a_module_folder() {
    hold_to("gitops/alpha", 6);
}

#[test]
fn a_release_folder() {
    hold_to(&format!("gitops/alpha/{EL9}"), 8);
}

#[test]
fn a_release_folder_that_is_to_go() {
    let project = Project::generated();
    move_outside(&project, &format!("gitops/alpha/{DEBIAN}"));
    let before = Tree::read(&project.outside());
    project.edit("kmodgen.yaml", &format!("  - {DEBIAN}\n"), "");
    project.run("generate --force").fine();
    assert_eq!(Tree::read(&project.outside()).written_since(&before), Vec::<&str>::new());
}

#[test]
fn a_file() {
    let project = Project::generated();
    let dockerfile = format!("gitops/alpha/{EL9}/Dockerfile");
    move_outside(&project, &dockerfile);
    let before = Tree::read(&project.outside());
    project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    assert_snapshot!(project.run("generate").differs().unhashed());
    // With --force the link itself makes way, and what it led to stays.
    project.run("generate --force").fine();
    assert!(!project.path(&dockerfile).is_symlink());
    assert_eq!(Tree::read(&project.outside()).written_since(&before), Vec::<&str>::new());
    project.run("generate --check").fine();
}

#[test]
fn a_file_that_is_to_go() {
    let project = Project::generated();
    move_outside(&project, &format!("gitops/alpha/{DEBIAN}/Dockerfile"));
    let before = Tree::read(&project.outside());
    project.edit("kmodgen.yaml", &format!("  - {DEBIAN}\n"), "");
    project.run("generate --force").fine();
    assert_eq!(Tree::read(&project.outside()).written_since(&before), Vec::<&str>::new());
}

#[test]
fn links_that_lead_nowhere_or_in_circles() {
    let project = Project::fleet();
    project.write("gitops/beta/keep", "");
    project.link("gitops/alpha", project.outside().join("absent"));
    project.link(&format!("gitops/beta/{EL9}"), project.path(&format!("gitops/beta/{EL9}")));
    project.run("generate --force").differs().says("`alpha` is a symbolic link");
    assert_eq!(Tree::read(&project.outside()).paths(), ["precious"]);
}

/// The output folder is in the manifest's, unless the command line names another one.
#[test]
fn the_output_folder() {
    for link in ["gitops", "out"] {
        let project = Project::fleet();
        project.link(link, project.outside());
        if link == "out" {
            project.append("kmodgen.yaml", "output: {dir: out/gitops}\n");
        }
        for verb in ["generate --force", "generate --check --dry-run", "plan"] {
            let run = project.run(verb);
            assert!(run.code == 2, "{run}");
        }
        project.run("lock").fine();
        project
            .run("generate")
            .trouble()
            .says("a symbolic link points outside the manifest's folder")
            .says("--output DIR");
        project.outside_is_untouched();
        project.run(&format!("generate --output {}", project.outside().join("named").display())).fine();
        assert!(project.outside().join("named/alpha/module.yaml").exists());
    }
}

#[test]
fn gits_own_folder_is_no_output_folder() {
    for dir in [".git", ".git/hooks", ".GIT", "a/.Git/b", ".git.", "git~1", "sub/.git"] {
        let project = Project::fleet();
        project.append("kmodgen.yaml", &format!("output: {{dir: {dir}}}\n"));
        project.run("generate").trouble().says("belongs to git");
        let project = Project::fleet();
        project.run(&format!("generate --output {dir}")).trouble().says("belongs to git");
        assert!(!project.path(dir).exists(), "{dir}");
    }
    let project = Project::fleet();
    fs::create_dir(project.path(".git")).unwrap();
    project.link("gitops", ".git");
    project.run("generate").trouble().says("belongs to git");
    project.run("generate --output gitops").trouble().says("belongs to git");
    assert!(fs::read_dir(project.path(".git")).unwrap().next().is_none());
}

#[test]
fn what_runs_remember_is_for_their_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::fleet();
    project.kmodgen("generate").shell("umask 000").run().fine();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&project.cache()), 0o700);
    let files: Vec<_> = fs::read_dir(project.cache()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty() && files.iter().all(|file| mode(file) == 0o600), "{files:?}");
    assert_eq!(mode(&project.path("gitops/alpha/module.yaml")), 0o644, "outputs are for everyone");
}

/// The lock is replaced, never written through.
#[test]
fn the_lock() {
    let project = Project::fleet();
    project.link("kmodgen.lock", project.outside().join("precious"));
    project.run("generate --force").trouble();
    project.outside_is_untouched();
    project.remove("kmodgen.lock");
    project.link("kmodgen.lock", project.outside().join("absent"));
    let _ = project.run("generate");
    project.outside_is_untouched();
}
