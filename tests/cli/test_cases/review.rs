//! `--review`: one difference after the other, at a real terminal.

use super::{change, tested};
use crate::scenario::{DEBIAN, EL9, Project, RT, Terminal};

const ARGUMENTS: &str = "test --review";

fn terminal(project: &Project) -> Terminal {
    Terminal::run(project, &std::env::var("PATH").unwrap(), "A=b", ARGUMENTS)
}

fn dockerfile(case: &str, release: &str) -> String {
    format!("snapshots/{case}/alpha/{release}/Dockerfile")
}

#[test]
#[ignore = "needs script"]
fn each_is_asked_for() {
    let project = tested();
    change(&project);
    let before = project.tree();
    let mut terminal = terminal(&project);
    let screen = terminal.shows("[1/5] this snapshot is different: replace it?");
    assert!(screen.contains("-LABEL made=here") && screen.contains("+LABEL made=there"), "{screen}");
    terminal.shows("a accept, r reject, s skip the rest of the case, q quit >");
    terminal.types("what?\n");
    terminal.types("a\n");
    terminal.shows("[2/5]");
    // It is written at once.
    assert_eq!(project.tree().since(&before), [format!("~ {}", dockerfile("all", EL9))]);
    terminal.types("r\n");
    terminal.shows("[3/5]");
    terminal.types("s\n");
    // The rest of this case was passed over.
    terminal.shows("[5/5]");
    terminal.types("A\n");
    let (status, screen, written) = terminal.end();
    assert_eq!(status.code(), Some(1), "{screen}");
    assert!(!written.contains("[4/5]"), "{written}");
    assert!(screen.contains("2 cases: 1 passed, 1 failed; 3 snapshots right, 3 changed"), "{screen}");
    let expected = [dockerfile("all", EL9), dockerfile("rt", RT)].map(|path| format!("~ {path}"));
    assert_eq!(project.tree().since(&before), expected);
}

#[test]
#[ignore = "needs script"]
fn quitting_keeps_what_was_accepted() {
    for end in ["q\n", "\u{4}"] {
        let project = tested();
        change(&project);
        let before = project.tree();
        let mut terminal = terminal(&project);
        terminal.shows("[1/5]");
        terminal.types("accept\n");
        terminal.shows("[2/5]");
        terminal.types(end);
        let (status, screen, _) = terminal.end();
        assert_eq!(status.code(), Some(1), "{screen}");
        assert_eq!(project.tree().since(&before), [format!("~ {}", dockerfile("all", EL9))]);
    }
}

#[test]
#[ignore = "needs script"]
fn what_is_new_and_what_is_left_over() {
    let project = tested();
    project.edit("kmodgen.yaml", &format!("  - {DEBIAN}\n"), "  - 6.12.0-1.el10.x86_64\n");
    let mut terminal = terminal(&project);
    for (asked, number) in [
        ("this snapshot is new: keep it?", 1),
        ("this snapshot is different", 2),
        ("no case uses this snapshot: remove it?", 3),
    ] {
        terminal.shows(&format!("[{number}/3] {asked}"));
        terminal.types("a\n");
    }
    let (status, screen, _) = terminal.end();
    assert!(status.success(), "{screen}");
    project.run("test").fine();
    assert!(!project.path(&dockerfile("all", DEBIAN)).exists());
}

#[test]
fn without_a_terminal_there_is_nobody_to_ask() {
    let project = tested();
    change(&project);
    let before = project.tree();
    project.run(ARGUMENTS).trouble().says("--review requires a terminal");
    project.run("test --review --accept").trouble().says("cannot be used with");
    assert_eq!(project.tree().since(&before), Vec::<String>::new());
}
