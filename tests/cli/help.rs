//! Help of every command: a summary, a description of every argument, examples that parse, and exit codes.

use std::process::Command;

use clap::Parser as _;
use kmodgen::cli::{self, Cli};

/// The program and its commands, each with the words that show its help.
pub(crate) fn commands() -> Vec<(String, clap::Command)> {
    let program = cli::whole();
    let commands = program.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help");
    let mut all: Vec<_> = commands.map(|command| (command.get_name().to_owned(), command.clone())).collect();
    all.push((String::new(), program));
    all
}

/// The lines of examples and those of exit codes at the end of a command's help.
pub(crate) fn examples_and_exit_codes(name: &str, command: &clap::Command) -> (String, String) {
    let help = command.get_after_long_help().unwrap_or_else(|| panic!("`{name}` has no examples")).to_string();
    let (_, rest) = help.split_once("Examples:\n").unwrap_or_else(|| panic!("`{name}` has no examples: {help}"));
    let (examples, codes) = rest.split_once("\nExit codes:\n").unwrap_or_else(|| panic!("`{name}`: {help}"));
    (examples.to_owned(), codes.to_owned())
}

/// The words of each `kmodgen` in a line of shell, as the shell passes them; other programs do nothing.
fn calls(line: &str) -> Vec<Vec<String>> {
    // Files that an example writes may be in the user's home.
    let line = line.split(" >").next().unwrap();
    let script = format!(
        "oc() {{ :; }}; kubectl() {{ cat >/dev/null; }}; buildah() {{ echo /mnt; }}\n\
         kmodgen() {{ printf '%s\\0' kmodgen \"$@\" >&3; printf '\\n' >&3; }}\n{{ {line}; }} 3>&1 >/dev/null"
    );
    let folder = tempfile::TempDir::new().unwrap();
    let output = Command::new("sh").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{line}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|call| call.split_terminator('\0').map(str::to_owned).collect()).collect()
}

#[test]
fn every_command_has_examples_that_parse_and_exit_codes() {
    let mut parsed = 0;
    for (name, command) in commands() {
        let (examples, codes) = examples_and_exit_codes(&name, &command);
        assert!(codes.starts_with("  0  ") && codes.contains("\n  2  "), "`{name}`: {codes}");
        for line in examples.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let calls = calls(line);
            assert!(!calls.is_empty(), "`{name}`: no call of kmodgen in `{line}`");
            for words in calls {
                let shows_help = words.get(1).is_some_and(|word| word == "help");
                match Cli::try_parse_from(&words) {
                    Ok(_) => {}
                    Err(error) if shows_help && error.kind() == clap::error::ErrorKind::DisplayHelp => {}
                    Err(error) => panic!("`{line}` in the help of `{name}`: {error}"),
                }
                assert!(shows_help || name.is_empty() || words[1] == name, "`{line}` in the help of `{name}`");
                parsed += 1;
            }
        }
    }
    assert!(parsed > 30, "only {parsed} examples were parsed");
}

#[test]
fn every_command_and_argument_is_described() {
    for (name, command) in commands() {
        let about = command.get_about().unwrap_or_else(|| panic!("`{name}` has no summary")).to_string();
        assert!(about.starts_with(char::is_uppercase) && !about.ends_with('.'), "`{name}`: {about}");
        for argument in command.get_arguments() {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            let place = format!("`{name}`, {}: {help}", argument.get_id());
            assert!(help.starts_with(char::is_uppercase) && !help.ends_with('.'), "{place}");
        }
    }
}
