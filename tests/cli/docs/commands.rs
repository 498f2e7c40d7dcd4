//! Pages of commands, made from the declarations of the command line.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use clap::{Arg, Command};

use super::page::ROOT;
use crate::help::{commands, examples_and_exit_codes};

/// The folder of the pages.
const FOLDER: &str = "docs/commands";

/// The line before the generated part of the page on a command; on all commands, if its name is empty.
fn marker(name: &str) -> String {
    if name.is_empty() { "<!-- commands -->".to_owned() } else { format!("<!-- help of kmodgen {name} -->") }
}

/// Returns the generated part of a page after a line, if the line starts one.
pub(super) fn generated(line: &str) -> Option<String> {
    if !line.starts_with("<!-- help of ") && line != marker("") {
        return None;
    }
    let found = commands().into_iter().find(|(name, _)| marker(name) == line);
    let (name, command) = found.unwrap_or_else(|| panic!("`{line}` names no command"));
    Some(if name.is_empty() { all_commands(&command) } else { format!("\n{}", described(&command, 2)) })
}

#[test]
fn every_command_has_a_page() {
    for (name, _) in commands() {
        let file = if name.is_empty() { "README" } else { &name };
        let path = Path::new(ROOT).join(FOLDER).join(format!("{file}.md"));
        let marker = marker(&name);
        let text = fs::read_to_string(&path).unwrap_or_default();
        if text.lines().any(|line| line == marker) {
            continue;
        }
        assert!(
            std::env::var("KMODGEN_DOCS").is_ok_and(|value| value == "overwrite"),
            "{} has no line `{marker}`: KMODGEN_DOCS=overwrite writes the page",
            path.display()
        );
        fs::write(path, format!("# kmodgen {name}\n\n{marker}\n{}", generated(&marker).unwrap())).unwrap();
    }
}

/// The list of commands, and what all of them have in common.
fn all_commands(program: &Command) -> String {
    let mut text = String::from("\n| Command | Description |\n| --- | --- |\n");
    for (name, command) in commands().iter().filter(|(name, _)| !name.is_empty()) {
        let _ = writeln!(text, "| [`{name}`]({name}.md) | {} |", summary(command));
    }
    text.push_str("\n## Options of all commands\n\n");
    text.push_str(&table("Option", program.get_arguments().filter(|arg| arg.is_global_set())));
    let (_, codes) = examples_and_exit_codes("", program);
    text.push_str(&exit_codes(&codes, 2));
    text
}

/// The help of a command and of those below it, under headings of a level.
fn described(command: &Command, level: usize) -> String {
    let hashes = "#".repeat(level);
    let about = command.get_long_about().or(command.get_about()).unwrap().to_string();
    let mut text = String::new();
    for paragraph in about.split("\n\n") {
        let end = if paragraph.ends_with('.') { "" } else { "." };
        let _ = writeln!(text, "{}{end}\n", with_code(paragraph));
    }
    let usage = command.clone().render_usage().to_string();
    let _ = writeln!(text, "```text\n{}\n```", usage.strip_prefix("Usage: ").unwrap());
    for (title, head, is_positional) in [("Arguments", "Argument", true), ("Options", "Option", false)] {
        let own = command.get_arguments().filter(|arg| is_own(arg) && arg.is_positional() == is_positional);
        let arguments: Vec<_> = own.collect();
        if !arguments.is_empty() {
            let _ = write!(text, "\n{hashes} {title}\n\n{}", table(head, arguments.into_iter()));
        }
    }
    if level == 2 {
        text.push_str("\n[Options of all commands](README.md#options-of-all-commands) are on a page of their own.\n");
        let (examples, codes) = examples_and_exit_codes(command.get_name(), command);
        let examples: String = examples.lines().map(|line| format!("{}\n", line.trim())).collect();
        let _ = write!(text, "\n## Examples\n\n```sh\n{}\n```\n{}", examples.trim_end(), exit_codes(&codes, level));
    }
    for below in command.get_subcommands().filter(|below| below.get_name() != "help" && !below.is_hide_set()) {
        let name = below.get_bin_name().unwrap();
        let _ = write!(text, "\n{hashes} {name}\n\n{}", described(below, level + 1));
    }
    text
}

/// Checks whether only some commands have an argument.
fn is_own(arg: &Arg) -> bool {
    !arg.is_global_set() && !arg.is_hide_set() && !matches!(arg.get_id().as_str(), "help" | "version")
}

fn summary(command: &Command) -> String {
    command.get_about().unwrap().to_string()
}

/// A table of arguments.
fn table<'a>(head: &str, arguments: impl Iterator<Item = &'a Arg>) -> String {
    let mut text = format!("| {head} | Description |\n| --- | --- |\n");
    for arg in arguments {
        let _ = writeln!(text, "| {} | {} |", names(arg), description(arg).replace('|', "\\|"));
    }
    text
}

/// The names of an argument with its value.
fn names(arg: &Arg) -> String {
    if arg.is_positional() {
        return format!("`{}`", arg.to_string().replace('|', "\\|"));
    }
    let short = arg.get_short().map(|short| format!("`-{short}`"));
    let value = arg.get_action().takes_values().then(|| arg.get_value_names()).flatten().unwrap_or_default();
    let value: String = value.iter().map(|value| format!(" <{value}>")).collect();
    let long = arg.get_long().map(|long| format!("`--{long}{}`", value.replace('|', "\\|")));
    short.into_iter().chain(long).collect::<Vec<_>>().join(", ")
}

/// The help of an argument with its possible values and its default.
fn description(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help()).unwrap().to_string();
    let (help, default) = match help.split_once(" [default: ") {
        Some((help, default)) => (help.to_owned(), default.strip_suffix(']').map(str::to_owned)),
        None => (help, None),
    };
    let mut text = with_code(&help);
    if !arg.get_action().takes_values() {
        return text;
    }
    let values = arg.get_possible_values();
    let values: Vec<_> = values.iter().filter(|value| !value.is_hide_set()).collect();
    if !values.is_empty() {
        let names: Vec<_> = values.iter().map(|value| format!("`{}`", value.get_name())).collect();
        let _ = write!(text, "; one of {}", names.join(", "));
    }
    let values: Vec<_> =
        arg.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy())).collect();
    let default = default.or_else(|| (!values.is_empty()).then(|| values.join(" ")));
    if let Some(default) = default {
        let _ = write!(text, "; default: {}", with_code(&default));
    }
    text
}

/// A text on one line, with its options as code.
fn with_code(text: &str) -> String {
    let words: Vec<_> = text
        .split_whitespace()
        .map(|word| {
            let name = word.trim_matches(['(', ')', ',', ';', ':', '.']);
            if name.starts_with("--") { word.replace(name, &format!("`{name}`")) } else { word.to_owned() }
        })
        .collect();
    words.join(" ")
}

/// The section on exit codes, from their lines in the help.
fn exit_codes(lines: &str, level: usize) -> String {
    let mut text = format!("\n{} Exit codes\n\n| Code | Meaning |\n| --- | --- |\n", "#".repeat(level));
    for line in lines.lines() {
        let (code, meaning) = line.trim().split_once("  ").unwrap();
        let _ = writeln!(text, "| {code} | {} |", with_code(meaning).replace('|', "\\|"));
    }
    text
}
