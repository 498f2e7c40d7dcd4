//! Files that are not what they should be: each is an error that says so, in bounded time and
//! memory, and nothing is written.

use std::fs;
use std::process::Command;

use crate::scenario::{EL9, Project};

/// Runs every verb that reads the manifest; each must say `said`, and write nothing.
fn refused(project: &Project, said: &str) {
    for verb in ["generate", "generate --check", "plan", &format!("explain {EL9}"), "lock", "update"] {
        project.run(verb).trouble().says(said);
    }
    for path in ["gitops", "kmodgen.lock"] {
        assert!(!project.path(path).exists(), "{path}");
    }
}

/// Makes something at a path of a project.
type Make<'m> = &'m dyn Fn(&Project, &str);

fn fifo(project: &Project, path: &str) {
    assert!(Command::new("mkfifo").arg(project.path(path)).status().unwrap().success());
}

fn sparse(project: &Project, path: &str) {
    fs::File::create(project.path(path)).unwrap().set_len(1 << 30).unwrap();
}

#[test]
fn a_manifest_that_is_no_file() {
    let project = Project::empty().with("kmodgen.yaml/x", "");
    project.run("generate").trouble().says("there is no kmodgen.yaml");
    project.run("generate -f kmodgen.yaml").trouble().says("cannot read manifest `kmodgen.yaml`: it is a folder");

    let project = Project::empty();
    fifo(&project, "kmodgen.yaml");
    project.run("generate -f kmodgen.yaml").trouble().says("it is not a regular file");
    project.run("generate -f /dev/zero").trouble().says("cannot read manifest `/dev/zero`: it is not a regular file");
    project.run("generate -f /dev/null").trouble().says("it is not a regular file");
    project.run("generate -f kmodgen.yaml/below").trouble().says("a part of the path is not a folder");
}

#[test]
fn a_manifest_that_is_far_too_large() {
    let project = Project::empty();
    sparse(&project, "kmodgen.yaml");
    refused(&project, "it has 1073741824 bytes; at most 67108864 are allowed");
}

#[test]
fn a_manifest_that_is_no_text() {
    refused(
        &Project::of("").with("kmodgen.yaml", b"apiVersion: \xff\xfe\n"),
        "it is not UTF-8 text: line 1, column 13 has the byte 0xff",
    );
    refused(&Project::of("apiVersion: kmodgen/v1\nnamespace: \0x\n"), "kmodgen.yaml:2:12");
    refused(&Project::of("apiVersion: kmodgen/v1\nnamespace: \x1b[2Jx\n"), "kmodgen.yaml:2:12");
}

#[test]
fn a_manifest_that_says_nothing() {
    for text in ["", "\n\n", "# only a comment\n", "---\n", "\u{feff}"] {
        refused(&Project::of(text), "the manifest is empty");
    }
    refused(&Project::of("hello\n"), "expected a map for the manifest");
    refused(&Project::of("[]\n"), "expected a map for the manifest");
    assert_snapshot!(Project::of("{}\n").run("generate").trouble());
}

#[test]
fn a_manifest_that_was_edited_elsewhere() {
    let (unix, other) = (Project::generated(), Project::fleet());
    for manifest in [
        unix.read("kmodgen.yaml").replace('\n', "\r\n"),
        format!("\u{feff}{}", unix.read("kmodgen.yaml")),
        format!("---\n{}...\n", unix.read("kmodgen.yaml")),
    ] {
        other.write("kmodgen.yaml", manifest);
        other.run("generate").fine();
        assert_eq!(other.output().since(&unix.output()), Vec::<String>::new());
    }
}

#[test]
fn a_manifest_that_grows_when_it_is_read() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let below = format!("*a{}", level - 1);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", [below.as_str(); 10].join(", ")));
    }
    refused(&Project::of(&bomb), "kmodgen.yaml:");
    let circle = "apiVersion: &a [*a]\n";
    refused(&Project::of(circle), "kmodgen.yaml:1:");
}

#[test]
fn a_manifest_without_a_bottom() {
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")] {
        let deep = format!("{}x{}\n", open.repeat(20_000), close.repeat(20_000));
        refused(&Project::of(&format!("apiVersion: kmodgen/v1\nkernels:\n  {deep}")), "nested");
    }
}

