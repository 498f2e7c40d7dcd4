//! Servers: git's own HTTP backend behind a web server with a password, and sshd.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use super::Fleet;
use crate::git_servers::http::serve_https;
use crate::git_servers::world::{World, ends, text};
use crate::scenario::{Run, Tree};

/// A world with the repository `fleet.git`, which is bare and has one commit.
pub(super) fn world() -> World {
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
pub(super) fn publish(fleet: &Fleet, world: &World, url: &str, arguments: &str) -> Run {
    let run = fleet.invocation(&format!("--repo {url} --push {arguments}"));
    world.variables().iter().fold(run, |run, (name, value)| run.env(name, value)).run()
}

pub(super) fn tip(world: &World, branch: &str) -> String {
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
#[ignore = "needs python3"]
fn over_http_with_a_password() {
    let (fleet, world) = (Fleet::new(), world());
    let (_server, port) = world.serve_http(&["--auth", "me:right"]);
    let log = world.path("helper.log").display().to_string();
    let helper = world.script("helper", &format!("echo \"$1\" >> '{log}'; cat > /dev/null; [ \"$1\" = get ] && printf 'username=me\\npassword=right\\n'; true"));
    world.configure(&format!("[credential]\n helper = {helper}\n"));
    let url = format!("http://127.0.0.1:{port}/fleet.git");
    check_publishing(&fleet, &world, &url);
    fs::write(&log, "").unwrap();
    fleet.project.edit("kmodgen.yaml", "ubi-minimal:9.5", "ubi-minimal:9.6");
    publish(&fleet, &world, &url, "").fine();
    let asked = text(&world.path("helper.log"));
    assert_eq!(asked, "get\nstore\n".repeat(3), "listing, fetching the past and pushing ask once each");
}

#[test]
#[ignore = "needs python3"]
fn the_commit_of_a_hold_is_fetched_once() {
    let (fleet, world) = (Fleet::new(), world());
    let (_server, port) = world.serve_http(&["--auth", "me:right"]);
    world.log_in("me", "right");
    let url = format!("http://127.0.0.1:{port}/fleet.git");
    publish(&fleet, &world, &url, "").fine();
    let first = tip(&world, "main");
    world.git("fleet.git", &["tag", "good", &first]);
    let module = |revision: &str| world.git("fleet.git", &["rev-parse", &format!("{revision}:clusters/prod/alpha")]);
    fleet.project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
    publish(&fleet, &world, &url, "").fine();
    assert_ne!(module("main"), module(&first));
    for at in [first.as_str(), "good"] {
        fs::remove_dir_all(fleet.project.cache()).unwrap();
        let hold = format!("hold alpha --repo {url} --path clusters/prod --at {at} --reason x --until 9999-12-31");
        let hold =
            world.variables().iter().fold(fleet.project.kmodgen(&hold), |run, (name, value)| run.env(name, value));
        hold.run().fine();
        assert!(fleet.project.read("kmodgen.holds.yaml").contains(&first));
        fs::remove_dir_all(fleet.project.cache()).unwrap();
        publish(&fleet, &world, &url, "").fine().says("held at");
        assert_eq!(module("main"), module(&first));
        publish(&fleet, &world, &url, "").fine().shows("nothing to publish");
    }
    fleet.project.edit("kmodgen.holds.yaml", &first, &"7".repeat(40));
    let run = publish(&fleet, &world, &url, "").differs();
    run.says("skipped module `alpha`: it is held, but commit 777777777777 cannot be fetched from");
}

#[test]
#[ignore = "needs python3"]
fn a_wrong_password_is_asked_for_once() {
    let (fleet, world) = (Fleet::new(), world());
    let (_server, port) = world.serve_http(&["--auth", "me:right"]);
    let log = world.path("helper.log").display().to_string();
    let helper = world.script("helper", &format!("echo \"$1\" >> '{log}'; cat > /dev/null; [ \"$1\" = get ] && printf 'username=me\\npassword=wrong\\n'; true"));
    world.configure(&format!("[credential]\n helper = {helper}\n"));
    let before = tip(&world, "main");
    let run = publish(&fleet, &world, &format!("http://127.0.0.1:{port}/fleet.git"), "").trouble();
    assert!(run.stderr.contains("rejected the user name or the password"), "{run}");
    assert_eq!(text(&world.path("helper.log")), "get\nerase\n");
    assert_eq!(tip(&world, "main"), before);
    world.log_in("me", "right");
    publish(&fleet, &world, &format!("http://127.0.0.1:{port}/fleet.git"), "").fine();
}

#[test]
#[ignore = "needs sshd"]
fn over_ssh() {
    let (fleet, mut world) = (Fleet::new(), world());
    let (_server, url) = world.serve_ssh("fleet.git");
    check_publishing(&fleet, &world, &url);
    world.set("GIT_SSH_COMMAND", &world.ssh("host", "known"));
    publish(&fleet, &world, &url, "").trouble().says("none of your SSH keys");
}

#[test]
#[ignore = "needs python3"]
fn an_empty_repository_gets_its_first_commit() {
    let (fleet, world) = (Fleet::new(), World::new());
    world.git("", &["init", "-q", "--bare", "-b", "main", "fleet.git"]);
    let (_server, port) = world.serve_http(&["--auth", "me:right"]);
    world.log_in("me", "right");
    publish(&fleet, &world, &format!("http://127.0.0.1:{port}/fleet.git"), "").fine();
    assert_eq!(world.git("fleet.git", &["rev-list", "--count", "main"]), "1");
    world.git("fleet.git", &["fsck", "--strict"]);
}

#[test]
#[ignore = "needs python3"]
fn a_rejected_push_says_the_servers_words() {
    let (fleet, world) = (Fleet::new(), world());
    let (_server, port) = world.serve_http(&["--auth", "me:right"]);
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
    publish(&fleet, &world, &url, "").trouble().says("the server denied access");
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
    publish().fine().shows("without changes");
    assert_eq!(tip(&world, "main"), fleet.git("mine.git", &["rev-parse", "main"]));
    // What others pushed is neither lost nor merged.
    world.git("theirs", &["pull", "-q"]);
    world.commit("theirs", "more");
    world.git("theirs", &["push", "-q", "origin", "main"]);
    let theirs = tip(&world, "main");
    fleet.project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    publish().trouble().says("has commits on branch `main` that this repository lacks");
    assert_eq!(tip(&world, "main"), theirs);
    world.git("fleet.git", &["fsck", "--strict"]);
}

/// Publishes with HTTPS, whose certificate a setting of the user's makes trusted.
#[test]
#[ignore = "needs python3 and openssl"]
fn over_https() {
    let (fleet, world) = (Fleet::new(), world());
    world.git("fleet.git", &["config", "http.receivepack", "true"]);
    let (_server, port) = serve_https(&world);
    let url = format!("https://127.0.0.1:{port}/fleet.git");
    let before = tip(&world, "main");
    publish(&fleet, &world, &url, "")
        .trouble()
        .says("cannot establish a trusted TLS connection")
        .says("GIT_SSL_CAINFO");
    assert_eq!(tip(&world, "main"), before);
    world.configure("[http]\n sslCAInfo = ~/ca.pem\n");
    publish(&fleet, &world, &url, "").fine().shows(", pushed");
    assert_eq!(world.git("fleet.git", &["rev-list", "--count", "main"]), "2");
}

/// `~/.gitconfig` says where to fetch from, and where to push to.
#[test]
#[ignore = "needs python3"]
fn urls_are_rewritten_as_the_user_says() {
    let (fleet, world) = (Fleet::new(), world());
    world.git("", &["clone", "-q", "--bare", "fleet.git", "mirror.git"]);
    let (_server, port) = world.serve_http(&["--auth", "me:right"]);
    let base = format!("http://me:right@127.0.0.1:{port}");
    let settings = format!(
        "[url \"{base}/mirror.git\"]\n insteadOf = https://git.example.com/fleet\n\
         [url \"{base}/fleet.git\"]\n pushInsteadOf = https://git.example.com/fleet\n"
    );
    fs::write(fleet.project.path("../home/.gitconfig"), settings).unwrap();
    let home = fleet.project.path("../home").canonicalize().unwrap().display().to_string();
    let publish = |url: &str| {
        let run = fleet.invocation(&format!("--repo {url} --push"));
        run.env("GIT_CONFIG_GLOBAL", &format!("{home}/.gitconfig")).run()
    };
    let run = publish("https://git.example.com/fleet").fine();
    assert!(!run.to_string().contains("right@"), "{run}");
    assert_eq!(world.git("fleet.git", &["rev-list", "--count", "main"]), "2");
    assert_eq!(world.git("mirror.git", &["rev-list", "--count", "main"]), "1");
    publish("https://git.example.com/other").trouble();
}

#[test]
#[ignore = "needs python3"]
fn logins_of_a_remote_stay_secret() {
    let (fleet, world) = (Fleet::new(), world());
    let (_server, port) = world.serve_http(&["--auth", "me:right"]);
    fleet.git("", &["clone", "-q", "--bare", &world.path("fleet.git").display().to_string(), "mine.git"]);
    for login in ["me:mistaken", "mistaken", "me%3Amistaken", "mistaken:"] {
        let url = format!("http://{login}@127.0.0.1:{port}/fleet.git");
        fleet.git("mine.git", &["config", "remote.origin.url", &url]);
        let run = fleet.publish("--repo mine.git --push").trouble();
        assert!(run.stderr.contains("password") && !run.to_string().contains("mistaken"), "{run}");
    }
    fleet.git("mine.git", &["config", "remote.origin.url", &format!("http://me:right@127.0.0.1:{port}/fleet.git")]);
    fleet.publish("--repo mine.git --push").fine().shows("without changes");
    assert_eq!(tip(&world, "main"), fleet.git("mine.git", &["rev-parse", "main"]));
}

/// A shallow clone and one that borrows objects are pushed from like any other.
#[test]
fn a_repository_with_part_of_the_history_is_pushed_from() {
    let (fleet, world) = (Fleet::new(), world());
    world.commit("theirs", "second");
    world.git("theirs", &["push", "-q", "origin", "main"]);
    let remote = world.path("fleet.git").display().to_string();
    fleet.git("", &["clone", "-q", "--bare", "--depth=1", &format!("file://{remote}"), "shallow.git"]);
    fleet.git("", &["clone", "-q", "--bare", "--shared", &remote, "shared.git"]);
    for (number, repository) in ["shallow.git", "shared.git"].iter().enumerate() {
        fleet.git(repository, &["config", "remote.origin.url", &remote]);
        let run = fleet.publish(&format!("--repo {repository} --branch b{number} --base main --push"));
        run.fine().shows(", pushed");
        assert_eq!(tip(&world, &format!("b{number}")), fleet.git(repository, &["rev-parse", &format!("b{number}")]));
        assert_eq!(world.git("fleet.git", &["rev-list", "--count", &format!("b{number}")]), "3");
    }
    world.git("fleet.git", &["fsck", "--strict"]);
}

/// Without git a repository on disk is published to, and a server is not reached.
#[test]
fn without_git() {
    let fleet = Fleet::new();
    let run = |arguments: &str| fleet.invocation(arguments).shell("PATH=/nonexistent").run();
    run("").fine();
    let refused = run("--repo https://git.example.com/fleet.git --push").trouble();
    assert_snapshot!("publish_without_git", refused);
    fleet.git("fleet.git", &["remote", "add", "origin", "https://git.example.com/fleet.git"]);
    run("--push").trouble().says("`git` is not installed").says("install it, or put it on the PATH");
}

/// Killed in the middle of a push, kmodgen leaves no git running, and the branch is the old one or the new one.
#[test]
fn killed_in_the_middle_of_a_push() {
    let (fleet, mut world) = (Fleet::new(), world());
    let home = world.path("").display().to_string();
    let ssh =
        world.script("local-ssh", &format!("echo $PPID > '{home}git.pid'; for last; do :; done; exec sh -c \"$last\""));
    world.set("GIT_SSH_COMMAND", &ssh);
    world.set("GIT_SSH_VARIANT", "ssh");
    let hook = |verdict: &str| {
        let wait =
            format!("touch '{home}started'; while [ ! -e '{home}go' ]; do sleep 0.02; done; touch '{home}ended'");
        world.script("fleet.git/hooks/pre-receive", &format!("{wait}; {verdict}"));
    };
    fs::create_dir_all(world.path("fleet.git/hooks")).unwrap();
    let url = format!("h.example:{home}fleet.git");
    for (number, verdict) in ["exit 0", "exit 1"].iter().enumerate() {
        let before: usize = world.git("fleet.git", &["rev-list", "--count", "main"]).parse().unwrap();
        hook(verdict);
        let run = fleet.invocation(&format!("--repo {url} --push"));
        let run = world.variables().iter().fold(run, |run, (name, value)| run.env(name, value));
        let mut child = run.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_for(&world, "started");
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(ends(text(&world.path("git.pid")).trim()), "git still runs");
        fs::write(world.path("go"), "").unwrap();
        wait_for(&world, "ended");
        world.script("fleet.git/hooks/pre-receive", "exit 0");
        publish(&fleet, &world, &url, "").fine();
        let after: usize = world.git("fleet.git", &["rev-list", "--count", "main"]).parse().unwrap();
        assert_eq!(after, before + 1, "published once, whether or not the killed push landed");
        publish(&fleet, &world, &url, "--check").fine();
        world.git("fleet.git", &["fsck", "--strict"]);
        for name in ["started", "go", "ended"] {
            fs::remove_file(world.path(name)).unwrap();
        }
        fleet.project.edit("kmodgen.yaml", &format!("DEBUG: \"{number}\""), &format!("DEBUG: \"{}\"", number + 1));
    }
}

fn wait_for(world: &World, name: &str) {
    assert!(
        (0..3000).any(|_| {
            thread::sleep(Duration::from_millis(10));
            world.path(name).exists()
        }),
        "no `{name}`"
    );
}
