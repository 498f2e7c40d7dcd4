//! Programs of the machine that kmodgen may start.

use std::time::Duration;

use kmodgen_process::{command, inherited, output};

/// Time limit for a program that prints its version.
const LIMIT: Duration = Duration::from_secs(10);

/// Returns the version that a program on the PATH prints; `None` if there is none that does.
pub fn version(program: &str) -> Option<String> {
    let output = output(command(program, &inherited()).arg("--version"), b"", LIMIT).ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    let words = text.lines().next()?.split([' ', ',']);
    words.into_iter().find(|word| word.starts_with(|c: char| c.is_ascii_digit())).map(str::to_owned)
}
