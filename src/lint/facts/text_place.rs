//! Places of a Dockerfile's bytes in the file that has it: a Dockerfile, or a block of YAML.

use std::cell::OnceCell;

use crate::vocabulary::{SourceFile, SourceId, Span};

/// Maps offsets of a text to places.
pub enum TextPlace<'t> {
    /// The text is a part of the file, from the start of this span.
    Same(Span),
    /// The text is a scalar of YAML, in a file. Its lines are looked for only if a place is asked for.
    Scalar { text: &'t str, span: Span, file: &'t SourceFile, lines: OnceCell<Option<BlockLines>> },
}

/// Lines of a YAML block: for each the offset in the text, and in the file.
type BlockLines = Vec<(usize, usize)>;

impl<'t> TextPlace<'t> {
    /// Returns the place of a scalar.
    pub fn of_scalar(text: &'t str, span: Span, file: &'t SourceFile) -> Self {
        Self::Scalar { text, span, file, lines: OnceCell::new() }
    }

    /// Returns the file that has the text.
    pub fn source(&self) -> SourceId {
        match self {
            Self::Same(span) | Self::Scalar { span, .. } => span.source,
        }
    }

    /// Returns the place of a range of the text. A text that is written in another way than as a block, such as with
    /// quotes, is at one place as a whole.
    pub fn span(&self, range: dockerfile_reader::Span) -> Span {
        match self {
            Self::Same(whole) => Span { start: whole.start + range.start, end: whole.start + range.end, ..*whole },
            Self::Scalar { text, span, file, lines } => {
                let Some(lines) = lines.get_or_init(|| block_lines(text, *span, file)) else { return *span };
                let start = place(lines, range.start).unwrap_or(span.start);
                let end = place(lines, range.end).unwrap_or(start).max(start);
                Span { start, end, ..*span }
            }
        }
    }
}

/// Finds the lines of a block scalar in its file; `None` if it is no block.
fn block_lines(text: &str, span: Span, file: &SourceFile) -> Option<BlockLines> {
    let before = file.text.get(..span.start).unwrap_or_default();
    let mut from = before.rfind('\n').map_or(0, |end| end + 1);
    // A block starts in a line of its own.
    if !before[from..].bytes().all(|byte| byte == b' ') {
        return None;
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
        let rest = file.text.get(from..)?;
        let end = rest.find('\n').map_or(rest.len(), |end| end + 1);
        let content = line.trim_end_matches(['\n', '\r']);
        let shown = rest[..end].trim_end_matches(['\n', '\r']);
        if !shown.ends_with(content) || !shown[..shown.len() - content.len()].bytes().all(|byte| byte == b' ') {
            return None;
        }
        lines.push((at, from + shown.len() - content.len()));
        at += line.len();
        from += end;
    }
    Some(lines)
}

fn place(lines: &[(usize, usize)], offset: usize) -> Option<usize> {
    let line = lines.partition_point(|(start, _)| *start <= offset).checked_sub(1)?;
    let (start, from) = lines.get(line)?;
    Some(from + offset - start)
}
