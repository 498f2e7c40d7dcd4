//! A tolerant reader of Makefiles and Kbuild files.
//!
//! The reader knows lines, assignments, rules and conditions, and runs nothing: no function of make, no include and no
//! shell. Both branches of a condition are read.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// Longest line, with its continuations, that is read.
const LONGEST_LINE: usize = 64 << 10;

/// Most variables that stand in one another.
const DEEPEST: usize = 12;

/// Most variables that one text expands.
const MOST_EXPANSIONS: usize = 10_000;

/// Conditions that ask whether kbuild or a person reads the file: both branches count.
const KBUILD_CONDITIONS: [&str; 3] = ["KERNELRELEASE", "KBUILD_EXTMOD", "KBUILD_SRC"];

/// An assignment outside of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) operator: Operator,
    pub(super) value: String,
    pub(super) line: usize,
    /// Set if it stands in a condition other than one that tells kbuild from a person.
    pub(super) is_conditional: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `=`, `:=`, `::=` and `:::=`.
    Set,
    /// `?=`.
    Default,
    /// `+=`.
    Append,
}

/// A rule, with the lines of its recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) targets: Vec<String>,
    pub(super) recipe: Vec<(usize, String)>,
    pub(super) line: usize,
}

/// A file that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Makefile {
    pub(super) assignments: Vec<Assignment>,
    pub(super) rules: Vec<Rule>,
}

impl Makefile {
    pub(super) fn read(text: &str) -> Self {
        let mut file = Self::default();
        let mut conditions: Vec<bool> = Vec::new();
        let (mut in_rule, mut in_define) = (false, false);
        for (line, text) in logical_lines(text) {
            let words = text.trim();
            let first = words.split([' ', '\t', '(']).next().unwrap_or_default();
            match first {
                "endef" => in_define = false,
                _ if in_define => {}
                "define" => in_define = true,
                _ if in_rule && text.starts_with('\t') => {
                    if let Some(rule) = file.rules.last_mut().filter(|_| !words.is_empty()) {
                        rule.recipe.push((line, words.to_owned()));
                    }
                }
                "" => {}
                "ifeq" | "ifneq" | "ifdef" | "ifndef" => {
                    conditions.push(!KBUILD_CONDITIONS.iter().any(|known| words.contains(known)));
                }
                "endif" => drop(conditions.pop()),
                "else" => {}
                _ => {
                    let words = without_comment(words);
                    let is_conditional = conditions.iter().any(|other| *other);
                    if let Some(assignment) = assignment(&words, line, is_conditional) {
                        in_rule = false;
                        file.assignments.push(assignment);
                    } else if let Some(rule) = rule(&words, line) {
                        in_rule = true;
                        file.rules.push(rule);
                    }
                }
            }
        }
        file
    }

    /// The values of all variables, as the last line that decides leaves them.
    pub(super) fn variables(&self) -> BTreeMap<&str, String> {
        let mut variables: BTreeMap<&str, String> = BTreeMap::new();
        for Assignment { name, operator, value, .. } in &self.assignments {
            match (variables.get_mut(name.as_str()), operator) {
                (None, _) => drop(variables.insert(name, value.clone())),
                (Some(_), Operator::Default) => {}
                (Some(old), Operator::Set) => old.clone_from(value),
                (Some(old), Operator::Append) => {
                    if old.len() < LONGEST_LINE {
                        old.extend([" ", value]);
                    }
                }
            }
        }
        variables
    }

    /// The rule that make without targets begins with.
    pub(super) fn default_rule(&self) -> Option<&Rule> {
        self.rules
            .iter()
            .find(|rule| rule.targets.first().is_some_and(|target| !target.starts_with('.') && !target.contains('%')))
    }
}

/// Lines with their numbers; a backslash at its end joins a line with the next one.
fn logical_lines(text: &str) -> impl Iterator<Item = (usize, Cow<'_, str>)> {
    let mut lines = text.lines().enumerate();
    std::iter::from_fn(move || {
        let (at, first) = lines.next()?;
        let Some(start) = first.strip_suffix('\\') else { return Some((at + 1, Cow::Borrowed(first))) };
        let mut joined = start.to_owned();
        for (_, next) in lines.by_ref() {
            let part = next.strip_suffix('\\');
            if joined.len() + next.len() < LONGEST_LINE {
                joined.push(' ');
                joined.push_str(part.unwrap_or(next).trim_start());
            }
            if part.is_none() {
                break;
            }
        }
        Some((at + 1, Cow::Owned(joined)))
    })
}

/// A line without its comment; `\#` is no comment.
fn without_comment(line: &str) -> String {
    let mut kept = String::new();
    for c in line.chars().take(LONGEST_LINE) {
        if c == '#' {
            if !kept.ends_with('\\') {
                break;
            }
            kept.pop();
        }
        kept.push(c);
    }
    kept.trim_end().to_owned()
}

