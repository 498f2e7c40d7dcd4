//! Lines taken apart as BuildKit's `parser/split_command.go` and `parser/line_parsers.go` do.

use std::borrow::Cow;
use std::ops::Range;

use crate::instruction::{Flag, Pair};
use crate::joined::Joined;
use crate::keyword::Keyword;
use crate::problem::{Problem, ProblemKind};
use crate::word::Word;

/// Narrows a range by the white space at both ends.
pub(crate) fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let part = &text[range.clone()];
    let start = range.start + part.len() - part.trim_start().len();
    start..start + part.trim().len()
}

/// Checks for the characters that separate the words of a list.
fn is_separator(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x0b | 0x0c | b'\r' | b' ')
}

/// The first word of a range, and what follows it.
pub(crate) fn first_word(text: &str, range: Range<usize>) -> (Range<usize>, Range<usize>) {
    let word = text.as_bytes()[range.clone()].iter().take_while(|byte| !is_separator(**byte)).count();
    (range.start..range.start + word, trim(text, range.start + word..range.end))
}

/// The words of a list.
pub(crate) fn list<'t>(line: &Joined<'t>, range: Range<usize>) -> Vec<Word<'t>> {
    let text = line.text();
    let mut words = Vec::new();
    let (mut word, mut rest) = first_word(text, range);
    while !word.is_empty() {
        words.push(Word::of(line, word));
        (word, rest) = first_word(text, rest);
    }
    words
}

/// Takes the flags off the start of a range, and returns the rest.
pub(crate) fn flags<'t>(
    line: &Joined<'t>,
    range: Range<usize>,
    keyword: Keyword,
    problems: &mut Vec<Problem>,
) -> (Vec<Flag<'t>>, Range<usize>) {
    let text = line.text();
    let mut flags = Vec::new();
    let mut rest = trim(text, range);
    while text[rest.clone()].starts_with("--") {
        let (end, value) = flag_word(text, rest.clone());
        let raw = rest.start..end;
        rest = trim(text, end..rest.end);
        if value == "--" {
            break;
        }
        flags.push(flag(line, raw, &value));
    }
    for flag in &flags {
        let name = flag.name.text.to_string();
        let kind = match keyword.flags().iter().find(|(known, _)| *known == name) {
            _ if keyword == Keyword::Unknown => continue,
            None => ProblemKind::UnknownFlag(name),
            Some((_, true)) if flag.value.is_none() => ProblemKind::MissingFlagValue(name),
            Some(_) => continue,
        };
        problems.push(Problem { kind, span: flag.span });
    }
    (flags, rest)
}

/// The end of the word at the start of a range, and the word without quotes and backslashes.
fn flag_word(text: &str, range: Range<usize>) -> (usize, String) {
    let mut value = String::new();
    let mut quote = None;
    let mut characters = text[range.clone()].char_indices();
    while let Some((at, character)) = characters.next() {
        match quote {
            None if character.is_whitespace() => return (range.start + at, value),
            None if matches!(character, '\'' | '"') => quote = Some(character),
            Some(open) if open == character => quote = None,
            _ if character == '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => value.push(character),
        }
    }
    (range.end, value)
}

/// The flag in a range, whose text without quotes is `value`.
fn flag<'t>(line: &Joined<'t>, raw: Range<usize>, value: &str) -> Flag<'t> {
    let text = &line.text()[raw.clone()];
    let span = line.span(raw.clone());
    let equals = text.find('=').filter(|_| value.contains('='));
    let name = raw.start + 2..equals.map_or(raw.end, |equals| raw.start + equals);
    if text == value {
        let value = equals.map(|equals| Word::of(line, raw.start + equals + 1..raw.end));
        return Flag { span, name: Word::of(line, name), value };
    }
    let (own_name, own_value) = value.split_once('=').map_or((value, None), |(name, value)| (name, Some(value)));
    let name_span = line.span(name);
    let value_span = line.span(equals.map_or(raw.start, |equals| raw.start + equals + 1)..raw.end);
    let own_name = own_name.strip_prefix("--").unwrap_or(own_name).to_owned();
    Flag {
        span,
        name: Word { text: Cow::Owned(own_name), span: name_span, at: None },
        value: own_value.map(|value| Word { text: Cow::Owned(value.to_owned()), span: value_span, at: None }),
    }
}

/// The words of a range that has quotes and escapes, which stay in the words.
fn quoted_words(text: &str, range: Range<usize>, escape: char) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut characters = text[range.clone()].char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let at = range.start + at;
        match quote {
            None if character.is_whitespace() => words.extend(start.take().map(|start| start..at)),
            None if matches!(character, '\'' | '"') => quote = Some(character),
            Some(open) if open == character => quote = None,
            Some('\'') => {}
            _ if character == escape => drop(characters.next()),
            _ => {}
        }
        if start.is_none() && !character.is_whitespace() {
            start = Some(at);
        }
    }
    words.extend(start.map(|start| start..range.end));
    words
}

/// The pairs of ARG, ENV and LABEL.
pub(crate) fn pairs<'t>(
    line: &Joined<'t>,
    range: Range<usize>,
    keyword: Keyword,
    escape: char,
    problems: &mut Vec<Problem>,
) -> Vec<Pair<'t>> {
    let text = line.text();
    let words = quoted_words(text, range.clone(), escape);
    let is_old_form = keyword != Keyword::Arg && words.first().is_some_and(|word| !text[word.clone()].contains('='));
    if is_old_form {
        let (name, value) = first_word(text, range.clone());
        if value.is_empty() {
            let kind = ProblemKind::NotAPair(text[name.clone()].to_owned());
            problems.push(Problem { kind, span: line.span(name.clone()) });
        }
        let value = (!value.is_empty()).then(|| Word::of(line, value));
        return vec![Pair { name: Word::of(line, name), value }];
    }
    let mut pairs = Vec::with_capacity(words.len());
    for word in words {
        let equals = text[word.clone()].find('=').map(|equals| word.start + equals);
        let name = Word::of(line, word.start..equals.unwrap_or(word.end));
        let value = equals.map(|equals| Word::of(line, equals + 1..word.end));
        if equals == Some(word.start) {
            problems.push(Problem { kind: ProblemKind::EmptyName, span: line.span(word) });
        } else if value.is_none() && keyword != Keyword::Arg {
            problems.push(Problem { kind: ProblemKind::NotAPair(name.text.to_string()), span: name.span });
        }
        pairs.push(Pair { name, value });
    }
    pairs
}
