//! Finds the part of a text that a message points at.

use granit_parser::ScalarStyle;

use crate::{SourceId, Span};

/// Returns the span of the token at an offset, for a message to point at: a whole word, or one
/// other character; nothing at the end of a line.
pub(crate) fn token_at(source: SourceId, text: &str, at: usize) -> Span {
    let at = floor_char_boundary(text, at);
    let rest = &text[at..];
    let word = rest.find(|c: char| c.is_whitespace() || ",[]{}:\"'#".contains(c)).unwrap_or(rest.len());
    let end = match rest.chars().next() {
        None | Some('\n' | '\r') => at,
        Some(_) if word > 0 => at + word,
        Some(c) => at + c.len_utf8(),
    };
    Span::new(source, at, end)
}

/// The span of a scalar without the line feeds that end a block scalar.
pub(crate) fn trim_block(text: &str, span: Span, style: ScalarStyle) -> Span {
    match style {
        ScalarStyle::Literal | ScalarStyle::Folded => {
            let written = text[span.start..span.end].trim_end_matches(['\n', '\r', ' ']);
            Span { end: span.start + written.len(), ..span }
        }
        _ => span,
    }
}

/// Returns the offsets at which the lines start.
pub(crate) fn line_starts(text: &str) -> impl Iterator<Item = usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(end, _)| end + 1))
}

/// The text from `start` to the end of its line.
pub(crate) fn line_from(text: &str, start: usize) -> &str {
    text[start..].split(['\n', '\r']).next().unwrap_or_default()
}

/// The end of the character that starts at `at`.
pub(crate) fn char_end(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(at, |c| at + c.len_utf8())
}

/// The start of the character that the byte `at` belongs to, or the end of the text.
pub(crate) fn floor_char_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
