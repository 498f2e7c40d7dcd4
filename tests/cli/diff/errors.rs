//! Revisions that cannot be compared: one message each.

use super::committed;
use crate::scenario::Project;

#[test]
fn no_revision_and_no_repository() {
    let project = committed();
    let run = project.run("diff v9").trouble();
    assert_eq!(run.stderr, "error: cannot compare with `v9`: there is no revision `v9` in the repository\n");
    project.run("diff v1 v9").trouble().says("cannot compare with `v9`: there is no revision `v9`");
    for (range, help) in [
        ("v1..v9", "kmodgen diff v1 v9"),
        ("v1..", "kmodgen diff v1 HEAD"),
        ("..v9", "kmodgen diff HEAD v9"),
        ("v1...v9", "kmodgen diff $(git merge-base v1 v9) v9"),
    ] {
        let run = project.run(&format!("diff {range}")).trouble();
        run.says(&format!("there is no revision `{range}`")).says(&format!("\n  help: write `{help}`\n"));
    }
    project.kmodgen("diff").arg("v1\u{1b}[2J").run().trouble().says("there is no revision `v1\\u{1b}[2J`");
    project.kmodgen("diff -- --upload-pack=x").run().trouble().says("there is no revision `--upload-pack=x`");
    Project::fleet().run("diff HEAD").trouble().says("is not in a git repository");
}

#[test]
fn a_revision_without_the_manifest() {
    let project = Project::empty().with("README", "text\n");
    project.commit("empty");
    project.write("kmodgen.yaml", include_str!("../scenario/fleet.yaml"));
    let run = project.run("diff empty").trouble();
    assert_eq!(run.stderr, "error: cannot compare with `empty`: there was no `kmodgen.yaml` at that revision\n");
}

#[test]
fn files_that_are_wrong_at_a_revision() {
    let project = committed();
    project.edit("kmodgen.yaml", "namespace: kmm-ci", "namspace: kmm-ci");
    project.commit("wrong");
    project.edit("kmodgen.yaml", "namspace: kmm-ci", "namespace: kmm-ci");
    assert_snapshot!("diff_wrong_manifest", project.run("diff wrong").trouble());
    project.edit("kmodgen.yaml", "modules:\n", "  - {file: more.yaml}\nmodules:\n");
    project.write("more.yaml", "apiVersion: kmodgen/v1\nkernels: [6.1.0-1-amd64, a b]\n");
    project.commit("list");
    project.run("diff v1 list").trouble().says(" --> list:more.yaml:2:");
    project.write("more.yaml", "apiVersion: kmodgen/v1\nkernels: [6.1.0-1-amd64]\n");
    project
        .write("own.Dockerfile", "{% extends \"kmodgen/dtk\" %}\n{% block labels %}\n{{ nothing }}\n{% endblock %}\n");
    project.edit("kmodgen.yaml", "    kmods: [alpha]\n", "    kmods: [alpha]\n    template: own.Dockerfile\n");
    project.commit("template");
    project.run("diff template v1").trouble().says(" --> template:own.Dockerfile:3:");
}

#[test]
fn a_lock_that_is_incomplete() {
    let project = committed();
    project.edit("kmodgen.yaml", &"1".repeat(40), "main");
    project.run("diff v1").trouble().says("`main` is not pinned in kmodgen.lock").says("help: run `kmodgen lock`");
    project.commit("unlocked");
    let run = project.run("diff v1 unlocked").trouble().says(" --> unlocked:kmodgen.yaml:");
    run.says("compare with a revision whose kmodgen.lock is complete");
}

/// Nothing of a repository is run: hooks, filters and programs of its settings.
#[test]
fn no_program_of_a_checkout_is_run() {
    let project = committed();
    let evil = format!("touch {}", project.outside().join("evil").display());
    for (key, value) in [
        ("core.fsmonitor", evil.as_str()),
        ("core.sshCommand", &evil),
        ("filter.x.smudge", &evil),
        ("diff.external", &evil),
        ("core.pager", &evil),
    ] {
        let status =
            std::process::Command::new("git").args(["config", key, value]).current_dir(project.path("")).status();
        assert!(status.unwrap().success());
    }
    project.write(".gitattributes", "* filter=x diff=x\n");
    project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    project.run("diff v1").fine().shows("6 to reload");
    project.run("diff v1 HEAD").fine();
    project.outside_is_untouched();
}
