//! Commits: who makes them, what they say, and how they are signed.

use std::fs;

use super::Fleet;

#[test]
fn commits_say_what_changes_and_why() {
    let fleet = Fleet::published();
    fleet.project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    fleet.project.edit("kmodgen.yaml", "  - 6.12.107+deb12-cloud-amd64\n", "  - 6.1.0-99-amd64\n");
    fleet
        .invocation("")
        .env("GIT_AUTHOR_DATE", "1767225600 +0100")
        .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")
        .run()
        .fine();
    let text = fleet.git("fleet.git", &["cat-file", "commit", "main"]);
    let (head, message) = text.split_once("\n\n").unwrap();
    assert!(head.contains("author Ann <ann@example.com> 1767225600 +0100\n"), "{head}");
    assert!(head.ends_with("committer Ben <ben@example.com> 1767225600 +0000"), "{head}");
    let hash = regex::Regex::new("[0-9a-f]{64}").unwrap();
    assert_snapshot!("publish_message", hash.replace_all(message, "[hash]"));
    let trailers = fleet.git("fleet.git", &["log", "-1", "--format=%(trailers:key=Kmodgen-Version)", "main"]);
    assert_eq!(trailers, concat!("Kmodgen-Version: ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_same_content_has_the_same_hash() {
    let fleet = Fleet::published();
    fleet.publish("--branch other --path elsewhere").fine();
    let hash =
        |branch: &str| fleet.git("fleet.git", &["log", "-1", "--format=%(trailers:key=Kmodgen-Content-Hash)", branch]);
    assert!(hash("main").len() > 64);
    assert_eq!(hash("main"), hash("other"));
}

#[test]
fn templates_of_messages() {
    let fleet = Fleet::new();
    let publish = |template: &str| fleet.invocation("--message").arg(template).run();
    let run = publish("{{ subject }} in {{ paht }}").trouble();
    assert_snapshot!("publish_message_template", run);
    assert_eq!(fleet.git("fleet.git", &["for-each-ref"]), "");
    publish("feat(kmm): {{ added }} in {{ path }}\n\n{% for m in modules %}{{ m.name }}: {{ m.added | length }}\n{% endfor %}").fine();
    assert_eq!(
        fleet.git("fleet.git", &["log", "--format=%B", "main"]),
        "feat(kmm): 6 in clusters/prod\n\nalpha: 3\nbeta: 3"
    );
}

#[test]
fn settings_say_who_commits() {
    let fleet = Fleet::new();
    fleet.project.write("gitconfig", "[user]\n name = User\n email = u@example.com\n[author]\n name = Writer\n");
    let config = fleet.project.path("gitconfig").display().to_string();
    fleet.git("fleet.git", &["config", "committer.name", "Robot"]);
    let run =
        fleet.project.kmodgen("publish --repo fleet.git --branch main --path x").env("GIT_CONFIG_GLOBAL", &config);
    run.run().fine();
    let who = fleet.git("fleet.git", &["log", "--format=%an <%ae>, %cn <%ce>", "main"]);
    assert_eq!(who, "Writer <u@example.com>, Robot <u@example.com>");
}

#[test]
#[ignore = "needs ssh-keygen"]
fn commits_are_signed_with_ssh() {
    let fleet = Fleet::new();
    let path = |name: &str| fleet.project.path(name).display().to_string();
    let made =
        std::process::Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &path("key")]).status();
    assert!(made.unwrap().success());
    let public = fs::read_to_string(path("key.pub")).unwrap();
    fs::write(path("allowed"), format!("ben@example.com {public}")).unwrap();
    let settings = |key: &str| {
        format!(
            "[commit]\n gpgsign = true\n[gpg]\n format = ssh\n[user]\n signingkey = {key}\n[gpg \"ssh\"]\n allowedSignersFile = {}\n",
            path("allowed")
        )
    };
    fleet.project.write("gitconfig", settings(&path("key")));
    fleet.invocation("").env("GIT_CONFIG_GLOBAL", &path("gitconfig")).run().fine();
    fleet
        .git("fleet.git", &["-c", &format!("gpg.ssh.allowedSignersFile={}", path("allowed")), "verify-commit", "main"]);
    fleet.is_sound();
    fleet.project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    fleet.project.write("gitconfig", settings(&path("nothing")));
    let before = fleet.tip("main");
    fleet
        .invocation("")
        .env("GIT_CONFIG_GLOBAL", &path("gitconfig"))
        .run()
        .trouble()
        .says("the commit cannot be signed");
    assert_eq!(fleet.tip("main"), before);
}

#[test]
#[ignore = "needs gpg"]
fn commits_are_signed_with_gpg() {
    let fleet = Fleet::new();
    // A socket's path is short.
    let home = tempfile::tempdir_in("/tmp").unwrap();
    let home = home.path().display().to_string();
    let gpg = |arguments: &[&str]| {
        let status = std::process::Command::new("gpg")
            .env("GNUPGHOME", &home)
            .args(["--batch", "--quiet"])
            .args(arguments)
            .status();
        assert!(status.unwrap().success(), "gpg {arguments:?}");
    };
    gpg(&["--passphrase", "", "--quick-gen-key", "Ben <ben@example.com>", "ed25519", "sign", "never"]);
    // Without a key, it is that of the committer.
    fleet.project.write("gitconfig", "[commit]\n gpgsign = true\n");
    let config = fleet.project.path("gitconfig").display().to_string();
    let run = fleet.invocation("").env("GIT_CONFIG_GLOBAL", &config).env("GNUPGHOME", &home).run();
    run.fine();
    let mut verify = std::process::Command::new("git");
    verify.env("GNUPGHOME", &home).current_dir(fleet.project.path("fleet.git")).args(["verify-commit", "main"]);
    assert!(verify.status().unwrap().success());
    let _ = std::process::Command::new("gpgconf").env("GNUPGHOME", &home).args(["--kill", "gpg-agent"]).status();
    fleet.project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    fleet.project.write("gitconfig", "[commit]\n gpgsign = true\n[gpg]\n program = /nonexistent\n");
    fleet.invocation("").env("GIT_CONFIG_GLOBAL", &config).run().trouble().says("`/nonexistent` is not installed");
}
