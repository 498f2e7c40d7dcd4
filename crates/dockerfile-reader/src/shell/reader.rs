//! Lists of commands, and simple commands.

use std::collections::VecDeque;
use std::mem;
use std::ops::Range;

use super::names::{CLOSERS, is_delimiter};
use super::{Body, Command, Connector, Group, GroupKind, Script, ShellWord};
use crate::joined::Joined;
use crate::limits::MOST_LEVELS;
use crate::problem::{Problem, ProblemKind};
use crate::shell_error::ShellError;

/// Reads one shell text from its start to its end, without going back.
pub(super) struct ShellReader<'l, 't> {
    pub(super) line: &'l Joined<'t>,
    pub(super) text: &'l str,
    pub(super) at: usize,
    pub(super) level: usize,
    /// The construct that is being read.
    pub(super) group: Option<usize>,
    pub(super) is_in_backquotes: bool,
    pub(super) script: Script<'t>,
    /// Here-documents whose lines follow.
    pub(super) pending: VecDeque<Pending>,
}

/// A here-document whose lines were not read yet.
pub(super) struct Pending {
    pub(super) body: usize,
    pub(super) name: String,
    pub(super) strips_tabs: bool,
}

/// An error, which ends the reading, and its place in the text.
pub(super) struct Stop {
    pub(super) error: ShellError,
    pub(super) place: Range<usize>,
}

pub(super) type Step<T> = Result<T, Stop>;

/// A command or construct by its number.
#[derive(Clone, Copy)]
enum Element {
    Command(usize),
    Group(usize),
}

