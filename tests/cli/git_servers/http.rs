//! Git over HTTP and HTTPS.

use std::fs;
use std::time::{Duration, Instant};

use super::world::{Server, World, text};
use crate::scenario::HANG;

/// A credential helper that counts how often it is asked, and notes what it is told.
fn helper(world: &World, answer: &str) {
    let log = world.path("helper.log");
    let helper = world.script(
        "helper",
        &format!("echo \"$1\" >> '{0}'\ncat >> '{0}'\n[ \"$1\" = get ] && printf '{answer}'; true", log.display()),
    );
    world.configure(&format!("[credential]\n helper = {helper}\n"));
}

#[test]
#[ignore = "needs python3"]
fn plain_http() {
    let world = World::with_repository();
    let (_server, port) = world.serve_http(&[]);
    let base = format!("http://127.0.0.1:{port}");
    world.check_all_refs(&format!("{base}/a.git/.git"));
    world.check_all_refs(&format!("{base}/moved/a.git/.git/"));

    let main = world.rev("main");
    assert_eq!(world.commit_of(&format!("{base}/a.git/.git"), &main[..7]), main);
    for (path, said) in [
        ("b.git", "there is no git repository: repository 'http://127.0.0.1:"),
        ("page/a.git", "not a git server: "),
        ("login/a.git", "redirects elsewhere: "),
    ] {
        let error = world.server_error(&format!("{base}/{path}"));
        assert!(error.contains(said) && error.contains(&format!("{base}/{path}")), "{error}");
    }
}

#[test]
#[ignore = "needs python3"]
fn a_server_of_files_sends_whole_histories() {
    let world = World::with_repository();
    world.git("a.git", &["update-server-info"]);
    let (_server, port) = world.serve_http(&[]);
    world.check_all_refs(&format!("http://127.0.0.1:{port}/files/a.git/.git"));
}

#[test]
#[ignore = "needs python3"]
fn proxies_are_used() {
    let mut world = World::with_repository();
    let (_server, port) = world.serve_http(&[]);
    world.set("http_proxy", &format!("http://me:secret@127.0.0.1:{}", super::world::free_port()));
    let error = world.server_error(&format!("http://127.0.0.1:{port}/a.git/.git"));
    assert!(error.contains("cannot connect") && !error.contains("secret"), "{error}");
    world.set("no_proxy", "127.0.0.1");
    world.check_all_refs(&format!("http://127.0.0.1:{port}/a.git/.git"));
}

#[test]
#[ignore = "needs python3"]
fn the_right_password_is_found_and_kept() {
    let world = World::with_repository();
    let (_server, port) = world.serve_http(&["--auth", "me:right"]);
    helper(&world, "username=me\\npassword=right\\n");
    world.check_all_refs(&format!("http://127.0.0.1:{port}/a.git/.git"));
    let log = text(&world.path("helper.log"));
    // One connection lists refs, another one fetches commits.
    assert_eq!(log.matches("get\n").count(), 2, "{log}");
    assert_eq!(log.matches("store\n").count(), 2, "{log}");
    assert!(log.starts_with("get\n") && log.contains(&format!("host=127.0.0.1:{port}\n")), "{log}");
}

#[test]
#[ignore = "needs python3"]
fn a_wrong_password_is_asked_for_once() {
    let world = World::with_repository();
    let (_server, port) = world.serve_http(&["--auth", "me:right"]);
    helper(&world, "username=me\\npassword=wrong\\n");
    let error = world.server_error(&format!("http://127.0.0.1:{port}/a.git/.git"));
    assert!(error.contains("rejected the user name or the password") && !error.contains("wrong\n"), "{error}");
    let log = text(&world.path("helper.log"));
    assert_eq!(log.matches("get\n").count(), 1, "{log}");
    assert_eq!(log.matches("erase\n").count(), 1, "{log}");
}

#[test]
#[ignore = "needs python3"]
fn nobody_knows_a_password() {
    let mut world = World::with_repository();
    let (_server, port) = world.serve_http(&["--auth", "me:right"]);
    let url = format!("http://127.0.0.1:{port}/a.git/.git");
    let error = world.server_error(&url);
    assert!(error.contains("have none") && error.contains("terminal prompts disabled"), "{error}");
    world.set("PATH", "/nonexistent");
    let error = world.server_error(&url);
    assert!(error.contains("`git` is not installed"), "{error}");
}

