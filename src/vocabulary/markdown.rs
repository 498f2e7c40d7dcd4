//! Texts of others in Markdown (GitHub's dialect): as code, so that nothing in them is markup.

use std::fmt::Write as _;

/// Returns a text as a code span on one line.
pub fn code_span(text: &str) -> String {
    let text = one_line(text);
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    let ticks = "`".repeat(longest_run(&text) + 1);
    // A parser removes one space on each side.
    let space = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{ticks}{space}{text}{space}{ticks}")
}

/// Returns a text as a code span in a cell of a table, which no bar can be in.
pub fn code_cell(text: &str) -> String {
    code_span(&text.replace('|', "¦"))
}

/// Returns a text as code in a line of HTML.
pub fn html_code(text: &str) -> String {
    let mut out = String::from("<code>");
    for c in one_line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out.push_str("</code>");
    out
}

/// Returns a text as a block of code in a language.
pub fn code_block(language: &str, text: &str) -> String {
    let ticks = "`".repeat(longest_run(text).max(2) + 1);
    let text: String = text.lines().map(|line| visible(line) + "\n").collect();
    format!("{ticks}{language}\n{text}{ticks}\n")
}

/// Number of backticks in the longest run of them.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

fn one_line(text: &str) -> String {
    visible(&text.replace(['\n', '\r'], " "))
}

/// Writes out characters that a reader cannot see, such as those that change the direction of writing.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' | '\'' | '"' | '\\' => out.push(c),
            c if c.is_ascii() && !c.is_ascii_control() => out.push(c),
            c => {
                let _ = write!(out, "{}", c.escape_debug());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_spans_end_where_the_text_does() {
        assert_eq!(code_span("a"), "`a`");
        assert_eq!(code_span("a`b``c"), "```a`b``c```");
        assert_eq!(code_span("`a"), "`` `a ``");
        assert_eq!(code_span("a\n# b\r\n"), "` a # b   `");
        assert_eq!(code_span(" "), "(empty)");
        assert_eq!(code_cell("a|b"), "`a¦b`");
        assert_eq!(html_code("</code><script>&"), "<code>&lt;/code&gt;&lt;script&gt;&amp;</code>");
    }

    #[test]
    fn code_blocks_end_where_the_text_does() {
        assert_eq!(code_block("diff", "+a\n"), "```diff\n+a\n```\n");
        assert_eq!(code_block("", "````\n</details>\n"), "`````\n````\n</details>\n`````\n");
    }

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        assert_eq!(code_span("a\u{202e}b\u{1b}é"), "`a\\u{202e}b\\u{1b}é`");
    }
}
