//! A run that ended, and what it has to have been.

use std::fmt;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use regex::Regex;

use super::HANG;

/// A run of `kmodgen` that ended. Shown, it is the transcript that a snapshot holds.
pub(crate) struct Run {
    line: String,
    pub(crate) code: i32,
    /// What it printed as its result.
    pub(crate) stdout: String,
    /// What it said to the person.
    pub(crate) stderr: String,
}

impl Run {
    /// Runs a command. Paths in `temp` are shown without it.
    pub(crate) fn of(command: &mut Command, line: String, temp: &Path) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = reader(child.stdout.take().unwrap());
        let stderr = reader(child.stderr.take().unwrap());
        let status = end_of(&mut child, &line);
        let text = |reader: thread::JoinHandle<Vec<u8>>| {
            let text = String::from_utf8(reader.join().unwrap()).unwrap();
            text.replace(&*temp.to_string_lossy(), "[temp]")
        };
        let (stdout, stderr) = (text(stdout), text(stderr));
        let code = status.code().unwrap_or_else(|| panic!("{line}: {status}\n{stderr}"));
        assert!([0, 1, 2].contains(&code), "{line}: {status}\n{stderr}");
        for word in ["panicked", "RUST_BACKTRACE", "memory allocation", "overflowed its stack"] {
            assert!(!stderr.contains(word), "{line}\n{stderr}");
        }
        Self { line, code, stdout, stderr }
    }

    fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n{self}");
        self
    }

    /// It ended with 0: nothing is left to do.
    pub(crate) fn fine(self) -> Self {
        self.ended(0)
    }

    /// It ended with 1: differences under `--check`, or conflicts.
    pub(crate) fn differs(self) -> Self {
        self.ended(1)
    }

    /// It ended with 2: trouble, which it told on stderr and with no result.
    pub(crate) fn trouble(self) -> Self {
        assert_eq!(self.stdout, "", "\n{self}");
        assert!(self.stderr.contains("error"), "\n{self}");
        self.ended(2)
    }

    /// The result contains a text.
    pub(crate) fn shows(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "`{text}` is not in the result of\n{self}");
        self
    }

    /// What was said to the person contains a text.
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "`{text}` was not said by\n{self}");
        self
    }

    /// Nothing was said to the person.
    pub(crate) fn silent(self) -> Self {
        assert_eq!(self.stderr, "", "\n{self}");
        self
    }

    /// The result, which is one JSON document and nothing else.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }

    /// The numbers of `--format json`'s summary: created, updated, unchanged, removed, conflicts.
    pub(crate) fn summary(&self) -> [u64; 5] {
        let json = self.json();
        let number = |key: &str| json["summary"][key].as_u64().unwrap_or_else(|| panic!("no `{key}`\n{self}"));
        ["created", "updated", "unchanged", "removed", "conflicts"].map(number)
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ {}", self.line)?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                writeln!(f, "--- {name}\n{}", text.trim_end())?;
            }
        }
        write!(f, "--- exit code {}", self.code)
    }
}

impl Run {
    /// The transcript with every hash replaced by its number, so that a snapshot tells which are
    /// the same, and is not about the templates' text; so with numbers of bytes. Commits of a test's own stay.
    pub(crate) fn unhashed(&self) -> String {
        let hash = Regex::new(r"(?-u:\b)[0-9a-f]{10,64}(?-u:\b)").unwrap();
        let mut known: Vec<String> = Vec::new();
        let name = |found: &regex::Captures<'_>| {
            let text = &found[0];
            if text.bytes().all(|byte| byte == text.as_bytes()[0]) {
                return text.to_owned();
            }
            let at = known.iter().position(|old| *old == text[..10]).unwrap_or_else(|| {
                known.push(text[..10].to_owned());
                known.len() - 1
            });
            format!("[hash {}]", at + 1)
        };
        let text = hash.replace_all(&self.to_string(), name).into_owned();
        Regex::new(r"\([0-9]+ bytes\)").unwrap().replace_all(&text, "([n] bytes)").into_owned()
    }
}

fn reader(mut stream: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

/// Waits for a run to end, and kills one that does not.
pub(super) fn end_of(child: &mut Child, line: &str) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if start.elapsed() > HANG {
            let _ = child.kill();
            panic!("{line}: it did not end within {HANG:?}");
        }
        thread::sleep(Duration::from_millis(2));
    }
}
