//! Values of build steps: variables, and texts in which the build's own variables expand.

use std::collections::BTreeMap;

use crate::manifest::decode;
use crate::vocabulary::{Diagnostic, Diagnostics, Invalid, nearest};
use crate::yaml::Node;

/// The build arguments that expand in values: those that every KMM build has.
pub const EXPANDING: [&str; 2] = ["KERNEL_VERSION", "KERNEL_FULL_VERSION"];

/// Variables by name; each value is one line in which the build's own variables expand.
pub(super) fn variables(node: &Node, what: &str, faults: &mut Diagnostics) -> BTreeMap<String, String> {
    named(node, what, faults, variable_name, expandable)
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

/// A list of words, in each of which the build's own variables expand.
pub(super) fn words(node: &Node, what: &str, faults: &mut Diagnostics) -> Vec<String> {
    let items = decode::items(node, what, faults).iter();
    items.filter_map(|node| decode::text(node, what, faults, expandable)).map(|word| word.value).collect()
}

/// Checks the name of a shell or make variable.
pub(in crate::manifest) fn variable_name(text: &str) -> Result<(), Invalid> {
    let start = |c: char| c.is_ascii_alphabetic() || c == '_';
    if text.starts_with(start) && text.chars().all(|c| start(c) || c.is_ascii_digit()) {
        return Ok(());
    }
    Err(Invalid::new(format!("`{}` is not the name of a variable", text.escape_debug()))
        .help("write letters, digits and `_`, not starting with a digit"))
}

/// Checks a value in which `${KERNEL_VERSION}` and `${KERNEL_FULL_VERSION}` expand. Any other
/// `${…}` would quietly be empty in the build.
pub(in crate::manifest) fn expandable(text: &str) -> Result<String, Invalid> {
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        rest = &rest[at + 2..];
        let name = rest.split('}').next().unwrap_or_default();
        if !EXPANDING.contains(&name) {
            let near = nearest(name, EXPANDING).unwrap_or(EXPANDING[0]);
            return Err(Invalid::new(format!("`${{{}}}` is no variable of a build", name.escape_debug())).help(
                format!("write `${{{near}}}`, or the value itself; in a value for make, `$({name})` is make's own"),
            ));
        }
    }
    decode::line(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_builds_own_variables_expand() {
        assert!(expandable("/lib/modules/${KERNEL_VERSION}/build").is_ok());
        assert!(expandable("$(CURDIR)/x $HOME 1.10").is_ok());
        let error = expandable("${KERNEL_VERSON}").unwrap_err();
        assert!(error.help.unwrap().contains("`${KERNEL_VERSION}`"));
        assert!(expandable("a\nb").is_err());
    }
}
