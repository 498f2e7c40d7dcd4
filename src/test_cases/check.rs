//! Result of an expectation, added up over mappings, modules and clusters.

use super::assertion::{Assertion, Claim};
use crate::vocabulary::Diagnostic;

/// Result of one expectation.
#[derive(Debug, Default)]
pub(super) struct Check {
    /// Number of times that it held.
    held: usize,
    /// Number of times that it did not hold.
    broken: usize,
    /// Of what it did not hold, and how; the first few.
    named: Vec<(String, &'static str)>,
    /// Why not, of the first.
    why: Vec<String>,
    /// Set if the result is unknown.
    given_up: bool,
}

/// Number of files that a message names.
const NAMED: usize = 8;

impl Check {
    pub(super) fn held(&mut self) {
        self.held += 1;
    }

    pub(super) fn broken(&mut self, name: impl FnOnce() -> String, how: &'static str) {
        self.broken += 1;
        if self.named.len() <= NAMED {
            self.named.push((name(), how));
        }
    }

    pub(super) fn explain(&mut self, why: Vec<String>) {
        self.why = why;
    }

    /// Marks the result as unknown; the reason is reported elsewhere.
    pub(super) fn give_up(&mut self) {
        self.given_up = true;
    }

    /// Checks whether no file was compared so far.
    pub(super) fn is_untouched(&self) -> bool {
        self.held == 0 && self.is_whole() && !self.given_up
    }

    /// Checks whether it was never broken so far.
    pub(super) fn is_whole(&self) -> bool {
        self.broken == 0
    }

    pub(super) fn join(&mut self, other: Self) {
        if self.is_whole() {
            self.why = other.why;
        }
        self.held += other.held;
        self.broken += other.broken;
        self.named.extend(other.named);
        self.named.truncate(NAMED + 1);
    }

    /// Returns the message about a broken expectation.
    pub(super) fn told(&self, assertion: &Assertion) -> Option<Diagnostic> {
        if let Claim::Mappings(wanted) = assertion.claim {
            let are = if self.held == 1 {
                "there is 1 mapping".to_owned()
            } else {
                format!("there are {} mappings", self.held)
            };
            return (self.held != wanted).then(|| fault(assertion, format!("{are}, but expected {wanted}")));
        }
        let Some((name, how)) = self.named.first() else {
            let help = "check that `when` matches one of the case's kernels, and that the file is generated";
            return self.is_untouched().then(|| fault(assertion, "there is nothing to check").help(help));
        };
        let message = match &assertion.claim {
            Claim::UnchangedSince(revision) => {
                format!("{name} {how}; expected no change since `{}`", revision.escape_debug())
            }
            _ => format!("the {} of {name} {}", assertion.part.title(), assertion.broken()),
        };
        let fault = self.why.iter().cloned().fold(fault(assertion, message), Diagnostic::help);
        let others = self.broken - 1;
        if others == 0 {
            return Some(fault);
        }
        let named: Vec<&str> = self.named.iter().skip(1).map(|(name, _)| name.as_str()).collect();
        let more = if others > NAMED { ", …" } else { "" };
        Some(fault.help(format!("the same for {others} more: {}{more}", named.join(", "))))
    }
}

fn fault(assertion: &Assertion, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error("not-as-expected", message).at(assertion.span, "")
}
