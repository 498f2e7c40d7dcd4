//! Inputs that changed, the same change of several mappings once.

use serde::Serialize;

use super::names::{MappingName, in_parentheses, listed, shortened};
use crate::adapters::ui;
use crate::commands::alike::{Groups, without_kernel};
use crate::fingerprint::{Explanation, InputChange};
use crate::vocabulary::KernelRelease;

/// Inputs of a mapping, compared with those before.
#[derive(Debug, Default)]
pub(in crate::commands) struct ComparedInputs {
    pub(in crate::commands) changes: Vec<InputChange>,
    /// Names of the inputs that did not change.
    pub(in crate::commands) same: Vec<String>,
}

/// Mappings with the same changes of their inputs.
#[derive(Serialize)]
pub(in crate::commands) struct InputGroup {
    pub(super) mappings: Vec<MappingName>,
    /// Changes of the first one.
    pub(super) changes: Vec<InputChange>,
    /// Names of the inputs that did not change in any of them.
    pub(super) same: Vec<String>,
}

impl ComparedInputs {
    /// Compares the inputs of a mapping.
    pub(in crate::commands) fn of(old: &Explanation, new: &Explanation) -> Self {
        let mut same = new.unchanged_from(old);
        // A mapping is one of a release.
        same.retain(|name| !["kernel release", "dockerfile"].contains(&name.as_str()));
        Self { changes: new.changes_from(old), same }
    }

    /// Returns the changes without the one of the Dockerfile's digest, which follows from the others if there are any.
    pub(super) fn telling(&self) -> impl Iterator<Item = &InputChange> {
        telling(&self.changes)
    }

    /// Returns a text that is the same for mappings with the same changes.
    pub(in crate::commands) fn key(&self, release: Option<&KernelRelease>) -> String {
        let mut key = String::new();
        for InputChange { input, from, to } in self.telling() {
            key.extend([input, "\n"]);
            // Its digest and length are the kernel's own; the diff shows more.
            for value in [from, to].into_iter().filter(|_| input != "dockerfile") {
                let value = value.as_ref().map(|value| without_kernel(value, release));
                key.push_str(&value.map_or_else(|| "-\n".to_owned(), |value| format!("+{value}\n")));
            }
        }
        key
    }
}

impl InputGroup {
    /// Adds a mapping to the group with the same changes, if any input changed.
    pub(in crate::commands) fn add(
        groups: &mut Groups<Self>,
        mapping: MappingName,
        release: &KernelRelease,
        inputs: &ComparedInputs,
    ) {
        if inputs.changes.is_empty() {
            return;
        }
        let group = groups.of(inputs.key(Some(release)), || Self {
            mappings: Vec::new(),
            changes: inputs.telling().cloned().collect(),
            same: inputs.same.clone(),
        });
        group.same.retain(|name| inputs.same.contains(name));
        group.mappings.push(mapping);
    }

    /// Renders the group for people.
    pub(in crate::commands) fn text(&self) -> String {
        let Self { mappings, changes, same } = self;
        let (number, nodes) = (ui::count(mappings.len(), "mapping"), in_parentheses(mappings));
        format!("{number}{nodes}: {}\n{}", listed(mappings, str::to_owned), describe(changes, same))
    }
}

fn telling(changes: &[InputChange]) -> impl Iterator<Item = &InputChange> {
    let only = changes.len() == 1;
    changes.iter().filter(move |change| only || change.input != "dockerfile")
}

/// Renders inputs that changed and names of others, for people.
pub(in crate::commands) fn describe(changes: &[InputChange], same: &[String]) -> String {
    let mut text: String = telling(changes).map(describe_one).collect();
    if !same.is_empty() {
        text.push_str(&format!("  same: {}\n", shortened(same)));
    }
    text
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