/// Reads a text. `outer` has the bodies of here-documents that are not in the text, with their names.
pub(super) fn read<'t>(line: &Joined<'t>, outer: Vec<(String, Body<'t>)>) -> Script<'t> {
    let text = line.text();
    let script = Script {
        span: line.span(0..text.len()),
        commands: Vec::new(),
        groups: Vec::new(),
        bodies: Vec::new(),
        problem: None,
    };
    let pending = VecDeque::new();
    let mut reader = ShellReader { line, text, at: 0, level: 0, group: None, is_in_backquotes: false, script, pending };
    if let Err(Stop { error, place }) = reader.whole() {
        reader.script.problem = Some(Problem { kind: ProblemKind::Shell(error), span: line.span(place) });
        reader.close_all();
    }
    for (name, body) in outer {
        if reader.pending.front().is_none_or(|pending| pending.name != name) {
            break;
        }
        let Some(pending) = reader.pending.pop_front() else { break };
        if let Some(place) = reader.script.bodies.get_mut(pending.body) {
            *place = Body { expands: place.expands, ..body };
        }
    }
    reader.script.commands.sort_by_key(|command| command.span.start);
    reader.script
}

impl<'t> ShellReader<'_, 't> {
    fn whole(&mut self) -> Step<()> {
        self.list()?;
        if self.at < self.text.len() { Err(self.unexpected()) } else { Ok(()) }
    }

    pub(super) fn byte(&self) -> Option<u8> {
        self.byte_after(0)
    }

    pub(super) fn byte_after(&self, distance: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + distance).copied()
    }

    /// Checks whether the text goes on with `token`.
    pub(super) fn is_at(&self, token: &str) -> bool {
        self.text.as_bytes()[self.at..].starts_with(token.as_bytes())
    }

    /// Passes `token` if it is next.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        let is_next = self.is_at(token);
        if is_next {
            self.at += token.len();
        }
        is_next
    }

    /// Checks whether the next word is exactly `word`, without quotes.
    pub(super) fn is_at_word(&self, word: &str) -> bool {
        self.is_at(word) && self.byte_after(word.len()).is_none_or(|next| is_delimiter(next) || self.ends_word(next))
    }

    fn ends_word(&self, byte: u8) -> bool {
        self.is_in_backquotes && byte == b'`'
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let is_next = self.is_at_word(word);
        if is_next {
            self.at += word.len();
        }
        is_next
    }

    /// Passes a word that has to come.
    pub(super) fn expect_word(&mut self, word: &'static str) -> Step<()> {
        if self.eat_word(word) {
            return Ok(());
        }
        Err(if self.at < self.text.len() { self.unexpected() } else { self.stop(ShellError::Missing(word)) })
    }

    /// Passes a character that has to come.
    pub(super) fn expect(&mut self, token: &'static str) -> Step<()> {
        if self.eat(token) {
            return Ok(());
        }
        Err(if self.at < self.text.len() { self.unexpected() } else { self.stop(ShellError::Missing(token)) })
    }

    /// An error at this place.
    pub(super) fn stop(&self, error: ShellError) -> Stop {
        Stop { error, place: self.at..self.at }
    }

    /// The error for the token at this place.
    pub(super) fn unexpected(&self) -> Stop {
        const LONGEST: usize = 40;
        let rest = &self.text[self.at..];
        let word = rest.bytes().take(LONGEST).take_while(|byte| !is_delimiter(*byte)).count();
        let mut length = word.max(1).min(rest.len());
        while !rest.is_char_boundary(length) {
            length += 1;
        }
        let token = if rest.is_empty() { "end of the text" } else { &rest[..length] };
        Stop { error: ShellError::Unexpected(token.to_owned()), place: self.at..self.at + length }
    }

    /// Passes spaces, joined lines and a comment.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.byte() {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\\') if self.byte_after(1) == Some(b'\n') => self.at += 2,
                Some(b'\\') if self.is_at("\\\r\n") => self.at += 3,
                Some(b'#') => {
                    let rest = &self.text.as_bytes()[self.at..];
                    self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                    return;
                }
                _ => return,
            }
        }
    }

    /// Passes empty lines too.
    pub(super) fn skip_blank_lines(&mut self) {
        self.skip_blanks();
        while self.byte() == Some(b'\n') {
            self.newline();
            self.skip_blanks();
        }
    }

    /// Passes a line end and the here-documents after it.
    fn newline(&mut self) {
        self.at += 1;
        for pending in mem::take(&mut self.pending) {
            self.read_body(&pending);
        }
    }

    /// Checks for the end of a list: of the text, a bracket, or a word such as `fi`.
    fn is_at_list_end(&self) -> bool {
        match self.byte() {
            None | Some(b')') => true,
            Some(b'`') => self.is_in_backquotes,
            Some(b';') => matches!(self.byte_after(1), Some(b';' | b'&')),
            Some(_) => CLOSERS.iter().any(|closer| self.is_at_word(closer)),
        }
    }

    /// Reads commands up to the end of their list, which is not passed.
    pub(super) fn list(&mut self) -> Step<()> {
        let mut before = Connector::Edge;
        self.skip_blank_lines();
        while !self.is_at_list_end() {
            let item = self.item(before)?;
            before = self.connector();
            self.set_after(item, before);
            if before == Connector::Edge && !self.is_at_list_end() {
                return Err(self.unexpected());
            }
            if before != Connector::Edge {
                self.skip_blank_lines();
            }
            let needs_command = matches!(before, Connector::And | Connector::Or | Connector::Pipe);
            if needs_command && self.is_at_list_end() {
                return Err(self.unexpected());
            }
        }
        Ok(())
    }

    /// Passes what stands between two commands.
    fn connector(&mut self) -> Connector {
        self.skip_blanks();
        if self.byte() == Some(b'\n') {
            self.newline();
            return Connector::Sequence;
        }
        if self.is_at(";;") || self.is_at(";&") {
            return Connector::Edge;
        }
        let tokens = [
            ("&&", Connector::And),
            ("||", Connector::Or),
            ("|&", Connector::Pipe),
            ("|", Connector::Pipe),
            (";", Connector::Sequence),
            ("&", Connector::Background),
        ];
        tokens.into_iter().find(|(token, _)| self.eat(token)).map_or(Connector::Edge, |(_, connector)| connector)
    }

    fn set_after(&mut self, item: Element, connector: Connector) {
        let after = match item {
            Element::Command(number) => self.script.commands.get_mut(number).map(|command| &mut command.after),
            Element::Group(number) => self.script.groups.get_mut(number).map(|group| &mut group.after),
        };
        if let Some(after) = after {
            *after = connector;
        }
    }

    /// Reads a command or construct.
    fn item(&mut self, before: Connector) -> Step<Element> {
        let mut is_negated = false;
        while self.eat_word("!") {
            is_negated = !is_negated;
            self.skip_blanks();
        }
        if let Some(number) = self.construct()? {
            if let Some(group) = self.script.groups.get_mut(number) {
                (group.before, group.is_negated) = (before, is_negated);
            }
            return Ok(Element::Group(number));
        }
        let start = self.at;
        let mut command = Command {
            span: self.line.span(start..start),
            group: self.group,
            before,
            after: Connector::Edge,
            is_negated,
            assignments: Vec::new(),
            words: Vec::new(),
            redirects: Vec::new(),
        };
        let mut end = start;
        let result = self.simple(&mut command, &mut end);
        if end > start {
            command.span = self.line.span(start..end);
            self.script.commands.push(command);
        }
        result?;
        if end == start {
            return Err(self.unexpected());
        }
        Ok(Element::Command(self.script.commands.len() - 1))
    }

    /// Reads a simple command; `end` is the end of what was read.
    fn simple(&mut self, command: &mut Command<'t>, end: &mut usize) -> Step<()> {
        loop {
            self.skip_blanks();
            if let Some(redirect) = self.redirect()? {
                command.redirects.push(redirect);
            } else if command.words.is_empty()
                && let Some(assignment) = self.assignment()?
            {
                command.assignments.push(assignment);
            } else if let Some(word) = self.any_word()? {
                let is_test = command.words.is_empty() && word.text == "[[";
                command.words.push(word);
                *end = self.at;
                if is_test {
                    let result = self.test(&mut command.words);
                    *end = self.at;
                    result?;
                }
            } else {
                return Ok(());
            }
            *end = self.at;
        }
    }

    /// Reads the words of `[[ ... ]]`, in which operators are words.
    fn test(&mut self, words: &mut Vec<ShellWord<'t>>) -> Step<()> {
        loop {
            self.skip_blank_lines();
            if let Some(word) = self.any_word()? {
                let is_end = word.text == "]]";
                words.push(word);
                if is_end {
                    return Ok(());
                }
                continue;
            }
            let operator = self.text.as_bytes()[self.at..].iter().take_while(|byte| b"&|()<>;".contains(byte)).count();
            if operator == 0 {
                return Err(self.stop(ShellError::Unterminated("[[")));
            }
            let start = self.at;
            self.at += operator;
            words.push(self.plain_word(start));
        }
    }

    /// Starts a construct at `start`.
    pub(super) fn open(&mut self, kind: GroupKind<'t>, start: usize) -> Step<usize> {
        self.enter()?;
        let number = self.script.groups.len();
        self.script.groups.push(Group {
            kind,
            span: self.line.span(start..start),
            group: self.group,
            before: Connector::Edge,
            after: Connector::Edge,
            is_negated: false,
            redirects: Vec::new(),
        });
        self.group = Some(number);
        Ok(number)
    }

    /// Ends a construct at this place.
    pub(super) fn close(&mut self, number: usize, start: usize) {
        let span = self.line.span(start..self.at);
        if let Some(group) = self.script.groups.get_mut(number) {
            group.span = span;
            self.group = group.group;
        }
        self.level -= 1;
    }

    /// Ends all constructs that an error left open.
    fn close_all(&mut self) {
        while let Some(group) = self.group.and_then(|number| self.script.groups.get_mut(number)) {
            group.span.end = self.script.span.end.max(group.span.start);
            self.group = group.group;
        }
    }

    pub(super) fn enter(&mut self) -> Step<()> {
        self.level += 1;
        if self.level > MOST_LEVELS { Err(self.stop(ShellError::TooDeep)) } else { Ok(()) }
    }
}
