//! Cases that expect the manifest to be refused.

use super::assertion::{Assertion, Claim, quoted};
use crate::vocabulary::{Diagnostic, Severity};

/// Number of messages that are printed.
const TOLD: usize = 5;

/// Compares expectations with the messages that refused a manifest; `messages` is empty
/// where it was not.
pub(super) fn check(expected: &[Assertion], messages: &[Diagnostic]) -> Vec<Diagnostic> {
    let errors: Vec<&Diagnostic> = messages.iter().filter(|message| message.severity == Severity::Error).collect();
    let mut broken = Vec::new();
    for assertion in expected {
        let Claim::Error(text) = &assertion.claim else { continue };
        if errors.is_empty() {
            broken.push(
                Diagnostic::error("not-as-expected", "the manifest is not rejected")
                    .at(assertion.span, "")
                    .help("the manifest of the case is valid: remove the expectation, or change `set`"),
            );
        } else if !errors.iter().any(|error| says(error, text)) {
            let fault = Diagnostic::error(
                "not-as-expected",
                format!("the manifest is rejected, but no message contains {}", quoted(text)),
            )
            .at(assertion.span, "");
            let told = errors.iter().take(TOLD).map(|error| format!("a message was: {}", error.message));
            broken.push(told.fold(fault, Diagnostic::help));
        }
    }
    broken
}

/// Checks whether a message contains a text: in itself, in its help, or as its code.
fn says(message: &Diagnostic, text: &str) -> bool {
    message.code == text || message.message.contains(text) || message.help.iter().any(|help| help.contains(text))
}
