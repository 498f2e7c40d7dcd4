//! Text that was put together from pieces of a file, such as a line and its continuations.

use std::borrow::Cow;
use std::ops::Range;

use crate::span::Span;

/// A text, and where each of its bytes is in the file.
#[derive(Clone, Debug)]
pub(crate) struct Joined<'t> {
    source: &'t str,
    text: Cow<'t, str>,
    /// Offset in the file of the first byte.
    first: usize,
    /// The pieces after the first.
    more: Vec<Piece>,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Offset in the joined text.
    at: usize,
    /// Offset in the file.
    from: usize,
}

impl<'t> Joined<'t> {
    /// Starts with one piece of `source`.
    pub(crate) fn new(source: &'t str, piece: Range<usize>) -> Self {
        Self { source, first: piece.start, text: Cow::Borrowed(&source[piece]), more: Vec::new() }
    }

    /// Appends a piece that is further on in the file.
    pub(crate) fn push(&mut self, piece: Range<usize>) {
        if piece.is_empty() {
            return;
        }
        self.more.push(Piece { at: self.text.len(), from: piece.start });
        self.text.to_mut().push_str(&self.source[piece]);
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn source(&self) -> &'t str {
        self.source
    }

    /// The place in the file of a range of the joined text.
    pub(crate) fn span(&self, range: Range<usize>) -> Span {
        let end = self.place(range.end, self.more.partition_point(|piece| piece.at < range.end));
        if range.is_empty() {
            // Behind what comes before it, be that on an earlier line.
            return Span::new(end, end);
        }
        Span::new(self.place(range.start, self.more.partition_point(|piece| piece.at <= range.start)), end)
    }

    /// The offset in the file of `at`, which is in the piece of this number.
    fn place(&self, at: usize, piece: usize) -> usize {
        let piece = piece.checked_sub(1).and_then(|piece| self.more.get(piece));
        piece.map_or(self.first + at, |piece| piece.from + at - piece.at)
    }

    /// A part of the joined text, borrowed from the file if it is in one piece.
    pub(crate) fn slice(&self, range: Range<usize>) -> Cow<'t, str> {
        let span = self.span(range.clone());
        if span.len() == range.len() {
            Cow::Borrowed(span.of(self.source))
        } else {
            Cow::Owned(self.text[range].to_owned())
        }
    }

    /// A part of the joined text as a text of its own.
    pub(crate) fn part(&self, range: Range<usize>) -> Self {
        let first = self.span(range.clone()).start;
        let from = self.more.partition_point(|piece| piece.at <= range.start);
        let upto = self.more.partition_point(|piece| piece.at < range.end);
        let inside = self.more.get(from..upto).unwrap_or_default().iter();
        let more = inside.map(|piece| Piece { at: piece.at - range.start, from: piece.from }).collect();
        Self { source: self.source, text: self.slice(range), first, more }
    }
}