fn assignment(line: &str, number: usize, is_conditional: bool) -> Option<Assignment> {
    let mut rest = line;
    for word in ["export", "override", "private"] {
        let after = rest.strip_prefix(word).filter(|after| after.starts_with([' ', '\t']));
        rest = after.map_or(rest, str::trim_start);
    }
    let end = rest.find(|c: char| !is_of_name(c)).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    let rest = rest.trim_start();
    let operators = [
        (":::=", Operator::Set),
        ("::=", Operator::Set),
        (":=", Operator::Set),
        ("?=", Operator::Default),
        ("+=", Operator::Append),
        ("=", Operator::Set),
    ];
    let (operator, value) =
        operators.iter().find_map(|(sign, operator)| Some((*operator, rest.strip_prefix(sign)?.trim())))?;
    let value = value.to_owned();
    (!name.is_empty()).then(|| Assignment { name: name.to_owned(), operator, value, line: number, is_conditional })
}

/// Checks whether a character can stand in a name such as `obj-$(CONFIG_X)`. The `+` of `+=` is none of it.
fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.$(){}/".contains(c)
}

fn rule(line: &str, number: usize) -> Option<Rule> {
    let (targets, _) = line.split_once(':')?;
    let targets: Vec<String> = targets.split_whitespace().map(str::to_owned).collect();
    (!targets.is_empty()).then(|| Rule { targets, recipe: Vec::new(), line: number })
}

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

/// Expands `$(NAME)` and `${NAME}`. `None` if a variable is not known, a function is called, or the text gets too long.
pub(super) fn expand(text: &str, variables: &BTreeMap<&str, String>) -> Option<String> {
    let mut out = String::new();
    expand_into(&mut out, text, variables, DEEPEST, &mut MOST_EXPANSIONS.clone())?;
    Some(out)
}

fn expand_into(
    out: &mut String,
    text: &str,
    variables: &BTreeMap<&str, String>,
    depth: usize,
    left: &mut usize,
) -> Option<()> {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let close = match after.chars().next()? {
            '(' => ')',
            '{' => '}',
            _ => return None,
        };
        let (name, after) = after[1..].split_once(close)?;
        match name {
            // The folder itself.
            "obj" | "src" | "PWD" | "CURDIR" => out.push('.'),
            _ => {
                *left = left.checked_sub(1)?;
                expand_into(out, variables.get(name)?, variables, depth.checked_sub(1)?, left)?;
            }
        }
        rest = after;
        if out.len() > LONGEST_LINE {
            return None;
        }
    }
    out.push_str(rest);
    (out.len() <= LONGEST_LINE).then_some(())
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

    #[test]
    fn lines_of_both_branches_are_read() {
        let text = "\
# obj-m := commented.o
ifneq ($(KERNELRELEASE),)
\tobj-m := a.o \\
  b.o # more
else
KDIR ?= /lib/modules/$(shell uname -r)/build
.PHONY: all
all: modules
modules:
\t$(MAKE) -C $(KDIR) \\
\t\tM=$(PWD) modules

ifeq ($(DEBUG),y)
export CFLAGS += -g \\# x
endif
endif
define x
obj-m := never.o
endef
";
        let file = Makefile::read(text);
        let assignments: Vec<_> =
            file.assignments.iter().map(|a| (a.line, a.name.as_str(), a.value.as_str(), a.is_conditional)).collect();
        assert_eq!(
            assignments,
            [
                (3, "obj-m", "a.o  b.o", false),
                (6, "KDIR", "/lib/modules/$(shell uname -r)/build", false),
                (14, "CFLAGS", "-g # x", true)
            ]
        );
        assert_eq!(file.default_rule().unwrap().targets, ["all"]);
        assert_eq!(file.rules[2].recipe, [(10, "$(MAKE) -C $(KDIR)  M=$(PWD) modules".to_owned())]);
    }

    #[test]
    fn variables_expand_within_bounds() {
        let file = Makefile::read("A = a$(B)\nB ?= b\nB ?= c\nB += d\nX = $(X)$(X)\nS = $(shell id)\n");
        let variables = file.variables();
        assert_eq!(expand("$(A)-${B} $(obj)/x", &variables).unwrap(), "ab d-b d ./x");
        for text in ["$(X)", "$(S)", "$(unknown)", "$", "$(", "$@"] {
            assert_eq!(expand(text, &variables), None, "{text}");
        }
        let bomb: String = (0..11).map(|n| format!("V{n} = {}\n", format!("$(V{}) ", n + 1).repeat(50))).collect();
        for last in ["V11 = x\n", "V11 =\n"] {
            assert_eq!(expand("$(V0)", &Makefile::read(&format!("{bomb}{last}")).variables()), None);
        }
    }

    #[test]
    fn words_of_a_call_stay_together() {
        assert_eq!(words(" a.o $(call f, b c) d "), ["a.o", "$(call f, b c)", "d"]);
        assert_eq!(used("$(A) ${B_1} $(shell x) $C").collect::<Vec<_>>(), ["A", "B_1"]);
    }
}
