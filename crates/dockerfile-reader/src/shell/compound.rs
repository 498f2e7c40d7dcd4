//! Constructs: subshells, `if`, loops, `case` and functions.

use super::names::is_delimiter;
use super::reader::{ShellReader, Step};
use super::{GroupKind, ShellWord};
use crate::shell_error::ShellError;

impl<'t> ShellReader<'_, 't> {
    /// Reads a construct and its redirections, if there is one, and returns its number.
    pub(super) fn construct(&mut self) -> Step<Option<usize>> {
        let group = match self.byte() {
            Some(b'(') => self.brackets()?,
            Some(b'{') if self.is_at_word("{") => self.braced()?,
            Some(b'i') if self.is_at_word("if") => self.if_()?,
            Some(b'w') if self.is_at_word("while") => self.loop_(GroupKind::While, "while")?,
            Some(b'u') if self.is_at_word("until") => self.loop_(GroupKind::Until, "until")?,
            Some(b'f') if self.is_at_word("for") => self.for_("for")?,
            Some(b's') if self.is_at_word("select") => self.for_("select")?,
            Some(b'c') if self.is_at_word("case") => self.case()?,
            Some(_) => match self.function_header() {
                Some((name, length)) => self.function(name, length)?,
                None => return Ok(None),
            },
            None => return Ok(None),
        };
        let redirects = self.redirects()?;
        if let Some(group) = self.script.groups.get_mut(group) {
            group.redirects = redirects;
        }
        Ok(Some(group))
    }

    /// Reads a list as a construct of its own, up to a word that ends it.
    fn part(&mut self, kind: GroupKind<'t>) -> Step<()> {
        self.skip_blank_lines();
        let start = self.at;
        let group = self.open(kind, start)?;
        self.list()?;
        self.close(group, start);
        Ok(())
    }

    fn set_kind(&mut self, group: usize, kind: GroupKind<'t>) {
        if let Some(group) = self.script.groups.get_mut(group) {
            group.kind = kind;
        }
    }

    /// `( ... )` or `(( ... ))`.
    fn brackets(&mut self) -> Step<usize> {
        let start = self.at;
        if let Some(end) = self.arithmetic_end(start) {
            let group = self.open(GroupKind::Arithmetic, start)?;
            self.at = end;
            self.close(group, start);
            return Ok(group);
        }
        let group = self.open(GroupKind::Subshell, start)?;
        self.at += 1;
        self.list()?;
        self.expect(")")?;
        self.close(group, start);
        Ok(group)
    }

    fn braced(&mut self) -> Step<usize> {
        let start = self.at;
        let group = self.open(GroupKind::Braces, start)?;
        self.at += 1;
        self.list()?;
        self.expect_word("}")?;
        self.close(group, start);
        Ok(group)
    }

    fn if_(&mut self) -> Step<usize> {
        let start = self.at;
        let group = self.open(GroupKind::If, start)?;
        self.expect_word("if")?;
        self.conditional()?;
        loop {
            if self.eat_word("elif") {
                self.conditional()?;
            } else if self.eat_word("else") {
                self.part(GroupKind::Branch)?;
            } else {
                self.expect_word("fi")?;
                self.close(group, start);
                return Ok(group);
            }
        }
    }

    /// A condition, `then` and a branch.
    fn conditional(&mut self) -> Step<()> {
        self.part(GroupKind::Condition)?;
        self.expect_word("then")?;
        self.part(GroupKind::Branch)
    }

    fn loop_(&mut self, kind: GroupKind<'t>, word: &'static str) -> Step<usize> {
        let start = self.at;
        let group = self.open(kind, start)?;
        self.expect_word(word)?;
        self.part(GroupKind::Condition)?;
        self.body()?;
        self.close(group, start);
        Ok(group)
    }

    /// `do ... done`.
    fn body(&mut self) -> Step<()> {
        self.expect_word("do")?;
        self.part(GroupKind::Body)?;
        self.expect_word("done")
    }

    fn for_(&mut self, word: &'static str) -> Step<usize> {
        let start = self.at;
        let group = self.open(GroupKind::Braces, start)?;
        self.expect_word(word)?;
        self.skip_blanks();
        let name_start = self.at;
        let mut words = Vec::new();
        let name = if let Some(end) = self.arithmetic_end(self.at) {
            self.at = end;
            self.plain_word(name_start)
        } else {
            let name = self.required_word()?;
            self.skip_blank_lines();
            if self.eat_word("in") {
                self.skip_blanks();
                while let Some(word) = self.any_word()? {
                    words.push(word);
                    self.skip_blanks();
                }
            }
            name
        };
        self.set_kind(group, GroupKind::For(name, words));
        self.skip_blanks();
        self.eat(";");
        self.skip_blank_lines();
        self.body()?;
        self.close(group, start);
        Ok(group)
    }

    fn case(&mut self) -> Step<usize> {
        let start = self.at;
        let group = self.open(GroupKind::Braces, start)?;
        self.expect_word("case")?;
        self.skip_blanks();
        let word = self.required_word()?;
        self.set_kind(group, GroupKind::Case(word));
        self.skip_blank_lines();
        self.expect_word("in")?;
        self.skip_blank_lines();
        while !self.eat_word("esac") {
            self.arm()?;
        }
        self.close(group, start);
        Ok(group)
    }

    /// Patterns, their commands, and `;;`.
    fn arm(&mut self) -> Step<()> {
        let start = self.at;
        let group = self.open(GroupKind::Braces, start)?;
        self.eat("(");
        let mut patterns = Vec::new();
        loop {
            self.skip_blanks();
            patterns.push(self.required_word()?);
            self.skip_blanks();
            if !self.eat("|") {
                break;
            }
        }
        self.expect(")")?;
        self.set_kind(group, GroupKind::Arm(patterns));
        self.list()?;
        let is_ended = self.eat(";;&") || self.eat(";;") || self.eat(";&");
        self.close(group, start);
        self.skip_blank_lines();
        if is_ended || self.is_at_word("esac") { Ok(()) } else { self.expect_word("esac") }
    }

    fn required_word(&mut self) -> Step<ShellWord<'t>> {
        match self.any_word()? {
            Some(word) => Ok(word),
            None if self.at < self.text.len() => Err(self.unexpected()),
            None => Err(self.stop(ShellError::Missing("word"))),
        }
    }

    /// The place of a function's name and the length of its header, if one is next: `NAME ()` or `function NAME`.
    fn function_header(&self) -> Option<(std::ops::Range<usize>, usize)> {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        let has_keyword = self.is_at_word("function") && self.byte_after("function".len()).is_some();
        if has_keyword {
            at += "function".len();
            at += blanks(&bytes[at..]);
        }
        let name = bytes[at..].iter().take_while(|byte| is_function_byte(**byte)).count();
        let mut end = at + name;
        end += blanks(&bytes[end..]);
        let has_brackets = bytes.get(end) == Some(&b'(') && {
            end += 1;
            end += blanks(&bytes[end..]);
            bytes.get(end) == Some(&b')')
        };
        if name == 0 || !has_keyword && !has_brackets {
            return None;
        }
        let length = if has_brackets { end + 1 - self.at } else { at + name - self.at };
        Some((at..at + name, length))
    }

    fn function(&mut self, name: std::ops::Range<usize>, length: usize) -> Step<usize> {
        let start = self.at;
        self.at = name.end;
        let word = self.plain_word(name.start);
        let group = self.open(GroupKind::Function(word), start)?;
        self.at = start + length;
        self.skip_blank_lines();
        if self.construct()?.is_none() {
            return Err(self.unexpected());
        }
        self.close(group, start);
        Ok(group)
    }
}

fn blanks(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// Checks for a byte of a function's name.
fn is_function_byte(byte: u8) -> bool {
    !is_delimiter(byte) && !matches!(byte, b'$' | b'\'' | b'"' | b'\\' | b'`' | b'=' | b'{' | b'}' | b'*' | b'?' | b'[')
}
