//! A tolerant reader of Makefiles and Kbuild files.
//!
//! The reader knows lines, assignments, rules, conditions and files of the repository that are included, and runs nothing.
//! Both branches of a condition are read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::expansion::{LONGEST_LINE, expand, words};
use super::repository::{FileLine, ancestors, folder_of, resolved};

/// Most files and names of files that one file includes, and most files that include one another.
const MOST_INCLUDES: usize = 100;
const DEEPEST_INCLUDE: usize = 8;

/// Most bytes of the files that one file includes.
const MOST_INCLUDED: usize = 2 << 20;

/// Conditions that ask whether kbuild or a person reads the file: both branches count.
const KBUILD_CONDITIONS: [&str; 3] = ["KERNELRELEASE", "KBUILD_EXTMOD", "KBUILD_SRC"];

/// An assignment outside of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) operator: Operator,
    pub(super) value: String,
    pub(super) place: FileLine,
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
    pub(super) recipe: Vec<(FileLine, String)>,
    pub(super) place: FileLine,
}

/// A file that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Makefile {
    pub(super) assignments: Vec<Assignment>,
    pub(super) rules: Vec<Rule>,
}

/// The state of reading a file and those that it includes.
struct Reader<'t> {
    texts: &'t BTreeMap<String, String>,
    file: Makefile,
    /// Paths of the files that are being read, each included by the one before it.
    open: Vec<String>,
    /// Files and bytes that can still be included.
    left: (usize, usize),
}

