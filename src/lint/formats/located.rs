//! A finding with its place in lines and columns.

use crate::lint::registry::by_id;
use crate::lint::rule::Rule;
use crate::vocabulary::{Diagnostic, SourceMap, brief, masked};

/// A finding.
pub(super) struct LocatedFinding<'f> {
    pub(super) rule: Option<&'static Rule>,
    pub(super) found: &'f Diagnostic,
    /// File, unless the finding is about none.
    pub(super) file: Option<&'f str>,
    /// First line and column, counted from 1.
    pub(super) start: (usize, usize),
    /// Last line, and the column after its last character.
    pub(super) end: (usize, usize),
    /// Text of the first line, without secrets.
    pub(super) line: String,
}

impl<'f> LocatedFinding<'f> {
    pub(super) fn of(found: &'f Diagnostic, sources: &'f SourceMap) -> Self {
        let span = found.labels.first().map(|label| label.span);
        let file = span.and_then(|span| sources.get(span.source));
        let (start, end, line) = match (span, file) {
            (Some(span), Some(file)) => {
                let start = file.position(span.start);
                let end = file.position(span.end.max(span.start));
                let from = file.text.get(..span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
                let line = file.text.get(from..).unwrap_or_default().lines().next().unwrap_or_default();
                (start, end, brief(masked(line).into_owned()))
            }
            _ => ((1, 1), (1, 1), String::new()),
        };
        Self { rule: by_id(found.code), found, file: file.map(|file| file.name.as_str()), start, end, line }
    }

    /// The message with its advice, in one line for each.
    pub(super) fn text(&self) -> String {
        let help = self.found.help.iter().map(|help| format!("\nhelp: {help}"));
        std::iter::once(self.found.message.clone()).chain(help).collect()
    }
}
