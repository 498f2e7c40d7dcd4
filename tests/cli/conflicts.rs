//! Nothing of anyone's is lost: what kmodgen did not write, or what was edited, stays until
//! someone says otherwise, and never holds up the rest.

use std::fs;

use crate::scenario::{EL9, Project};

/// A generated fleet whose every file is out of date, so that each one would be written.
fn outdated() -> Project {
    let project = Project::generated();
    project.edit("kmodgen.yaml", "namespace: kmm-ci", "namespace: kmm-prod");
    project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    project
}

#[test]
fn edits_by_hand_are_kept_and_named() {
    let project = outdated();
    for file in ["alpha/module.yaml", &format!("alpha/{EL9}/Dockerfile"), &format!("beta/{EL9}/configmap.yaml")] {
        project.append(&format!("gitops/{file}"), "# mine\n");
    }
    let before = project.output();
    let run = project.run("generate").differs();
    assert_snapshot!(run.unhashed());
    let written = project.output();
    let kept: Vec<&str> =
        before.paths().into_iter().filter(|path| !written.written_since(&before).contains(path)).collect();
    let dockerfile = format!("alpha/{EL9}/Dockerfile");
    let config_map = format!("beta/{EL9}/configmap.yaml");
    let expected = [
        &dockerfile,
        "alpha/kustomization.yaml",
        "alpha/module.yaml",
        &config_map,
        "beta/kustomization.yaml",
        "kustomization.yaml",
    ];
    assert_eq!(kept, expected, "edited, or right as they are");

    let summary = project.run("generate --format json").differs().summary();
    assert_eq!(summary, [0, 0, 14, 0, 3], "the other files are right after the first run");
    project.run("generate --force").fine().shows("3 updated");
    assert!(!project.read("gitops/alpha/module.yaml").contains("# mine"));
    project.run("generate --check").fine();
}

#[test]
fn a_file_of_someone_else_is_kept() {
    let project = Project::fleet().with("gitops/alpha/module.yaml", "kind: Module # of mine\n");
    project.write("gitops/kustomization.yaml", "resources: [mine]\n");
    assert_snapshot!(project.run("generate").differs());
    assert_eq!(project.read("gitops/alpha/module.yaml"), "kind: Module # of mine\n");
    assert_eq!(project.run("generate --format json").differs().summary(), [0, 0, 15, 0, 2]);
    project.run("generate --force").fine();
    project.run("generate --check").fine();
}

#[test]
fn an_empty_file_is_someone_elses() {
    let project = Project::fleet().with("gitops/alpha/module.yaml", "");
    project.run("generate").differs().says("`gitops/alpha/module.yaml` is left as it is: kmodgen did not write it");
}

#[test]
fn a_folder_where_a_file_is_needed() {
    let project = Project::fleet().with("gitops/alpha/module.yaml/notes", "mine\n");
    assert_snapshot!(project.run("generate").differs());
    project.run("generate --force").differs();
    assert_eq!(project.read("gitops/alpha/module.yaml/notes"), "mine\n");
    assert_eq!(project.run("generate --format json").differs().summary(), [0, 0, 16, 0, 1]);
}

#[test]
fn a_file_where_a_folder_is_needed() {
    let project = Project::fleet().with("gitops/alpha", "mine\n").with(&format!("gitops/beta/{EL9}"), "mine\n");
    assert_snapshot!(project.run("generate").differs());
    project.run("generate --force").differs();
    assert_eq!(project.read("gitops/alpha"), "mine\n");
    assert_eq!(project.read(&format!("gitops/beta/{EL9}")), "mine\n");
    assert_eq!(project.run("generate --format json").differs().summary(), [0, 0, 7, 0, 10]);
}

#[test]
fn a_checkout_with_crlf_is_no_edit() {
    let project = Project::generated();
    for path in project.output().paths() {
        let path = format!("gitops/{path}");
        project.write(&path, project.read(&path).replace('\n', "\r\n"));
    }
    let before = project.output();
    assert_eq!(project.run("generate --format json").fine().summary(), [0, 0, 17, 0, 0]);
    project.run("generate --check").fine();
    assert_eq!(project.output().written_since(&before), Vec::<&str>::new());

    project.append("gitops/alpha/module.yaml", "# mine\r\n");
    project.run("generate").differs().says("`gitops/alpha/module.yaml` is left as it is: it was edited by hand");
}

#[test]
fn conflicts_of_check_and_dry_run() {
    let project = outdated();
    project.append("gitops/alpha/module.yaml", "# mine\n");
    let before = project.output();
    for verb in ["generate --check", "generate --dry-run", "generate --dry-run --diff"] {
        project.run(verb).differs().says("it was edited by hand");
    }
    assert_eq!(project.output().written_since(&before), Vec::<&str>::new());
    assert_eq!(fs::read_dir(project.path("gitops")).unwrap().count(), 3);
}
