//! Inputs that changed, the same change of several mappings once.

use serde::Serialize;

use super::names::{MappingName, listed, shortened, subject};
use super::values::differing_part;
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
    /// Effect on nodes, as a verb.
    #[serde(skip)]
    pub(super) verb: &'static str,
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
    /// Adds a mapping to the group with the same changes and verb, if any input changed.
    pub(in crate::commands) fn add(
        groups: &mut Groups<Self>,
        mapping: MappingName,
        verb: &'static str,
        release: &KernelRelease,
        inputs: &ComparedInputs,
    ) {
        if inputs.changes.is_empty() {
            return;
        }
        let group = groups.of(format!("{verb}\n{}", inputs.key(Some(release))), || Self {
            mappings: Vec::new(),
            changes: inputs.telling().cloned().collect(),
            same: inputs.same.clone(),
            verb,
        });
        group.same.retain(|name| inputs.same.contains(name));
        group.mappings.push(mapping);
    }

    /// Renders the group for people.
    pub(in crate::commands) fn text(&self) -> String {
        let Self { mappings, changes, same, verb } = self;
        describe((mappings, ""), verb, changes, same)
    }
}

fn telling(changes: &[InputChange]) -> impl Iterator<Item = &InputChange> {
    let only = changes.len() == 1;
    changes.iter().filter(move |change| only || change.input != "dockerfile")
}

/// Returns each change in few words, as in "runtime image 9.4 to 9.5".
pub(in crate::commands) fn brief(changes: &[InputChange]) -> Vec<String> {
    telling(changes).map(brief_one).collect()
}

fn brief_one(change: &InputChange) -> String {
    let InputChange { input, from, to } = change;
    match (from, to) {
        // Its digest means nothing to people.
        (Some(_), Some(_)) if input == "dockerfile" => "text of the Dockerfile".to_owned(),
        (Some(from), Some(to)) => match differing_part(from, to) {
            Some(part) => format!("{input} {part}"),
            None => input.clone(),
        },
        (None, _) => format!("{input} added"),
        (_, None) => format!("{input} removed"),
    }
}

/// Renders what mappings do on nodes because of changed inputs, for people: in one line, then the names of the mappings
/// and `more` about them, and the values that have no short form.
pub(in crate::commands) fn describe(
    (mappings, more): (&[MappingName], &str),
    verb: &str,
    changes: &[InputChange],
    same: &[String],
) -> String {
    let same = if same.is_empty() { String::new() } else { format!("; same: {}", shortened(same)) };
    let mut text = format!("{}: {}{same}\n", subject(mappings, verb), brief(changes).join(", "));
    text.push_str(&format!("  {}{more}\n", listed(mappings, str::to_owned)));
    telling(changes).for_each(|change| text.push_str(&values(change)));
    text
}

/// Renders both values of an input if they have no short form.
fn values(change: &InputChange) -> String {
    let InputChange { input, from, to } = change;
    let is_brief = match (from, to) {
        (Some(from), Some(to)) => differing_part(from, to).is_some(),
        (Some(value), None) | (None, Some(value)) => value.starts_with("sha256:"),
        (None, None) => true,
    };
    if is_brief {
        return String::new();
    }
    let mut text = format!("  {input}\n");
    if let Some(from) = from {
        text.push_str(&format!("    \x1b[31m- {from}\x1b[0m\n"));
    }
    if let Some(to) = to {
        text.push_str(&format!("    \x1b[32m+ {to}\x1b[0m\n"));
    }
    text
}
