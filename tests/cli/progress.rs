//! What `build` shows while it works: on a terminal a line for each build and one in all, which
//! leave nothing behind; anywhere else plain lines.
//!
//! The terminal is a real one, made by script(1), and read by a terminal emulator.

use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::building::{BUILD, with_engine};
use crate::scenario::{DEBIAN, EL9, Project, RT, TIME};

/// A builder that waits for its word to go on, for as long as its project is there.
const WAITING: &str = "while test -d bin && test ! -e go; do sleep 0.02; done";

/// `kmodgen` on a terminal of 24 lines and 100 columns.
struct Terminal {
    child: Child,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Runs `kmodgen` with these arguments, which are shell: `>result` keeps the result from the
    /// terminal. `None` where there is no script(1).
    fn run(project: &Project, path: &str, variable: &str, arguments: &str) -> Option<Self> {
        let has_script = Command::new("script").arg("--version").output().is_ok_and(|output| output.status.success());
        if !has_script {
            let required = std::env::var("KMODGEN_REQUIRE_READERS").is_ok_and(|value| value == "1");
            assert!(!required, "there is no script(1)");
            eprintln!("skipped: there is no script(1)");
            return None;
        }
        let line = format!("stty rows 24 cols 100; exec env {variable} {} {arguments}", env!("CARGO_BIN_EXE_kmodgen"));
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"]);
        command.current_dir(project.path("")).env("PATH", path).env("TERM", "xterm").env_remove("NO_COLOR");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let mut stream = child.stdout.take().unwrap();
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bytes);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                kept.lock().unwrap().extend(&buffer[..count]);
            }
        });
        Some(Self { child, bytes })
    }

    fn written(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    /// What a person sees now.
    fn screen(&self) -> String {
        let [rows, columns] = [24, 100].map(|size| NonZero::new(size).unwrap());
        let mut screen = vt100::Parser::new(rows, columns, 0);
        screen.process(&self.bytes.lock().unwrap());
        let lines: Vec<String> =
            screen.screen().rows(0, columns.get()).map(|line| line.trim_end().to_owned()).collect();
        lines.join("\n").trim_end().to_owned()
    }

    /// Waits until a person sees a text.
    fn shows(&self, text: &str) -> String {
        let start = Instant::now();
        loop {
            let screen = self.screen();
            if screen.contains(text) {
                return screen;
            }
            assert!(start.elapsed() < TIME, "no `{text}` on the screen:\n{screen}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn types(&mut self, keys: &str) {
        self.child.stdin.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the end, and gives the last screen.
    fn end(mut self) -> (ExitStatus, String, String) {
        let start = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < TIME, "it does not end:\n{}", self.screen());
            thread::sleep(Duration::from_millis(10));
        }
        thread::sleep(Duration::from_millis(50));
        (self.child.wait().unwrap(), self.screen(), self.written())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // One that failed a test still runs.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The screen without times.
fn timeless(screen: &str) -> Vec<String> {
    let times = regex::Regex::new(r"\d\d:\d\d:\d\d|\(\d+\.\d s\)").unwrap();
    screen.lines().map(|line| times.replace_all(line, "_").trim_end().to_owned()).collect()
}

#[test]
fn a_terminal_shows_what_runs_and_keeps_only_what_was_said() {
    let (project, path) = with_engine(WAITING);
    let arguments = format!("{BUILD} --only alpha --jobs 2 >result");
    let Some(terminal) = Terminal::run(&project, &path, "", &arguments) else { return };
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
fn what_is_said_meanwhile_stands_above() {
    let script = format!("if test -e first; then {WAITING}; fi; touch first; echo the compiler says no; exit 3");
    let (project, path) = with_engine(&script);
    let arguments = format!("{BUILD} --only alpha --keep-going --logs logs >result");
    let Some(terminal) = Terminal::run(&project, &path, "", &arguments) else { return };
    let screen = timeless(&terminal.shows(&format!("builds alpha {RT}")));
    let expected = [
        format!("[1/3] failed alpha {EL9} _"),
        "  buildah: exit status: 3".into(),
        "  | the compiler says no".into(),
        format!("  the whole log: logs/alpha/{EL9}.log"),
        format!("_ builds alpha {RT}"),
        "_ [1/3] 0 built, 0 pushed, 0 skipped, 1 failed, 0 cancelled".into(),
    ];
    assert_eq!(screen, expected);
    project.write("go", "");
    let (status, screen, _) = terminal.end();
    assert_eq!(status.code(), Some(1));
    assert!(screen.ends_with(&format!("  the whole log: logs/alpha/{DEBIAN}.log")), "{screen}");
    assert_eq!(screen.lines().count(), 12, "{screen}");
}

#[test]
fn ctrl_c_takes_the_lines_away() {
    let script = format!("trap '{WAITING}; exit 1' TERM; trap '' INT; touch ready; {WAITING}");
    let (project, path) = with_engine(&script);
    let arguments = format!("{BUILD} --only alpha >result");
    let Some(mut terminal) = Terminal::run(&project, &path, "", &arguments) else { return };
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
fn nothing_is_drawn_where_nobody_wants_it() {
    let colours = regex::Regex::new(r"\x1b\[[\d;]*m").unwrap();
    for (variable, rest, drawn) in [
        ("A=b", ">result", true),
        ("NO_COLOR=1", ">result", true),
        ("TERM=dumb", ">result", false),
        ("A=b", "2>said", false),
        ("A=b", "--format json", false),
    ] {
        let (project, path) = with_engine("sleep 0.4");
        let arguments = format!("{BUILD} --only alpha/.*rt {rest}");
        let Some(terminal) = Terminal::run(&project, &path, variable, &arguments) else { return };
        let (status, _, written) = terminal.end();
        assert!(status.success(), "{written:?}");
        assert_eq!(written.contains("builds alpha"), drawn, "{variable} {rest}: {written:?}");
        assert_eq!(written.contains('\u{1b}'), drawn, "{variable} {rest}: {written:?}");
        assert!(!colours.is_match(&written), "{variable} {rest}: {written:?}");
    }
}
