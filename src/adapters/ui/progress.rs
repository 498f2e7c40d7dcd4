//! Progress on a terminal: a line for each running task, and one in all below them.
//!
//! It is drawn on stderr, and gone when the work is done. Whatever is said meanwhile by
//! [`talk`](super::talk) stands above it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::screen::{self, Screen};
use super::verbosity::is_quiet;

/// Interval between two updates of the times.
const TICK: Duration = Duration::from_millis(250);

/// The lines that are on the terminal: there is one stderr, and whoever writes to it must make
/// them step aside.
static DRAWN: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// Does something with stderr while no line of progress is in its way.
pub(super) fn aside<T>(work: impl FnOnce() -> T) -> T {
    let drawn = DRAWN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match drawn {
        Some(lines) => lines.suspend(work),
        None => work(),
    }
}

/// The progress of a run; its lines are gone when this is.
#[derive(Debug)]
pub struct Progress {
    lines: MultiProgress,
    sum: Sum,
}

/// The line that tells of all.
#[derive(Debug, Clone)]
pub struct Sum(ProgressBar);

/// The line of one thing that runs; gone when this is.
#[derive(Debug)]
pub struct Line {
    bar: ProgressBar,
    name: String,
}

impl Progress {
    /// Progress that is drawn where `wanted` says so and stderr is a terminal that can move its
    /// cursor.
    pub fn new(wanted: bool) -> Self {
        let shown = wanted && !is_quiet() && screen::is_there();
        let target = match shown {
            true => ProgressDrawTarget::term_like_with_hz(Box::new(Screen::default()), 8),
            false => ProgressDrawTarget::hidden(),
        };
        let lines = MultiProgress::with_draw_target(target);
        let sum = Sum(lines.add(bar()));
        if shown {
            *DRAWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(lines.clone());
            sum.0.enable_steady_tick(TICK);
        }
        Self { lines, sum }
    }

    /// The line that tells of all.
    pub fn sum(&self) -> &Sum {
        &self.sum
    }

    /// Something begins.
    pub fn begin(&self, name: String) -> Line {
        let bar = self.lines.insert_before(&self.sum.0, bar());
        if !self.lines.is_hidden() {
            bar.enable_steady_tick(TICK);
        }
        Line { bar, name }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.sum.0.finish_and_clear();
        *DRAWN.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Sum {
    /// Sets the text of the last line.
    pub fn tell(&self, text: String) {
        self.0.set_message(text);
    }
}

impl Line {
    /// Sets the current activity, such as `builds`.
    pub fn tell(&self, what: &str) {
        self.bar.set_message(format!("{what} {}", self.name));
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A line without colours: how long it has been there, and its text, cut to the terminal's width.
fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{elapsed_precise} {wide_msg}");
    // A template that is wrong is found by the tests: they see what is drawn.
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}
