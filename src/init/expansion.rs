//! Words and variables of a Makefile, and those functions of make that only change text.

use std::collections::BTreeMap;

/// Longest line, with its continuations, and longest text that is made of it.
pub(super) const LONGEST_LINE: usize = 64 << 10;

/// Most variables and calls that stand in one another.
const DEEPEST: usize = 12;

/// Most variables and calls that one text expands.
const MOST_EXPANSIONS: usize = 10_000;

/// The words of a value: white space in parentheses separates none.
pub(super) fn words(value: &str) -> Vec<&str> {
    let (mut words, mut depth, mut start) = (Vec::new(), 0_usize, None);
    for (at, c) in value.char_indices() {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        match (start, c.is_whitespace() && depth == 0) {
            (Some(from), true) => {
                words.push(&value[from..at]);
                start = None;
            }
            (None, false) => start = Some(at),
            _ => {}
        }
    }
    words.extend(start.map(|from| &value[from..]));
    words
}

/// Expands variables and calls. `None` if a variable is not known, a function needs more than text, or the text gets too
/// long.
pub(super) fn expand(text: &str, variables: &BTreeMap<&str, String>) -> Option<String> {
    Expansion { variables, left: MOST_EXPANSIONS }.expand(text, DEEPEST)
}

/// An expansion within bounds.
struct Expansion<'v> {
    variables: &'v BTreeMap<&'v str, String>,
    left: usize,
}

impl Expansion<'_> {
    fn expand(&mut self, text: &str, depth: usize) -> Option<String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let (inner, after) = enclosed(after)?;
            self.left = self.left.checked_sub(1)?;
            out.push_str(&self.reference(inner, depth.checked_sub(1)?)?);
            rest = after;
            if out.len() > LONGEST_LINE {
                return None;
            }
        }
        out.push_str(rest);
        (out.len() <= LONGEST_LINE).then_some(out)
    }

    /// The text that stands for `$(inner)`.
    fn reference(&mut self, inner: &str, depth: usize) -> Option<String> {
        match inner {
            // The folder itself.
            "obj" | "src" | "PWD" | "CURDIR" | "shell pwd" => return Some(".".to_owned()),
            "M" | "KBUILD_EXTMOD" if !self.variables.contains_key(inner) => return Some(".".to_owned()),
            "dir $(lastword $(MAKEFILE_LIST))" | "dir $(firstword $(MAKEFILE_LIST))" => return Some("./".to_owned()),
            _ => {}
        }
        if let Some((function, arguments)) = inner.split_once([' ', '\t']) {
            return self.call(function, arguments, depth);
        }
        let (name, change) = inner.split_once(':').map_or((inner, None), |(name, change)| (name, Some(change)));
        let value = self.variables.get(name)?;
        let value = self.expand(value, depth)?;
        let Some(change) = change else { return Some(value) };
        let (from, to) = change.split_once('=')?;
        let (from, to) =
            if from.contains('%') { (from.to_owned(), to.to_owned()) } else { (format!("%{from}"), format!("%{to}")) };
        each_word(&value, |word| replaced(word, &from, &to))
    }

    /// The result of a function that only changes text.
    fn call(&mut self, function: &str, arguments: &str, depth: usize) -> Option<String> {
        let count = match function {
            "addprefix" | "addsuffix" => 2,
            "patsubst" => 3,
            "strip" | "notdir" | "basename" => 1,
            _ => return None,
        };
        let mut values = Vec::new();
        for argument in arguments_of(arguments, count) {
            values.push(self.expand(argument.trim(), depth)?);
        }
        match (function, values.as_slice()) {
            ("addprefix", [prefix, text]) => each_word(text, |word| format!("{prefix}{word}")),
            ("addsuffix", [suffix, text]) => each_word(text, |word| format!("{word}{suffix}")),
            ("patsubst", [from, to, text]) => each_word(text, |word| replaced(word, from, to)),
            ("notdir", [text]) => each_word(text, |word| word.rsplit('/').next().unwrap_or(word).to_owned()),
            ("basename", [text]) => each_word(text, |word| {
                let end = word.rfind('.').filter(|dot| !word[*dot..].contains('/')).unwrap_or(word.len());
                word[..end].to_owned()
            }),
            ("strip", [text]) => each_word(text, str::to_owned),
            _ => None,
        }
    }
}

