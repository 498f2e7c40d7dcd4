//! What a case may say, and what comes of it.

use super::tested;
use crate::scenario::{DEBIAN, EL9, Project, RT};

/// The fleet with one case.
fn with_case(text: &str) -> Project {
    Project::fleet().with("tests/case.yaml", format!("apiVersion: kmodgen/v1\n{text}"))
}

#[test]
fn expectations_that_hold() {
    let texts = [
        "- contains: FROM registry.example.com/ubi9/ubi-minimal:9.4",
        "- lacks: ubi-minimal:9.5",
        "- matches: 'FROM quay\\.example\\.com/dtk@sha256:[ab]+ AS builder'\n    when: {kernel: '5\\..*'}",
        "- {contains: 'dockerfile: |', in: configmap}",
        "- {matches: ' *- literal: 6\\.12.*', in: module}",
        "- mappings: 6",
        "- {mappings: 2, when: {flavour: rt}}",
        "- {contains: bbbbbbbb, when: {kernel: '.*\\+rt'}}",
    ];
    for text in texts {
        with_case(&format!("snapshot: false\nexpect:\n  {text}\n")).run("test").fine();
    }
}

#[test]
fn expectations_that_do_not_hold() {
    let project = with_case(
        "snapshot: false\nexpect:\n  - contains: ubi-minimal:9.5\n  - lacks: depmod\n  - matches: 'FROM'\n  - mappings: 5\n  \
         - {contains: x, when: {labels: {site: nowhere}}}\n  - {lacks: alpha, in: module}\n",
    );
    assert_snapshot!("expectations", project.run("test").differs());
}

#[test]
fn a_kernel_that_is_not_listed_yet() {
    let project =
        with_case("kernels: [{release: 6.12.0-1.el10.x86_64, labels: {site: new}}]\nexpect: [{mappings: 2}]\n");
    project.run("test --accept").fine();
    let tree = project.tree();
    assert!(tree.file("snapshots/case/alpha/6.12.0-1.el10.x86_64/Dockerfile").is_some());
    assert!(!tree.paths().iter().any(|path| path.contains(EL9)), "only the case's own");
    // Beside those of the manifest, and before the manifest's of the same release.
    let project = with_case(&format!(
        "releases: ['5\\..*', {DEBIAN}]\nkernels: [{{release: {EL9}, labels: {{site: new}}}}, 6.12.0-1.el10.x86_64]\n\
         snapshot: false\nexpect:\n  - mappings: 8\n  - {{mappings: 2, when: {{labels: {{site: new}}}}}}\n  \
         - {{lacks: quay.example.com/dtk, when: {{kernel: '{}'}}}}\n",
        EL9.replace('.', "\\.")
    ));
    project.run("test").fine();
    // In files, too.
    let project = with_case("kernels: [{file: tests/next/kernels.yaml}]\nsnapshot: false\nexpect: [{mappings: 4}]\n");
    let list = "apiVersion: kmodgen/v1\nkernels: [6.12.0-1.el10.x86_64, 6.12.0-2.el10.x86_64]\n";
    project.write("tests/next/kernels.yaml", list);
    project.run("test").fine();
}

#[test]
fn a_release_as_it_is_written_means_itself() {
    with_case(&format!("releases: {RT}\nsnapshot: false\nexpect: [{{mappings: 2}}]\n")).run("test").fine();
}

#[test]
fn fields_of_the_manifest_are_laid_over_it() {
    let project = with_case(
        "set:\n  baseImages: {runtime: registry.example.com/other:1, pin: false}\n  modules:\n    - name: alpha\n      \
         steps: [{make: {vars: {DEBUG: \"0\", TRACE: \"1\"}}}]\n    - name: beta\n      unless: {kernel: '.*'}\nsnapshot: false\nexpect:\n  \
         - contains: FROM registry.example.com/other:1\n  - contains: TRACE=1\n  - mappings: 3\n",
    );
    project.run("test").fine();
    let project = with_case(
        "set: {modules: [{name: alpha, steps: ~}], sources: {driver: {patches: ~}}}\nmodules: [alpha]\nsnapshot: false\nexpect:\n  \
         - lacks: DEBUG=0\n  - lacks: fix.patch\n",
    );
    project.run("test").fine();
    let before = project.tree();
    project.run("test").fine();
    assert_eq!(project.tree().written_since(&before), Vec::<&str>::new());
}

