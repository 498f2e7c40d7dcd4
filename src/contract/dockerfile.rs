//! What every Dockerfile must hold to, whichever template it came from.

/// buildah 1.28 drops the rest of a Dockerfile after a line of 64 KiB, and succeeds.
const LONGEST_LINE: usize = 60_000;

/// A RUN of more than 128 KiB fails with every builder: it is one argument of a shell.
const LONGEST_RUN: usize = 100_000;

/// A ConfigMap holds 1 MiB, names and annotations included.
const LONGEST_FILE: usize = 1_000_000;

/// What a Dockerfile does wrong.
#[derive(Debug, PartialEq, Eq)]
pub struct Breach {
    /// Completes "the Dockerfile of … ".
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// Checks the limits of KMM's builders. `builder_known` says that the builder is decided here,
/// and KMM must not decide it.
///
/// # Errors
/// The first limit that is passed.
pub fn check(text: &str, builder_known: bool) -> Result<(), Breach> {
    let breach = |message: String, help: &str| Err(Breach { message, help: help.to_owned() });
    if text.len() > LONGEST_FILE {
        return breach(
            format!("is {} bytes long, and a ConfigMap holds 1 MiB", text.len()),
            "put large patches into the source's repository",
        );
    }
    if let Some((at, line)) = text.lines().enumerate().find(|(_, line)| line.len() >= LONGEST_LINE) {
        return breach(
            format!("has {} bytes in line {}, and buildah drops what follows a line of 65,536", line.len(), at + 1),
            "break the line in the template",
        );
    }
    // Nearly every line is printable ASCII, which a loop over bytes sees far faster.
    let garbled = |line: &str| match line.bytes().all(|b| matches!(b, b'\t' | b' '..=b'~')) {
        true => None,
        false => line.chars().find(|c| is_garbled(*c)),
    };
    if let Some((at, bad)) = text.split('\n').enumerate().find_map(|(at, line)| Some((at, garbled(line)?))) {
        return breach(
            format!(
                "has the character U+{:04X} in line {}, which GitOps tools do not carry intact",
                u32::from(bad),
                at + 1
            ),
            "take it out of the template",
        );
    }
    if !text.lines().any(|line| starts(line, "FROM")) {
        return breach("has no FROM".into(), "extend one of kmodgen's templates, or write a whole Dockerfile");
    }
    if builder_known && text.contains("DTK_AUTO") {
        return breach(
            "says DTK_AUTO, and KMM then replaces the builder that the manifest names".into(),
            "write `{{ builder }}` in the template instead, and keep the text out of comments too",
        );
    }
    check_runs(text)
}

/// Control characters but for the tab, and what kustomize 5.5 changes or refuses (tried).
pub fn is_garbled(c: char) -> bool {
    (c.is_control() && c != '\t') || "\u{2028}\u{2029}\u{feff}\u{fffe}\u{ffff}".contains(c)
}

fn check_runs(text: &str) -> Result<(), Breach> {
    let mut length = 0;
    let mut started = 0;
    for (at, line) in text.lines().enumerate() {
        if length == 0 {
            if !starts(line, "RUN") {
                continue;
            }
            started = at + 1;
        }
        length += line.len() + 1;
        if length > LONGEST_RUN {
            return Err(Breach {
                message: format!("has a RUN of more than {LONGEST_RUN} bytes in line {started}"),
                help: "break it into several in the template".into(),
            });
        }
        if !line.trim_end().ends_with('\\') {
            length = 0;
        }
    }
    Ok(())
}

/// Whether a line starts an instruction of this name.
fn starts(line: &str, instruction: &str) -> bool {
    line.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case(instruction))
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
            (&large, "a ConfigMap holds 1 MiB"),
            ("FROM a\n# \u{2028}\n", "U+2028 in line 2"),
            ("FROM a\r\n", "U+000D in line 1"),
            ("RUN x\n", "no FROM"),
            ("FROM a\n# DTK_AUTO\n", "says DTK_AUTO"),
        ] {
            let breach = check(text, true).unwrap_err();
            assert!(breach.message.contains(said), "{}", breach.message);
        }
        assert_eq!(check("FROM ${DTK_AUTO}\nRUN x\n", false), Ok(()));
    }
}
