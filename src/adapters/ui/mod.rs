//! The terminal: results go to stdout, talk goes to stderr, colour only where a person looks.

mod diagnostics;
mod diff;

use std::io;

pub use diagnostics::render;
pub use diff::unified;

/// Prints a result. A reader that went away is no error: the run ends.
pub fn result(text: &str) {
    print(anstream::stdout().lock(), text);
}

/// Prints talk: progress, warnings, errors.
pub fn talk(text: &str) {
    print(anstream::stderr().lock(), text);
}

fn print(mut stream: impl io::Write, text: &str) {
    if let Err(error) = stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        let code = if error.kind() == io::ErrorKind::BrokenPipe { 0 } else { 2 };
        std::process::exit(code);
    }
}

/// A text that was coloured for a terminal, without the colours.
pub fn without_colour(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// "1 file", "2 files".
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
