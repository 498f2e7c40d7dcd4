//! Sources that are files: their checksums are in the lock, and a change of a file reaches it only
//! with `update`.

use crate::git_servers::http::serve_https;
use crate::git_servers::world::World;
use crate::scenario::{EL9, Project, RT};

/// A project whose module `alpha` is built of an archive for each kernel, and of a patch collection
/// for all.
fn project() -> Project {
    let project = Project::fleet();
    for (release, text) in [(EL9, "one"), (RT, "two")] {
        project.write(&format!("files/{release}.tar.gz"), text);
    }
    project.write("files/common.zip", "common");
    let root = project.path("files").display().to_string();
    let sources = format!(
        "sources:\n  driver: {{archive: \"file://{root}/${{KERNEL_VERSION}}.tar.gz\"}}\n  common: {{archive: \"file://{root}/common.zip\"}}\n  unused: ",
    );
    project.edit("kmodgen.yaml", "sources:\n  driver:\n", &format!("{sources}\n"));
    project.edit(
        "kmodgen.yaml",
        "    source: driver\n",
        "    source: [driver, common]\n    when: {kernelVersion: \"<6\"}\n",
    );
    project
}

#[test]
fn checksums_are_locked_and_move_only_when_asked() {
    let project = project();
    let refused = project.run("generate --offline").trouble();
    assert_eq!(refused.stderr.matches("error[not-locked]").count(), 3, "{}", refused.stderr);
    assert!(refused.stderr.contains("run `kmodgen lock` without --offline"), "{}", refused.stderr);
    project.run("lock").fine();
    let lock = project.read("kmodgen.lock");
    assert_eq!(lock.matches("sha256:").count(), 3, "{lock}");
    project.run("generate --offline").fine();
    let before = project.tree();

    project.write(&format!("files/{EL9}.tar.gz"), "changed");
    project.run("generate").fine();
    assert_eq!(project.tree().written_since(&before), [format!("files/{EL9}.tar.gz")]);
    let told = project.run("update driver").fine();
    assert_eq!(told.stdout.matches(" -> ").count(), 1, "{}", told.stdout);
    assert!(told.stdout.contains(&format!("{RT}.tar.gz is up to date")), "{}", told.stdout);
    let json = project.run("generate --format json").fine().json();
    assert_eq!((&json["summary"]["updated"], &json["nodes"]["reload"]), (&3.into(), &1.into()));
}

#[test]
fn a_file_that_cannot_be_had_is_named() {
    let project = project();
    project.remove(&format!("files/{RT}.tar.gz"));
    let refused = project.run("lock").trouble();
    assert!(refused.stderr.contains(&format!("{RT}.tar.gz: there is no such file")), "{}", refused.stderr);
    assert!(refused.stderr.contains("kmodgen.yaml:"), "{}", refused.stderr);
    assert!(!project.path("kmodgen.lock").exists());
}

#[test]
fn a_file_outside_of_the_folder_is_not_read() {
    let project = project();
    let outside = project.outside().join("precious");
    project.edit(
        "kmodgen.yaml",
        &format!("file://{}/common.zip", project.path("files").display()),
        &format!("file://{}#/x.zip", outside.display()),
    );
    project.run("lock").trouble().says("it is outside the manifest's folder");
    assert!(!project.path("kmodgen.lock").exists());
}

#[test]
#[ignore = "needs python3 and openssl"]
fn a_checksum_is_not_taken_from_http_if_the_url_says_https() {
    let world = World::new();
    let (_encrypted, https) = serve_https(&world);
    let (_plain, http) = world.serve_http(&[]);
    let project = project();
    let file = format!("file://{}/common.zip", project.path("files").display());
    let redirected = format!("https://127.0.0.1:{https}/elsewhere/{http}/page/common.zip");
    project.edit("kmodgen.yaml", &file, &redirected);
    let certificate = world.path("ca.pem").display().to_string();
    let run = || project.kmodgen("lock").env("SSL_CERT_FILE", &certificate).run();
    run().trouble().says(&format!("redirects to http://127.0.0.1:{http}/page/common.zip, which is not https"));
    assert!(!project.path("kmodgen.lock").exists());
    project.edit("kmodgen.yaml", &redirected, &format!("https://127.0.0.1:{https}/moved/page/common.zip"));
    run().fine();
    assert_eq!(project.read("kmodgen.lock").matches("sha256:").count(), 3);
}

/// Each cluster has kernels of its own, and with them URLs.
#[test]
fn the_lock_is_complete_for_every_cluster() {
    let project = project();
    project
        .append("kmodgen.yaml", "clusters:\n  plain: {when: {flavour: standard}}\n  realtime: {when: {flavour: rt}}\n");
    project.run("lock").fine();
    assert_eq!(project.read("kmodgen.lock").matches("sha256:").count(), 3);
    let rows = project.run("plan --offline --format json --only alpha").fine().json();
    assert_eq!(rows.as_array().unwrap().len(), 2, "{rows}");
    project.run("generate --locked").fine();
    project.run("generate --check").fine();
    project.run("update").fine();
    assert_eq!(project.read("kmodgen.lock").matches("sha256:").count(), 3);
    project.run("generate --check").fine();
}
