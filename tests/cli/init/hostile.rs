//! Repositories that mean harm.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use super::Newcomer;

/// A repository that `git fast-import` makes of a stream.
fn imported(stream: &[u8]) -> Newcomer {
    let newcomer = Newcomer::new();
    newcomer.world.git("", &["init", "-q", "-b", "main", "--bare", "driver"]);
    let mut command = newcomer.world.command("git");
    command.args(["-C", "driver", "fast-import", "--quiet"]).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(stream).unwrap();
    assert!(child.wait().unwrap().success());
    newcomer
}

/// The start of a stream whose only commit has files that follow.
const COMMIT: &str = "commit refs/heads/main\ncommitter A <a@example.com> 0 +0000\ndata 1\nx\n";

fn file(path: &str, text: &str) -> String {
    format!("M 100644 inline {path}\ndata {}\n{text}\n", text.len())
}

/// Checks that a manifest generates, and that no output could steer a terminal.
fn generates(newcomer: &Newcomer) {
    newcomer.run("lock").fine();
    let run = newcomer.run("generate").fine();
    assert!(!run.to_string().contains('\x1b'), "{run:}");
}

#[test]
fn names_and_texts_are_escaped() {
    let stream = [
        COMMIT.to_owned(),
        file("\"evil\\033[2J\\n/Kbuild\"", "obj-m := evil.o\n"),
        file("\"a b$(id)/Kbuild\"", "obj-m := spaced.o\n"),
        file("\"\\377\\376/Kbuild\"", "obj-m := bytes.o\n"),
        file("Kbuild", "obj-m := good.o $(\u{1b}[2J) ../../../../etc/ /etc/passwd.o -x.o a;b.o\nobj-m += \u{202e}.o\n"),
        file("\"LICENSE\\033[2J\"", "x"),
        file("dkms.conf", "PACKAGE_NAME='`id`'\nBUILT_MODULE_NAME='\u{1b}[2J'\n"),
    ];
    let newcomer = imported(stream.concat().as_bytes());
    let run = newcomer.init("driver", "").fine();
    let manifest = newcomer.project.read("kmodgen.yaml");
    for text in [&run.stdout, &run.stderr, &manifest] {
        assert!(!text.contains('\x1b') && !text.contains('\u{202e}'), "{text}");
    }
    assert!(manifest.contains("kmods: [good]"), "{manifest}");
    assert!(run.stdout.contains("the name of its folder cannot stand in a build"), "{run}");
    generates(&newcomer);
}

#[test]
fn a_hundred_thousand_files_are_looked_at() {
    let mut stream = format!("blob\nmark :1\ndata 0\n\n{COMMIT}");
    for number in 0..100_000 {
        let _ = writeln!(stream, "M 100644 :1 d{}/Makefile{number}", number / 1000);
    }
    stream.push_str(&file("zz/Kbuild", "obj-m := last.o\n"));
    let newcomer = imported(stream.as_bytes());
    newcomer.init("driver", "").fine().shows("zz/Kbuild:1");
    generates(&newcomer);
}

#[test]
fn files_are_read_within_bounds() {
    let large = "obj-m += a.o\n".repeat(4 << 20);
    let many: String = (0..3000).map(|number| file(&format!("m{number}/Kbuild"), "obj-m := x.o\n")).collect();
    let long = format!("obj-m := {}\n", "\\\n".repeat(200_000));
    let bomb: String = (0..12).map(|n| format!("V{n} = {}\n", format!("$(V{}) ", n + 1).repeat(1000))).collect();
    for (files, said) in [
        (file("Makefile", &large), "and at most 1048576 are read"),
        (many, "there are too many Makefiles"),
        (file("Kbuild", &long), "no Kbuild file, Makefile or dkms.conf names a kmod"),
        (file("Kbuild", &format!("{bomb}V12 =\nobj-m := $(V0)\n")), "which only make can compute"),
        (file("Kbuild", &format!("obj-m := {}\n", "(".repeat(900_000))), "no Kbuild file"),
        (file("Kbuild", &(0..50_000).map(|n| format!("obj-m += k{n}.o\n")).collect::<String>()), "as a kernel does"),
        (file("Kbuild", "include $(src)/Kbuild\n-include Kbuild\n"), "no Kbuild file"),
    ] {
        let newcomer = imported(format!("{COMMIT}{files}").as_bytes());
        let run = newcomer.init("driver", "");
        assert!(run.stdout.contains(said), "`{said}`\n{run}");
        generates(&newcomer);
    }
}

#[test]
fn deep_and_repeated_folders_end() {
    let path = "d/".repeat(3000);
    let newcomer = imported(format!("{COMMIT}{}", file(&format!("{path}Kbuild"), "obj-m := a.o\n")).as_bytes());
    newcomer.init("driver", "").differs().shows("too deep");
    // Twenty folders in one another, each of which is in the next ten times: 10^20 paths.
    let newcomer = Newcomer::new();
    newcomer.world.git("", &["init", "-q", "-b", "main", "driver"]);
    let blob = newcomer.world.git("driver", &["hash-object", "-w", "--stdin", "-t", "blob", "--literally"]);
    let mut entries = format!("100644 blob {blob}\tKbuild\n");
    for _ in 0..20 {
        std::fs::write(newcomer.world.path("tree"), &entries).unwrap();
        let mut command = newcomer.world.command("sh");
        let output = command.args(["-c", "git -C driver mktree < tree"]).output().unwrap();
        let tree = String::from_utf8(output.stdout).unwrap();
        entries = (0..10).map(|number| format!("040000 tree {}\tt{number}\n", tree.trim())).collect();
    }
    std::fs::write(newcomer.world.path("tree"), &entries).unwrap();
    let script = "cd driver && git update-ref refs/heads/main $(git commit-tree -m x $(git mktree < ../tree))";
    assert!(newcomer.world.command("sh").args(["-c", script]).status().unwrap().success());
    newcomer.init("driver", "").differs().shows("the others were not looked at");
}

#[test]
fn nothing_of_a_repository_is_run() {
    let newcomer = Newcomer::with(&[
        ("Makefile", "obj-m := driver.o\nX := $(shell touch ran)\n$(shell touch ran)\nall:\n\ttouch ran\n"),
        ("dkms.conf", "touch ran\nPACKAGE_NAME=$(touch ran)\n"),
        ("configure", "#!/bin/sh\ntouch ran\n"),
        (".gitattributes", "* filter=evil\n"),
    ]);
    newcomer.world.git("driver", &["config", "filter.evil.smudge", "touch ran"]);
    newcomer.world.git("driver", &["config", "core.fsmonitor", "touch ran"]);
    newcomer.init("driver", "").fine();
    let tree = newcomer.project.tree();
    assert_eq!(tree.paths(), ["kmodgen.yaml"]);
    assert!(!newcomer.world.path("driver/ran").exists() && !newcomer.world.path("ran").exists());
}

#[test]
fn repositories_with_sha256_are_refused_with_what_to_do() {
    let newcomer = Newcomer::new();
    newcomer.world.git("", &["init", "-q", "-b", "main", "--object-format=sha256", "b.git"]);
    newcomer.world.commit("b.git", "one");
    let (_server, port) = newcomer.world.serve_git();
    for url in [newcomer.world.file_url("b.git"), format!("git://127.0.0.1:{port}/b.git")] {
        let run = newcomer.run(&format!("init {url}")).trouble();
        run.says("its objects have SHA-256 names, which kmodgen does not read").says("kmodgen init --offline URL");
    }
    newcomer.run(&format!("init --offline --ref main git://127.0.0.1:{port}/b.git")).differs();
    newcomer.run("lock").fine();
}
