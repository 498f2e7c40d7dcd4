//! Values of build steps: variables, words, targets and jobs.

use std::collections::BTreeMap;

use kmodgen_yaml::Node;

use crate::manifest::decode::{self, has_only, has_only_within};
use crate::manifest::expansion::Expands;
use crate::vocabulary::{Diagnostics, Invalid, RelPath};

/// Number of parallel jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Jobs {
    /// One job for each processor of the machine that builds.
    All,
    /// Fixed number of jobs.
    Number(u16),
}

pub(super) fn jobs(text: &str) -> Result<Jobs, Invalid> {
    match text.parse() {
        _ if text == "all" => Ok(Jobs::All),
        Ok(number @ 1..) => Ok(Jobs::Number(number)),
        _ => Err(Invalid::new(format!("`{}` is not a number of jobs", text.escape_debug()))
            .help("write a number from 1, or `all` for one for each processor")),
    }
}

/// Decodes variables by name; each value is one line.
pub(super) fn variables(
    node: &Node,
    key: &str,
    expands: Expands,
    faults: &mut Diagnostics,
) -> BTreeMap<String, String> {
    decode::named(node, key, faults, variable_name, |text| expands.line(text))
}

/// Decodes a list of strings, each of which messages call `what`.
pub(super) fn strings(
    node: &Node,
    key: &str,
    what: &str,
    faults: &mut Diagnostics,
    parse: impl Fn(&str) -> Result<String, Invalid>,
) -> Vec<String> {
    let items = decode::items(node, &format!("`{key}`"), faults).iter();
    items.filter_map(|item| decode::text(item, what, faults, &parse)).map(|item| item.value).collect()
}

/// Checks a word, in which the release expands.
pub(super) fn word(text: &str) -> Result<String, Invalid> {
    Expands::Release.line(text)
}

/// Checks a path, in which the release expands.
pub(super) fn path(text: &str) -> Result<RelPath, Invalid> {
    Expands::Release.path(text)
}

pub(super) fn target(text: &str) -> Result<String, Invalid> {
    if text.is_empty() || text.starts_with('-') || text.contains('=') {
        return Err(Invalid::new(format!("`{}` is not a make target", text.escape_debug()))
            .help("write a target's name; variables go under `vars`"));
    }
    Expands::Release.line(text)
}

/// Checks the id of a step.
pub(super) fn id(text: &str) -> Result<String, Invalid> {
    if has_only_within(text, "_-") {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(format!("`{}` is not the id of a step", text.escape_debug()))
        .help("write letters, digits, `_` and `-`, such as `compile`"))
}

/// Checks the name of a shell or make variable.
pub(in crate::manifest) fn variable_name(text: &str) -> Result<(), Invalid> {
    if text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && has_only(text, "_") {
        return Ok(());
    }
    Err(Invalid::new(format!("`{}` is not the name of a variable", text.escape_debug()))
        .help("write letters, digits and `_`, not starting with a digit"))
}

pub(super) fn option_name(text: &str) -> Result<(), Invalid> {
    if !without_prefix(text).is_empty() && has_only(text, "_") {
        return Ok(());
    }
    Err(Invalid::new(format!("`{}` is not the name of an option", text.escape_debug()))
        .help("write letters, digits and `_`, such as `NET_VENDOR_INTEL`"))
}

/// Returns the name of an option without `CONFIG_`.
pub(super) fn without_prefix(option: &str) -> &str {
    option.strip_prefix("CONFIG_").unwrap_or(option)
}

/// Checks the value of an option. In a `.config`, words and numbers stand as they are, all else in quotes.
pub(super) fn option_value(text: &str) -> Result<String, Invalid> {
    if text.contains(['"', '\\']) {
        return Err(Invalid::new("a string option cannot contain quotes or backslashes")
            .help("write it without quotes: kmodgen adds the quotes for `.config`"));
    }
    Expands::Nothing.line(text)
}

/// Checks the name of an RPM macro: three characters at least, as rpm has it.
pub(super) fn macro_name(text: &str) -> Result<(), Invalid> {
    if text.len() >= 3 && variable_name(text).is_ok() {
        return Ok(());
    }
    Err(Invalid::new(format!("`{}` is not the name of a macro", text.escape_debug()))
        .help("write three or more letters, digits and `_`, not starting with a digit"))
}