#[test]
fn keys_that_are_there_twice() {
    let project = Project::fleet();
    project.append("kmodgen.yaml", "namespace: other\n");
    assert_snapshot!(project.run("generate").trouble());
    refused(&project, "namespace");
}

#[test]
fn every_fault_is_told_at_once() {
    let project = Project::fleet();
    project.edit("kmodgen.yaml", "namespace: kmm-ci", "namspace: KMM");
    project.edit("kmodgen.yaml", "    source: tools", "    source: tool");
    project.edit("kmodgen.yaml", "moduleName: beta,", "moduleName: bta,");
    project.edit("kmodgen.yaml", "{DEBUG: \"0\"}", "{DEBUG: \"${KERNEL_VERSON}\"}");
    assert_snapshot!(project.run("generate").trouble());
}

/// Nobody reads twenty thousand messages, and drawing each means to find its line.
#[test]
fn faults_without_end() {
    let lines: String = (0..20_000).map(|number| format!("  - bad release {number}\n")).collect();
    let project = Project::fleet().with("fleet.yaml", format!("apiVersion: kmodgen/v1\nkernels:\n{lines}"));
    project.edit("kmodgen.yaml", "kernels:\n", "kernels:\n  - file: fleet.yaml\n");
    project.run("generate").trouble().says("… and 19950 more").says("20000 errors");
}

#[test]
fn kernel_lists_and_patches_that_are_no_files() {
    let make_folder = |project: &Project, path: &str| project.write(&format!("{path}/x"), "");
    let make_text = |project: &Project, path: &str| project.write(path, b"\xff\xfe");
    let link_out = |project: &Project, path: &str| project.link(path, project.outside().join("precious"));
    let link_device = |project: &Project, path: &str| project.link(path, "/dev/zero");
    let absent = |_: &Project, _: &str| {};
    let cases: [(Make<'_>, &str); 7] = [
        (&fifo, "it is not a regular file"),
        (&sparse, "it has 1073741824 bytes"),
        (&make_folder, "it is a folder"),
        (&make_text, "it is not UTF-8 text"),
        (&link_out, "it is a link that leaves the manifest's folder"),
        (&link_device, "it is a link that leaves the manifest's folder"),
        (&absent, "there is no such file"),
    ];
    for (make, said) in cases {
        let project = Project::fleet();
        make(&project, "fleet.yaml");
        project.edit("kmodgen.yaml", "kernels:\n", "kernels:\n  - file: fleet.yaml\n");
        project.run("generate").trouble().says(&format!("cannot read `fleet.yaml`: {said}")).says("kmodgen.yaml:15:11");

        if said != "it is not UTF-8 text" {
            let project = Project::fleet();
            make(&project, "bad.patch");
            project.edit("kmodgen.yaml", "patches/fix.patch", "bad.patch");
            project.run("generate").trouble().says(&format!("cannot read patch `bad.patch`: {said}"));
            assert!(!project.path("gitops").exists());
        }
    }
}

#[test]
fn locks_that_are_no_files() {
    let project = Project::fleet();
    fifo(&project, "kmodgen.lock");
    project.run("generate").trouble().says("cannot read lock `kmodgen.lock`: it is not a regular file");
    project.remove("kmodgen.lock");
    sparse(&project, "kmodgen.lock");
    project.run("generate").trouble().says("cannot read lock `kmodgen.lock`: it has 1073741824 bytes");
    project.remove("kmodgen.lock");
    project.write("kmodgen.lock/x", "");
    project.run("generate").trouble().says("cannot read lock `kmodgen.lock`: it is a folder");
    assert!(!project.path("gitops").exists());
}

#[test]
fn things_in_the_output_folder_that_are_no_files() {
    let project = Project::generated();
    let path = format!("gitops/alpha/{EL9}/Dockerfile");
    project.remove(&path);
    fifo(&project, &path);
    project.run("generate").differs().says("it is a pipe, socket or device that kmodgen did not create");
    project.remove(&path);
    sparse(&project, &path);
    project.run("generate").differs().says("it is a file far larger than any of kmodgen's");
    project.run("generate --force").fine();
    project.run("generate --check").fine();
}
