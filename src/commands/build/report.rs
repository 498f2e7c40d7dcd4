//! Reports of `build`: a line for each image that is done, a line of counts during the builds, and a table at the end.

use std::fmt;
use std::fmt::Write as _;
use std::path::PathBuf;

use kmodgen_image::read::Difference;
use serde::Serialize;

use crate::adapters::engine::{Ended, Log};
use crate::commands::report::column_width;

/// Number of lines to show of a failed build's log: `ERRORS` of its errors, `TAIL` of its end.
const ERRORS: usize = 5;
const TAIL: usize = 20;

/// Outcome for a mapping's image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    /// Image that was built.
    Built,
    /// Image that was pushed.
    Pushed,
    /// Image that was in the engine or in its registry already.
    Skipped,
    /// Image that could not be built or pushed.
    Failed,
    /// Image that was not tried, since another one failed or the run was stopped.
    Cancelled,
}

impl Outcome {
    const ALL: [Self; 5] = [Self::Built, Self::Pushed, Self::Skipped, Self::Failed, Self::Cancelled];

    fn name(self) -> &'static str {
        match self {
            Self::Built => "built",
            Self::Pushed => "pushed",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One image; also an element of `--format json`.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) module: String,
    pub(super) release: String,
    pub(super) image: String,
    pub(super) outcome: Outcome,
    pub(super) seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) log: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    /// First difference between two builds of the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) difference: Option<Difference>,
    /// Lines of the log of a build that failed.
    #[serde(skip)]
    pub(super) excerpt: Vec<String>,
}

/// Why an image could not be built or pushed: what its log says, if the engine ended with no more than
/// an exit status.
pub(super) fn reason(ended: &Ended, log: Option<&Log>) -> String {
    let said = match (ended, log) {
        (Ended::Failed(_), Some(log)) => {
            log.errors(1).pop().or_else(|| log.tail(TAIL).into_iter().rev().find(|line| !line.trim().is_empty()))
        }
        _ => None,
    };
    said.unwrap_or_else(|| ended.to_string())
}

/// The lines of a log that tell most: the first errors, and its end.
pub(super) fn excerpt(log: &Log) -> Vec<String> {
    let end = log.tail(TAIL);
    let mut lines: Vec<String> = log.errors(ERRORS).into_iter().filter(|line| !end.contains(line)).collect();
    if !lines.is_empty() {
        lines.push("…".into());
    }
    lines.extend(end);
    lines
}

impl Row {
    /// Returns the lines to print when an image is done: its outcome, and of a failure the reason, lines of the log and
    /// the path of the log.
    pub(super) fn told(&self, done: &str, engine: &str) -> String {
        let Self { module, release, seconds, .. } = self;
        let mut text = format!("{done} {} {module} {release} ({seconds:.1} s)\n", self.outcome.name());
        if self.outcome == Outcome::Failed {
            let _ = writeln!(text, "  {engine}: {}", self.reason.as_deref().unwrap_or_default());
            for line in &self.excerpt {
                let _ = writeln!(text, "  | {line}");
            }
            if let Some(log) = &self.log {
                let _ = writeln!(text, "  full log: {}", log.display());
            }
        }
        text
    }
}

/// Number of images with each outcome.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tally {
    total: usize,
    counts: [usize; Outcome::ALL.len()],
}

impl Tally {
    /// Starts the counts for `total` images, none of which is done.
    pub(super) fn new(total: usize) -> Self {
        Self { total, counts: [0; _] }
    }

    /// Counts one, and gives its number: `[2/6]`.
    pub(super) fn count(&mut self, outcome: Outcome) -> String {
        self.counts[outcome as usize] += 1;
        self.number()
    }

    /// Returns all counts in one line, to show while builds run.
    pub(super) fn line(&self) -> String {
        format!("{} {self}", self.number())
    }

    fn number(&self) -> String {
        format!("[{}/{}]", self.counts.iter().sum::<usize>(), self.total)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts: Vec<String> = Outcome::ALL
            .iter()
            .map(|outcome| format!("{} {}", self.counts[*outcome as usize], outcome.name()))
            .collect();
        f.write_str(&counts.join(", "))
    }
}

/// The table of all, for people.
pub(super) fn table(rows: &[Row], tally: &Tally) -> String {
    let module = column_width("MODULE", rows.iter().map(|row| row.module.len()));
    let release = column_width("KERNEL", rows.iter().map(|row| row.release.len()));
    let mut text =
        format!("{:<module$}  {:<release$}  {:<9}  {:>7}  IMAGE\n", "MODULE", "KERNEL", "OUTCOME", "SECONDS");
    for Row { module: m, release: r, image, outcome, seconds, .. } in rows {
        let _ = writeln!(text, "{m:<module$}  {r:<release$}  {:<9}  {seconds:>7.1}  {image}", outcome.name());
    }
    let _ = writeln!(text, "{tally}");
    text
}
