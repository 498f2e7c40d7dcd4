//! Instructions and their parts.

use std::borrow::Cow;
use std::ops::Range;

use crate::heredoc::Heredoc;
use crate::joined::Joined;
use crate::keyword::Keyword;
use crate::span::Span;
use crate::word::Word;

/// An instruction, with its continuation lines and heredocs.
#[derive(Clone, Debug)]
pub struct Instruction<'t> {
    /// Kind of instruction.
    pub keyword: Keyword,
    /// The keyword as written.
    pub name: Span,
    /// From the keyword up to the last byte of the arguments, or of the last heredoc's end.
    pub span: Span,
    /// Flags such as `--from=builder`.
    pub flags: Vec<Flag<'t>>,
    /// Arguments after the flags.
    pub arguments: Arguments<'t>,
    /// Heredocs, in order.
    pub heredocs: Vec<Heredoc<'t>>,
    /// Line with its continuations.
    pub(crate) line: Joined<'t>,
    /// Part of `line` with the arguments.
    pub(crate) rest: Range<usize>,
}

impl<'t> Instruction<'t> {
    /// Returns the flag of this name, given without `--`; the last one if there are several.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<&Flag<'t>> {
        self.flags.iter().rev().find(|flag| flag.name.text == name)
    }

    /// Returns everything after the keyword and the flags, without continuations and comments.
    #[must_use]
    pub fn rest(&self) -> Cow<'t, str> {
        self.line.slice(self.rest.clone())
    }

    /// Returns the words of the arguments: of a list or a JSON array; none if the arguments have another form.
    #[must_use]
    pub fn words(&self) -> &[Word<'t>] {
        match &self.arguments {
            Arguments::Words(words) | Arguments::Json(words) => words,
            Arguments::Empty | Arguments::Text(_) | Arguments::Pairs(_) | Arguments::Nested(_) => &[],
        }
    }

    /// Returns the pairs of ARG, ENV and LABEL; none for other instructions.
    #[must_use]
    pub fn pairs(&self) -> &[Pair<'t>] {
        if let Arguments::Pairs(pairs) = &self.arguments { pairs } else { &[] }
    }

    /// Returns the place of a part of a word, given in bytes of its text; of the whole word if quotes were removed.
    #[must_use]
    pub fn locate(&self, word: &Word<'t>, part: Range<usize>) -> Span {
        match word.at {
            Some(at) if part.end <= word.text.len() => self.line.span(at + part.start..at + part.end),
            _ => word.span,
        }
    }
}

/// A flag of an instruction.
#[derive(Clone, Debug)]
pub struct Flag<'t> {
    /// Place of the whole flag.
    pub span: Span,
    /// Name without `--`.
    pub name: Word<'t>,
    /// Value after `=`, without quotes.
    pub value: Option<Word<'t>>,
}

/// `NAME=VALUE`, or `NAME` alone in ARG.
#[derive(Clone, Debug)]
pub struct Pair<'t> {
    /// Name before the first `=`.
    pub name: Word<'t>,
    /// Value after it, with its quotes.
    pub value: Option<Word<'t>>,
}

/// Arguments of an instruction, in the form that BuildKit reads for its keyword.
#[derive(Clone, Debug)]
pub enum Arguments<'t> {
    /// No arguments.
    Empty,
    /// Words between spaces: FROM, COPY, ADD, EXPOSE, VOLUME. Quotes are part of a word.
    Words(Vec<Word<'t>>),
    /// JSON array of strings, called exec form.
    Json(Vec<Word<'t>>),
    /// Rest of the line: shell text, WORKDIR, USER, STOPSIGNAL, MAINTAINER and unknown instructions.
    Text(Word<'t>),
    /// Pairs: ARG, ENV, LABEL.
    Pairs(Vec<Pair<'t>>),
    /// The instruction after ONBUILD, or the CMD after HEALTHCHECK.
    Nested(Box<Instruction<'t>>),
}
