//! Heredocs of RUN, COPY and ADD.

use std::borrow::Cow;
use std::ops::Range;

use crate::joined::Joined;
use crate::lines::{Line, Lines};
use crate::problem::{Problem, ProblemKind};
use crate::span::Span;
use crate::word::Word;

/// A heredoc: lines after an instruction, up to a line with its name.
#[derive(Clone, Debug)]
pub struct Heredoc<'t> {
    /// The word in the instruction, such as `<<-"EOF"`.
    pub word: Word<'t>,
    /// Name that ends the heredoc, without quotes.
    pub name: String,
    /// Number of a file descriptor before `<<`.
    pub descriptor: Option<u32>,
    /// Set if leading tabs are removed from its lines: `<<-`.
    pub strips_tabs: bool,
    /// Set if variables are expanded in it: its name has no quotes.
    pub expands: bool,
    /// Its lines with their line ends.
    pub body: Span,
    /// The line with the name; absent if the text ends before.
    pub end: Option<Span>,
    pub(crate) source: &'t str,
}

impl<'t> Heredoc<'t> {
    /// Returns the lines, without leading tabs if `<<-` removes them.
    #[must_use]
    pub fn text(&self) -> Cow<'t, str> {
        let body = self.joined();
        body.slice(0..body.text().len())
    }

    /// The lines with their places.
    pub(crate) fn joined(&self) -> Joined<'t> {
        if !self.strips_tabs {
            return Joined::new(self.source, self.body.start..self.body.end);
        }
        let mut joined = Joined::new(self.source, self.body.start..self.body.start);
        let mut start = self.body.start;
        for line in self.body.of(self.source).split_inclusive('\n') {
            let tabs = line.len() - line.trim_start_matches('\t').len();
            joined.push(start + tabs..start + line.len());
            start += line.len();
        }
        joined
    }
}

/// Start of a heredoc in an instruction.
struct Opening {
    word: Range<usize>,
    name: String,
    descriptor: Option<u32>,
    strips_tabs: bool,
    expands: bool,
}

/// Reads the heredocs that a line opens from the lines after it.
pub(crate) fn read<'t>(line: &Joined<'t>, lines: &mut Lines<'t>, problems: &mut Vec<Problem>) -> Vec<Heredoc<'t>> {
    let mut heredocs = Vec::new();
    for opening in openings(line.text()) {
        let mut body = Span::new(lines.offset(), lines.offset());
        let mut end = None;
        for found in lines.by_ref() {
            if is_end(line.source(), &found, &opening) {
                end = Some(Span::new(found.start, found.end));
                break;
            }
            body.end = found.next;
        }
        let word = Word::of(line, opening.word);
        if end.is_none() {
            let kind = ProblemKind::UnterminatedHeredoc(opening.name.clone());
            problems.push(Problem { kind, span: word.span });
        }
        let Opening { name, descriptor, strips_tabs, expands, .. } = opening;
        heredocs.push(Heredoc { word, name, descriptor, strips_tabs, expands, body, end, source: line.source() });
    }
    heredocs
}

fn is_end(source: &str, line: &Line, opening: &Opening) -> bool {
    let text = &source[line.start..line.end];
    opening.name == if opening.strips_tabs { text.trim_start_matches('\t') } else { text }
}

/// The heredocs that a line opens; none if a quote has no end, as in BuildKit.
fn openings(text: &str) -> Vec<Opening> {
    if memchr::memmem::find(text.as_bytes(), b"<<").is_none() {
        return Vec::new();
    }
    let words = words(text).unwrap_or_default();
    words.into_iter().filter_map(|word| opening(text, word)).collect()
}

/// The words of a line, with spaces after `<<` as parts of a word; `None` if a quote has no end.
fn words(text: &str) -> Option<Vec<Range<usize>>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if quote.is_none() && character.is_whitespace() {
            words.extend(start.take().map(|start| start..at));
            continue;
        }
        start.get_or_insert(at);
        match quote {
            Some(open) if open == character => quote = None,
            Some('\'') => {}
            None if matches!(character, '\'' | '"') => quote = Some(character),
            None if character == '<' && characters.next_if(|(_, next)| *next == '<').is_some() => {
                while characters.next_if(|(_, next)| next.is_whitespace()).is_some() {}
            }
            _ if character == '\\' => drop(characters.next()),
            _ => {}
        }
    }
    words.extend(start.map(|start| start..text.len()));
    quote.is_none().then_some(words)
}

/// Takes a word apart as BuildKit's `^(\d*)<<(-?)\s*([^<]*)$`.
fn opening(text: &str, word: Range<usize>) -> Option<Opening> {
    let (digits, rest) = text[word.clone()].split_once("<<")?;
    let strips_tabs = rest.starts_with('-');
    let quoted = rest.strip_prefix('-').unwrap_or(rest).trim_start();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || quoted.is_empty() || quoted.contains('<') {
        return None;
    }
    let mut name = String::new();
    let mut quote = None;
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match quote {
            Some(open) if open == character => quote = None,
            None if matches!(character, '\'' | '"') => quote = Some(character),
            _ if character == '\\' && quote != Some('\'') => name.extend(characters.next()),
            _ => name.push(character),
        }
    }
    if name.is_empty() {
        return None;
    }
    let expands = name == quoted;
    Some(Opening { word, name, descriptor: digits.parse().ok(), strips_tabs, expands })
}
