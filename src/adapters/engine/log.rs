//! Logs of builds: where they go, and what of them is shown.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::{Ended, named_folder};
use crate::adapters::fs::PrivateFolder;

/// The longest line that is shown, in characters.
const WIDTH: usize = 200;

/// Bytes at the end of a log that are read for its last lines.
const TAIL: u64 = 64 << 10;

/// Bytes of a log that are searched for errors.
const SEARCHED: u64 = 64 << 20;

/// The folder of the logs of one run.
#[derive(Debug)]
pub enum Logs {
    /// The one that the user named.
    Named(PathBuf),
    /// One among the machine's temporary files, gone with the run unless a build failed.
    Private(PrivateFolder),
}

impl Logs {
    /// Takes the folder that the user named, or makes one. A link is refused in the place of the named
    /// folder, and on the way to it from one of `checkouts`: it may have come with a checkout.
    ///
    /// # Errors
    /// A link, or why no folder can be made.
    pub fn of(named: Option<&PathBuf>, checkouts: &[PathBuf]) -> Result<Self, Ended> {
        let Some(named) = named else {
            let made = PrivateFolder::make();
            return made.map(Self::Private).map_err(|(parent, error)| Ended::Machine {
                what: format!("cannot create a folder for logs in `{}`", parent.display()),
                error,
            });
        };
        named_folder::check("--logs", named, checkouts)?;
        Ok(Self::Named(named.clone()))
    }

    /// Opens the log of a module's build for a kernel. No link is followed below the folder.
    ///
    /// # Errors
    /// Why it cannot be written.
    pub fn open(&self, module: &str, release: &str) -> Result<Log, Ended> {
        let (path, file) = named_folder::create(self.path(), module, &format!("{release}.log"), "log")?;
        Ok(Log { path, file })
    }

    /// Checks whether the logs of a run in which no build failed are kept.
    pub fn stay(&self) -> bool {
        matches!(self, Self::Named(_))
    }

    /// Ends the run, whose logs are kept if a build `failed`.
    pub fn end(self, failed: bool) {
        match self {
            Self::Private(folder) if failed => folder.keep(),
            _ => {}
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Named(path) => path,
            Self::Private(folder) => folder.path(),
        }
    }
}

/// A log.
#[derive(Debug)]
pub struct Log {
    pub path: PathBuf,
    /// The log, open for writing.
    pub file: File,
}

impl Log {
    /// The last `lines` lines, fit for a terminal.
    pub fn tail(&self, lines: usize) -> Vec<String> {
        let text = String::from_utf8_lossy(&end_of(&self.path).unwrap_or_default()).into_owned();
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].iter().map(|line| shown(line)).collect()
    }

    /// The first `lines` lines that report an error, fit for a terminal. A line of kmodgen's own checks
    /// outranks those of compilers and engines.
    pub fn errors(&self, lines: usize) -> Vec<String> {
        let mut bytes = Vec::new();
        let read = File::open(&self.path).and_then(|file| file.take(SEARCHED).read_to_end(&mut bytes));
        if read.is_err() {
            return Vec::new();
        }
        let text = String::from_utf8_lossy(&bytes);
        let own = first_lines(&text, lines, |line| line.starts_with(OWN));
        if own.is_empty() { first_lines(&text, lines, is_error) } else { own }
    }
}

/// Prefix of the lines that kmodgen's own checks in a Dockerfile print.
const OWN: &str = "kmodgen: ";

/// Checks whether a line reports an error, by the forms of gcc, ld, make, git, package managers and engines.
fn is_error(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    let begins = ["error:", "fatal:", "fatal error:", "e: ", "make: ***", "make[", "curl: ("];
    let begins =
        begins.iter().any(|word| lower.starts_with(word)) && (!lower.starts_with("make[") || lower.contains("***"));
    begins
        || lower.contains(": error:")
        || lower.contains(": fatal error:")
        || lower.contains(": undefined reference to")
}

/// A line without what BuildKit puts in front: `#12 0.345 `.
fn without_noise(line: &str) -> &str {
    let rest = line.strip_prefix('#').and_then(|rest| rest.split_once(' '));
    let rest = rest.filter(|(step, _)| consists_of(step, "0123456789"));
    match rest.and_then(|(_, rest)| rest.split_once(' ')) {
        Some((seconds, rest)) if consists_of(seconds, "0123456789.") => rest,
        _ => line,
    }
}

fn consists_of(text: &str, characters: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| characters.contains(c))
}

/// Returns the last [`TAIL`] bytes of a file.
fn end_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let size = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL)))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns the first lines of a log that are `wanted`, fit for a terminal.
fn first_lines(text: &str, count: usize, wanted: fn(&str) -> bool) -> Vec<String> {
    text.lines().map(without_noise).filter(|line| wanted(line)).take(count).map(shown).collect()
}

/// A line without what would steer a terminal, and cut.
fn shown(line: &str) -> String {
    let line = line.trim_end().replace(|c: char| c.is_control() && c != '\t', "\u{fffd}");
    match line.char_indices().nth(WIDTH) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn log(text: &str) -> (tempfile::TempDir, Log) {
        let folder = tempfile::tempdir().unwrap();
        let logs = Logs::Named(folder.path().join("logs"));
        let log = logs.open("a", "1").unwrap();
        fs::write(&log.path, text).unwrap();
        (folder, log)
    }

    #[test]
    fn the_first_errors_are_found_and_cut() {
        let long = "x".repeat(1000);
        let (_folder, log) = log(&format!(
            "a.c:1: warning: x\na.c:2:3: error: {long}\nRUN echo 'kmodgen: no'\nmake[1]: Entering\nmake: *** [all] Error 2\nend\n"
        ));
        let errors = log.errors(5);
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert!(errors[0].starts_with("a.c:2:3: error: xxx") && errors[0].chars().count() == WIDTH + 1);
        assert_eq!(errors[1], "make: *** [all] Error 2");
        assert_eq!(log.tail(1), ["end"]);
    }

    #[test]
    fn own_messages_outrank_the_noise_around_them() {
        let (_folder, log) = log("Error: x\n#12 0.345 kmodgen: no headers for 6.1\nkmodgen: again\n");
        assert_eq!(log.errors(1), ["kmodgen: no headers for 6.1"]);
    }

    #[test]
    fn no_link_is_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        fs::write(top.join("precious"), "mine").unwrap();
        fs::create_dir_all(top.join("logs/b")).unwrap();
        std::os::unix::fs::symlink(&top, top.join("logs/a")).unwrap();
        std::os::unix::fs::symlink("../../precious", top.join("logs/b/1.log")).unwrap();
        std::os::unix::fs::symlink("logs", top.join("linked")).unwrap();
        let checkouts = [top.clone()];
        let logs = Logs::of(Some(&top.join("logs")), &checkouts).unwrap();
        for module in ["a", "b"] {
            assert!(logs.open(module, "1").unwrap_err().to_string().contains("symbolic link"), "{module}");
        }
        for named in ["linked", "linked/x", "logs/a/x"] {
            assert!(Logs::of(Some(&top.join(named)), &checkouts).is_err(), "{named}");
        }
        assert!(Logs::of(Some(&top.join("linked/x")), &[]).is_ok(), "what is above is the user's");
        assert_eq!(fs::read_to_string(top.join("precious")).unwrap(), "mine");
    }
}
