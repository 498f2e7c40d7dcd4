//! Errors that end a command, and how diagnostics are printed.

use crate::adapters::ui;
use crate::vocabulary::{Diagnostic, Diagnostics, Severity, SourceMap};

/// Errors in the user's files.
#[derive(Debug, thiserror::Error)]
#[error("the manifest has errors")]
pub struct Faults {
    diagnostics: Vec<Diagnostic>,
    sources: SourceMap,
}

impl Faults {
    /// Sorts diagnostics, and hides secrets in the texts that messages show.
    pub(super) fn new(faults: Diagnostics, mut sources: SourceMap) -> Self {
        let diagnostics = faults.into_sorted();
        diagnostics.iter().flat_map(|diagnostic| &diagnostic.hidden).for_each(|span| sources.hide(*span));
        Self { diagnostics, sources }
    }

    /// Puts a revision in front of the names of all files, as git's own commands do.
    #[must_use]
    pub(super) fn in_revision(mut self, revision: &str) -> Self {
        self.sources.prefix(&format!("{}:", revision.escape_debug()));
        self
    }

    /// Prints the first messages, and how many errors there are.
    pub fn report(&self) {
        let errors = self.diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
        ui::complain(&format!("{}{}\n", draw(&self.diagnostics, &self.sources), ui::count(errors, "error")));
    }
}

/// Draws the first messages, and says how many more there are.
pub(super) fn draw(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    each_drawn(diagnostics, sources).collect()
}

/// Does the same, message by message.
pub(super) fn each_drawn<'d>(
    diagnostics: &'d [Diagnostic],
    sources: &'d SourceMap,
) -> impl Iterator<Item = String> + 'd {
    const SHOWN: usize = 50;
    let first = diagnostics.iter().take(SHOWN).map(|diagnostic| ui::render(diagnostic, sources));
    let more = diagnostics.len().checked_sub(SHOWN).filter(|more| *more > 0);
    first.chain(more.map(|more| format!("… and {more} more\n\n")))
}
