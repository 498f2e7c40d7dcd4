//! Inputs that changed, the same change of several mappings once.

use serde::Serialize;

use super::names::MappingName;
use crate::commands::alike::without_kernel;
use crate::fingerprint::InputChange;
use crate::vocabulary::KernelRelease;

/// Mappings with the same changes of their inputs.
#[derive(Serialize)]
pub(super) struct InputGroup {
    pub(super) mappings: Vec<MappingName>,
    /// Changes of the first one.
    pub(super) changes: Vec<InputChange>,
}

/// Returns the changes without the one of the Dockerfile's digest, which follows from the others if there are any.
pub(super) fn telling(changes: &[InputChange]) -> impl Iterator<Item = &InputChange> {
    let only = changes.len() == 1;
    changes.iter().filter(move |change| only || change.input != "dockerfile")
}

/// Returns a text that is the same for mappings with the same changes.
pub(super) fn key(changes: &[InputChange], release: Option<&KernelRelease>) -> String {
    let mut key = String::new();
    for InputChange { input, from, to } in telling(changes) {
        key.extend([input, "\n"]);
        // Its digest and length are the kernel's own; the diff shows more.
        for value in [from, to].into_iter().filter(|_| input != "dockerfile") {
            let value = value.as_ref().map(|value| without_kernel(value, release));
            key.push_str(&value.map_or_else(|| "-\n".to_owned(), |value| format!("+{value}\n")));
        }
    }
    key
}

/// The inputs that changed, for people.
pub(in crate::commands) fn describe(changes: &[InputChange]) -> String {
    telling(changes).map(describe_one).collect()
}

fn describe_one(change: &InputChange) -> String {
    let mut text = format!("  {}\n", change.input);
    if let Some(from) = &change.from {
        text.push_str(&format!("    \x1b[31m- {from}\x1b[0m\n"));
    }
    if let Some(to) = &change.to {
        text.push_str(&format!("    \x1b[32m+ {to}\x1b[0m\n"));
    }
    text
}
