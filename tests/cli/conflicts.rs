//! Nothing of anyone's is lost: what kmodgen did not write, or what was edited, stays until
//! someone says otherwise, and never holds up the rest.

use std::fs;

use crate::scenario::{EL9, Project, RT};

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
    for file in ["alpha/module.yaml", &format!("alpha/{EL9}/Dockerfile")] {
        project.append(&format!("gitops/{file}"), "# mine\n");
    }
    let before = project.output();
    let run = project.run("generate").differs();
    assert_snapshot!(run.unhashed());
    let written = project.output();
    let changed = written.since(&before);
    assert_eq!(written.dangling(), Vec::<String>::new());
    assert!(changed.len() == 7 && changed.iter().all(|change| change.starts_with("~ beta/")), "{changed:?}");

    let report = project.run("generate --format json").differs();
    assert_eq!(report.summary(), [0, 0, 10, 0, 7], "the other module is right after the first run");
    let refused = &report.json()["refused"];
    assert_eq!(refused[0]["module"], "alpha", "{refused}");
    assert!(refused[0]["reason"].as_str().unwrap().contains(&format!("`alpha/{EL9}/Dockerfile`")), "{refused}");
    project.run("generate --force").fine().shows("7 updated");
    assert!(!project.read("gitops/alpha/module.yaml").contains("# mine"));
    project.run("generate --check").fine();
}

/// Whichever file of a module is in conflict, the Module on disk names ConfigMaps that are there.
#[test]
fn a_module_is_written_as_a_whole() {
    let files = ["module.yaml", "kustomization.yaml", &format!("{EL9}/configmap.yaml"), &format!("{RT}/Dockerfile")];
    for file in files {
        for force in ["", " --force"] {
            let project = outdated();
            project.append(&format!("gitops/alpha/{file}"), "# mine\n");
            let before = project.output();
            let run = project.run(&format!("generate{force}"));
            let output = project.output();
            assert_eq!(output.dangling(), Vec::<String>::new(), "{file}{force}");
            if force.is_empty() {
                let name = format!("alpha/{file}");
                run.differs().says("skipped module `alpha`").says(&format!("`{name}` is a conflict"));
                assert!(output.since(&before).iter().all(|change| !change.contains("alpha")), "{file}");
            } else {
                run.fine();
            }
            assert!(output.since(&before).contains(&"~ beta/module.yaml".to_owned()), "{file}");
        }
    }
}

/// The top lists what is there: not a new module that is in conflict, and a module that stays.
#[test]
fn the_top_lists_what_is_there() {
    let project = Project::fleet().with("gitops/alpha/module.yaml", "kind: Module # of mine\n");
    project.run("generate").differs().says("skipped module `alpha`");
    assert_eq!(project.output().folders().iter().filter(|path| path.starts_with("alpha/")).count(), 0);
    let top = project.read("gitops/kustomization.yaml");
    assert!(!top.contains("- alpha\n") && top.contains("- beta\n"), "{top}");
    project.remove("gitops/alpha/module.yaml");
    project.run("generate").fine();

    project.append("gitops/beta/module.yaml", "# mine\n");
    let manifest = project.read("kmodgen.yaml");
    project.write("kmodgen.yaml", manifest.split_once("  - name: beta").unwrap().0);
    project.run("generate --allow-remove").differs().says("skipped module `beta`");
    assert!(project.read("gitops/kustomization.yaml").contains("- beta\n"));
    assert!(project.path(&format!("gitops/beta/{EL9}/configmap.yaml")).exists());
    project.run("generate --allow-remove --force").fine();
    assert!(!project.read("gitops/kustomization.yaml").contains("- beta\n"));
}

/// A top that is not written still lists a module that is to go.
#[test]
fn a_module_that_the_top_lists_stays() {
    let project = Project::generated();
    project.append("gitops/kustomization.yaml", "# mine\n");
    let manifest = project.read("kmodgen.yaml");
    project.write("kmodgen.yaml", manifest.split_once("  - name: beta").unwrap().0);
    let before = project.output();
    let run = project.run("generate --allow-remove").differs();
    run.says("skipped module `beta`: `kustomization.yaml` is a conflict and still lists it");
    assert_eq!(project.output().since(&before), Vec::<String>::new());
    project.run("generate --allow-remove --force").fine().shows("unloads beta");
    assert!(!project.path("gitops/beta").exists());
}

#[test]
fn a_file_of_someone_else_is_kept() {
    let project = Project::fleet().with("gitops/alpha/module.yaml", "kind: Module # of mine\n");
    project.write("gitops/kustomization.yaml", "resources: [mine]\n");
    assert_snapshot!(project.run("generate").differs());
    assert_eq!(project.read("gitops/alpha/module.yaml"), "kind: Module # of mine\n");
    assert_eq!(project.run("generate --format json").differs().summary(), [0, 0, 8, 0, 9]);
    project.run("generate --force").fine();
    project.run("generate --check").fine();
}

#[test]
fn an_empty_file_is_someone_elses() {
    let project = Project::fleet().with("gitops/alpha/module.yaml", "");
    project.run("generate").differs().says("`gitops/alpha/module.yaml`: not generated by kmodgen");
}

#[test]
fn a_folder_where_a_file_is_needed() {
    let project = Project::fleet().with("gitops/alpha/module.yaml/notes", "mine\n");
    assert_snapshot!(project.run("generate").differs());
    project.run("generate --force").differs();
    assert_eq!(project.read("gitops/alpha/module.yaml/notes"), "mine\n");
    assert_eq!(project.run("generate --format json").differs().summary(), [0, 0, 9, 0, 8]);
}

#[test]
fn a_file_where_a_folder_is_needed() {
    let project = Project::fleet().with("gitops/alpha", "mine\n").with(&format!("gitops/beta/{EL9}"), "mine\n");
    assert_snapshot!(project.run("generate").differs());
    project.run("generate --force").differs();
    assert_eq!(project.read("gitops/alpha"), "mine\n");
    assert_eq!(project.read(&format!("gitops/beta/{EL9}")), "mine\n");
    assert_eq!(project.run("generate --format json").differs().summary(), [0, 0, 1, 0, 16]);
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
    project.run("generate").differs().says("`gitops/alpha/module.yaml`: edited by hand");
}

#[test]
fn conflicts_of_check_and_dry_run() {
    let project = outdated();
    project.append("gitops/alpha/module.yaml", "# mine\n");
    let before = project.output();
    for verb in ["generate --check", "generate --dry-run", "generate --dry-run --diff"] {
        project.run(verb).differs().says("edited by hand");
    }
    assert_eq!(project.output().written_since(&before), Vec::<&str>::new());
    assert_eq!(fs::read_dir(project.path("gitops")).unwrap().count(), 3);
}