#[test]
fn manifests_that_have_to_be_refused() {
    let set = "set: {modules: [{name: alpha, kmods: [alpha.ko]}]}\n";
    with_case(&format!("{set}expect: [{{error: includes the file extension}}, {{error: invalid-value}}]\n"))
        .run("test")
        .fine();
    let run = with_case(&format!("{set}expect: [{{error: something else}}]\n")).run("test").differs();
    run.shows("no message contains `something else`")
        .shows("a message was: kmod `alpha.ko` includes the file extension");
    let run = with_case("set: {namespace: other}\nexpect: [{error: anything}]\n").run("test").differs();
    run.shows("the manifest is not rejected");
    // A refusal that nobody expects is trouble, and points at the case.
    let run = with_case(set).run("test");
    assert_eq!(run.code, 2, "{run}");
    run.shows("--> tests/case.yaml:2:").says("error: 1 case could not run");
    // Templates are tried as well.
    let project =
        with_case("set: {modules: [{name: alpha, template: bad.Dockerfile}]}\nexpect: [{error: undefined}]\n");
    project.write("bad.Dockerfile", "FROM {{ nothing }}\n");
    project.run("test").fine();
}

#[test]
fn clusters() {
    let project = Project::of(include_str!("../scenario/fleet.yaml"))
        .with("patches/fix.patch", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n")
        .with("tests/all.yaml", "apiVersion: kmodgen/v1\nsnapshot: module\nexpect: [{mappings: 8}]\n")
        .with("tests/one.yaml", "apiVersion: kmodgen/v1\ncluster: old\nsnapshot: module\nexpect: [{mappings: 2}]\n");
    project.append("kmodgen.yaml", "clusters:\n  new: {namespace: there}\n  old: {when: {kernel: '6\\..*'}}\n");
    project.run("test --accept").fine();
    let tree = project.tree();
    let snapshots: Vec<&str> = tree.paths().into_iter().filter(|path| path.starts_with("snapshots/")).collect();
    assert_eq!(
        snapshots,
        [
            "snapshots/all/new/alpha/module.yaml",
            "snapshots/all/new/beta/module.yaml",
            "snapshots/all/old/alpha/module.yaml",
            "snapshots/all/old/beta/module.yaml",
            "snapshots/one/old/alpha/module.yaml",
            "snapshots/one/old/beta/module.yaml",
        ]
    );
    project.edit("tests/one.yaml", "cluster: old", "cluster: odl");
    let run = project.run("test one");
    assert_eq!(run.code, 2, "{run}");
    run.shows("the manifest has no cluster `odl`").shows("did you mean `old`?");
}

#[test]
fn names_choose_cases() {
    let project = tested();
    project.run("test rt").fine().shows("1 case: 1 passed");
    project.run("test a.. r.").fine().shows("2 cases: 2 passed");
    project.run("test al").trouble().says("no test case has the name `al`; did you mean `all`?");
    project.run("test (").trouble().says("is not a regular expression");
    // The others are not even read.
    project.write("tests/broken.yaml", "nonsense");
    project.run("test rt").fine();
    project.run("test").trouble().says("tests/broken.yaml:1:1");
}

#[test]
fn from_any_folder() {
    let project = tested();
    let run = project.kmodgen("test -f project/kmodgen.yaml").from(project.path("..")).run().fine();
    run.shows("2 cases: 2 passed");
    project.kmodgen("test").from(project.path("tests")).run().fine().shows("2 cases: 2 passed");
    project.edit("mine.Dockerfile", "made=here", "made=there");
    let run = project.kmodgen("test -f project/kmodgen.yaml").from(project.path("..")).run().differs();
    run.shows("  changed  project/snapshots/all/alpha/");
}

#[test]
fn a_lock_that_is_not_complete_is_told_of() {
    let project = with_case("set: {sources: {driver: {ref: main}}}\n");
    let run = project.run("test");
    assert_eq!(run.code, 2, "{run}");
    run.shows("`main` is not pinned in kmodgen.lock").shows("run `kmodgen lock`, or write a full commit ID");
}
