//! Messages of a first try: a file that is not found, not a manifest, or not finished.

use crate::publishing::Fleet;
use crate::scenario::Project;

#[test]
fn a_manifest_that_is_not_found_is_suggested() {
    let project = Project::fleet();
    let wrong = |file: &str, said: &str| drop(project.run(&format!("plan --file {file}")).trouble().says(said));
    wrong("kmodgen.yml", "did you mean `--file kmodgen.yaml`?");
    wrong("kmodgn.yaml", "did you mean `--file kmodgen.yaml`?");
    wrong("../project", "write `--file ../project/kmodgen.yaml`");
    wrong("patches/../kmodgen.json", "did you mean `--file patches/../kmodgen.yaml`?");
    wrong("nothing.alike", "there is no such file");
    std::fs::rename(project.path("kmodgen.yaml"), project.path("kmodgen.yml")).unwrap();
    project.run("plan").trouble().says("did you mean --file kmodgen.yml?");
}

#[test]
fn another_api_version_is_the_only_error() {
    let project = Project::of("kind: Deployment\nspec: {}\napiVersion: apps/v1\n");
    let run = project.run("generate").trouble().says("kmodgen.yaml:3:13").says("unsupported apiVersion `apps/v1`");
    assert!(run.stderr.contains("1 error\n"), "{run}");
}

#[test]
fn text_that_is_not_utf_8_has_a_line_and_a_column() {
    let project = Project::empty().with("kmodgen.yaml", b"apiVersion: kmodgen/v1\nnamespace: caf\xe9\n");
    project.run("generate").trouble().says("it is not UTF-8 text: line 2, column 15 has the byte 0xe9");
}

#[test]
fn a_quote_that_is_closed_by_the_next_one() {
    let project = Project::fleet();
    project.edit("kmodgen.yaml", "namespace: kmm-ci\n", "namespace: \"kmm-ci\nplatform: {kind: \"openshift\"}\n");
    project.run("generate").trouble().says("kmodgen.yaml:2:12").says("opened here");
}

#[test]
fn help_says_what_to_write() {
    for (from, to, said) in [
        ("builder: dtk", "builder: quay.io/x:$KERNEL_VERSION", "quay.io/x:${KERNEL_VERSION}"),
        ("kmods: [alpha]", "kmods: alpha", "write `kmods: [alpha]`"),
        (
            "moduleSpec: {selector: {node-role.kubernetes.io/worker: \"\"}}",
            "moduleSpec: {modprobe: {moduleName: alpha}}",
            "write it in `moduleLoader.container`: `moduleLoader: {container: {modprobe: {moduleName: alpha}}}`",
        ),
        ("patches/fix.patch]\n", "patches/fix.patch]\n    dir: /\n", "write a relative path, such as `driver`"),
    ] {
        let project = Project::fleet();
        project.edit("kmodgen.yaml", from, to);
        project.run("generate").trouble().says(said);
    }
}

#[test]
fn publish_names_all_that_is_missing() {
    let project = Fleet::new().project;
    project.run("publish").trouble().says("--repo URL-or-PATH --branch BRANCH --path DIR");
    let run = project.run("publish --branch main").trouble().says("--repo URL-or-PATH --path DIR");
    assert!(!run.stderr.contains("--branch BRANCH"), "{run}");
}