impl Makefile {
    /// Reads a file of a repository, and the files that it includes.
    pub(super) fn read(path: &str, texts: &BTreeMap<String, String>) -> Self {
        let mut reader =
            Reader { texts, file: Self::default(), open: Vec::new(), left: (MOST_INCLUDES, MOST_INCLUDED) };
        reader.read(path, false);
        reader.file
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

impl Reader<'_> {
    fn read(&mut self, path: &str, in_condition: bool) {
        let Some(text) = self.texts.get(path) else { return };
        self.open.push(path.to_owned());
        let mut conditions: Vec<bool> = Vec::new();
        let (mut in_rule, mut in_define) = (false, false);
        for (line, text) in logical_lines(text) {
            let words = text.trim();
            let place = || FileLine { path: path.to_owned(), line };
            let is_conditional = in_condition || conditions.contains(&true);
            let first = words.split([' ', '\t', '(']).next().unwrap_or_default();
            match first {
                "endef" => in_define = false,
                _ if in_define => {}
                "define" => in_define = true,
                _ if in_rule && text.starts_with('\t') => {
                    if let Some(rule) = self.file.rules.last_mut().filter(|_| !words.is_empty()) {
                        rule.recipe.push((place(), words.to_owned()));
                    }
                }
                "" => {}
                "ifeq" | "ifneq" | "ifdef" | "ifndef" => {
                    conditions.push(!KBUILD_CONDITIONS.iter().any(|known| words.contains(known)));
                }
                "endif" => drop(conditions.pop()),
                "else" => {}
                "include" | "-include" | "sinclude" => {
                    in_rule = false;
                    let _ = self.include(without_comment(words).trim_start_matches(first), is_conditional);
                }
                _ => {
                    let words = without_comment(words);
                    if let Some(assignment) = assignment(&words, place(), is_conditional) {
                        in_rule = false;
                        self.file.assignments.push(assignment);
                    } else if let Some(rule) = rule(&words, place()) {
                        in_rule = true;
                        self.file.rules.push(rule);
                    }
                }
            }
        }
        self.open.pop();
    }

    /// Reads files that a line names, if they are in the repository. make looks from the folder that it runs in, which is
    /// that of the first file or one above it. `None` if nothing more can be included.
    fn include(&mut self, names: &str, is_conditional: bool) -> Option<()> {
        for word in words(names) {
            self.spend(0)?;
            let Some(names) = expand(word, &self.file.variables()) else { continue };
            for name in names.split_whitespace() {
                let Some(path) = self.included(name) else { continue };
                self.spend(self.texts[&path].len())?;
                self.read(&path, is_conditional);
            }
        }
        Some(())
    }

    /// Takes a file with its bytes from those that can be included.
    fn spend(&mut self, bytes: usize) -> Option<()> {
        self.left = (self.left.0.checked_sub(1)?, self.left.1.checked_sub(bytes)?);
        (self.open.len() < DEEPEST_INCLUDE).then_some(())
    }

    /// The path of a file that is included by this name.
    fn included(&self, name: &str) -> Option<String> {
        let (first, last) = (folder_of(self.open.first()?), folder_of(self.open.last()?));
        let mut paths = std::iter::once(last).chain(ancestors(first)).filter_map(|folder| resolved(folder, name));
        paths.find(|path| self.texts.contains_key(path) && !self.open.contains(path))
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

fn assignment(line: &str, place: FileLine, is_conditional: bool) -> Option<Assignment> {
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
    (!name.is_empty()).then(|| Assignment { name: name.to_owned(), operator, value, place, is_conditional })
}

/// Checks whether a character can stand in a name such as `obj-$(CONFIG_X)`. The `+` of `+=` is none of it.
fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.$(){}/".contains(c)
}

fn rule(line: &str, place: FileLine) -> Option<Rule> {
    let (targets, _) = line.split_once(':')?;
    let targets: Vec<String> = targets.split_whitespace().map(str::to_owned).collect();
    (!targets.is_empty()).then(|| Rule { targets, recipe: Vec::new(), place })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::testing::{makefile, repository};

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
        let file = makefile(text);
        let assignments: Vec<_> = file
            .assignments
            .iter()
            .map(|a| (a.place.line, a.name.as_str(), a.value.as_str(), a.is_conditional))
            .collect();
        assert_eq!(
            assignments,
            [
                (3, "obj-m", "a.o  b.o", false),
                (6, "KDIR", "/lib/modules/$(shell uname -r)/build", false),
                (14, "CFLAGS", "-g # x", true)
            ]
        );
        assert_eq!(file.default_rule().unwrap().targets, ["all"]);
        let [(place, command)] = file.rules[2].recipe.as_slice() else { panic!("{file:?}") };
        assert_eq!((place.line, command.as_str()), (10, "$(MAKE) -C $(KDIR)  M=$(PWD) modules"));
    }

    fn included(files: &[(&str, &str)]) -> Vec<String> {
        let file = Makefile::read(files[0].0, &repository(files).texts);
        let shown =
            |a: &Assignment| format!("{} {}={}{}", a.place, a.name, a.value, if a.is_conditional { " ?" } else { "" });
        file.assignments.iter().map(shown).collect()
    }

    #[test]
    fn files_of_the_repository_are_included() {
        assert_eq!(
            included(&[
                (
                    "src/Kbuild",
                    "DIR = $(src)/../build\ninclude $(DIR)/objs.mk # x\n-include absent.mk /etc/os.mk ../../out.mk\nifdef X\n\
                     sinclude common.mk\nendif\nZ = 1\n",
                ),
                ("build/objs.mk", "include build/deep.mk\nobj-m := a.o\n"),
                ("build/deep.mk", "A = 1\ninclude objs.mk\ninclude $(shell ls)\n"),
                ("common.mk", "B = 1\n"),
                ("build/common.mk", "never = 1\n"),
            ]),
            [
                "src/Kbuild:1 DIR=$(src)/../build",
                "build/deep.mk:1 A=1",
                "build/objs.mk:2 obj-m=a.o",
                "common.mk:1 B=1 ?",
                "src/Kbuild:7 Z=1"
            ]
        );
    }

    #[test]
    fn includes_end() {
        let many = format!("{}A = 1\n", "include a.mk b.mk\n".repeat(1000));
        let found = included(&[("Makefile", &many), ("a.mk", &many), ("b.mk", &many)]);
        assert!(found.len() <= 1 + MOST_INCLUDES, "{}", found.len());
        let large = "B = 1\n".repeat(MOST_INCLUDED / 12);
        let found = included(&[("Makefile", "include a.mk a.mk a.mk\n"), ("a.mk", &large)]);
        assert_eq!(found.len(), 2 * (MOST_INCLUDED / 12));
    }
}
