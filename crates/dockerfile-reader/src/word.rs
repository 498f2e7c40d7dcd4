//! Words of instructions.

use std::borrow::Cow;
use std::ops::Range;

use crate::joined::Joined;
use crate::span::Span;

/// A word of an instruction.
#[derive(Clone, Debug)]
pub struct Word<'t> {
    /// Text as written, but without continuations. Words of JSON arrays are decoded; quotes are removed from flags.
    pub text: Cow<'t, str>,
    /// Place in the file, which includes continuations and quotes.
    pub span: Span,
    /// Offset in the line, if the text is the line's.
    pub(crate) at: Option<usize>,
}

impl<'t> Word<'t> {
    /// The word that is at a range of the line.
    pub(crate) fn of(line: &Joined<'t>, range: Range<usize>) -> Self {
        Self { text: line.slice(range.clone()), span: line.span(range.clone()), at: Some(range.start) }
    }
}
