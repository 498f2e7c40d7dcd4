//! Plain text: one kernel release a line, as `uname -r` prints it. What follows a `#` is a comment.

use crate::kernels::facts::Sighting;
use crate::kernels::reading::Reading;
use crate::vocabulary::{SourceId, Span};

/// Whether a text looks like one: its first line with anything in it is a single word, and begins no
/// YAML.
pub(super) fn is_one(text: &str) -> bool {
    let first = lines(text).map(|(_, line)| line).find(|line| !line.is_empty()).unwrap_or_default();
    !first.contains([' ', '\t', '{', '[', '<', '"']) && !first.ends_with(':') && !["---", "-"].contains(&first)
}

/// Reads one.
pub(super) fn read(source: SourceId, text: &str, reading: &mut Reading<'_>) {
    for (start, line) in lines(text).filter(|(_, line)| !line.is_empty()) {
        let span = Span::new(source, start, start + line.len());
        let Some(release) = reading.release(line, span) else { continue };
        reading.facts.sightings.push(Sighting {
            release,
            architecture: None,
            os: None,
            distribution: None,
            node: None,
            origin: "text".into(),
        });
    }
}

/// What each line holds beside comments and space, and where that starts.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
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
        for text in ["5.14.0-1.el9.x86_64\n", "\n# mine\n  5.14.0-1.el9.x86_64 # old\r\n", "\u{feff}6.1.0-1-amd64"] {
            assert!(is_one(text), "{text}");
        }
        for text in
            ["kernels:\n", "apiVersion: v1\n", "- 5.14.0-1\n", "---\na: b\n", "{}", "[]", "No resources found\n"]
        {
            assert!(!is_one(text), "{text}");
        }
        let spans: Vec<_> = lines("\u{feff} a # b\r\n\nc").map(|(at, line)| (at, line.to_owned())).collect();
        assert_eq!(spans, [(4, "a".into()), (11, String::new()), (12, "c".into())]);
    }
}
