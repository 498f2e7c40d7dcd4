//! Paths and lines of scripts, told apart from each other.

use crate::manifest::expansion::Expands;
use crate::vocabulary::{Invalid, RelPath};

/// Checks the lines of a script.
pub(super) fn lines(text: &str) -> Result<String, Invalid> {
    let lines = text.trim();
    if lines.is_empty() {
        return Err(Invalid::new("the script is empty").help("write its lines, or remove the step"));
    }
    // The path of a script, and no command.
    if (lines.ends_with(".sh") || lines.starts_with("./")) && !lines.contains(char::is_whitespace) {
        let path = lines.strip_prefix("./").unwrap_or(lines).escape_debug();
        return Err(Invalid::new(format!(
            "`{}` is the path of a script, but `script` takes the lines of a script",
            lines.escape_debug()
        ))
        .help(format!("write `path: {path}` if the source has it, or `file: {path}` if it is beside the manifest")));
    }
    Ok(text.to_owned())
}

/// Characters that make a shell do more than call one program.
const OPERATORS: [&str; 8] = ["&", "|", ";", ">", "<", "(", "`", "\n"];

/// Programs that people call, and that no source has as a script.
const PROGRAMS: [&str; 15] = [
    "make", "sh", "bash", "python", "python3", "perl", "cmake", "ninja", "meson", "cargo", "gcc", "rpmbuild", "depmod",
    "cp", "install",
];

/// Checks the path of a script.
pub(super) fn script_path(text: &str) -> Result<RelPath, Invalid> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (first, rest) = words.split_first().unwrap_or((&"", &[]));
    let is_command = PROGRAMS.contains(first)
        || rest.iter().any(|word| word.starts_with('-') || word.contains('='))
        || OPERATORS.iter().any(|operator| text.contains(operator));
    if !is_command {
        return Expands::Release.path(text.strip_prefix("./").unwrap_or(text));
    }
    let invalid = Invalid::new(format!("`{}` is a command, but `run` takes the path of a script", text.escape_debug()));
    let plain = !OPERATORS.iter().any(|operator| text.contains(operator));
    Err(invalid.help(match (*first, rest) {
        ("make", targets) if plain && targets.iter().all(|word| !word.starts_with('-')) => {
            let (vars, targets): (Vec<&str>, Vec<&str>) = targets.iter().partition(|word| word.contains('='));
            let vars: Vec<String> = vars
                .iter()
                .filter_map(|var| var.split_once('='))
                .map(|(name, value)| format!("{name}: {value:?}"))
                .collect();
            let mut told = Vec::new();
            if !targets.is_empty() {
                told.push(format!("targets: [{}]", targets.join(", ")));
            }
            if !vars.is_empty() {
                told.push(format!("vars: {{{}}}", vars.join(", ")));
            }
            format!("write `make: {{{}}}`", told.join(", "))
        }
        ("sh" | "bash", [script, arguments @ ..]) if plain && !script.starts_with('-') => call(script, arguments),
        (script, arguments) if plain && !PROGRAMS.contains(&script) => call(script, arguments),
        _ if text.contains('\n') => "write `run: {script: …}`, with these lines".to_owned(),
        _ => format!("write `run: {{script: {}}}`", kmodgen_yaml::flow(text, false)),
    }))
}

fn call(script: &str, arguments: &[&str]) -> String {
    let script = script.strip_prefix("./").unwrap_or(script);
    if arguments.is_empty() {
        return format!("write `run: {script}`");
    }
    let arguments: Vec<String> = arguments.iter().map(|argument| format!("{argument:?}")).collect();
    format!("write `run: {{path: {script}, args: [{}]}}`", arguments.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_shell_is_no_script() {
        for (line, help) in [
            ("make install && depmod", "`run: {script: \"make install && depmod\"}`"),
            ("make install", "`make: {targets: [install]}`"),
            ("make V=1 modules", "`make: {targets: [modules], vars: {V: \"1\"}}`"),
            ("make", "`make: {}`"),
            ("bash scripts/build.sh 5", "`run: {path: scripts/build.sh, args: [\"5\"]}`"),
            ("sh build.sh", "`run: build.sh`"),
            ("./build.sh --all x", "`run: {path: build.sh, args: [\"--all\", \"x\"]}`"),
            ("cd src; make", "`run: {script: \"cd src; make\"}`"),
            ("build.sh > log", "`run: {script: \"build.sh > log\"}`"),
            ("make -j4", "`run: {script: \"make -j4\"}`"),
            ("python3 setup.py", "`run: {script: \"python3 setup.py\"}`"),
        ] {
            let invalid = script_path(line).expect_err(line);
            assert!(invalid.help.as_ref().is_some_and(|said| said.contains(help)), "{line}: {invalid:?}");
        }
        for path in ["build.sh", "./scripts/build.sh", "it's mine.sh", "scripts/${KERNEL_VERSION}.sh", "configure"] {
            assert!(script_path(path).is_ok(), "{path}");
        }
        for bad in ["scripts/*.sh", "$HOME/x.sh", "/x.sh", "../x.sh", "~/x.sh"] {
            assert!(script_path(bad).is_err(), "{bad}");
        }
    }
}
