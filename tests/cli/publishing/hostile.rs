//! What cannot be published, or not there: a clear error, and nothing is changed.

use super::Fleet;

/// Publishing fails with a text, and changes nothing.
fn refused(fleet: &Fleet, arguments: &str, said: &str) {
    let before = fleet.git("fleet.git", &["for-each-ref"]);
    fleet.publish(arguments).trouble().says(said);
    assert_eq!(fleet.git("fleet.git", &["for-each-ref"]), before, "{arguments}");
    fleet.project.outside_is_untouched();
}

#[test]
fn paths_that_leave_the_repository() {
    let fleet = Fleet::new();
    for (path, said) in [
        ("../outside", "is outside its folder"),
        ("a/../../outside", "is outside its folder"),
        ("/etc", "is absolute"),
        (".git", "belongs to git"),
        ("a/.GIT/hooks", "belongs to git"),
    ] {
        refused(&fleet, &format!("--path {path}"), said);
    }
}

#[test]
fn branches_that_git_refuses() {
    let fleet = Fleet::new();
    for branch in ["a..b", "a.lock", "HEAD", "/a", "a~1", "@{-1}", "refs/heads/a"] {
        refused(&fleet, &format!("--branch {branch}"), "is not the name of a branch");
    }
    refused(&fleet, "--branch=-x", "is not the name of a branch");
    refused(&fleet, "--base a..b", "--base: `a..b` is not the name of a branch");
}

#[test]
fn what_is_no_repository() {
    let fleet = Fleet::new();
    fleet.project.write("folder/file", "mine\n");
    refused(&fleet, "--repo nowhere.git", "the folder does not exist");
    refused(&fleet, "--repo folder", "the folder is not the top of a repository");
    refused(&fleet, "--repo folder/file", "there is no git repository");
    refused(&fleet, "--repo ext::sh --push", "cannot publish to");
    refused(&fleet, "--repo https://h.example:x/a --push", "its port is not a number");
    fleet.git("", &["init", "-q", "--bare", "--object-format=sha256", "sha256.git"]);
    refused(&fleet, "--repo sha256.git", "cannot publish to");
    fleet.project.write("broken.git/HEAD", "ref: refs/heads/main\n");
    refused(&fleet, "--repo broken.git", "there is no git repository");
    assert_eq!(fleet.project.read("folder/file"), "mine\n");
}

#[test]
fn what_is_in_the_way() {
    let fleet = Fleet::new();
    fleet.git("", &["init", "-q", "-b", "main", "module"]);
    fleet.git("module", &["commit", "-q", "--allow-empty", "-m", "x"]);
    fleet.commit(
        "main",
        "mkdir dir; ln -s ../outside link; ln -s /etc dir/alpha; echo x > file; git clone -q ../module sub",
    );
    for (path, said) in [
        ("link", "`link` is a symbolic link"),
        ("link/x", "`link` is a symbolic link"),
        ("file", "`file` is a file"),
        ("sub/x", "`sub` is a submodule"),
    ] {
        refused(&fleet, &format!("--path {path}"), said);
    }
    // Below the path it is a conflict, as everywhere.
    fleet.publish("--path dir").differs().says("`alpha` is a symbolic link").shows("created  dir/beta/module.yaml");
    assert_eq!(fleet.git("fleet.git", &["show", "main:dir/alpha"]), "/etc");
    fleet.is_sound();
}

#[test]
fn what_is_not_said() {
    let fleet = Fleet::new();
    let run = |arguments: &str| fleet.project.run(&format!("publish {arguments}"));
    run("").trouble().says("pass --repo URL-or-PATH").says("`publish.repo`");
    run("--repo fleet.git").trouble().says("--branch");
    run("--repo fleet.git --branch main").trouble().says("--path");
    run("--repo fleet.git --branch main --path .").trouble().says("no git identity").says("GIT_AUTHOR_NAME");
    run("--repo https://h.example/a --branch main --path .").trouble().says("requires --push");
    run("--repo https://h.example/a --branch main --path . --push --offline").trouble().says("--offline");
    fleet.publish("--push").trouble().says("no remote called `origin`");
    fleet.project.remove("kmodgen.lock");
    fleet.publish("").trouble().says("there is no `kmodgen.lock`");
    assert_eq!(fleet.git("fleet.git", &["for-each-ref"]), "");
    assert_eq!(fleet.git("fleet.git", &["count-objects"]), "0 objects, 0 kilobytes", "nothing is left of the attempts");
}

#[test]
fn manifests_that_say_it_wrong() {
    let fleet = Fleet::new();
    fleet.project.append(
        "kmodgen.yaml",
        "publish: {repo: 'https://me:secret@h/a', branch: a..b, path: ../x, base: HEAD, push: maybe, massage: x}\n",
    );
    let run = fleet.publish("").trouble();
    assert_snapshot!("publish_wrong_manifest", run);
}

#[test]
fn a_branch_that_is_locked() {
    let fleet = Fleet::published();
    fleet.project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    fleet.project.write("fleet.git/refs/heads/main.lock", "");
    refused(&fleet, "", "locked by another program");
    assert!(fleet.project.path("fleet.git/refs/heads/main.lock").exists(), "it is not ours to remove");
    // That of a run of ours which was killed is.
    fleet.project.write("fleet.git/kmodgen-publishing", "refs/heads/main");
    fleet.publish("").fine();
    assert!(!fleet.project.path("fleet.git/kmodgen-publishing").exists());
    fleet.is_sound();
}

#[test]
fn objects_that_are_gone() {
    let fleet = Fleet::published();
    let tree = fleet.tip("main:clusters");
    fleet.project.remove(&format!("fleet.git/objects/{}/{}", &tree[..2], &tree[2..]));
    fleet.publish("").trouble().says("git: ");
}
