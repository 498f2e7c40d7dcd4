//! What no mapping asks for any more goes in the same run, and only what kmodgen wrote.

use std::process::Command;

use crate::scenario::{DEBIAN, EL9, Project, RT, lines};

fn without_debian(project: &Project) {
    project.edit("kmodgen.yaml", &format!("  - {DEBIAN}\n"), "");
}

fn without_beta(project: &Project) {
    let manifest = project.read("kmodgen.yaml");
    let (alpha, _) = manifest.split_once("  - name: beta").unwrap();
    project.write("kmodgen.yaml", alpha);
}

#[test]
fn a_kernel_that_goes_takes_its_folder_with_it() {
    let project = Project::generated();
    let before = project.output();
    without_debian(&project);
    assert_snapshot!(project.run("generate").fine());
    let expected = "
        - alpha/6.12.107+deb12-cloud-amd64/Dockerfile
        - alpha/6.12.107+deb12-cloud-amd64/configmap.yaml
        ~ alpha/kustomization.yaml
        ~ alpha/module.yaml
        - beta/6.12.107+deb12-cloud-amd64/Dockerfile
        - beta/6.12.107+deb12-cloud-amd64/configmap.yaml
        ~ beta/kustomization.yaml
        ~ beta/module.yaml";
    assert_eq!(project.output().since(&before), lines(expected));
    let folders = ["alpha".into(), format!("alpha/{EL9}"), format!("alpha/{RT}")];
    assert_eq!(&project.output().folders()[..3], folders);
    assert_eq!(project.output().folders().len(), 6);
}

#[test]
fn a_module_that_goes() {
    let project = Project::generated();
    without_beta(&project);
    assert_snapshot!(project.run("generate --allow-remove").fine());
    assert!(project.output().paths().iter().all(|path| !path.starts_with("beta")));
    assert!(!project.path("gitops/beta").exists());
    assert!(!project.read("gitops/kustomization.yaml").contains("\"beta\""));
}

#[test]
fn a_users_own_files_stay_with_their_folders() {
    let project = Project::generated();
    let own = [
        format!("gitops/alpha/{DEBIAN}/notes.md"),
        "gitops/beta/values.yaml".into(),
        "gitops/beta/mine/Dockerfile".into(),
        "gitops/mine/kustomization.yaml".into(),
        "gitops/.git/config".into(),
        "gitops/README.md".into(),
    ];
    own.iter().for_each(|path| project.write(path, "mine\n"));
    without_debian(&project);
    without_beta(&project);
    project.run("generate --allow-remove").fine().shows("10 removed");
    own.iter().for_each(|path| assert_eq!(project.read(path), "mine\n"));
    let left = project.output();
    assert!(!left.paths().iter().any(|path| path.contains("beta/5") || path.contains("deb12-cloud-amd64/D")));
}

/// Another tool's Module, or one written by hand, is nothing that kmodgen unloads.
#[test]
fn a_users_own_module_is_none_of_ours() {
    let module = "spec: {moduleLoader: {container: {kernelMappings: [{literal: 5.14.0-427.28.1.el9_4.x86_64, \
                  containerImage: quay.example.com/mine:1}]}}}\n";
    let project = Project::generated().with("gitops/mine/module.yaml", module);
    let dtk = format!("x86_64\n    dtk: quay.example.com/dtk@sha256:{}", "a".repeat(64));
    project.edit("kmodgen.yaml", &dtk, &format!("{dtk}\n    nodes: 3"));
    project.run("generate").fine().silent();
    let rows = project.run("plan --format json").fine().json();
    assert!(rows.as_array().unwrap().iter().all(|row| row["module"] != "mine"), "{rows:#}");
}

#[test]
fn an_edited_orphan_is_a_conflict() {
    let project = Project::generated();
    project.append(&format!("gitops/alpha/{DEBIAN}/Dockerfile"), "# mine\n");
    without_debian(&project);
    assert_snapshot!(project.run("generate").differs());
    assert!(project.read(&format!("gitops/alpha/{DEBIAN}/Dockerfile")).ends_with("# mine\n"));
    assert!(project.path(&format!("gitops/alpha/{DEBIAN}/configmap.yaml")).exists());

    project.run("generate --force").fine().shows("2 removed");
    assert!(!project.path(&format!("gitops/alpha/{DEBIAN}")).exists());
}

#[test]
fn only_prunes_what_it_names() {
    let project = Project::generated();
    without_debian(&project);
    project.run("generate --only alpha").fine().shows("2 removed");
    assert!(!project.path(&format!("gitops/alpha/{DEBIAN}")).exists());
    assert!(project.path(&format!("gitops/beta/{DEBIAN}/Dockerfile")).exists());
}

#[test]
fn what_cannot_be_ours_is_not_even_looked_at() {
    let project = Project::generated();
    let copy = project.read(&format!("gitops/alpha/{EL9}/Dockerfile"));
    let elsewhere = ["gitops/alpha/Dockerfile", "gitops/a/b/c/Dockerfile", "gitops/Dockerfile", "gitops/alpha/x/other"];
    elsewhere.iter().for_each(|path| project.write(path, &copy));
    project.run("generate").fine().shows("0 removed");
    elsewhere.iter().for_each(|path| assert_eq!(project.read(path), copy));
}

#[test]
fn git_attributes_mark_what_is_generated() {
    let project = Project::fleet();
    project.append("kmodgen.yaml", "output: {gitAttributes: true}\n");
    project.write("gitops/.gitattributes", "* text\n");
    project.run("generate").differs().says(".gitattributes");
    project.run("generate --force").fine();
    project.write("gitops/NOTES.md", "ours");
    let git = |arguments: &str| {
        let mut command = Command::new("git");
        command.args(arguments.split(' ')).current_dir(project.path("")).env("GIT_CONFIG_GLOBAL", "/dev/null");
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    git("init -q .");
    for path in project.output().paths() {
        let attributes = git(&format!("check-attr linguist-generated gitlab-generated -- gitops/{path}"));
        let is_set = attributes.lines().all(|line| line.ends_with(": set"));
        let is_unset = attributes.lines().all(|line| line.ends_with(": unspecified"));
        assert!(if path == "NOTES.md" { is_unset } else { is_set }, "{attributes}");
    }
    project.run("generate --check").fine();
    project.append("gitops/.gitattributes", "* text\n");
    project.run("generate").differs().says("gitops/.gitattributes");
    project.run("generate --force").fine();
    project.edit("kmodgen.yaml", "output: {gitAttributes: true}\n", "");
    project.run("generate").fine().shows("removed  gitops/.gitattributes");
    assert!(!project.path("gitops/.gitattributes").exists());
}
