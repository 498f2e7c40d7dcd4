//! The git daemon, and servers that do not behave.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use super::world::{World, free_port};
use crate::scenario::HANG;

/// Listens at a loopback port, reads the request, answers with `answer`, and keeps the line open.
fn listener(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            if !answer.is_empty() {
                let _ = stream.read(&mut [0; 1024]);
                let _ = stream.write_all(answer);
            }
            open.push(stream);
        }
    });
    port
}

/// The protocol's lines.
fn lines(payloads: &[&[u8]]) -> &'static [u8] {
    let mut bytes = Vec::new();
    for payload in payloads {
        bytes.extend(format!("{:04x}", payload.len() + 4).bytes());
        bytes.extend_from_slice(payload);
    }
    bytes.extend(b"0000");
    bytes.leak()
}

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

#[test]
#[ignore = "needs git daemon"]
fn git_daemon() {
    let world = World::with_repository();
    let (_server, port) = world.serve_git();
    world.check_all_refs(&format!("git://127.0.0.1:{port}/a.git"));
    let error = world.server_error(&format!("git://127.0.0.1:{port}/b.git"));
    assert!(error.contains("there is no git repository: ") && error.contains("check the URL"), "{error}");

    let url = format!("git://localhost:{port}/a.git");
    let main = world.rev("main");
    assert_eq!(world.commit_of(&url, &main[..12]), main, "a short commit that is a branch's tip");
    world.git("", &["init", "-q", "--bare", "empty.git"]);
    let error = world.ref_error(&format!("git://127.0.0.1:{port}/empty.git"), "main");
    assert!(error.contains("the repository is empty"), "{error}");
}

#[test]
fn nobody_listens() {
    let world = World::new();
    let port = free_port();
    for url in [format!("git://127.0.0.1:{port}/a"), format!("http://127.0.0.1:{port}/a")] {
        let error = world.server_error(&url);
        assert!(error.contains(&url) && error.contains(&format!("cannot connect to `127.0.0.1:{port}`")), "{error}");
    }
}

#[test]
fn nobody_answers() {
    let mut world = World::new();
    world.timeout(Duration::from_secs(1));
    let port = listener(b"");
    for scheme in ["git", "http", "https"] {
        let start = Instant::now();
        let error = world.server_error(&format!("{scheme}://127.0.0.1:{port}/a"));
        assert!(error.contains("no response within 1 second"), "{scheme}: {error}");
        assert!(start.elapsed() < HANG, "{scheme}: {:?}", start.elapsed());
    }
}

#[test]
fn an_answer_stops_half_way() {
    let mut world = World::new();
    world.timeout(Duration::from_millis(500));
    let port = listener(b"0044aaaaaaaa");
    let error = world.server_error(&format!("git://127.0.0.1:{port}/a"));
    assert!(error.contains("no response within 0.5 seconds"), "{error}");
}

#[test]
fn full_commits_need_no_server() {
    let world = World::new();
    assert_eq!(world.commit_of(&format!("git://127.0.0.1:{}/a", free_port()), A), A);
}

#[test]
fn names_from_the_server_are_harmless() {
    let world = World::new();
    let first = format!("{A} HEAD\0agent=x\n");
    let escape = format!("{A} refs/heads/ma\x1b[2Jin\n");
    let mut latin = format!("{A} refs/heads/gr").into_bytes();
    latin.extend(b"\xfc\xdfe\n");
    let port = listener(lines(&[first.as_bytes(), escape.as_bytes(), &latin]));
    let url = format!("git://127.0.0.1:{port}/a");
    let error = world.ref_error(&url, "zzz");
    assert!(error.contains("some of its refs: `gr\u{fffd}\u{fffd}e`, `ma\\u{1b}[2Jin`"), "{error}");
    assert!(!error.contains('\x1b'), "{error:?}");
}

#[test]
fn errors_from_the_server_are_escaped() {
    let world = World::new();
    let port = listener(lines(&[b"ERR \x1b]0;owned\x07 no access"]));
    let error = world.server_error(&format!("git://127.0.0.1:{port}/a"));
    assert!(error.contains("the server failed: remote error: ?]0;owned? no access"), "{error}");
}

#[test]
fn another_protocol_answers() {
    let world = World::new();
    let port = listener(b"SSH-2.0-OpenSSH_9.2\r\n");
    for scheme in ["git", "http"] {
        let error = world.server_error(&format!("{scheme}://127.0.0.1:{port}/a"));
        assert!(error.contains("not a git server"), "{scheme}: {error}");
    }
}