/// The text in the parentheses or braces at the beginning of `text`, and the text after them.
fn enclosed(text: &str) -> Option<(&str, &str)> {
    let (open, close) = match text.chars().next()? {
        '(' => ('(', ')'),
        '{' => ('{', '}'),
        _ => return None,
    };
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return Some((&text[1..at], &text[at + 1..]));
            }
        }
    }
    None
}

/// The arguments of a call, at most `count`: commas in parentheses separate none.
fn arguments_of(text: &str, count: usize) -> Vec<&str> {
    let (mut arguments, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 && arguments.len() + 1 < count => {
                arguments.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    arguments.push(&text[start..]);
    arguments
}

/// The words of a text, each changed. `None` if the result gets too long.
fn each_word(text: &str, change: impl Fn(&str) -> String) -> Option<String> {
    let mut out = String::new();
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&change(word));
        if out.len() > LONGEST_LINE {
            return None;
        }
    }
    Some(out)
}

/// A word of which a pattern with `%` is replaced, if the pattern matches.
fn replaced(word: &str, from: &str, to: &str) -> String {
    let Some((before, after)) = from.split_once('%') else { return if word == from { to } else { word }.to_owned() };
    match word.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)) {
        Some(stem) => to.replacen('%', stem, 1),
        None => word.to_owned(),
    }
}

/// Names of the variables that a text uses.
pub(super) fn used(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split('$').skip(1);
    parts.filter_map(|part| {
        let close = if part.starts_with('(') { ')' } else { '}' };
        let name = part.strip_prefix(['(', '{'])?.split_once(close)?.0;
        name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::testing::makefile;

    #[test]
    fn variables_expand_within_bounds() {
        let file = makefile("A = a$(B)\nB ?= b\nB ?= c\nB += d\nX = $(X)$(X)\nS = $(shell id)\n");
        let variables = file.variables();
        assert_eq!(expand("$(A)-${B} $(obj)/x", &variables).unwrap(), "ab d-b d ./x");
        for text in ["$(X)", "$(S)", "$(unknown)", "$", "$(", "$@", "$(A", "$(wildcard *)", "$(strip $(unknown))"] {
            assert_eq!(expand(text, &variables), None, "{text}");
        }
        let bomb: String = (0..11).map(|n| format!("V{n} = {}\n", format!("$(V{}) ", n + 1).repeat(50))).collect();
        for last in ["V11 = x\n", "V11 =\n"] {
            assert_eq!(expand("$(V0)", &makefile(&format!("{bomb}{last}")).variables()), None);
        }
    }

    #[test]
    fn functions_change_words() {
        let file = makefile("M = one  sub/two\nF = a.c b.c x.S\nE =\n");
        let variables = file.variables();
        for (text, expanded) in [
            ("$(addsuffix .o,$(M))", "one.o sub/two.o"),
            ("$(addsuffix .o, $(notdir $(M)))", "one.o two.o"),
            ("${addprefix $(src)/,${M}}", "./one ./sub/two"),
            ("$(patsubst %.c, %.o, $(F))", "a.o b.o x.S"),
            ("$(patsubst x.S,y.o,$(F))", "a.c b.c y.o"),
            ("$(F:.c=.o) $(M:=.o)", "a.o b.o x.S one.o sub/two.o"),
            ("$(M:%=mod-%.o)", "mod-one.o mod-sub/two.o"),
            ("$(basename $(F) d.d/e)x", "a b x d.d/ex"),
            ("[$(strip  $(M) )]$(E)$(addsuffix .o,$(E))", "[one sub/two]"),
            ("$(shell pwd)/$(dir $(lastword $(MAKEFILE_LIST)))", "././"),
        ] {
            assert_eq!(expand(text, &variables).as_deref(), Some(expanded), "{text}");
        }
        let long = format!("L = {}\nW = {}\n", "x".repeat(50_000), "w ".repeat(1000));
        assert_eq!(expand("$(addsuffix $(L),$(W))", &makefile(&long).variables()), None);
        let deep = format!("{}$(M){}", "$(strip ".repeat(100), ")".repeat(100));
        assert_eq!(expand(&deep, &variables), None);
    }

    #[test]
    fn words_of_a_call_stay_together() {
        assert_eq!(words(" a.o $(call f, b c) d "), ["a.o", "$(call f, b c)", "d"]);
        assert_eq!(used("$(A) ${B_1} $(shell x) $C").collect::<Vec<_>>(), ["A", "B_1"]);
    }
}
