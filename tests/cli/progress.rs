//! What `build` shows while it works: on a terminal a line for each build and one in all, which
//! leave nothing behind; anywhere else plain lines.
//!
//! The terminal is a real one.

use crate::building::{BUILD, with_engine};
use crate::scenario::{DEBIAN, EL9, RT, Terminal};

/// A builder that waits for its word to go on, for as long as its project is there.
const WAITING: &str = "while test -d bin && test ! -e go; do sleep 0.02; done";

/// The screen without times.
fn timeless(screen: &str) -> Vec<String> {
    let times = regex::Regex::new(r"[0-9]{2}:[0-9]{2}:[0-9]{2}|\([0-9]+\.[0-9] s\)").unwrap();
    screen.lines().map(|line| times.replace_all(line, "_").trim_end().to_owned()).collect()
}

#[test]
#[ignore = "needs script"]
fn a_terminal_shows_what_runs_and_keeps_only_what_was_said() {
    let (project, path) = with_engine(WAITING);
    let arguments = format!("{BUILD} --only alpha --jobs 2 >result");
    let terminal = Terminal::run(&project, &path, "", &arguments);
    terminal.shows(&format!("builds alpha {EL9}"));
    let screen = timeless(&terminal.shows(&format!("builds alpha {RT}")));
    assert_eq!(screen.len(), 3, "{screen:?}");
    for line in [format!("_ builds alpha {EL9}"), format!("_ builds alpha {RT}")] {
        assert!(screen[..2].contains(&line), "{line}: {screen:?}");
    }
    assert_eq!(screen[2], "_ [0/3] 0 built, 0 pushed, 0 skipped, 0 failed, 0 cancelled");
    project.write("go", "");
    let (status, screen, written) = terminal.end();
    assert!(status.success());
    let mut lines = timeless(&screen);
    for (line, number) in lines.iter_mut().zip(1..) {
        assert!(line.starts_with(&format!("[{number}/3] built alpha ")), "{screen}");
        *line = line.split(' ').nth(3).unwrap().to_owned();
    }
    lines.sort();
    assert_eq!(lines, [EL9, RT, DEBIAN], "{screen}");
    assert!(written.contains("[2/3] 2 built"), "{written:?}");
    assert!(!written.contains("\u{1b}[?25l"), "the cursor is never hidden");
    assert!(project.read("result").ends_with("3 built, 0 pushed, 0 skipped, 0 failed, 0 cancelled\n"));
}

#[test]
#[ignore = "needs script"]
fn what_is_said_meanwhile_stands_above() {
    let script = format!("if test -e first; then {WAITING}; fi; touch first; echo the compiler says no; exit 3");
    let (project, path) = with_engine(&script);
    let arguments = format!("{BUILD} --only alpha --keep-going --logs logs >result");
    let terminal = Terminal::run(&project, &path, "", &arguments);
    let screen = timeless(&terminal.shows(&format!("builds alpha {RT}")));
    let expected = [
        format!("[1/3] failed alpha {EL9} _"),
        "  buildah: the compiler says no".into(),
        "  | the compiler says no".into(),
        format!("  full log: logs/alpha/{EL9}.log"),
        format!("_ builds alpha {RT}"),
        "_ [1/3] 0 built, 0 pushed, 0 skipped, 1 failed, 0 cancelled".into(),
    ];
    assert_eq!(screen, expected);
    project.write("go", "");
    let (status, screen, _) = terminal.end();
    assert_eq!(status.code(), Some(1));
    assert!(screen.ends_with(&format!("  full log: logs/alpha/{DEBIAN}.log")), "{screen}");
    assert_eq!(screen.lines().count(), 12, "{screen}");
}

#[test]
#[ignore = "needs script"]
fn ctrl_c_takes_the_lines_away() {
    let script = format!("trap '{WAITING}; exit 1' TERM; trap '' INT; touch ready; {WAITING}");
    let (project, path) = with_engine(&script);
    let arguments = format!("{BUILD} --only alpha >result");
    let mut terminal = Terminal::run(&project, &path, "", &arguments);
    terminal.shows(&format!("builds alpha {EL9}"));
    // Only then does the engine take its time to stop.
    project.waits_for("ready");
    terminal.types("\u{3}");
    terminal.shows("stopping: the engines clean up");
    project.write("go", "");
    let (status, screen, _) = terminal.end();
    assert_eq!(status.code(), Some(1));
    // The terminal itself shows what was typed.
    let lines = timeless(&screen.replace("^C", ""));
    let expected = [EL9, RT, DEBIAN].iter().zip(1..).map(|(release, n)| format!("[{n}/3] cancelled alpha {release} _"));
    assert_eq!(lines, expected.collect::<Vec<_>>(), "{screen}");
}

#[test]
#[ignore = "needs script"]
fn nothing_is_drawn_where_nobody_wants_it() {
    let colours = regex::Regex::new(r"\x1b\[[0-9;]*m").unwrap();
    for (variable, rest, drawn) in [
        ("A=b", ">result", true),
        ("NO_COLOR=1", ">result", true),
        ("TERM=dumb", ">result", false),
        ("A=b", "2>said", false),
        ("A=b", "--format json", false),
    ] {
        let (project, path) = with_engine("sleep 0.4");
        let arguments = format!("{BUILD} --only alpha/.*rt {rest}");
        let terminal = Terminal::run(&project, &path, variable, &arguments);
        let (status, _, written) = terminal.end();
        assert!(status.success(), "{written:?}");
        assert_eq!(written.contains("builds alpha"), drawn, "{variable} {rest}: {written:?}");
        assert_eq!(written.contains('\u{1b}'), drawn, "{variable} {rest}: {written:?}");
        assert!(!colours.is_match(&written), "{variable} {rest}: {written:?}");
    }
}
