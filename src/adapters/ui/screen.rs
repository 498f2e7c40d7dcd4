//! stderr as a screen to draw on.
#![expect(clippy::disallowed_methods, reason = "an adapter: what the terminal can do is in the environment")]

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};

use indicatif::TermLike;
use rustix::termios::{Winsize, tcgetwinsize};

/// Checks whether stderr is a terminal that can move its cursor.
pub(super) fn is_there() -> bool {
    let can_move = std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
    can_move && io::stderr().is_terminal()
}

/// The size, where the terminal knows it.
fn size() -> Option<Winsize> {
    tcgetwinsize(io::stderr()).ok().filter(|size| size.ws_col > 0 && size.ws_row > 0)
}

/// Draws on stderr, one whole picture at a time.
///
/// The cursor rests where the last line begins. At its end, where it would be by itself, the `^C`
/// that a terminal shows would move everything up by a line, and leave that one behind.
#[derive(Debug, Default)]
pub(super) struct Screen {
    picture: Mutex<String>,
}

impl Screen {
    fn add(&self, text: std::fmt::Arguments<'_>) -> io::Result<()> {
        let mut picture = self.picture.lock().unwrap_or_else(PoisonError::into_inner);
        picture.write_fmt(text).map_err(io::Error::other)
    }

    /// Escapes as terminals since the VT100 have them (ECMA-48, section 8.3).
    fn escape(&self, count: usize, letter: char) -> io::Result<()> {
        if count == 0 { Ok(()) } else { self.add(format_args!("\x1b[{count}{letter}")) }
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        size().map_or(80, |size| size.ws_col)
    }

    fn height(&self) -> u16 {
        size().map_or(24, |size| size.ws_row)
    }

    fn move_cursor_up(&self, count: usize) -> io::Result<()> {
        self.escape(count, 'A')
    }

    fn move_cursor_down(&self, count: usize) -> io::Result<()> {
        self.escape(count, 'B')
    }

    fn move_cursor_right(&self, count: usize) -> io::Result<()> {
        self.escape(count, 'C')
    }

    fn move_cursor_left(&self, count: usize) -> io::Result<()> {
        self.escape(count, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.add(format_args!("{text}\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.add(format_args!("{text}"))
    }

    fn clear_line(&self) -> io::Result<()> {
        self.add(format_args!("\r\x1b[2K"))
    }

    fn flush(&self) -> io::Result<()> {
        let mut picture = self.picture.lock().unwrap_or_else(PoisonError::into_inner);
        picture.push('\r');
        let written = io::stderr().write_all(picture.as_bytes());
        picture.clear();
        written
    }
}
