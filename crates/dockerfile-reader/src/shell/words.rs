//! Words and quotes.

use std::mem;

use super::names::is_delimiter;
use super::reader::{ShellReader, Step};
use super::{ShellVariable, ShellWord, WordPart};
use crate::shell_error::ShellError;

/// A word as far as it was read.
#[derive(Default)]
pub(super) struct Builder {
    /// Text after the last part.
    value: String,
    parts: Vec<WordPart>,
    pub(super) variables: Vec<ShellVariable>,
    is_pattern: bool,
}

impl Builder {
    /// Adds something that is expanded.
    pub(super) fn push(&mut self, part: WordPart) {
        if !self.value.is_empty() {
            self.parts.push(WordPart::Text(mem::take(&mut self.value)));
        }
        self.parts.push(part);
    }

    pub(super) fn push_text(&mut self, text: &str) {
        self.value.push_str(text);
    }
}

impl<'t> ShellReader<'_, 't> {
    /// Reads a word, if there is one.
    pub(super) fn any_word(&mut self) -> Step<Option<ShellWord<'t>>> {
        let start = self.at;
        let mut builder = Builder::default();
        while let Some(byte) = self.byte() {
            match byte {
                b'\'' => self.single_quoted(&mut builder)?,
                b'"' => self.double_quoted(&mut builder)?,
                b'\\' => self.escaped(&mut builder),
                b'$' => self.dollar(&mut builder, false)?,
                b'`' if self.is_in_backquotes => break,
                b'`' => self.backquoted(&mut builder)?,
                b'<' | b'>' if self.byte_after(1) == Some(b'(') => {
                    self.at += 1;
                    let group = self.substitution(self.at - 1)?;
                    builder.push(WordPart::Group(group));
                }
                _ if is_delimiter(byte) => break,
                _ => self.plain(&mut builder),
            }
        }
        if self.at == start {
            return Ok(None);
        }
        let text = self.line.slice(start..self.at);
        let Builder { value, mut parts, variables, is_pattern } = builder;
        let is_literal = parts.is_empty();
        if !is_literal && !value.is_empty() {
            parts.push(WordPart::Text(value));
            return Ok(Some(ShellWord {
                span: self.line.span(start..self.at),
                text,
                literal: None,
                is_pattern,
                parts,
                variables,
            }));
        }
        let literal = is_literal.then(|| if value == text { text.clone() } else { value.into() });
        Ok(Some(ShellWord { span: self.line.span(start..self.at), text, literal, is_pattern, parts, variables }))
    }

    /// A word without quotes from `start` to this place.
    pub(super) fn plain_word(&self, start: usize) -> ShellWord<'t> {
        let text = self.line.slice(start..self.at);
        ShellWord {
            span: self.line.span(start..self.at),
            literal: Some(text.clone()),
            text,
            is_pattern: false,
            parts: Vec::new(),
            variables: Vec::new(),
        }
    }

    /// Reads characters without a meaning.
    fn plain(&mut self, builder: &mut Builder) {
        let rest = &self.text[self.at..];
        let special = |byte: &u8| is_delimiter(*byte) || matches!(byte, b'\'' | b'"' | b'\\' | b'$' | b'`');
        let run = &rest[..rest.as_bytes().iter().position(special).unwrap_or(rest.len())];
        builder.is_pattern |= run.contains(['*', '?', '[']);
        builder.push_text(run);
        self.at += run.len();
    }

    /// Reads a backslash and what it escapes.
    fn escaped(&mut self, builder: &mut Builder) {
        self.at += 1;
        if self.is_at("\n") || self.is_at("\r\n") {
            self.at += if self.is_at("\n") { 1 } else { 2 };
            return;
        }
        match self.text[self.at..].chars().next() {
            Some(character) => {
                builder.push_text(character.encode_utf8(&mut [0; 4]));
                self.at += character.len_utf8();
            }
            None => builder.push_text("\\"),
        }
    }

    fn single_quoted(&mut self, builder: &mut Builder) -> Step<()> {
        let inside = &self.text[self.at + 1..];
        let Some(length) = memchr::memchr(b'\'', inside.as_bytes()) else {
            return Err(self.stop(ShellError::Unterminated("'")));
        };
        builder.push_text(&inside[..length]);
        self.at += length + 2;
        Ok(())
    }

    /// Reads `$'...'`, whose escapes are those of C.
    pub(super) fn c_quoted(&mut self, builder: &mut Builder) -> Step<()> {
        let start = self.at;
        self.at += 2;
        while let Some(character) = self.text[self.at..].chars().next() {
            self.at += character.len_utf8();
            match character {
                '\'' => return Ok(()),
                '\\' => {
                    let escaped = self.text[self.at..].chars().next();
                    self.at += escaped.map_or(0, char::len_utf8);
                    match escaped {
                        Some('n') => builder.push_text("\n"),
                        Some('t') => builder.push_text("\t"),
                        Some('r') => builder.push_text("\r"),
                        Some(quoted @ ('\\' | '\'' | '"')) => builder.push_text(quoted.encode_utf8(&mut [0; 4])),
                        Some(other) => {
                            builder.push_text("\\");
                            builder.push_text(other.encode_utf8(&mut [0; 4]));
                        }
                        None => {}
                    }
                }
                _ => builder.push_text(character.encode_utf8(&mut [0; 4])),
            }
        }
        self.at = start;
        Err(self.stop(ShellError::Unterminated("'")))
    }

    pub(super) fn double_quoted(&mut self, builder: &mut Builder) -> Step<()> {
        let start = self.at;
        self.at += 1;
        while let Some(byte) = self.byte() {
            match byte {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => match self.byte_after(1) {
                    Some(b'$' | b'`' | b'"' | b'\\' | b'\n') => self.escaped(builder),
                    _ => {
                        builder.push_text("\\");
                        self.at += 1;
                    }
                },
                b'$' => self.dollar(builder, true)?,
                b'`' if self.is_in_backquotes => break,
                b'`' => self.backquoted(builder)?,
                _ => {
                    let rest = &self.text[self.at..];
                    let end = rest.find(['"', '\\', '$', '`']).unwrap_or(rest.len());
                    builder.push_text(&rest[..end]);
                    self.at += end;
                }
            }
        }
        self.at = start;
        Err(self.stop(ShellError::Unterminated("\"")))
    }
}
