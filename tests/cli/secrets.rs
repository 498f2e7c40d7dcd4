//! Secrets in URLs: refused in every field, with the place where they belong, and never shown.

use crate::scenario::{EL9, Project, Run, commit_id};

/// The value that no run may show or write.
const SECRET: &str = "hunter2";

/// The source of the fleet's first module.
const SOURCE: &str = "driver:
    git: https://git.example.com/driver.git
    ref: \"1111111111111111111111111111111111111111\"
    patches: [patches/fix.patch]";

/// Runs kmodgen on a manifest whose source is on one line.
fn source_refused(fields: &str) -> Run {
    refused(SOURCE, &format!("driver: {{{fields}}}"))
}

/// Runs kmodgen on a manifest with `from` replaced by `to`.
fn refused(from: &str, to: &str) -> Run {
    let project = Project::fleet();
    project.edit("kmodgen.yaml", from, to);
    let run = project.run("generate").trouble();
    assert!(!run.stderr.contains(SECRET), "{run}");
    for verb in ["plan --format json", "explain", "lock", "build --dry-run --format json"] {
        let other = project.run(verb).trouble();
        assert!(!other.stderr.contains(SECRET), "{other}");
    }
    assert!(!project.path("kmodgen.lock").exists() && !project.path("gitops").exists());
    run
}

#[test]
fn a_login_in_the_url_of_a_source() {
    let url = "https://git.example.com/driver.git";
    assert_snapshot!(refused(url, "https://user:hunter2@git.example.com/driver.git"));
    for login in ["hunter2", "user%3Ahunter2", "user:hunter2%40x", "oauth2:hunter2/x", "user:hunter2@x"] {
        refused(url, &format!("https://{login}@git.example.com/driver.git"))
            .says("write `https://git.example.com/driver.git`")
            .says("the source's `secret`");
    }
    refused(url, "https://git.example.com/driver.git?private_token=hunter2").says("`private_token` in the URL");
    refused(url, "ssh://git:hunter2@git.example.com/driver.git").says("write `ssh://git@git.example.com/driver.git`");
    refused(url, "git:hunter2@git.example.com:driver.git").says("write `git@git.example.com:driver.git`");
    refused(url, r#""https://user:hunter2\x40git.example.com/driver.git""#).says("a user or password");
}

#[test]
fn a_secret_in_the_url_of_a_file() {
    for kind in ["archive", "rpm", "deb"] {
        for query in ["token=hunter2", "X-Amz-Signature=hunter2", "a=b&sig=hunter2", "ToKen=hunter2#/a.tar"] {
            source_refused(&format!("{kind}: 'https://example.com/a.tar?{query}'")).says("in the URL is a secret");
        }
        source_refused(&format!("{kind}: https://hunter2@example.com/a.tar")).says("write `https://example.com/a.tar`");
    }
}

#[test]
fn a_login_in_other_fields() {
    let namespace = "namespace: kmm-ci\n";
    for field in [
        "mirrors: {https://github.com/: https://u:hunter2@mirror.example.com/}",
        "mirrors: {https://u:hunter2@github.com/: https://mirror.example.com/}",
        "mirrors: {quay.io: 'u:hunter2@mirror.example.com'}",
        "publish: {repo: https://hunter2@git.example.com/fleet.git}",
        "publish: {repo: https://git.example.com/fleet.git, message: https://u:hunter2@x.example.com}",
        "pasword: https://u:hunter2@x.example.com",
        "password: hunter2",
        "baseImages: {runtime: u:hunter2@registry.example.com/a:1}",
        "baseImages: {runtime: https://u:hunter2@registry.example.com/a:1}",
    ] {
        refused(namespace, &format!("{namespace}{field}\n"));
    }
    for spec in [
        "moduleSpec: {imageRepoSecret: {name: https://u:hunter2@x.example.com}, selector",
        "moduleSpec: {moduleLoader: {container: {build: {buildArgs: [{name: A, value: https://u:hunter2@x.example.com}]}}}, selector",
        "moduleSpec: {devicePlugin: {container: {image: a, env: [{name: A, value: 'https://u:hunter2@x.example.com'}]}}, selector",
    ] {
        refused("moduleSpec: {selector", spec);
    }
}

#[test]
fn other_errors_about_the_line_show_no_secret() {
    let source = format!("git: https://git.example.com/driver.git, ref: '{}'", commit_id('1'));
    source_refused("git: https://u:hunter2@git.example.com/driver.git, rfe: x").says("did you mean `ref`?");
    source_refused("git: https://u:hunter2@git.example.com/driver.git, ref: 'a b'").says("is not a git ref");
    source_refused(&format!("{source}, secret: Hunter2hunter2")).says("not the name of a Kubernetes secret");
    source_refused(&format!("{source}, password: hunter2")).says("has no key `password`");
    source_refused("git: https://u:hunter2@git.example.com/driver.git, ref: x: y").says("yaml-syntax");
}

#[test]
fn a_lock_with_a_login_is_refused() {
    let project = Project::fleet();
    let lock =
        "version: 1\ntemplates: 1\nsources:\n  - git: \"https://u:hunter2@h/a.git\"\n    ref: \"v1\"\n    commit: \"";
    project.write("kmodgen.lock", format!("{lock}{}\"\n", commit_id('1')));
    let run = project.run("generate").trouble().says("kmodgen.lock:4").says("delete it and run `kmodgen lock`");
    assert!(!run.stderr.contains(SECRET), "{run}");
}

#[test]
fn a_login_on_the_command_line() {
    let project = Project::generated();
    for repo in ["https://u:hunter2@h/a.git", "https://hunter2@h/a.git", "u:hunter2@h:a.git"] {
        let line = format!("publish --repo {repo} --branch main --path . --push");
        let run = project.run(&line).trouble().says("git's credential helpers");
        assert!(!run.stderr.contains(SECRET), "{run}");
    }
    let run = project.run("generate https://u:hunter2@h.example.com/a").trouble();
    assert!(!run.stderr.contains(SECRET), "{run}");
}

#[test]
fn urls_without_secrets_are_taken() {
    let project = Project::fleet();
    project.edit("kmodgen.yaml", "https://git.example.com/driver.git", "https://git.example.com/driver.git?ref=v1");
    project.run("generate").fine();
    assert!(project.read(&format!("gitops/alpha/{EL9}/Dockerfile")).contains("driver.git?ref=v1"));
}
