//! Where results, talk and files go: pipes that close, disks that are full, folders that are none.

use std::io::Read as _;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::scenario::{Invocation, Project};

/// A fleet with this many kernels more.
fn with_kernels(number: usize) -> Project {
    let project = Project::fleet();
    let releases: String = (0..number).map(|number| format!("  - 6.1.{number}-1-amd64\n")).collect();
    project.edit("kmodgen.yaml", "modules:\n", &format!("{releases}modules:\n"));
    project
}

/// Reads a little of the result and hangs up, as `head -1` does; gives the exit code and the talk.
fn hang_up(invocation: &Invocation) -> (Option<i32>, String) {
    let mut command = invocation.command();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
    let mut some = [0; 16];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// More than fits into a pipe's buffer of 64 KiB, so that the rest meets the closed end.
#[test]
fn a_reader_that_hangs_up_is_no_error() {
    let (project, large) = (with_kernels(20), with_kernels(320));
    for invocation in [large.kmodgen("plan --format json"), project.kmodgen("generate --diff")] {
        let (code, talk) = hang_up(&invocation);
        assert_eq!(code, Some(0), "{talk}");
        assert!(talk.is_empty() || (talk.starts_with("note: ") && talk.lines().count() == 1), "{talk}");
    }
    project.run("generate --check").fine();
}

#[test]
fn a_reader_that_hangs_up_does_not_change_the_answer() {
    let project = with_kernels(20);
    project.run("lock").fine();
    let (code, talk) = hang_up(&project.kmodgen("generate --check --diff"));
    assert_eq!((code, &*talk), (Some(1), ""));
}

#[test]
fn work_is_done_though_nobody_listens() {
    let project = Project::fleet();
    project.edit("kmodgen.yaml", "  - name: alpha\n", "  - name: alpha\n    when: {kernel: [none]}\n");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = project.kmodgen("generate").command().stdout(Stdio::null()).stderr(writer).status().unwrap();
    assert_eq!(status.code(), Some(0));
    project.kmodgen("generate").shell("exec 2>/dev/full").run().fine().shows("9 unchanged");
    project.run("generate --check").fine().says("warning[no-kernel]");
}

#[test]
fn a_result_that_cannot_be_kept_is_trouble() {
    let project = Project::fleet();
    let run = project.kmodgen("plan").shell("exec >/dev/full").run().trouble();
    assert!(run.stderr.contains("cannot print the result"), "{run}");
}

#[test]
fn help_and_version_are_results() {
    let project = Project::empty();
    project.run("--version").fine().shows("kmodgen ").silent();
    for verb in ["", "generate", "plan", "explain", "lock", "update"] {
        project.run(&format!("{verb} --help")).fine().shows("Usage: ").silent();
    }
    assert_snapshot!("usage_verb", project.run("genrate").trouble());
    assert_snapshot!("usage_flag", project.run("generate --chek").trouble());
}

#[test]
fn no_colour_where_no_terminal_is() {
    let project = Project::fleet();
    for (name, value) in [("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("NO_COLOR", "1")] {
        let run = project.kmodgen("generate --dry-run --diff").env(name, value).run().fine();
        assert!(!run.stdout.contains('\x1b'));
        let run = project.kmodgen("generate --only x").env(name, value).run().trouble();
        assert!(!run.stderr.contains('\x1b'));
    }
}

#[test]
fn an_output_folder_that_is_none() {
    let project = Project::fleet().with("taken", "mine\n");
    for (folder, said) in [
        ("taken", "cannot read `taken"),
        ("taken/below", "cannot make folder `taken/below"),
        ("/proc/kmodgen", "cannot make folder `/proc/kmodgen"),
        ("/dev/null", "cannot read `/dev/null"),
    ] {
        let run = project.run(&format!("generate -o {folder}")).trouble().says(said);
        assert_eq!(run.stderr.lines().count(), 1, "{run}");
    }
    assert_eq!(project.read("taken"), "mine\n");
}

/// A limit on the size of files stands in for a full disk: the first file of 512 bytes fails.
#[test]
fn a_disk_that_is_full() {
    let project = Project::generated();
    project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    let before = project.tree();
    let run = project.kmodgen("generate").shell("trap '' XFSZ; ulimit -f 1").run().trouble();
    assert!(run.stderr.contains("cannot write `gitops/alpha/"), "{run}");
    assert_eq!(project.tree().since(&before), Vec::<String>::new(), "no file is torn, none is left over");
    project.run("generate").fine();
    project.run("generate --check").fine();
}

/// A run may be killed at any moment: every file is the old one or the new one, and the next run
/// completes what it began. What was being written may stay beside its place under a hidden name.
#[test]
fn a_run_that_is_killed() {
    let (whole, project) = (with_kernels(40), with_kernels(40));
    whole.run("generate").fine();
    for millis in [10, 20, 30, 40, 60, 80] {
        let mut command = project.kmodgen("generate").command();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(millis));
        let _ = child.kill();
        child.wait().unwrap();
        let (part, whole) = (project.output(), whole.output());
        let torn: Vec<String> = part.since(&whole).into_iter().filter(|change| change.starts_with('~')).collect();
        assert_eq!(torn, Vec::<String>::new());
    }
    project.run("generate").fine();
    let mut left = project.tree().since(&whole.tree());
    left.retain(|change| !change.contains("/.kmodgen-"));
    assert_eq!(left, Vec::<String>::new());
}
