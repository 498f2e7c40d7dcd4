//! Differences between files, in the unified form.

use std::borrow::Cow;

use similar::TextDiff;

const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const CYAN: &str = "\x1b[36m";
const RESET: &str = "\x1b[0m";

/// The difference of two texts under a path, with colours that a stream may strip. `None` is a
/// file that is not there.
pub fn unified(path: &str, old: Option<&str>, new: Option<&str>) -> String {
    let [old_name, new_name] =
        [("a", old), ("b", new)].map(|(side, text)| text.map_or("/dev/null".to_owned(), |_| format!("{side}/{path}")));
    let diff = TextDiff::from_lines(old.unwrap_or_default(), new.unwrap_or_default());
    let text = diff.unified_diff().context_radius(3).header(&old_name, &new_name).to_string();

    text.lines()
        .map(|line| match colour(line) {
            Some(colour) => format!("{colour}{}{RESET}\n", harmless(line)),
            None => format!("{}\n", harmless(line)),
        })
        .collect()
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
    use super::*;

    #[test]
    fn a_file_cannot_steer_the_terminal() {
        let diff = unified("x", Some("a\u{1b}[2J\tb\n"), Some("c\n"));
        assert!(diff.contains("-a\\u{1b}[2J\tb"), "{diff:?}");
    }
}