#[test]
#[ignore = "needs python3"]
fn a_helper_that_hangs_is_ended() {
    let mut world = World::with_repository();
    let (_server, port) = world.serve_http(&["--auth", "me:right"]);
    world.timeout(Duration::from_secs(1));
    world.configure(&format!("[credential]\n helper = {}\n", world.script("helper", "sleep 600")));
    let start = Instant::now();
    let error = world.server_error(&format!("http://127.0.0.1:{port}/a.git/.git"));
    assert!(error.contains("no response within 1 second"), "{error}");
    assert!(start.elapsed() < HANG, "{:?}", start.elapsed());
}

#[test]
#[ignore = "needs python3"]
fn a_password_from_a_rewritten_url_stays_secret() {
    let world = World::with_repository();
    let (_server, port) = world.serve_http(&["--auth", "me:right"]);
    let rewrite = |password: &str| {
        world.configure(&format!(
            "[url \"http://me:{password}@127.0.0.1:{port}/\"]\n insteadOf = https://git.example.com/\n"
        ));
    };
    rewrite("right");
    world.check_all_refs("https://git.example.com/a.git/.git");
    rewrite("mistaken");
    let error = world.server_error("https://git.example.com/a.git/.git");
    assert!(error.contains("rejected the user name") && !error.contains("mistaken"), "{error}");
}

#[test]
#[ignore = "needs python3"]
fn a_password_is_not_told_to_another_server() {
    let world = World::with_repository();
    let (_first, first) = world.serve_http(&[]);
    let (_second, second) = world.serve_http(&["--auth", "me:right"]);
    world.configure(&format!("[url \"http://me:right@127.0.0.1:{first}/\"]\n insteadOf = https://git.example.com/\n"));
    let error = world.server_error(&format!("https://git.example.com/elsewhere/{second}/a.git/.git"));
    assert!(error.contains("rejected the user name or the password") && !error.contains("right@"), "{error}");
}

/// Serves `world` over HTTPS with a certificate for 127.0.0.1 that `ca.pem` has signed.
pub(crate) fn serve_https(world: &World) -> (Server, u16) {
    fs::write(world.path("san"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    let openssl = |arguments: &str| {
        let output = world.command("openssl").args(arguments.split(' ')).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=ca"));
    openssl(&format!("req {key} -keyout server.key -out server.csr -subj /CN=server"));
    openssl("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile san");
    let file = |name: &str| world.path(name).display().to_string();
    world.serve_http(&["--tls", &file("server.pem"), &file("server.key")])
}

#[test]
#[ignore = "needs python3 and openssl"]
fn https() {
    let mut world = World::with_repository();
    let (_server, port) = serve_https(&world);
    let url = format!("https://127.0.0.1:{port}/a.git/.git");
    let error = world.server_error(&url);
    assert!(error.contains("cannot establish a trusted TLS connection") && error.contains("GIT_SSL_CAINFO"), "{error}");

    world.configure("[http]\n sslCAInfo = ~/ca.pem\n");
    world.check_all_refs(&url);
    world.configure(&format!("[http \"https://127.0.0.1:{port}\"]\n sslVerify = false\n"));
    world.check_all_refs(&url);
    let insecure = format!("https://127.0.0.1:{port}/elsewhere/{port}/a.git");
    let error = world.server_error(&insecure);
    assert!(error.contains("redirects elsewhere") && error.contains("Protocol \"http\""), "{error}");
    world.configure("");
    let ca = world.path("ca.pem").display().to_string();
    world.set("GIT_SSL_CAINFO", &ca);
    world.check_all_refs(&url);
    world.set("GIT_SSL_CAINFO", "/nonexistent");
    let error = world.server_error(&url);
    assert!(error.contains("cannot establish a trusted TLS connection") && error.contains("GIT_SSL_CAINFO"), "{error}");
    world.set("GIT_SSL_NO_VERIFY", "1");
    world.check_all_refs(&url);
}

#[test]
#[ignore = "needs python3"]
fn https_to_a_server_without_tls() {
    let world = World::new();
    let (_server, port) = world.serve_http(&[]);
    let error = world.server_error(&format!("https://127.0.0.1:{port}/a.git"));
    assert!(error.contains("cannot establish a trusted TLS connection"), "{error}");
}
