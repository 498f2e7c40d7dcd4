//! Registries that `build` asks whether an image is there: up, down, slow, and with passwords. What
//! a real one and a real engine make of it is for e2e/run to tell.

use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::building::with_engine;
use crate::scenario::{Project, RT, Registry, Run};

/// Answers to requests.
type Answer = fn(&str) -> String;

/// Starts a registry that answers requests, and returns its port.
pub(crate) fn registry(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> u16 {
    Registry::answering(answer).port
}

/// A project whose images are in a registry at `port`, with an engine that pushes by `push`.
fn project(port: u16, push: &str) -> (Project, String) {
    let (project, path) = with_engine("true");
    project.edit("kmodgen.yaml", "registry.example.com/kmods/alpha", &format!("127.0.0.1:{port}/kmods/alpha"));
    project.edit(
        "kmodgen.yaml",
        "moduleSpec: {selector",
        "moduleSpec: {moduleLoader: {container: {registryTLS: {insecure: true}}}, selector",
    );
    let engine = project.read("bin/buildah").replace("case \"$1\" in", &format!("case \"$1\" in\n push) {push};;"));
    project.write("bin/buildah", engine);
    (project, path)
}

/// Builds one image, its registry asked.
fn build((project, path): &(Project, String), more: &str) -> Run {
    let line = format!("build --engine buildah --dtk quay.io/dtk:1 --only alpha/.*rt {more}");
    project.kmodgen(&line).env("PATH", path).env("REGISTRY_AUTH_FILE", "auth.json").run()
}

/// Logs in as container tools do.
fn log_in(project: &Project, port: u16, password: &str) {
    let encoded = Command::new("sh").args(["-c", &format!("printf 'robot:{password}' | base64")]).output().unwrap();
    let encoded = String::from_utf8(encoded.stdout).unwrap();
    let auths = json!({"auths": {(format!("127.0.0.1:{port}")): {"auth": encoded.trim()}}});
    project.write("auth.json", auths.to_string());
}

#[test]
fn a_registry_that_is_down_is_named_and_has_nothing() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let here = project(port, "echo 'connection refused' >&2; exit 125");
    let run = build(&here, "").fine().shows("1 built, 0 pushed, 0 skipped");
    run.says("note: 127.0.0.1:").says(&format!("cannot access 127.0.0.1:{port}: "));
    // What was built stays, and is pushed by the next run; a push that fails is told.
    let run = build(&here, "--push --logs logs").differs().shows("0 pushed, 0 skipped, 1 failed");
    run.says("  | connection refused");
    let asked = here.0.read("asked");
    assert!(asked.contains("tag sha256:made 127.0.0.1"), "{asked}");
    assert!(asked.contains("push --tls-verify=false 127.0.0.1"), "{asked}");
}

#[test]
fn a_registry_that_does_not_answer_is_not_waited_for() {
    let port = registry(|_| {
        thread::sleep(Duration::from_secs(60));
        String::new()
    });
    build(&project(port, "true"), "--timeout 1")
        .fine()
        .shows("1 built")
        .says("cannot access 127.0.0.1:")
        .says("timeout");
}

#[test]
fn what_a_registry_answers_is_told() {
    for (answer, said) in [
        ((|_| "503 Service Unavailable".to_owned()) as Answer, "responded with 503"),
        (|_| "403 Forbidden".to_owned(), "denied access to kmods/alpha: log in with your engine's `login`"),
        (|_| "401 Unauthorized\nWWW-Authenticate: Basic realm=\"x\"".to_owned(), "requires a password: log in"),
    ] {
        build(&project(registry(answer), "true"), "").fine().shows("1 built").says(said);
    }
    let run = build(&project(registry(|_| "404 Not Found".to_owned()), "true"), "").fine().shows("1 built");
    assert!(!run.stderr.contains("note"), "{run}");
    build(&project(registry(|_| "200 OK".to_owned()), "true"), "").fine().shows("0 built, 0 pushed, 1 skipped");
}

#[test]
fn a_matrix_has_what_no_registry_has() {
    let port = registry(|head| {
        let is_there = !head.lines().next().is_some_and(|line| line.contains("x86_64_rt-"));
        if is_there { "200 OK".into() } else { "404 Not Found".into() }
    });
    let (project, _) = project(port, "true");
    let matrix = |more: &str| project.run(&format!("plan --format matrix --only alpha {more}")).fine().json();
    let stale = matrix("");
    let entries = stale["include"].as_array().unwrap();
    assert_eq!(entries.len(), 1, "{stale}");
    assert_eq!((&entries[0]["release"], &entries[0]["platform"]), (&RT.into(), &"linux/amd64".into()));
    assert_eq!(matrix("--offline")["include"].as_array().unwrap().len(), 3);
}

#[test]
fn a_wrong_password_is_told_from_none() {
    /// Lets `robot:right` in, by its password.
    fn basic(head: &str) -> String {
        let fine = head.to_lowercase().contains(&"Basic cm9ib3Q6cmlnaHQ=".to_lowercase());
        if fine { "200 OK".into() } else { "401 Unauthorized\nWWW-Authenticate: Basic realm=\"x\"".into() }
    }
    /// Lets the same in, by a token that it gets for its password.
    fn token(head: &str) -> String {
        let host = head.lines().find_map(|line| line.to_lowercase().strip_prefix("host: ").map(str::to_owned)).unwrap();
        let challenge =
            format!("401 Unauthorized\nWWW-Authenticate: Bearer realm=\"http://{host}/token\",service=\"r\"");
        match (head.starts_with("GET /token"), head.to_lowercase()) {
            (true, head) if head.contains("basic cm9ib3q6cmlnahq=") => "200 OK\n\n{\"token\": \"abc\"}".into(),
            (true, _) => "401 Unauthorized\n\n{\"errors\": []}".into(),
            (false, head) if head.contains("bearer abc") => "200 OK".into(),
            _ => challenge,
        }
    }
    for answer in [basic as Answer, token] {
        let port = registry(answer);
        let here = project(port, "true");
        build(&here, "").fine().shows("1 built").says("requires a password: log in with your engine's `login`");
        log_in(&here.0, port, "wrong");
        build(&here, "").fine().shows("1 built").says("rejected the stored password of `robot`: log in again");
        log_in(&here.0, port, "right");
        build(&here, "").fine().shows("0 built, 0 pushed, 1 skipped");
    }
}
