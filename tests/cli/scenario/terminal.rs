//! A terminal, made by script(1), and read by a terminal emulator.

use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::{HANG, Project};

/// `kmodgen` on a terminal of 24 lines and 100 columns.
pub(crate) struct Terminal {
    child: Child,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Runs `kmodgen` with these arguments, which are shell: `>result` keeps the result from the
    /// terminal.
    pub(crate) fn run(project: &Project, path: &str, variable: &str, arguments: &str) -> Self {
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
        Self { child, bytes }
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
    pub(crate) fn shows(&self, text: &str) -> String {
        let start = Instant::now();
        loop {
            let screen = self.screen();
            if screen.contains(text) {
                return screen;
            }
            assert!(start.elapsed() < HANG, "no `{text}` on the screen:\n{screen}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn types(&mut self, keys: &str) {
        self.child.stdin.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the end, and gives the last screen.
    pub(crate) fn end(mut self) -> (ExitStatus, String, String) {
        let start = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < HANG, "it does not end:\n{}", self.screen());
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
