//! Values of build steps: variables and words.

use std::collections::BTreeMap;

use kmodgen_yaml::Node;

use crate::manifest::decode;
use crate::manifest::expansion::Expands;
use crate::vocabulary::{Diagnostic, Diagnostics, Invalid};

/// Variables by name; each value is one line.
pub(super) fn variables(
    node: &Node,
    what: &str,
    expands: Expands,
    faults: &mut Diagnostics,
) -> BTreeMap<String, String> {
    named(node, what, faults, variable_name, |text| expands.line(text))
}

/// Texts by names of the user's choice.
pub(super) fn named(
    node: &Node,
    what: &str,
    faults: &mut Diagnostics,
    check_name: impl Fn(&str) -> Result<(), Invalid>,
    check_value: impl Fn(&str) -> Result<String, Invalid>,
) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for entry in decode::entries(node, what, faults) {
        if let Err(invalid) = check_name(&entry.key.value) {
            faults.push(Diagnostic::invalid("invalid-value", entry.key.span, invalid));
        } else if let Some(value) = decode::text(&entry.value, &format!("a value of {what}"), faults, &check_value) {
            variables.insert(entry.key.value.clone(), value.value);
        }
    }
    variables
}

/// A list of words, in each of which the release expands.
pub(super) fn words(node: &Node, what: &str, faults: &mut Diagnostics) -> Vec<String> {
    let items = decode::items(node, what, faults).iter();
    items
        .filter_map(|node| decode::text(node, what, faults, |text| Expands::Release.line(text)))
        .map(|word| word.value)
        .collect()
}

/// Checks the name of a shell or make variable.
pub(in crate::manifest) fn variable_name(text: &str) -> Result<(), Invalid> {
    if text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && decode::has_only(text, "_") {
        return Ok(());
    }
    Err(Invalid::new(format!("`{}` is not the name of a variable", text.escape_debug()))
        .help("write letters, digits and `_`, not starting with a digit"))
}
