//! Physical lines, and comments and continuations among them.

/// A line of the text, as byte offsets.
pub(crate) struct Line {
    pub(crate) start: usize,
    /// End without line feeds and carriage returns.
    pub(crate) end: usize,
    /// Start of the next line.
    pub(crate) next: usize,
}

/// The lines of a text.
pub(crate) struct Lines<'t> {
    text: &'t str,
    next: usize,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str, start: usize) -> Self {
        Self { text, next: start }
    }

    /// Start of the next line.
    pub(crate) fn offset(&self) -> usize {
        self.next
    }
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        let start = self.next;
        let bytes = &self.text.as_bytes()[start..];
        if bytes.is_empty() {
            return None;
        }
        let length = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |newline| newline + 1);
        self.next = start + length;
        let content = self.text[start..self.next].trim_end_matches(['\r', '\n']);
        Some(Line { start, end: start + content.len(), next: self.next })
    }
}

/// The part of a line before its continuation character, if it ends with one.
///
/// Spaces and tabs may follow the character, and a second one before it makes it none, as in BuildKit.
pub(crate) fn before_continuation(line: &str, escape: char) -> Option<&str> {
    let before = line.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!before.ends_with(escape)).then_some(before)
}
