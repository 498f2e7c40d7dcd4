//! Differences between files, in the unified form.

use std::borrow::Cow;

use git2::{DiffOptions, Patch};

const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const CYAN: &str = "\x1b[36m";
const RESET: &str = "\x1b[0m";

/// The difference of two texts under a path, with colours that a stream may strip. `None` is a
/// file that is not there.
pub fn unified(path: &str, old: Option<&str>, new: Option<&str>) -> String {
    unified_by(path, old, new, str::to_owned)
}

/// Does the same, but compares the keys of the texts, which have as many lines. Lines with the same key are shown as
/// they are in the new text.
pub fn unified_by(path: &str, old: Option<&str>, new: Option<&str>, key: impl Fn(&str) -> String) -> String {
    let [old_name, new_name] =
        [("a", old), ("b", new)].map(|(side, text)| text.map_or("/dev/null".to_owned(), |_| format!("{side}/{path}")));
    let text = match hunks([old, new].map(Option::unwrap_or_default), key) {
        Ok(hunks) if hunks.is_empty() => hunks,
        Ok(hunks) => format!("--- {old_name}\n+++ {new_name}\n{hunks}"),
        Err(error) => format!("cannot compare {old_name} with {new_name}: {error}\n"),
    };
    coloured_diff(&text)
}

/// Colours a diff, and escapes what would steer the terminal.
pub fn coloured_diff(diff: &str) -> String {
    diff.lines()
        .map(|line| match colour(line) {
            Some(colour) => format!("{colour}{}{RESET}\n", harmless(line)),
            None => format!("{}\n", harmless(line)),
        })
        .collect()
}

fn hunks(texts: [&str; 2], key: impl Fn(&str) -> String) -> Result<String, git2::Error> {
    let mut options = DiffOptions::new();
    options.context_lines(3).force_text(true);
    let [old, new] = texts.map(key);
    let mut patch = Patch::from_buffers(old.as_bytes(), None, new.as_bytes(), None, Some(&mut options))?;
    let lines = texts.map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let mut hunks = String::new();
    patch.print(&mut |_, _, line| {
        let content = String::from_utf8_lossy(line.content());
        match line.origin() {
            // It names no file.
            'F' => {}
            // A line of the text that libgit2 takes for the name of a function may follow the ranges.
            'H' => hunks.extend([content.split(" @@").next().unwrap_or_default(), " @@\n"]),
            sign @ ('+' | '-' | ' ') => {
                let (number, lines) =
                    if sign == '-' { (line.old_lineno(), &lines[0]) } else { (line.new_lineno(), &lines[1]) };
                let at = number.and_then(|number| usize::try_from(number).ok()?.checked_sub(1));
                hunks.push(sign);
                hunks.push_str(at.and_then(|at| lines.get(at)).map_or(&*content, |line| *line));
            }
            _ => hunks.push_str(&content),
        }
        true
    })?;
    Ok(hunks)
}

fn colour(line: &str) -> Option<&'static str> {
    match line.as_bytes().first() {
        Some(b'-') => Some(RED),
        Some(b'+') => Some(GREEN),
        Some(b'@') => Some(CYAN),
        _ => None,
    }
}

/// A line of somebody's file without what would steer the terminal.
fn harmless(line: &str) -> Cow<'_, str> {
    fn is_harmful(c: char) -> bool {
        c.is_control() && c != '\t'
    }
    if !line.contains(is_harmful) {
        return line.into();
    }
    line.chars().map(|c| if is_harmful(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::without_colour;
    use super::*;

    #[test]
    fn hunks_have_three_lines_of_context_and_no_function() {
        let old = "spec:\n  a\n  b\n  c\n  d\n  e\n  f\n  g\n  h\n";
        let new = old.replace("  e\n", "  E\n");
        assert_eq!(
            without_colour(&unified("x", Some(old), Some(&new))),
            "--- a/x\n+++ b/x\n@@ -3,7 +3,7 @@\n   b\n   c\n   d\n-  e\n+  E\n   f\n   g\n   h\n"
        );
    }

    #[test]
    fn a_missing_file_is_empty_and_equal_files_have_no_diff() {
        assert_eq!(
            without_colour(&unified("x", None, Some("a\0"))),
            "--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+a\\u{0}\n\\ No newline at end of file\n"
        );
        assert_eq!(unified("x", Some("a\n"), Some("a\n")), "");
    }

    #[test]
    fn lines_with_the_same_key_are_shown_and_not_changed() {
        let diff = unified_by("x", Some("a 1\nb 1\n"), Some("a 2\nc 2\n"), |text| text.replace(['1', '2'], ""));
        assert_eq!(without_colour(&diff), "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a 2\n-b 1\n+c 2\n");
        assert_eq!(unified_by("x", Some("a 1\n"), Some("a 2\n"), |text| text.replace(['1', '2'], "")), "");
    }

    #[test]
    fn a_file_cannot_steer_the_terminal() {
        let diff = unified("x", Some("a\u{1b}[2J\tb\n"), Some("c\n"));
        assert!(diff.contains("-a\\u{1b}[2J\tb"), "{diff:?}");
    }
}
