//! Places of a Dockerfile's bytes in the file that has it: a Dockerfile, or a block of YAML.

use crate::vocabulary::{SourceFile, Span};

/// Maps offsets of a text to places.
pub enum TextPlace {
    /// The text is a part of the file, from the start of this span.
    Same(Span),
    /// Lines of a YAML block: for each the offset in the text, and in the file.
    Lines(Span, Vec<(usize, usize)>),
    /// The text is written in another way, such as with quotes: all of it is at one place.
    Whole(Span),
}

impl TextPlace {
    /// Finds the lines of a block scalar in its file.
    pub fn of_scalar(text: &str, span: Span, file: &SourceFile) -> Self {
        let before = file.text.get(..span.start).unwrap_or_default();
        let mut from = before.rfind('\n').map_or(0, |end| end + 1);
        // A block starts in a line of its own.
        if !before[from..].bytes().all(|byte| byte == b' ') {
            return Self::Whole(span);
        }
        // Empty lines at the start of a block are a part of its text, but not of its span.
        for _ in text.split_inclusive('\n').take_while(|line| line.trim_end_matches(['\n', '\r']).is_empty()) {
            let above = file.text.get(..from.saturating_sub(1)).unwrap_or_default();
            let start = above.rfind('\n').map_or(0, |end| end + 1);
            if !above[start..].trim().is_empty() {
                break;
            }
            from = start;
        }
        let (mut lines, mut at) = (Vec::new(), 0);
        for line in text.split_inclusive('\n') {
            let Some(rest) = file.text.get(from..) else { return Self::Whole(span) };
            let end = rest.find('\n').map_or(rest.len(), |end| end + 1);
            let content = line.trim_end_matches(['\n', '\r']);
            let shown = rest[..end].trim_end_matches(['\n', '\r']);
            if !shown.ends_with(content) || !shown[..shown.len() - content.len()].bytes().all(|byte| byte == b' ') {
                return Self::Whole(span);
            }
            lines.push((at, from + shown.len() - content.len()));
            at += line.len();
            from += end;
        }
        Self::Lines(span, lines)
    }

    /// Returns the place of a range of the text.
    pub fn span(&self, range: dockerfile_reader::Span) -> Span {
        match self {
            Self::Same(whole) => Span { start: whole.start + range.start, end: whole.start + range.end, ..*whole },
            Self::Whole(span) => *span,
            Self::Lines(span, lines) => {
                let start = place(lines, range.start).unwrap_or(span.start);
                let end = place(lines, range.end).unwrap_or(start).max(start);
                Span { start, end, ..*span }
            }
        }
    }
}

fn place(lines: &[(usize, usize)], offset: usize) -> Option<usize> {
    let line = lines.partition_point(|(start, _)| *start <= offset).checked_sub(1)?;
    let (start, from) = lines.get(line)?;
    Some(from + offset - start)
}
