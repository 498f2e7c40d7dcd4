//! Servers: git's own HTTP backend behind a web server with a password, and sshd.

use std::fs;

use super::Fleet;
use crate::git_servers::world::{World, text};
use crate::scenario::{Run, Tree};

/// A world with the repository `fleet.git`, which is bare and has one commit.
fn world() -> World {
    let world = World::new();
    world.git("", &["init", "-q", "--bare", "-b", "main", "fleet.git"]);
    world.git("", &["clone", "-q", "fleet.git", "theirs"]);
    fs::write(world.path("theirs/README"), "fleet\n").unwrap();
    world.git("theirs", &["checkout", "-q", "-B", "main"]);
    world.git("theirs", &["add", "-A"]);
    world.commit("theirs", "first");
    world.git("theirs", &["push", "-q", "origin", "main"]);
    world
}

/// Publishes to a URL, in the world's environment.
fn publish(fleet: &Fleet, world: &World, url: &str, arguments: &str) -> Run {
    let run = fleet.invocation(&format!("--repo {url} --push {arguments}"));
    world.variables().iter().fold(run, |run, (name, value)| run.env(name, value)).run()
}

fn tip(world: &World, branch: &str) -> String {
    world.git("fleet.git", &["rev-parse", branch])
}

/// What every transport has to do.
fn check_publishing(fleet: &Fleet, world: &World, url: &str) {
    let run = publish(fleet, world, url, "--format json").fine();
    let json = run.json();
    assert_eq!(
        (json["publish"]["commit"].as_str(), &json["publish"]["pushed"]),
        (Some(tip(world, "main").as_str()), &true.into())
    );
    assert_eq!(world.git("fleet.git", &["rev-list", "--count", "main"]), "2");
    publish(fleet, world, url, "").fine().shows("nothing to publish");
    // What others push in between stays.
    world.git("theirs", &["pull", "-q"]);
    world.commit("theirs", "more");
    world.git("theirs", &["push", "-q", "origin", "main"]);
    fleet.project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    publish(fleet, world, url, "").fine().shows(", pushed");
    assert_eq!(world.git("fleet.git", &["log", "--format=%s", "main"]).lines().nth(1), Some("more"));
    // A cache that is lost or broken is made anew.
    for damage in ["remove", "break", "empty"] {
        let cache = fleet.project.cache().join("git");
        let copy = fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
        match damage {
            "remove" => fs::remove_dir_all(&cache).unwrap(),
            "break" => fs::write(copy.join("HEAD"), "nothing").unwrap(),
            _ => {
                // What a crash of the machine leaves: the first run finds out, the next one is rid of it.
                let files = Tree::read(&copy.join("objects"));
                files.paths().iter().for_each(|path| {
                    fs::remove_file(copy.join("objects").join(path)).unwrap();
                    fs::write(copy.join("objects").join(path), "").unwrap();
                });
                publish(fleet, world, url, "").trouble();
            }
        }
        publish(fleet, world, url, &format!("--branch {damage} --base main --path {damage}"))
            .fine()
            .shows("on new branch");
    }
    let json = publish(fleet, world, url, "--branch update --path update --pull-request --format json").fine().json();
    assert_eq!(json["publish"]["pullRequest"]["base"], "main", "it is what HEAD is");
    let again = publish(fleet, world, url, "--branch update --path update --pull-request --format json").fine().json();
    assert_eq!(
        (&again["publish"]["commit"], &again["publish"]["pullRequest"]),
        (&serde_json::Value::Null, &json["publish"]["pullRequest"])
    );
    // The whole tree at once is a pack.
    let kernels: String = (0..60).map(|number| format!("  - 6.1.{number}-1-amd64\n")).collect();
    fleet.project.edit("kmodgen.yaml", "modules:\n", &format!("{kernels}modules:\n"));
    publish(fleet, world, url, "").fine();
    world.git("fleet.git", &["fsck", "--strict", "--full"]);
    publish(fleet, world, url, "--check").fine();
    let past = fs::read_dir(fleet.project.cache().join("git")).unwrap().next().unwrap().unwrap().path();
    assert!(past.join("shallow").exists(), "the past is not fetched");
}

#[test]
fn over_http_with_a_password() {
    let (fleet, world) = (Fleet::new(), world());
    let Some((_server, port)) = world.serve_http(&["--auth", "me:right"]) else { return };
    let log = world.path("helper.log").display().to_string();
    let helper = world.script("helper", &format!("echo \"$1\" >> '{log}'; cat > /dev/null; [ \"$1\" = get ] && printf 'username=me\\npassword=right\\n'; true"));
    world.configure(&format!("[credential]\n helper = {helper}\n"));
    let url = format!("http://127.0.0.1:{port}/fleet.git");
    check_publishing(&fleet, &world, &url);
    fs::write(&log, "").unwrap();
    fleet.project.edit("kmodgen.yaml", "ubi-minimal:9.5", "ubi-minimal:9.6");
    publish(&fleet, &world, &url, "").fine();
    assert_eq!(text(&world.path("helper.log")), "get\nstore\nget\nstore\n", "listing and pushing ask once each");
}

