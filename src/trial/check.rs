//! What comes of an expectation, added up over mappings, modules and targets.

use super::assertion::{Assertion, Claim};
use crate::vocabulary::Diagnostic;

/// What came of an expectation.
#[derive(Debug, Default)]
pub(super) struct Check {
    /// How often it held.
    held: usize,
    /// How often it did not.
    broken: usize,
    /// Of what it did not hold, and how; the first few.
    named: Vec<(String, &'static str)>,
    /// Why not, of the first.
    why: Vec<String>,
    /// Whether it could not be found out.
    given_up: bool,
}

/// How many of the others a message names.
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

    /// It cannot be found out, which is told elsewhere.
    pub(super) fn give_up(&mut self) {
        self.given_up = true;
    }

    /// Whether nothing was looked at so far.
    pub(super) fn is_untouched(&self) -> bool {
        self.held == 0 && self.is_whole() && !self.given_up
    }

    /// Whether it was never broken so far.
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

    /// What is not as expected, if anything.
    pub(super) fn told(&self, assertion: &Assertion) -> Option<Diagnostic> {
        let at = |message: String| Diagnostic::error("not-as-expected", message).at(assertion.span, "");
        if let Claim::Mappings(wanted) = assertion.claim {
            let are = if self.held == 1 {
                "there is 1 mapping".to_owned()
            } else {
                format!("there are {} mappings", self.held)
            };
            return (self.held != wanted).then(|| at(format!("{are}, and {wanted} expected")));
        }
        let Some((name, how)) = self.named.first() else {
            let help =
                "a `when` that holds for none of the case's kernels, or a file that does not come out, is a mistake";
            return self.is_untouched().then(|| at("there is nothing to look at".into()).help(help));
        };
        let message = match &assertion.claim {
            Claim::UnchangedSince(revision) => {
                format!("{name} {how}; it was to be unchanged since `{}`", revision.escape_debug())
            }
            _ => format!("the {} of {name} {}", assertion.part.title(), assertion.broken()),
        };
        let fault = self.why.iter().cloned().fold(at(message), Diagnostic::help);
        let others = self.broken - 1;
        if others == 0 {
            return Some(fault);
        }
        let named: Vec<&str> = self.named.iter().skip(1).map(|(name, _)| name.as_str()).collect();
        let more = if others > NAMED { ", …" } else { "" };
        Some(fault.help(format!("so it is with {others} more: {}{more}", named.join(", "))))
    }
}
