//! Variables, and commands in words.

use std::mem;

use super::names::name_length;
use super::reader::{ShellReader, Step};
use super::words::Builder;
use super::{GroupKind, ShellVariable, WordPart};
use crate::shell_error::ShellError;

/// Most bytes of `(( ... ))`, so that text which only looks like it is not searched again and again.
const LONGEST_ARITHMETIC: usize = 1024;

impl ShellReader<'_, '_> {
    /// Reads what starts with `$`.
    pub(super) fn dollar(&mut self, builder: &mut Builder, is_quoted: bool) -> Step<()> {
        let start = self.at;
        match self.byte_after(1) {
            Some(b'(') => {
                if let Some(end) = self.arithmetic_end(start + 1) {
                    self.at = end;
                    builder.push(WordPart::Arithmetic);
                    return Ok(());
                }
                self.at += 1;
                let group = self.substitution(start)?;
                builder.push(WordPart::Group(group));
            }
            Some(b'{') => self.braces(builder, is_quoted)?,
            Some(b'\'') if !is_quoted => self.c_quoted(builder)?,
            Some(b'"') if !is_quoted => self.at += 1,
            _ => {
                let length = self.name(start + 1);
                self.at += 1 + length;
                if length == 0 {
                    builder.push_text("$");
                } else {
                    self.variable(builder, start, start + 1..self.at, String::new());
                }
            }
        }
        Ok(())
    }

    /// The length of the name or special character at a place; 0 if there is none.
    fn name(&self, at: usize) -> usize {
        let rest = &self.text.as_bytes()[at..];
        match name_length(rest) {
            0 => usize::from(rest.first().is_some_and(|byte| byte.is_ascii_digit() || b"@*#?-$!".contains(byte))),
            length => length,
        }
    }

    fn variable(&self, builder: &mut Builder, start: usize, name: std::ops::Range<usize>, operation: String) {
        let name = self.text[name].to_owned();
        builder.push(WordPart::Variable(builder.variables.len()));
        builder.variables.push(ShellVariable { name, operation, span: self.line.span(start..self.at) });
    }

    /// Reads `${...}`.
    fn braces(&mut self, builder: &mut Builder, is_quoted: bool) -> Step<()> {
        let start = self.at;
        self.enter()?;
        self.at += 2;
        let is_prefixed = matches!(self.byte(), Some(b'#' | b'!')) && self.name(self.at + 1) > 0;
        let prefix = self.at;
        self.at += usize::from(is_prefixed);
        let mut length = self.name(self.at);
        if self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            length = self.text.as_bytes()[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        }
        let name = self.at..self.at + length;
        if length == 0 {
            self.at = start;
            return Err(self.unexpected());
        }
        self.at += length;
        let from = self.at;
        let mut nested = Builder::default();
        self.operand(&mut nested, is_quoted, start)?;
        let operation = format!("{}{}", &self.text[prefix..name.start], &self.text[from..self.at]);
        self.at += 1;
        self.variable(builder, start, name, operation);
        builder.variables.append(&mut nested.variables);
        self.level -= 1;
        Ok(())
    }

    /// Reads up to the `}` that ends the substitution which starts at `start`.
    fn operand(&mut self, nested: &mut Builder, is_quoted: bool, start: usize) -> Step<()> {
        while let Some(byte) = self.byte() {
            match byte {
                b'}' => return Ok(()),
                b'\\' => {
                    let escaped = self.text[self.at + 1..].chars().next();
                    self.at += 1 + escaped.map_or(0, char::len_utf8);
                }
                b'\'' if !is_quoted => {
                    let rest = &self.text.as_bytes()[self.at + 1..];
                    let Some(length) = memchr::memchr(b'\'', rest) else { break };
                    self.at += length + 2;
                }
                b'"' => self.double_quoted(nested)?,
                b'$' => self.dollar(nested, is_quoted)?,
                b'`' if self.is_in_backquotes => break,
                b'`' => self.backquoted(nested)?,
                _ => {
                    let after = &self.text.as_bytes()[self.at + 1..];
                    self.at += 1 + after.iter().position(|byte| b"}\\'\"$`".contains(byte)).unwrap_or(after.len());
                }
            }
        }
        self.at = start;
        Err(self.stop(ShellError::Unterminated("${")))
    }

    /// Reads `( ... )` at this place as commands; the substitution starts at `start`.
    pub(super) fn substitution(&mut self, start: usize) -> Step<usize> {
        let group = self.open(GroupKind::Substitution, start)?;
        self.at += 1;
        let is_in_backquotes = mem::take(&mut self.is_in_backquotes);
        self.list()?;
        self.expect(")")?;
        self.is_in_backquotes = is_in_backquotes;
        self.close(group, start);
        Ok(group)
    }

    /// Reads `` `...` `` as commands.
    pub(super) fn backquoted(&mut self, builder: &mut Builder) -> Step<()> {
        let start = self.at;
        let group = self.open(GroupKind::Substitution, start)?;
        self.at += 1;
        self.is_in_backquotes = true;
        self.list()?;
        self.expect("`")?;
        self.is_in_backquotes = false;
        self.close(group, start);
        builder.push(WordPart::Group(group));
        Ok(())
    }

    /// The end of the `(( ... ))` that starts at a place, if it is one.
    pub(super) fn arithmetic_end(&self, start: usize) -> Option<usize> {
        let bytes = self.text.as_bytes().get(start..)?;
        if !bytes.starts_with(b"((") {
            return None;
        }
        let mut open = 0_usize;
        for (place, byte) in bytes.iter().enumerate().take(LONGEST_ARITHMETIC) {
            match byte {
                b'(' => open += 1,
                b')' => open -= 1,
                _ => {}
            }
            // The last but one bracket closes only if the last follows it at once.
            if open == 1 && *byte == b')' {
                return (bytes.get(place + 1) == Some(&b')')).then_some(start + place + 2);
            }
        }
        None
    }
}
