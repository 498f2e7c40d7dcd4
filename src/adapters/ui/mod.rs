//! The terminal: results go to stdout, talk goes to stderr, colour only where a person looks.

mod diagnostics;
mod diff;
mod progress;
mod question;
mod screen;
mod verbosity;

use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, PoisonError};

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
pub use diagnostics::render;
pub use diff::{coloured_diff, unified, unified_by};
pub use progress::{Line, Progress, Sum};
pub use question::{ask, can_ask};
pub use verbosity::configure;

use super::fs;
use crate::vocabulary::masked;

/// Prints a result. A reader that went away is no error, and changes nothing about the run; a
/// result that cannot be kept, as on a full disk, ends it.
pub fn result(text: &str) {
    if let Err(error) = print(io::stdout().lock(), text)
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        self::error(&format!("cannot print the result: {}", fs::describe(&error)));
        std::process::exit(2);
    }
}

/// Start of a message about a file, folder or module that kmodgen leaves as it is.
pub const CONFLICT: &str = "\x1b[1;31mconflict\x1b[0m";

/// Prints notes, warnings and progress, unless `--quiet` is given.
pub fn talk(text: &str) {
    if !verbosity::is_quiet() {
        complain(text);
    }
}

/// Prints one error.
pub fn error(text: &str) {
    complain(&format!("\x1b[1;31merror\x1b[0m: {text}\n"));
}

/// Prints errors and questions, without the secrets that may be in them. The work does not depend on anyone
/// listening.
pub fn complain(text: &str) {
    let _ = progress::aside(|| print(io::stderr().lock(), &masked(text)));
}

/// Prints talk that the process has not printed yet: what holds for several clusters is told once.
pub fn talk_once(text: &str) {
    static TOLD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if TOLD.lock().unwrap_or_else(PoisonError::into_inner).insert(text.to_owned()) {
        talk(text);
    }
}

/// Prints a text in one piece, so that nothing that others print comes between its lines.
fn print(mut stream: impl RawStream, text: &str) -> io::Result<()> {
    match AutoStream::choice(&stream) {
        ColorChoice::Never => stream.write_all(without_colour(text).as_bytes())?,
        _ => stream.write_all(text.as_bytes())?,
    }
    stream.flush()
}

/// A text that was coloured for a terminal, without the colours.
pub fn without_colour(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// "1 file", "2 files".
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
