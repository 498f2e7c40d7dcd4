//! Redirections, here-documents and assignments.

use super::names::{is_delimiter, name_length};
use super::reader::{Pending, ShellReader, Step};
use super::{Body, Redirect, ShellAssignment};
use crate::shell_error::ShellError;
use crate::span::Span;

/// Operators, longer ones first.
const OPERATORS: &[&str] = &["&>>", "&>", "<<<", "<<-", "<<", "<&", "<>", "<", ">>", ">&", ">|", ">"];

impl<'t> ShellReader<'_, 't> {
    /// Reads a redirection, if there is one.
    pub(super) fn redirect(&mut self) -> Step<Option<Redirect<'t>>> {
        let start = self.at;
        let digits = self.text.as_bytes()[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += digits;
        let is_process = digits == 0 && (self.is_at("<(") || self.is_at(">("));
        let operator =
            OPERATORS.iter().find(|operator| (digits == 0 || !operator.starts_with('&')) && self.is_at(operator));
        let Some(operator) = operator.filter(|_| !is_process) else {
            self.at = start;
            return Ok(None);
        };
        let descriptor = self.text[start..start + digits].parse().ok();
        self.at += operator.len();
        self.skip_blanks();
        let Some(target) = self.any_word()? else {
            return Err(if self.at < self.text.len() {
                self.unexpected()
            } else {
                self.stop(ShellError::Missing("word"))
            });
        };
        let mut body = None;
        if matches!(*operator, "<<" | "<<-") {
            let name = target.literal.clone().unwrap_or_else(|| target.text.clone());
            let strips_tabs = *operator == "<<-";
            let number = self.script.bodies.len();
            let end = self.script.span.end;
            let expands = name == target.text;
            self.script.bodies.push(Body { span: Span::new(end, end), text: "".into(), expands });
            self.pending.push_back(Pending { body: number, name: name.into_owned(), strips_tabs });
            body = Some(number);
        }
        Ok(Some(Redirect { span: self.line.span(start..self.at), descriptor, operator, target, body }))
    }

    /// Reads redirections until there is none.
    pub(super) fn redirects(&mut self) -> Step<Vec<Redirect<'t>>> {
        let mut redirects = Vec::new();
        loop {
            self.skip_blanks();
            match self.redirect()? {
                Some(redirect) => redirects.push(redirect),
                None => return Ok(redirects),
            }
        }
    }

    /// Reads the lines of a here-document.
    pub(super) fn read_body(&mut self, pending: &Pending) {
        let start = self.at;
        let mut text = String::new();
        let mut end = start;
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            let line = &rest[..memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |newline| newline + 1)];
            self.at += line.len();
            let stripped = if pending.strips_tabs { line.trim_start_matches('\t') } else { line };
            if stripped.trim_end_matches(['\r', '\n']) == pending.name {
                break;
            }
            text.push_str(stripped);
            end = self.at;
        }
        let range = start..end;
        let span = self.line.span(range.clone());
        if let Some(body) = self.script.bodies.get_mut(pending.body) {
            let is_plain = text == self.text[range.clone()];
            body.text = if is_plain { self.line.slice(range) } else { text.into() };
            body.span = span;
        }
    }

    /// Reads `NAME=VALUE`, if it is next.
    pub(super) fn assignment(&mut self) -> Step<Option<ShellAssignment<'t>>> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let name = name_length(&bytes[start..]);
        let mut equals = start + name;
        if bytes.get(equals) == Some(&b'[') {
            let subscript = bytes[equals..].iter().take_while(|byte| **byte != b']' && !is_delimiter(**byte)).count();
            equals += subscript + 1;
        }
        equals += usize::from(bytes.get(equals) == Some(&b'+'));
        if name == 0 || bytes.get(equals) != Some(&b'=') {
            return Ok(None);
        }
        self.at = equals + 1;
        let value = if self.byte() == Some(b'(') {
            self.at += 1;
            self.array()?
        } else {
            self.any_word()?.unwrap_or_else(|| self.plain_word(self.at))
        };
        let span = self.line.span(start..self.at);
        Ok(Some(ShellAssignment { span, name: self.line.slice(start..start + name), value }))
    }

    /// Reads the items of an array, and returns the first.
    fn array(&mut self) -> Step<super::ShellWord<'t>> {
        let mut first = None;
        loop {
            self.skip_blank_lines();
            match self.any_word()? {
                Some(word) => first = first.or(Some(word)),
                None => break,
            }
        }
        self.expect(")")?;
        Ok(first.unwrap_or_else(|| self.plain_word(self.at)))
    }
}
