//! The depfile: which files an output was made of, in the words of a makefile that GNU make and
//! ninja read alike.

use std::collections::BTreeSet;
use std::path::Path;

/// Characters that make and ninja have no common way to write.
const APART: &str = "\"&'*;<=>?[%^`|";

/// A path that cannot be in a depfile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot name `{path}` in a depfile: make and ninja read {what} differently; rename it, or remove --depfile")]
pub struct Unnameable {
    path: String,
    what: String,
}

/// The text that says `target` is made of `inputs`, which come in their order and once. Each is a
/// target of its own, too: make then takes one that is gone for changed, and not for an error.
///
/// # Errors
/// The first path that cannot be in it.
pub fn depfile<'p>(target: &Path, inputs: impl IntoIterator<Item = &'p Path>) -> Result<String, Unnameable> {
    let mut text = format!("{}:", name(target)?);
    let mut seen = BTreeSet::new();
    let mut rules = String::new();
    for input in inputs {
        if seen.insert(input) {
            let name = name(input)?;
            text.push_str(" \\\n ");
            text.push_str(&name);
            rules.push_str(&format!("\n{name}:\n"));
        }
    }
    text.push('\n');
    Ok(text + &rules)
}

/// Returns whether a text may be a depfile, so that a depfile may replace it.
pub fn is_depfile(text: &str) -> bool {
    text.lines().next().is_none_or(|line| line.ends_with(": \\"))
}

/// A path as both write it.
fn name(path: &Path) -> Result<String, Unnameable> {
    let refuse =
        |what: &str| Unnameable { path: path.display().to_string().escape_debug().to_string(), what: what.to_owned() };
    let text = path.to_str().ok_or_else(|| refuse("a name that is not UTF-8"))?;
    let mut name = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            ('#', _) | (' ' | ':', Some(_)) => name.extend(['\\', c]),
            ('$', _) => name.push_str("$$"),
            (' ' | ':' | '\\' | ')', None) => return Err(refuse(&format!("a name that ends in {c:?}"))),
            // They count the backslashes before these each in its own way.
            ('\\', Some(next)) if " #:$".contains(*next) => return Err(refuse(&format!("`\\` before {next:?}"))),
            ('~', _) if name.is_empty() => return Err(refuse("`~` at the start")),
            (c, _) if c.is_control() || APART.contains(c) => return Err(refuse(&format!("{c:?} in a name"))),
            (c, _) => name.push(c),
        }
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(target: &str, inputs: &[&str]) -> Result<String, Unnameable> {
        depfile(Path::new(target), inputs.iter().map(Path::new))
    }

    #[test]
    fn a_target_its_files_and_each_of_them() {
        let expected =
            "out/st\\ amp: \\\n kmodgen.yaml \\\n p/\\#1\\ $$x.patch\n\nkmodgen.yaml:\n\np/\\#1\\ $$x.patch:\n";
        assert_eq!(of("out/st amp", &["kmodgen.yaml", "p/#1 $x.patch", "kmodgen.yaml"]).unwrap(), expected);
        assert!(is_depfile(expected) && is_depfile(""));
        assert!(!is_depfile("apiVersion: kmodgen/v1\n") && !is_depfile("\nout: \\\n"));
    }

    #[test]
    fn what_they_read_apart_is_refused_and_named() {
        for (bad, why) in [
            ("a*b", "'*' in a name"),
            ("a\nb", "'\\n' in a name"),
            ("CONFIG_X=y.patch", "'=' in a name"),
            ("~root/x", "`~` at the start"),
            ("x (1)", "a name that ends in ')'"),
            ("x ", "a name that ends in ' '"),
            ("a\\ b", "`\\` before ' '"),
        ] {
            let error = of("t", &["kmodgen.yaml", bad]).unwrap_err().to_string();
            assert!(error.contains(why) && error.contains("rename it"), "{error}");
            assert!(of(bad, &[]).is_err(), "{bad}");
        }
        assert!(of("a\\b~c", &["!@(1)]{}+,-_.ä\u{a0}"]).is_ok());
    }

    /// The names in a rule's line, as both programs read them.
    fn read(line: &str) -> Vec<String> {
        let mut names = vec![String::new()];
        let mut rest = line.chars().peekable();
        while let Some(c) = rest.next() {
            let name = names.last_mut().unwrap();
            match (c, rest.peek()) {
                ('\\', Some(' ' | '#' | ':')) => name.extend(rest.next()),
                ('$', _) => name.extend(rest.next()),
                (' ' | ':', _) => names.push(String::new()),
                _ => name.push(c),
            }
        }
        names.retain(|name| !name.is_empty());
        names
    }

    proptest! {
        #[test]
        fn names_are_read_back(names in proptest::collection::btree_set("[a-b #:$\\\\/~.äö]{1,6}", 2..5)) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            // `a` and `a/` are one path, which is written once.
            let paths: BTreeSet<&Path> = names.iter().map(Path::new).collect();
            prop_assume!(paths.len() == names.len());
            if let Ok(text) = of(names[0], &names[1..]) {
                let lines = text.replace(" \\\n", "");
                let mut lines = lines.split('\n').filter(|line| !line.is_empty());
                prop_assert_eq!(read(lines.next().unwrap()), names.clone());
                for name in &names[1..] {
                    prop_assert_eq!(read(lines.next().unwrap()), [*name]);
                }
                prop_assert_eq!(lines.next(), None);
            }
        }
    }
}
