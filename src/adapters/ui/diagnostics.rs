//! Drawing messages: the file, the line, what is wrong in it and what to write instead.

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::vocabulary::{Diagnostic, Label, MASK, Severity, SourceFile, SourceMap};

/// Draws one message, with colours that a stream may strip.
pub fn render(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
    let mut group = Group::with_title(title);
    for (file, labels) in by_file(&diagnostic.labels, sources) {
        group = group.element(snippet(file, &labels, sources));
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    format!("{}\n\n", Renderer::styled().render(&[group]))
}

/// Labels that stand near each other share one picture; a far one gets its own, so that a
/// message about a list of thousands of lines stays small.
const NEAR: usize = 12;

fn by_file<'d>(labels: &'d [Label], sources: &'d SourceMap) -> Vec<(&'d SourceFile, Vec<&'d Label>)> {
    let mut groups: Vec<(&SourceFile, Vec<&Label>)> = Vec::new();
    for label in labels {
        let Some(file) = sources.get(label.span.source) else { continue };
        let line = file.position(label.span.start).0;
        let near = groups.iter_mut().find(|(_, others)| {
            others.iter().any(|other| {
                other.span.source == label.span.source && file.position(other.span.start).0.abs_diff(line) <= NEAR
            })
        });
        match near {
            Some((_, group)) => group.push(label),
            None => groups.push((file, vec![label])),
        }
    }
    groups
}

/// The lines that the labels are on, cut out of the file, with `***` in place of secrets.
fn snippet<'d>(
    file: &'d SourceFile,
    labels: &[&'d Label],
    sources: &SourceMap,
) -> Snippet<'d, annotate_snippets::Annotation<'d>> {
    let text = &*file.text;
    let first = labels.iter().map(|label| label.span.start.min(text.len())).min().unwrap_or(0);
    let last = labels.iter().map(|label| label.span.start.min(text.len())).max().unwrap_or(0);
    let start = floor(text, first);
    let start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let end = floor(text, last);
    let end = text[end..].find('\n').map_or(text.len(), |at| end + at);
    let secrets = labels.first().map(|label| sources.secrets(label.span.source, start..end)).unwrap_or_default();
    let window = Window::new(&text[start..end], secrets);
    let annotations: Vec<_> = labels
        .iter()
        .map(|label| {
            let from = window.place(label.span.start.saturating_sub(start));
            // A span of several lines is pointed at by its first.
            let line_end = window.text[from..].find('\n').map_or(window.text.len(), |at| from + at);
            let to = window.place(label.span.end.saturating_sub(start)).max(from).min(line_end);
            let kind = if label.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            kind.span(from..to).label((!label.text.is_empty()).then_some(label.text.as_str()))
        })
        .collect();
    let (line, _) = file.position(start);
    Snippet::source(window.text).path(file.name.as_str()).line_start(line).fold(true).annotations(annotations)
}

/// A part of a file as it is shown.
struct Window<'t> {
    text: Cow<'t, str>,
    written: &'t str,
    secrets: Vec<Range<usize>>,
}

impl<'t> Window<'t> {
    fn new(written: &'t str, mut secrets: Vec<Range<usize>>) -> Self {
        // A line feed within a secret stays, so that lines keep their numbers.
        secrets = secrets.into_iter().flat_map(|range| lines_of(written, range)).collect();
        let mut text = Cow::Borrowed(written);
        for range in secrets.iter().rev() {
            text.to_mut().replace_range(range.clone(), MASK);
        }
        Self { text, written, secrets }
    }

    /// Maps an offset of the written text to the shown one: within a secret, to the secret's start.
    fn place(&self, offset: usize) -> usize {
        let mut shown = floor(self.written, offset);
        for range in self.secrets.iter().rev() {
            if range.end <= shown {
                shown = shown - range.len() + MASK.len();
            } else if range.start < shown {
                shown = range.start;
            }
        }
        shown
    }
}

/// The parts of a range that are on one line each.
fn lines_of(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut start = range.start;
    let mut parts = Vec::new();
    for line in text[range].split('\n') {
        let trimmed = line.trim_end_matches('\r');
        if !trimmed.is_empty() {
            parts.push(start..start + trimmed.len());
        }
        start += line.len() + 1;
    }
    parts
}

/// The nearest place at or before `offset` where a character starts.
fn floor(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vocabulary::Span;

    fn plain(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
        anstream::adapter::strip_str(&render(diagnostic, sources)).to_string()
    }

    #[test]
    fn a_message_shows_its_line() {
        let mut sources = SourceMap::default();
        let id = sources.add("kmodgen.yaml", "apiVersion: kmodgen/v1\nnamspace: x\n");
        let diagnostic = Diagnostic::error("unknown-key", "the manifest has no key `namspace`")
            .at(Span::new(id, 23, 31), "")
            .help("did you mean `namespace`?");
        assert_snapshot!(plain(&diagnostic, &sources));
    }

    #[test]
    fn places_far_apart_are_shown_apart() {
        let mut sources = SourceMap::default();
        let text: String = (0..5000).map(|n| format!("- 5.14.0-{n}.x86_64\n")).collect();
        let id = sources.add("fleet.yaml", text.as_str());
        let end = text.len() - 1;
        let diagnostic = Diagnostic::error("repeated-kernel", "listed twice")
            .at(Span::new(id, end - 5, end), "again here")
            .context(Span::new(id, 2, 9), "first here");
        let shown = plain(&diagnostic, &sources);
        assert!(shown.lines().count() < 16, "{shown}");
        assert!(shown.contains("fleet.yaml:5000:"), "{shown}");
    }

    #[test]
    fn secrets_of_a_line_are_masked_and_marks_stay_in_place() {
        let mut sources = SourceMap::default();
        let text = "a: {git: https://user:hunter2@h/a, rfe: x, secret: Pa55}\nb: |\n  hunter3\n  hunter4\nc: d\n";
        let id = sources.add("m", text);
        let words = ["hunter2", "hunter3\n  hunter4", "Pa55", "rfe", "c: d"];
        let [url, two_lines, word, key, last] = words.map(|word| {
            let at = text.find(word).unwrap();
            Span::new(id, at, at + word.len())
        });
        sources.hide(two_lines);
        sources.hide(word);
        let diagnostic = Diagnostic::error("x", "y").at(key, "").context(last, "");
        let shown = plain(&diagnostic, &sources);
        assert!(!shown.contains("hunter") && !shown.contains("Pa55"), "{shown}");
        assert_snapshot!(shown);
        let inside = plain(&Diagnostic::error("x", "y").at(url, ""), &sources);
        assert!(!inside.contains("hunter2") && inside.contains("https://***@h/a"), "{inside}");
    }

    proptest! {
        #[test]
        fn no_span_makes_it_fail(text in "[a-zü\n\t€:/@]{0,60}", spans in proptest::collection::vec((0usize..90, 0usize..90), 0..4)) {
            let mut sources = SourceMap::default();
            let id = sources.add("m", text.as_str());
            let diagnostic = spans.iter().fold(Diagnostic::error("x", "y"), |d, (a, b)| d.at(Span::new(id, *a, *b), "z"));
            prop_assert!(render(&diagnostic, &sources).contains('y'));
        }
    }
}
