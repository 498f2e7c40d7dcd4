//! Variables in words, expanded as BuildKit's `frontend/dockerfile/shell/lex.go` does.

use std::ops::Range;

use thiserror::Error;

use crate::pattern::{self, Pattern};

/// Most nested `${a:-${b:-...}}`.
const MOST_LEVELS: usize = 64;

/// Most steps to expand an empty word: bytes of values that are written, and steps of patterns.
const MOST_WORK: usize = 64 * 1024;

/// Most steps to expand a word.
pub(crate) fn most_work(word: &str) -> usize {
    MOST_WORK + 4 * word.len()
}

/// Reason why a word cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ExpandError {
    /// A quote or brace without its end.
    #[error("no matching `{0}`")]
    Unterminated(char),
    /// `${` followed by something that is no name and operator.
    #[error("bad substitution")]
    BadSubstitution,
    /// `${NAME:?MESSAGE}` of a variable without a value.
    #[error("{name}: {message}")]
    Required {
        /// Name of the variable.
        name: String,
        /// Message after `?`.
        message: String,
    },
    /// More than 64 substitutions in one another.
    #[error("more than {MOST_LEVELS} nested substitutions")]
    TooDeep,
    /// Values of more than 64 KiB, or a pattern that takes too long.
    #[error("expansion is too long")]
    TooLong,
}

/// Value of a variable at an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup<'v> {
    /// No ARG or ENV declares it there. The base image may still set it.
    Undeclared,
    /// Declared without a value: an ARG with no default and no build argument.
    Unset,
    /// Declared, with a value that could not be determined.
    Unknown,
    /// Declared with a value.
    Set(&'v str),
}

/// Result of expanding a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expanded {
    /// The word without quotes and with the values of its variables.
    pub(crate) value: String,
    /// Names that nothing declares, with their places in the word.
    pub(crate) undeclared: Vec<(String, Range<usize>)>,
    /// Names without a value that is known, with their places in the word.
    pub(crate) unset: Vec<(String, Range<usize>)>,
    /// Steps that it took.
    pub(crate) work: usize,
}

/// Expands `word`.
pub(crate) fn expand<'v>(
    word: &str,
    escape: char,
    lookup: &dyn Fn(&str) -> Lookup<'v>,
) -> Result<Expanded, ExpandError> {
    let steps = most_work(word);
    let mut expander = Expander { word, escape, lookup, at: 0, level: 0, steps, result: Expanded::default() };
    expander.result.value = expander.until(None, false)?;
    expander.result.work = steps - expander.steps;
    Ok(expander.result)
}

struct Expander<'w, 'v> {
    word: &'w str,
    escape: char,
    lookup: &'w dyn Fn(&str) -> Lookup<'v>,
    at: usize,
    level: usize,
    /// Steps that are left.
    steps: usize,
    result: Expanded,
}

