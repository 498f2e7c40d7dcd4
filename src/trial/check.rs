//! What comes of an expectation, added up over mappings, modules and targets.

use super::assertion::{Assertion, Claim};
use crate::vocabulary::Diagnostic;

/// What came of an expectation.
#[derive(Debug, Default)]
pub(super) struct Check {
    /// How often it held.
    held: usize,
    /// Of what it did not hold, and how.
    broken: Vec<(String, &'static str)>,
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

    pub(super) fn broken(&mut self, name: String, how: &'static str) {
        self.broken.push((name, how));
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
        self.broken.is_empty()
    }

    pub(super) fn join(&mut self, other: Self) {
        if self.is_whole() {
            self.why = other.why;
        }
        self.held += other.held;
        self.broken.extend(other.broken);
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
        let Some((name, how)) = self.broken.first() else {
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
        let others: Vec<&str> = self.broken.iter().skip(1).map(|(name, _)| name.as_str()).collect();
        if others.is_empty() {
            return Some(fault);
        }
        let named = others.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        let more = if others.len() > NAMED { ", …" } else { "" };
        Some(fault.help(format!("so it is with {} more: {named}{more}", others.len())))
    }
}
