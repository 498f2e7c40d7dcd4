//! JSON arrays of strings, called exec form.

use std::borrow::Cow;
use std::ops::Range;

use serde::de::IgnoredAny;

use crate::joined::Joined;
use crate::word::Word;

/// Arguments as JSON.
pub(crate) enum Exec<'t> {
    /// An array of strings.
    Words(Vec<Word<'t>>),
    /// An array with other items.
    NotStrings,
    /// No JSON array, which BuildKit reads as text.
    Text,
}

/// Reads the arguments in a range of the line as JSON.
pub(crate) fn exec<'t>(line: &Joined<'t>, range: Range<usize>) -> Exec<'t> {
    let text = &line.text()[range.clone()];
    if !text.starts_with('[') || !text.ends_with(']') {
        return Exec::Text;
    }
    if let Some(words) = strings(line, range) {
        return Exec::Words(words);
    }
    if serde_json::from_str::<Vec<IgnoredAny>>(text).is_ok() { Exec::NotStrings } else { Exec::Text }
}

/// The words of an array of strings.
fn strings<'t>(line: &Joined<'t>, range: Range<usize>) -> Option<Vec<Word<'t>>> {
    let text = line.text();
    let (mut at, end) = (range.start + 1, range.end - 1);
    let mut words = Vec::new();
    at = skip_blanks(text, at, end);
    if at == end {
        return Some(words);
    }
    loop {
        let close = closing_quote(text, at, end)?;
        let raw = at..close + 1;
        let value: String = serde_json::from_str(&text[raw.clone()]).ok()?;
        let inner = at + 1..close;
        let is_plain = value == text[inner.clone()];
        let text_of = if is_plain { line.slice(inner.clone()) } else { Cow::Owned(value) };
        words.push(Word { text: text_of, span: line.span(raw), at: is_plain.then_some(inner.start) });
        at = skip_blanks(text, close + 1, end);
        if at == end {
            return Some(words);
        }
        at = skip_blanks(text, (text.as_bytes()[at] == b',').then_some(at + 1)?, end);
    }
}

fn skip_blanks(text: &str, at: usize, end: usize) -> usize {
    let blanks = text.as_bytes()[at..end].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    at + blanks.count()
}

/// The place of the quote that ends the string which starts at `at`.
fn closing_quote(text: &str, at: usize, end: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    if at >= end || bytes[at] != b'"' {
        return None;
    }
    let mut place = at + 1;
    while place < end {
        match bytes[place] {
            b'"' => return Some(place),
            b'\\' => place += 2,
            _ => place += 1,
        }
    }
    None
}
