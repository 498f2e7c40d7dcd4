//! Hashes that are to stay as they were in a commit.

use super::change;
use crate::scenario::{DEBIAN, EL9, Project, RT};

/// The fleet in a repository with a tag, and a case that compares with it.
fn committed(rest: &str) -> Project {
    let project = super::fleet_with_cases();
    project.remove("tests/all.yaml");
    project.remove("tests/rt.yaml");
    project.write(
        "tests/same.yaml",
        format!("apiVersion: kmodgen/v1\nsnapshot: false\nexpect:\n  - unchangedSince: v1\n{rest}"),
    );
    project.commit("v1");
    project
}

#[test]
fn nothing_that_decides_an_image_changed() {
    let project = committed("");
    project.run("test").fine();
    // Where the hash does not look.
    project.edit("kmodgen.yaml", "namespace: kmm-ci", "namespace: other # a comment");
    project.edit("kmodgen.yaml", "image: registry.example.com/kmods/beta", "image: registry.example.com/moved/beta");
    project.run("test").fine();
    let before = project.tree();
    project.git("commit --quiet -a -m second");
    project.run("test").fine();
    let since = project.tree().since(&before);
    assert!(since.iter().all(|path| path.contains(".git/")), "{since:?}");
}

#[test]
fn what_changed_is_told_with_its_inputs() {
    let project = committed("");
    project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    assert_snapshot!("unchanged_since", project.run("test").differs().unhashed());
}

#[test]
fn templates_and_patches_are_those_of_the_commit() {
    let project = committed("    when: {kernel: '5\\..*'}\n");
    change(&project);
    project.run("test").differs().shows(&format!("`alpha` on kernel `{EL9}` has another content hash"));
    project.git("checkout --quiet mine.Dockerfile");
    project.run("test").fine();
    project.append("patches/fix.patch", "@@ -5 +5 @@\n-a\n+b\n");
    project.run("test").differs().shows("patch ").shows("has another content hash");
}

#[test]
fn only_the_kernels_that_it_is_about() {
    let project = committed("    when: {kernel: '5\\..*'}\n");
    project.edit(
        "kmodgen.yaml",
        "    image: registry.example.com/kmods/alpha\n",
        "    image: registry.example.com/kmods/alpha\n    overrides: [{when: {kernel: '6\\..*'}, user: \"7\"}]\n",
    );
    project.run("test").fine();
    project.write("tests/same.yaml", project.read("tests/same.yaml").replace("5\\.", "6\\."));
    project.run("test").differs().shows(&format!("`alpha` on kernel `{DEBIAN}` has another content hash"));
}

#[test]
fn mappings_that_come_and_go() {
    let project = committed("");
    project.edit("kmodgen.yaml", &format!("  - {DEBIAN}\n"), "  - 6.12.0-1.el10.x86_64\n");
    let run = project.run("test").differs();
    let run = run.shows("`alpha` on kernel `6.12.0-1.el10.x86_64` is new since then; expected no change since `v1`");
    run.shows("the same for 3 more: `beta` on kernel `6.12.0-1.el10.x86_64`")
        .shows(&format!("`beta` on kernel `{DEBIAN}`"));
    // What a case adds is compared, too: it is tried on both.
    let case = "apiVersion: kmodgen/v1\nkernels: [6.13.0-1.x86_64]\nsnapshot: false\nexpect: [{unchangedSince: v1}]\n";
    project.write("tests/same.yaml", case);
    project.run("test").fine();
}

#[test]
fn what_there_is_not_to_compare_with() {
    let project = committed("");
    let trouble = |revision: &str, said: &str| {
        project.write(
            "tests/same.yaml",
            format!("apiVersion: kmodgen/v1\nsnapshot: false\nexpect: [{{unchangedSince: \"{revision}\"}}]\n"),
        );
        let run = project.run("test");
        assert_eq!(run.code, 2, "{run}");
        run.shows(&format!("cannot compare with `{revision}`: {said}")).shows("tests/same.yaml:3:10");
    };
    trouble("v9", "there is no revision `v9` in the repository");
    trouble("--upload-pack=x", "there is no revision `--upload-pack=x`");
    trouble("v1:kmodgen.yaml", "there is no revision");
    // A commit before the manifest was there, and one in which it was wrong.
    project.git("checkout --quiet --orphan other");
    project.git("rm --quiet --cached kmodgen.yaml");
    project.git("commit --quiet -m without");
    project.git("tag without");
    project.edit("kmodgen.yaml", "namespace: kmm-ci", "namspace: kmm-ci");
    project.git("add kmodgen.yaml");
    project.git("commit --quiet -m wrong");
    project.git("tag wrong");
    project.edit("kmodgen.yaml", "namspace: kmm-ci", "namespace: kmm-ci");
    trouble("without", "there was no `kmodgen.yaml` at that revision");
    trouble("wrong", "the manifest of this case was rejected there: the manifest has no key `namspace`");
    project.remove(".git");
    trouble("v1", "`.` is not in a git repository");
    project.git("init --quiet");
    trouble("v1", "the repository has no commits");
}

#[test]
fn a_history_that_is_cut_off_says_so() {
    let project = committed("");
    project.append("kmodgen.yaml", "# more\n");
    project.git("commit --quiet -a -m second");
    let url = format!("file://{}", project.path("").display());
    project.git(&format!("clone --quiet --depth 1 --no-tags {url} shallow"));
    let run = project.kmodgen("test").from(project.path("shallow")).run();
    assert_eq!(run.code, 2, "{run}");
    run.shows("which is a shallow clone: fetch its history, for example with `git fetch --unshallow`");
}

#[test]
fn a_manifest_in_a_folder_of_the_repository() {
    let project = committed("");
    let sub = project.path("deep/er");
    std::fs::create_dir_all(&sub).unwrap();
    for name in ["kmodgen.yaml", "mine.Dockerfile", "patches", "tests"] {
        project.git(&format!("mv {name} deep/er/{name}"));
    }
    project.git("commit --quiet -m moved");
    project.git("tag --force v1");
    project.kmodgen("test").from(&sub).run().fine();
    project.kmodgen("test -f deep/er/kmodgen.yaml").run().fine();
    project.edit("deep/er/mine.Dockerfile", "made=here", "made=there");
    let run = project.kmodgen("test -f deep/er/kmodgen.yaml").run().differs();
    run.shows(&format!("the same for 2 more: `alpha` on kernel `{RT}`"));
}
