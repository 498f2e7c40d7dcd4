//! Notes on a manifest without errors: images that are not one image for everybody, and what is written
//! without an effect.

mod conditions;
mod images;
mod sources;
#[cfg(test)]
mod tests;
mod written;

use std::sync::Arc;

use self::written::Written;
use super::{MANIFEST, Manifest};
use crate::vocabulary::{Diagnostic, Span};

impl Manifest {
    /// Finds what is to be noted on a manifest, of which `all` are those of its clusters: one note of a kind.
    pub fn notes(all: &[Arc<Self>]) -> Vec<Diagnostic> {
        let Some(first) = all.first() else { return Vec::new() };
        let written = Written::all(&MANIFEST, &first.written);
        let notes = [images::without_registry(&written, all), sources::unused(all), conditions::unmet(&written, all)];
        notes.into_iter().flatten().collect()
    }
}

/// One place that a note is about.
struct Finding {
    span: Span,
    /// The whole message if it is the only one of its kind.
    message: String,
    /// The text at its place, beside others of its kind.
    label: String,
    help: String,
}

/// Number of findings of one kind that get advice of their own.
const ADVISED: usize = 3;

/// Makes one note of all findings of a kind; `all` completes "5 …".
fn grouped(code: &'static str, all: &str, findings: Vec<Finding>) -> Option<Diagnostic> {
    let mut helps: Vec<String> = Vec::new();
    for finding in &findings {
        if !helps.contains(&finding.help) {
            helps.push(finding.help.clone());
        }
    }
    helps.truncate(ADVISED);
    let note = match findings.as_slice() {
        [] => return None,
        [only] => Diagnostic::note(code, &only.message).at(only.span, ""),
        several => {
            let places = several.iter().map(|finding| (finding.span, finding.label.clone()));
            Diagnostic::note(code, format!("{} {all}", several.len())).at_each(places)
        }
    };
    Some(helps.into_iter().fold(note, Diagnostic::help))
}
