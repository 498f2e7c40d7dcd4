//! Plain text: kernel releases as `uname -r` prints them, one a line or several with spaces or commas
//! between them. A `#` begins a comment.

use crate::kernels::reading::Reading;
use crate::vocabulary::{Invalid, SourceId, Span, is_release_like, release_in};

/// Checks whether a text has this form: its first line with anything in it begins no YAML.
pub(super) fn is_one(text: &str) -> bool {
    !begins_yaml(first(text))
}

/// The first line with anything in it.
pub(super) fn first(text: &str) -> &str {
    lines(text).map(|(_, line)| line).find(|line| !line.is_empty()).unwrap_or_default()
}

fn begins_yaml(line: &str) -> bool {
    line.starts_with(['{', '[', '"', '\'', '%', '&', '!', '|', '>', '?'])
        || ["-", "---"].contains(&line)
        || ["- ", "--- "].iter().any(|marker| line.starts_with(marker))
        || line.split_once(':').is_some_and(|(key, rest)| {
            key.starts_with(|c: char| c.is_ascii_alphabetic())
                && key.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
                && (rest.is_empty() || rest.starts_with([' ', '\t']))
        })
}

/// Reads one. If lines name releases in another form, these lines are told of, and lines that name none
/// are taken for the heads and feet of such a list.
pub(super) fn read(source: SourceId, text: &str, reading: &mut Reading<'_>) {
    let written: Vec<(usize, &str)> = lines(text).filter(|(_, line)| !line.is_empty()).collect();
    let is_listing = written.iter().any(|(_, line)| !are_releases(line) && release_in(line).is_some());
    for (start, line) in written {
        if are_releases(line) {
            for word in words(line) {
                let at = start + word.as_ptr().addr() - line.as_ptr().addr();
                let Some(release) = reading.release(word, Span::new(source, at, at + word.len())) else { continue };
                reading.list(release, None);
            }
            continue;
        }
        if is_listing && release_in(line).is_none() {
            continue;
        }
        let span = Span::new(source, start, start + line.len());
        if words(line).nth(1).is_none() {
            reading.release(line, span);
            continue;
        }
        let fix = release_in(line).map(|release| format!("write `{release}`"));
        let advice = fix.unwrap_or_else(|| "write one kernel release on each line, as `uname -r` prints it".into());
        reading.fault(span, Invalid::new("this line is not a kernel release").help(advice));
    }
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split([' ', '\t', ',', ';']).filter(|word| !word.is_empty())
}

/// Checks whether a line consists of releases.
fn are_releases(line: &str) -> bool {
    let mut words = words(line).peekable();
    let one = words.next_if(|word| word.starts_with(|c: char| c.is_ascii_digit()) && *word == line);
    one.is_some() || words.all(is_release_like)
}

/// The text of each line beside comments and space, and where that starts.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split('\n').map(move |line| {
        let written = line.split('#').next().unwrap_or_default();
        let trimmed = written.trim_start_matches(['\u{feff}', ' ', '\t']);
        let at = start + written.len() - trimmed.len();
        start += line.len() + 1;
        (at, trimmed.trim_end())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_from_yaml() {
        for text in [
            "5.14.0-1.el9.x86_64\n",
            "\n# mine\n  5.14.0-1.el9.x86_64 # old\r\n",
            "\u{feff}6.1.0-1-amd64",
            "No resources found\n",
            "Linux host 5.14.0-1.el9.x86_64 #1 SMP\n",
            "/lib/modules/5.14.0-1.el9.x86_64:\nbuild\n",
        ] {
            assert!(is_one(text), "{text}");
        }
        for text in
            ["kernels:\n", "apiVersion: v1\n", "- 5.14.0-1\n", "---\na: b\n", "{}", "[]", "\"5.14.0-1\"", "--- {}\n"]
        {
            assert!(!is_one(text), "{text}");
        }
        let spans: Vec<_> = lines("\u{feff} a # b\r\n\nc").map(|(at, line)| (at, line.to_owned())).collect();
        assert_eq!(spans, [(4, "a".into()), (11, String::new()), (12, "c".into())]);
    }
}
