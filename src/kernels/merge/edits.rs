//! Editing a YAML text where it stands, so that whatever is not edited keeps every byte: its comments,
//! its order, and its line ends.

use std::ops::Range;

use kmodgen_yaml::{Entry, Node};

/// Edits that are to be made at once. Of several at one place the earlier [`Rank`] comes first.
pub(super) struct Edits<'t> {
    text: &'t str,
    newline: &'static str,
    edits: Vec<(Range<usize>, Rank, String)>,
}

/// In which order edits at one place are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Text of an item.
    Entry,
    /// An item of its own.
    Item,
    /// Text before an item.
    Mark,
    /// Text to replace or remove.
    Removal,
}

impl<'t> Edits<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let newline =
            if text.split_inclusive('\n').next().is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" };
        Self { text, newline, edits: Vec::new() }
    }

    /// Returns the line ending of the text.
    pub(super) fn newline(&self) -> &'static str {
        self.newline
    }

    /// A part of the text.
    pub(super) fn slice(&self, range: Range<usize>) -> &'t str {
        self.text.get(range).unwrap_or_default()
    }

    /// Replaces a range.
    pub(super) fn replace(&mut self, range: Range<usize>, text: String) {
        self.edits.push((range, Rank::Removal, text));
    }

    /// Inserts a text as it is.
    pub(super) fn insert(&mut self, at: usize, rank: Rank, text: String) {
        self.edits.push((at..at, rank, text));
    }

    /// Inserts whole lines after the line that `at` is on.
    pub(super) fn insert_lines_after(&mut self, at: usize, rank: Rank, lines: &str) {
        let next = self.line_after(at);
        if self.text[..next].ends_with('\n') {
            self.insert(next, rank, lines.to_owned());
        } else {
            // The last line of a text without a line feed at its end.
            let lines = lines.strip_suffix(self.newline).unwrap_or(lines);
            self.insert(next, rank, format!("{}{lines}", self.newline));
        }
    }

    /// Returns the start of the line that `at` is on.
    pub(super) fn line_of(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |end| end + 1)
    }

    /// Returns the start of the line after that of `at`.
    pub(super) fn line_after(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |end| at + end + 1)
    }

    /// The line before the one that starts at `line`, and where that starts.
    pub(super) fn line_before(&self, line: usize) -> Option<(usize, &'t str)> {
        let end = line.checked_sub(1)?;
        let start = self.line_of(end);
        Some((start, &self.text[start..end]))
    }

    /// Checks whether a collection is written in brackets or braces.
    pub(super) fn is_flow(&self, node: &Node) -> bool {
        self.text[node.span.start..].starts_with(['[', '{'])
    }

    /// Returns the end of an entry. The value of an alias is written elsewhere, before its key.
    pub(super) fn end_of(&self, entry: &Entry) -> usize {
        if !stands_after(&entry.value, entry.key.span.end) {
            let rest = &self.text[entry.key.span.end..];
            return entry.key.span.end + rest.find([',', '}', '\n']).unwrap_or(rest.len());
        }
        entry.value.span.end
    }

    /// Adds an entry to a mapping: on a line of its own after the first of the keys `after` that is there,
    /// else after the last entry. One in braces gets `flow` at its end.
    pub(super) fn add_entry(&mut self, mapping: &Node, after: &[&str], flow: String, line: &str) {
        let entries = mapping.as_mapping().unwrap_or_default();
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            // `{}`: before its brace, with a comma unless it is the first.
            let inside = mapping.span.start + 1;
            let comma = if self.edits.iter().any(|(range, ..)| range.start == inside) { ", " } else { "" };
            return self.insert(inside, Rank::Entry, format!("{comma}{flow}"));
        };
        if self.is_flow(mapping) {
            return self.insert(self.end_of(last), Rank::Entry, format!(", {flow}"));
        }
        let before = after.iter().find_map(|key| entries.iter().find(|entry| entry.key.value == *key));
        let column = first.key.span.start - self.line_of(first.key.span.start);
        let line = format!("{:column$}{line}{}", "", self.newline);
        self.insert_lines_after(self.end_of(before.unwrap_or(last)), Rank::Entry, &line);
    }

    /// Removes the entry with this number from a mapping.
    pub(super) fn remove_entry(&mut self, mapping: &Node, at: usize) {
        let entries = mapping.as_mapping().unwrap_or_default();
        let Some(entry) = entries.get(at) else { return };
        let range = match (entries.get(at + 1), at.checked_sub(1).and_then(|before| entries.get(before))) {
            _ if !self.is_flow(mapping) => self.line_of(entry.key.span.start)..self.line_after(self.end_of(entry)),
            (Some(next), _) => entry.key.span.start..next.key.span.start,
            (None, Some(before)) => self.end_of(before)..self.end_of(entry),
            (None, None) => entry.key.span.start..self.end_of(entry),
        };
        self.replace(range, String::new());
    }

    /// The text with all edits made; `None` where two are about the same bytes.
    pub(super) fn apply(mut self) -> Option<String> {
        self.edits.sort_by_key(|(range, rank, _)| (range.start, *rank));
        let mut text = String::with_capacity(self.text.len() + 256);
        let mut done = 0;
        for (range, _, with) in &self.edits {
            text.push_str(self.text.get(done..range.start)?);
            text.push_str(with);
            done = range.end;
        }
        text.push_str(self.text.get(done..)?);
        Some(text)
    }
}

/// Checks whether a node is written after `at`: the value of an alias is not.
pub(super) fn stands_after(node: &Node, at: usize) -> bool {
    node.span.start >= at
}
