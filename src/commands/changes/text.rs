//! Changes for people at a terminal.

use std::fmt::Write as _;

use super::effects::ModuleEffects;
use super::inputs::InputGroup;
use super::names::{in_parentheses, listed, shortened};
use super::{Counts, DiffGroup, ProjectChanges, RefusedModule};
use crate::adapters::ui;

/// Lines of one diff that are printed.
pub(super) const LINES: usize = 200;

/// Renders changes with colours that a stream may strip: details first, the sums last.
pub(in crate::commands) fn text(changes: &ProjectChanges) -> String {
    if changes.is_empty() {
        return "no differences\n".to_owned();
    }
    let mut sections = Vec::new();
    if !changes.modules.is_empty() {
        sections.push(changes.modules.iter().map(effects).collect());
    }
    sections.extend(changes.inputs.iter().map(InputGroup::text));
    sections.extend(changes.diffs.iter().map(|group| {
        let (shown, more) = first_lines(&group.diff);
        let names = listed(&group.mappings, str::to_owned);
        format!("{}: {names}\n{}{more}", head(group), ui::coloured_diff(&shown))
    }));
    sections.extend(changes.refused.iter().map(|RefusedModule { module, reason, help }| {
        format!("module `{module}` needs a decision: {reason}\n  help: {help}\n")
    }));
    let mut sums = String::new();
    for (what, Counts { added, changed, removed }) in changes.objects.named() {
        let _ = writeln!(sums, "{what}: {added} added, {changed} changed, {removed} removed");
    }
    let _ = writeln!(sums, "on nodes: {}", sum(changes));
    sections.push(sums);
    sections.join("\n")
}

fn effects(module: &ModuleEffects) -> String {
    let mut text = format!("{}\n", module.name());
    for (verb, mappings) in module.each() {
        let releases: Vec<String> = mappings
            .iter()
            .map(|name| format!("{}{}", name.release.as_deref().unwrap_or_default(), in_parentheses([name])))
            .collect();
        let _ = writeln!(text, "  {verb:<6}  {}", shortened(&releases));
    }
    text
}

/// Returns the sum of what happens on nodes.
pub(super) fn sum(changes: &ProjectChanges) -> String {
    let load = ui::count(changes.nodes.load, "mapping");
    let mappings = changes.modules.iter().flat_map(|module| module.each()).flat_map(|(_, mappings)| mappings);
    let (reload, unload) = (changes.nodes.reload, changes.nodes.unload);
    format!("{load} to load, {reload} to reload, {unload} to unload{}", in_parentheses(mappings))
}

/// Returns the number of files that change in the same way, and their kind.
pub(super) fn head(group: &DiffGroup) -> String {
    match group.mappings.len() {
        1 => format!("1 {:?}", group.kind),
        number => format!("{number} {:?}s with the same change", group.kind),
    }
}

/// Returns the first lines of a diff, and a line about the others if there are any.
pub(super) fn first_lines(diff: &str) -> (String, String) {
    let shown: String = diff.lines().take(LINES).map(|line| format!("{line}\n")).collect();
    let more = diff.lines().count().saturating_sub(LINES);
    (shown, if more > 0 { format!("… {more} more lines\n") } else { String::new() })
}