impl<'v> Expander<'_, 'v> {
    fn peek(&self) -> Option<char> {
        self.word[self.at..].chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn push(&mut self, value: &mut String, part: &str) -> Result<(), ExpandError> {
        self.steps = self.steps.checked_sub(part.len()).ok_or(ExpandError::TooLong)?;
        value.push_str(part);
        Ok(())
    }

    /// Expands up to the character `stop`, or up to the end; keeps escapes if they are those of a pattern.
    fn until(&mut self, stop: Option<char>, keeps_escapes: bool) -> Result<String, ExpandError> {
        let mut value = String::new();
        while let Some(next) = self.peek() {
            if Some(next) == stop {
                self.take();
                return Ok(value);
            }
            match next {
                '$' => {
                    let part = self.dollar()?;
                    self.push(&mut value, &part)?;
                }
                '\'' => {
                    let part = self.single_quoted()?;
                    self.push(&mut value, &part)?;
                }
                '"' => {
                    let part = self.double_quoted(keeps_escapes)?;
                    self.push(&mut value, &part)?;
                }
                _ if next == self.escape => {
                    self.take();
                    if keeps_escapes {
                        value.push(next);
                    }
                    value.extend(self.take());
                }
                _ => {
                    self.take();
                    self.push(&mut value, next.encode_utf8(&mut [0; 4]))?;
                }
            }
        }
        stop.map_or(Ok(value), |stop| Err(ExpandError::Unterminated(stop)))
    }

    fn single_quoted(&mut self) -> Result<String, ExpandError> {
        self.take();
        let rest = &self.word[self.at..];
        let end = rest.find('\'').ok_or(ExpandError::Unterminated('\''))?;
        self.at += end + 1;
        Ok(rest[..end].to_owned())
    }

    fn double_quoted(&mut self, keeps_escapes: bool) -> Result<String, ExpandError> {
        self.take();
        let mut value = String::new();
        loop {
            match self.peek() {
                None => return Err(ExpandError::Unterminated('"')),
                Some('"') => {
                    self.take();
                    return Ok(value);
                }
                Some('$') => {
                    let part = self.dollar()?;
                    self.push(&mut value, &part)?;
                }
                Some(next) => {
                    self.take();
                    let escaped = self.peek().filter(|after| *after == '"' || *after == '$' || *after == self.escape);
                    if next != self.escape || escaped.is_none() || keeps_escapes {
                        self.push(&mut value, next.encode_utf8(&mut [0; 4]))?;
                    }
                    if next == self.escape && escaped.is_some() {
                        value.extend(self.take());
                    }
                }
            }
        }
    }

    fn dollar(&mut self) -> Result<String, ExpandError> {
        let start = self.at;
        self.take();
        if self.peek() != Some('{') {
            let name = self.name();
            if name.is_empty() {
                return Ok("$".to_owned());
            }
            let found = (self.lookup)(&name);
            self.note(&name, start..self.at, found);
            return Ok(text(found).to_owned());
        }
        self.take();
        self.level += 1;
        if self.level > MOST_LEVELS {
            return Err(ExpandError::TooDeep);
        }
        let name = self.name();
        if name.is_empty() {
            return Err(ExpandError::BadSubstitution);
        }
        let found = (self.lookup)(&name);
        let value = self.substitution(&name, found, start)?;
        self.level -= 1;
        Ok(value)
    }

    /// Expands what follows the name in `${NAME...}`.
    fn substitution(&mut self, name: &str, found: Lookup<'v>, start: usize) -> Result<String, ExpandError> {
        let end = self.at;
        let mut operator = self.take().ok_or(ExpandError::Unterminated('}'))?;
        if operator == '}' {
            self.note(name, start..self.at, found);
            return Ok(text(found).to_owned());
        }
        let is_null_unset = operator == ':';
        if is_null_unset {
            operator = self.take().ok_or(ExpandError::Unterminated('}'))?;
        }
        let value = text(found);
        let is_set = matches!(found, Lookup::Set(value) if !is_null_unset || !value.is_empty());
        match operator {
            '-' | '+' | '?' => {
                let word = self.until(Some('}'), false)?;
                if found == Lookup::Unknown {
                    self.note(name, start..end, found);
                    return Ok(String::new());
                }
                Ok(match operator {
                    '-' if is_set => value.to_owned(),
                    '+' if is_set => word,
                    '-' => word,
                    '+' => String::new(),
                    _ if is_set => value.to_owned(),
                    _ => return Err(ExpandError::Required { name: name.to_owned(), message: word }),
                })
            }
            '#' | '%' if !is_null_unset => {
                let is_longest = self.peek() == Some(operator);
                if is_longest {
                    self.take();
                }
                let word = self.until(Some('}'), true)?;
                self.note(name, start..end, found);
                let pattern = Pattern::parse(&word).ok_or(ExpandError::BadSubstitution)?;
                pattern::trim(value, &pattern, operator == '#', is_longest, &mut self.steps).ok_or(ExpandError::TooLong)
            }
            '/' if !is_null_unset => {
                let is_every = self.peek() == Some('/');
                if is_every {
                    self.take();
                }
                let word = self.until(Some('/'), true)?;
                let replacement = self.until(Some('}'), true)?;
                self.note(name, start..end, found);
                let pattern = Pattern::parse(&word).ok_or(ExpandError::BadSubstitution)?;
                pattern::replace(value, &pattern, &replacement, is_every, &mut self.steps).ok_or(ExpandError::TooLong)
            }
            _ => Err(ExpandError::BadSubstitution),
        }
    }

    /// Records a name without a value.
    fn note(&mut self, name: &str, place: Range<usize>, found: Lookup<'v>) {
        match found {
            Lookup::Undeclared => self.result.undeclared.push((name.to_owned(), place)),
            Lookup::Unset | Lookup::Unknown => self.result.unset.push((name.to_owned(), place)),
            Lookup::Set(_) => {}
        }
    }

    /// The name at this place: letters, digits and `_`, only digits, or one special character.
    fn name(&mut self) -> String {
        let rest = &self.word[self.at..];
        let first = rest.chars().next();
        let length = match first {
            Some(first) if first.is_numeric() => rest.find(|c: char| !c.is_numeric()).unwrap_or(rest.len()),
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => 1,
            _ => rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len()),
        };
        self.at += length;
        rest[..length].to_owned()
    }
}

fn text(found: Lookup<'_>) -> &str {
    if let Lookup::Set(value) = found { value } else { "" }
}
