//! Texts of messages: without secrets, and with long values cut.

use super::masked;

/// Longest value in backticks that is shown whole, in characters.
const LONGEST_VALUE: usize = 200;

/// Longest line of a message.
const LONGEST_LINE: usize = 1200;

/// The text with secrets masked, and with values in backticks and lines cut in the middle if they are
/// long: a value may be a whole file.
pub fn brief(text: String) -> String {
    let masked = masked(&text);
    if masked.len() <= LONGEST_VALUE {
        return masked.into_owned();
    }
    let lines: Vec<String> = masked.split('\n').map(|line| cut(&with_short_values(line), LONGEST_LINE)).collect();
    lines.join("\n")
}

fn with_short_values(line: &str) -> String {
    // Every second part is between backticks.
    let parts = line.split('`').enumerate();
    let parts: Vec<String> =
        parts.map(|(at, part)| if at % 2 == 1 { cut(part, LONGEST_VALUE) } else { part.to_owned() }).collect();
    parts.join("`")
}

/// The text, or its beginning and end with `…` between them.
fn cut(text: &str, longest: usize) -> String {
    if text.len() <= longest || text.chars().count() <= longest {
        return text.to_owned();
    }
    let head: String = text.chars().take(longest / 2).collect();
    let mut tail: Vec<char> = text.chars().rev().take(longest / 4).collect();
    tail.reverse();
    format!("{head}…{}", tail.into_iter().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_cut() {
        let value = "x".repeat(1 << 20);
        let shown = brief(format!("`{value}` is not a name, unlike `a`"));
        assert!(shown.len() < 250 && shown.ends_with("` is not a name, unlike `a`"), "{shown}");
        let shown = brief(format!("a value `a`b{value}é is wrong"));
        assert!(shown.len() < 2000, "{}", shown.len());
        assert_eq!(brief("cannot read https://u:p@h/a".into()), "cannot read https://***@h/a");
        let list = "`a`, ".repeat(100);
        assert_eq!(brief(list.clone()), list, "a list of short values is shown whole");
    }
}
