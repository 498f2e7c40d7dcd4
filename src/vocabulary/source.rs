//! Source files, and places in them.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use kmodgen_yaml::{SourceId, Span};

use super::secret::{merged, secrets_in};

/// A text that a person wrote, under the name that messages call it by.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// The path as the user would type it.
    pub name: String,
    /// The whole text.
    pub text: Arc<str>,
    /// Offsets of the lines, computed for the first message.
    lines: Arc<OnceLock<Vec<usize>>>,
}

impl SourceFile {
    fn new(name: String, text: Arc<str>) -> Self {
        Self { name, text, lines: Arc::default() }
    }

    /// Line and column, both from 1, of a byte offset; columns count characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let lines: &Vec<usize> = self.lines.get_or_init(|| {
            let ends = self.text.match_indices('\n');
            std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect()
        });
        let line = lines.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|line| lines.get(line)).copied().unwrap_or(0);
        (line, self.text[start..offset].chars().count() + 1)
    }
}

/// Files that were read, so that a message can show the line it is about.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
    hidden: Vec<Span>,
}

impl SourceMap {
    /// Adds a file.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> SourceId {
        let id = SourceId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile::new(name.into(), text.into()));
        id
    }

    /// Puts a text in front of the names of all files.
    pub fn prefix(&mut self, prefix: &str) {
        self.files.iter_mut().for_each(|file| file.name.insert_str(0, prefix));
    }

    /// Hides a secret from messages: all of the range, unless the secret can be told from the rest.
    pub fn hide(&mut self, span: Span) {
        let text = self.get(span.source).and_then(|file| file.text.get(span.start..span.end));
        if text.is_some_and(|text| secrets_in(text).is_empty()) {
            self.hidden.push(span);
        }
    }

    /// The byte ranges of a file's part that messages do not show, in order and apart from each other,
    /// counted from its start.
    pub fn secrets(&self, source: SourceId, part: Range<usize>) -> Vec<Range<usize>> {
        let Some(text) = self.get(source).and_then(|file| file.text.get(part.clone())) else { return Vec::new() };
        let hidden = self.hidden.iter().filter(|span| span.source == source);
        let hidden = hidden.map(|span| span.start.max(part.start)..span.end.min(part.end));
        let hidden = hidden.filter(|range| range.start < range.end);
        let shifted = hidden.map(|range| range.start - part.start..range.end - part.start);
        merged(secrets_in(text).into_iter().chain(shifted).collect())
    }

    /// The file of an id that this map gave out.
    pub fn get(&self, id: SourceId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// `file:line:column` of a span's start.
    pub fn locate(&self, span: Span) -> String {
        self.get(span.source).map_or_else(String::new, |file| {
            let (line, column) = file.position(span.start);
            format!("{}:{line}:{column}", file.name)
        })
    }
}

/// The reason why bytes are no text, for a message; `at` is the first wrong one.
pub fn not_utf8(bytes: &[u8], at: usize) -> String {
    let before = String::from_utf8_lossy(&bytes[..at.min(bytes.len())]);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let (line, column) = (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1);
    let byte = bytes.get(at).copied().unwrap_or_default();
    format!("it is not UTF-8 text: line {line}, column {column} has the byte 0x{byte:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let file = SourceFile::new("m".into(), "a: 1\nü: x\n".into());
        assert_eq!(file.position(0), (1, 1));
        assert_eq!(file.position(5), (2, 1));
        assert_eq!(file.position(9), (2, 4));
        assert_eq!(file.position(6), (2, 1), "inside a character counts as its start");
        assert_eq!(file.position(999), (3, 1));
    }
}
