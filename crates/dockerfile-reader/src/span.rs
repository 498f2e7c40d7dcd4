//! Byte ranges, and lines and columns.

/// Byte range of a text: `start` is its first byte, `end` is the byte after its last.
///
/// Both are offsets into the text that was read, and on character boundaries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// Creates the range from `start` up to but not including `end`.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// Returns the part of `text` in this range; an empty string if `text` is not the text that the range is of.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// Returns the length in bytes.
    #[must_use]
    pub fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Checks whether the range has no bytes.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// Line and column of a byte, both counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineColumn {
    /// Number of the line.
    pub line: usize,
    /// Number of the character in the line.
    pub column: usize,
}

/// Starts of the lines of a text, to find a byte's line with a binary search.
#[derive(Debug)]
pub(crate) struct LineIndex {
    /// For each line its first byte, and whether all its bytes are ASCII, so that a column is a difference.
    lines: Vec<(usize, bool)>,
}

impl LineIndex {
    pub(crate) fn of(text: &str) -> Self {
        let mut lines = Vec::new();
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
            lines.push((start, text.as_bytes()[start..end].is_ascii()));
            start = end + 1;
        }
        Self { lines }
    }

    pub(crate) fn find(&self, text: &str, offset: usize) -> LineColumn {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.lines.partition_point(|(start, _)| *start <= offset);
        let (start, is_ascii) = line.checked_sub(1).and_then(|line| self.lines.get(line)).copied().unwrap_or_default();
        let before = if is_ascii { offset - start } else { text[start..offset].chars().count() };
        LineColumn { line, column: before + 1 }
    }
}
