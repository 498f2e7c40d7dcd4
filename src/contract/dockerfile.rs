//! Rules that every Dockerfile must comply with, whichever template it came from.

/// buildah 1.28 drops the rest of a Dockerfile after a line of 64 KiB, and succeeds.
const LONGEST_LINE: usize = 60_000;

/// A RUN of more than 128 KiB fails with every builder: it is one argument of a shell.
const LONGEST_RUN: usize = 100_000;

/// A ConfigMap holds 1 MiB, names and annotations included.
const LONGEST_FILE: usize = 1_000_000;

/// OpenShift builds a Dockerfile inside a Build, which takes so many bytes of it.
pub const LONGEST_ON_OPENSHIFT: usize = 60_000;

/// Rule that a Dockerfile breaks.
#[derive(Debug, PartialEq, Eq)]
pub struct Breach {
    /// Completes "the Dockerfile of … ".
    pub message: String,
    /// Advice on how to correct the Dockerfile.
    pub help: String,
}

impl Breach {
    fn new(message: impl Into<String>, help: &str) -> Self {
        Self { message: message.into(), help: help.to_owned() }
    }
}

/// Checks the limits of KMM's builders. `builder_known` says that the builder is decided here,
/// and KMM must not decide it.
///
/// # Errors
/// The first limit that is passed.
pub fn check(text: &str, builder_known: bool) -> Result<(), Breach> {
    if text.len() > LONGEST_FILE {
        return Err(Breach::new(
            format!("is {} bytes long, but a ConfigMap can contain at most 1 MiB", text.len()),
            "put large patches into the source's repository",
        ));
    }
    let lines = Lines::of(text);
    if let Some((number, length)) = lines.too_long {
        return Err(Breach::new(
            format!("has {length} bytes in line {number}; buildah drops everything after a line of 65,536 bytes"),
            "break the line in the template",
        ));
    }
    if let Some((number, bad)) = garbled(text) {
        return Err(Breach::new(
            format!("has the character U+{:04X} in line {number}, which GitOps tools change", u32::from(bad)),
            "remove it from the template",
        ));
    }
    if !lines.has_from {
        return Err(Breach::new("has no FROM", "extend a built-in template, or write a complete Dockerfile"));
    }
    if builder_known && text.contains("DTK_AUTO") {
        return Err(Breach::new(
            "contains DTK_AUTO, so KMM would replace the builder in the manifest",
            "write `{{ builder }}` in the template instead, and remove DTK_AUTO from comments too",
        ));
    }
    if let Some(number) = lines.long_run {
        return Err(Breach::new(
            format!("has a RUN of more than {LONGEST_RUN} bytes in line {number}"),
            "break it into several in the template",
        ));
    }
    Ok(())
}

/// Facts about the lines of a Dockerfile, from one pass; lines are counted from 1.
#[derive(Default)]
struct Lines {
    /// The first line that is too long, and how long it is.
    too_long: Option<(usize, usize)>,
    has_from: bool,
    /// First line of the first RUN that is too long.
    long_run: Option<usize>,
}

impl Lines {
    fn of(text: &str) -> Self {
        let mut lines = Self::default();
        // Of the RUN that the line is in, its length so far and where it began.
        let (mut length, mut began) = (0, 0);
        for (number, line) in (1..).zip(memchr_lines(text)) {
            if line.len() >= LONGEST_LINE && lines.too_long.is_none() {
                lines.too_long = Some((number, line.len()));
            }
            lines.has_from |= starts(line, b"FROM");
            if length == 0 {
                if !starts(line, b"RUN") {
                    continue;
                }
                began = number;
            }
            length += line.len() + 1;
            if length > LONGEST_RUN && lines.long_run.is_none() {
                lines.long_run = Some(began);
            }
            if !line.trim_ascii_end().ends_with(b"\\") {
                length = 0;
            }
        }
        lines
    }
}

/// The lines of a text, without their ends.
fn memchr_lines(text: &str) -> impl Iterator<Item = &[u8]> {
    let bytes = text.as_bytes();
    let mut start = 0;
    memchr::memchr_iter(b'\n', bytes)
        .chain([bytes.len()])
        .map(move |end| &bytes[std::mem::replace(&mut start, end + 1)..end])
}

/// The first character that is garbled on the way, and its line.
fn garbled(text: &str) -> Option<(usize, char)> {
    // Nearly every text is printable ASCII, which a loop without a branch sees far faster.
    if text.bytes().fold(true, |plain, b| plain & matches!(b, b'\t' | b'\n' | b' '..=b'~')) {
        return None;
    }
    text.split('\n').zip(1..).find_map(|(line, number)| Some((number, line.chars().find(|c| is_garbled(*c))?)))
}

/// Control characters but for the tab, and what kustomize 5.5 changes or refuses (tried).
pub fn is_garbled(c: char) -> bool {
    (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Returns whether a line starts an instruction of this name.
fn starts(line: &[u8], instruction: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    line.get(..instruction.len()).is_some_and(|word| word.eq_ignore_ascii_case(instruction))
        && line.get(instruction.len()).is_none_or(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_has_its_message() {
        let long = format!("FROM a\nRUN {}\n", "x".repeat(60_000));
        let run =
            format!("FROM a\nRUN x \\\n{} x\n", " yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy \\\n".repeat(2200));
        let large = format!("FROM a\n{}", "# comment\n".repeat(110_000));
        for (text, said) in [
            (long.as_str(), "in line 2"),
            (&run, "a RUN of more than"),
            (&large, "a ConfigMap can contain at most 1 MiB"),
            ("FROM a\n# \u{2028}\n", "U+2028 in line 2"),
            ("FROM a\r\n", "U+000D in line 1"),
            ("RUN x\n", "no FROM"),
            ("FROM a\n# DTK_AUTO\n", "contains DTK_AUTO"),
        ] {
            let breach = check(text, true).unwrap_err();
            assert!(breach.message.contains(said), "{}", breach.message);
        }
        assert_eq!(check("FROM ${DTK_AUTO}\nRUN x\n", false), Ok(()));
    }
}