#[test]
fn a_wrong_password_is_asked_for_once() {
    let (fleet, world) = (Fleet::new(), world());
    let Some((_server, port)) = world.serve_http(&["--auth", "me:right"]) else { return };
    let log = world.path("helper.log").display().to_string();
    let helper = world.script("helper", &format!("echo \"$1\" >> '{log}'; cat > /dev/null; [ \"$1\" = get ] && printf 'username=me\\npassword=wrong\\n'; true"));
    world.configure(&format!("[credential]\n helper = {helper}\n"));
    let before = tip(&world, "main");
    let run = publish(&fleet, &world, &format!("http://127.0.0.1:{port}/fleet.git"), "").trouble();
    assert!(run.stderr.contains("refused the user name or the password"), "{run}");
    assert_eq!(text(&world.path("helper.log")), "get\nerase\n");
    assert_eq!(tip(&world, "main"), before);
    world.log_in("me", "right");
    publish(&fleet, &world, &format!("http://127.0.0.1:{port}/fleet.git"), "").fine();
}

#[test]
fn over_ssh() {
    let (fleet, mut world) = (Fleet::new(), world());
    let Some((_server, url)) = world.serve_ssh("fleet.git") else { return };
    check_publishing(&fleet, &world, &url);
    world.set("GIT_SSH_COMMAND", &world.ssh("host", "known"));
    publish(&fleet, &world, &url, "").trouble().says("none of your SSH keys");
}

#[test]
fn an_empty_repository_gets_its_first_commit() {
    let (fleet, world) = (Fleet::new(), World::new());
    world.git("", &["init", "-q", "--bare", "-b", "main", "fleet.git"]);
    let Some((_server, port)) = world.serve_http(&["--auth", "me:right"]) else { return };
    world.log_in("me", "right");
    publish(&fleet, &world, &format!("http://127.0.0.1:{port}/fleet.git"), "").fine();
    assert_eq!(world.git("fleet.git", &["rev-list", "--count", "main"]), "1");
    world.git("fleet.git", &["fsck", "--strict"]);
}

#[test]
fn a_rejected_push_says_the_servers_words() {
    let (fleet, world) = (Fleet::new(), world());
    let Some((_server, port)) = world.serve_http(&["--auth", "me:right"]) else { return };
    world.log_in("me", "right");
    let url = format!("http://127.0.0.1:{port}/fleet.git");
    let before = tip(&world, "main");
    fs::create_dir_all(world.path("fleet.git/hooks")).unwrap();
    world.script("fleet.git/hooks/pre-receive", "echo 'only on Mondays' >&2; exit 1");
    let run = publish(&fleet, &world, &url, "").trouble();
    let shown = run.to_string().replace(&port.to_string(), "[port]");
    assert_snapshot!("publish_rejected", shown);
    assert_eq!(tip(&world, "main"), before);
    fs::remove_file(world.path("fleet.git/hooks/pre-receive")).unwrap();
    // Who may read, but not write.
    world.git("fleet.git", &["config", "http.receivepack", "false"]);
    publish(&fleet, &world, &url, "").trouble().says("the server refuses access");
    world.git("fleet.git", &["config", "http.receivepack", "true"]);
    publish(&fleet, &world, &url, "").fine();
}

#[test]
fn a_repository_on_disk_is_pushed_from() {
    let (fleet, world) = (Fleet::new(), world());
    let remote = world.path("fleet.git").display().to_string();
    fleet.git("", &["clone", "-q", "--bare", &remote, "mine.git"]);
    fs::create_dir_all(world.path("fleet.git/hooks")).unwrap();
    let publish = || fleet.publish("--repo mine.git --push");
    publish().fine().shows(", pushed");
    assert_eq!(tip(&world, "main"), fleet.git("mine.git", &["rev-parse", "main"]));
    publish().fine().shows("nothing to publish");
    // What the server did not take is pushed by the next run.
    world.script("fleet.git/hooks/pre-receive", "echo 'only on Mondays' >&2; exit 1");
    fleet.project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
    publish().trouble().says("remote: only on Mondays");
    fs::remove_file(world.path("fleet.git/hooks/pre-receive")).unwrap();
    publish().fine().shows("was pushed as it is");
    assert_eq!(tip(&world, "main"), fleet.git("mine.git", &["rev-parse", "main"]));
    // What others pushed is neither lost nor merged.
    world.git("theirs", &["pull", "-q"]);
    world.commit("theirs", "more");
    world.git("theirs", &["push", "-q", "origin", "main"]);
    let theirs = tip(&world, "main");
    fleet.project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    publish().trouble().says("has commits on branch `main` that this repository has not");
    assert_eq!(tip(&world, "main"), theirs);
    world.git("fleet.git", &["fsck", "--strict"]);
}
