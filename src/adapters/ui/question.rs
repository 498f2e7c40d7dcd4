//! Asking the person at the terminal.

use std::io::{self, IsTerminal as _};

use super::talk;

/// Checks whether questions can be asked: keys come from a terminal, and questions go to one.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks, and gives the line that was typed, without white space around it; `None` where there will
/// be no more answers.
pub fn ask(question: &str) -> Option<String> {
    talk(question);
    let mut line = String::new();
    match io::stdin().read_line(&mut line) {
        Ok(1..) => Some(line.trim().to_owned()),
        Ok(0) | Err(_) => None,
    }
}
