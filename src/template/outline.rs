//! The blocks of a template, and what a template that extends another one would lose silently.

use std::collections::BTreeMap;
use std::ops::Range;

use minijinja::machinery::ast::{Expr, Stmt};
use minijinja::machinery::{Span, parse};

use super::syntax::syntax;

/// The blocks of a template, and its parent.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// `None` if the template extends none.
    pub(super) parent: Option<Parent>,
    /// Its blocks at any depth, by name, with the numbers of their lines from 1.
    pub(super) blocks: BTreeMap<String, Range<usize>>,
    /// Its outermost blocks, and where their names are.
    pub(super) outermost: Vec<(String, Range<usize>)>,
    /// Lost parts and their places.
    pub(super) lost: Vec<(Lost, Range<usize>)>,
}

/// The template that another one extends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parent {
    /// One of these names.
    Named(Vec<String>),
    /// A name that only rendering tells.
    Computed,
}

/// A part of a template that has no effect, or another one than it seems to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// Text, or a tag that prints, outside of blocks.
    Text,
    /// A condition or a loop around a block.
    Around,
    /// A block before `extends`, which prints twice.
    Early,
}

impl Outline {
    /// Reads a template; `None` if it is malformed.
    pub(super) fn of(text: &str) -> Option<Self> {
        let Ok(Stmt::Template(template)) = parse(text, "", syntax()) else { return None };
        let mut reader = Reader { text, outline: Self::default() };
        reader.statements(&template.children, false, false);
        Some(reader.outline)
    }
}

struct Reader<'t> {
    text: &'t str,
    outline: Outline,
}

impl Reader<'_> {
    /// Reads statements outside of blocks: `extended` if they come with an `extends`, `inside` if a
    /// condition or a loop is around them.
    fn statements(&mut self, statements: &[Stmt<'_>], extended: bool, inside: bool) {
        let extended = extended || extends(statements);
        // One message for a text with tags in it.
        let mut told = false;
        for statement in statements {
            match statement {
                Stmt::Extends(extends) => self.outline.parent = Some(parent(&extends.name)),
                Stmt::Block(block) => {
                    let place = self.place(block.span(), block.name);
                    if extended && inside {
                        self.outline.lost.push((Lost::Around, place.clone()));
                    } else if extended && self.outline.parent.is_none() {
                        self.outline.lost.push((Lost::Early, place.clone()));
                    }
                    self.outline.outermost.push((block.name.to_owned(), place));
                    self.add(block.name, block.span());
                    self.nested(&block.body);
                    told = false;
                }
                Stmt::EmitRaw(raw) if raw.raw.trim().is_empty() => {}
                Stmt::EmitRaw(raw) => self.text(&mut told, extended, raw.span(), raw.raw.trim()),
                Stmt::EmitExpr(print) => self.text(&mut told, extended, print.span(), ""),
                Stmt::Include(include) => self.text(&mut told, extended, include.span(), ""),
                Stmt::CallBlock(call) => self.text(&mut told, extended, call.span(), ""),
                Stmt::FilterBlock(filter) => self.text(&mut told, extended, filter.filter_span, ""),
                _ => bodies(statement).iter().for_each(|body| self.statements(body, extended, true)),
            }
        }
    }

    fn text(&mut self, told: &mut bool, extended: bool, span: Span, text: &str) {
        if extended && !std::mem::replace(told, true) {
            let place = self.place(span, text.lines().next().unwrap_or_default());
            self.outline.lost.push((Lost::Text, place));
        }
    }

    fn add(&mut self, block: &str, span: Span) {
        let lines = usize::from(span.start_line)..usize::from(span.end_line) + 1;
        self.outline.blocks.entry(block.to_owned()).or_insert(lines);
    }

    /// Adds all blocks in the body of a block.
    fn nested(&mut self, statements: &[Stmt<'_>]) {
        for statement in statements {
            if let Stmt::Block(block) = statement {
                self.add(block.name, block.span());
                self.nested(&block.body);
            }
            bodies(statement).iter().for_each(|body| self.nested(body));
        }
    }

    /// Finds a text in a span, or else gives the whole span.
    fn place(&self, span: Span, text: &str) -> Range<usize> {
        let whole = span.start_offset as usize..span.end_offset as usize;
        let at = self.text.get(whole.start..).and_then(|rest| rest.find(text)).filter(|_| !text.is_empty());
        at.map_or(whole.clone(), |at| whole.start + at..whole.start + at + text.len())
    }
}

/// Finds out if statements extend a template, whatever a condition says.
fn extends(statements: &[Stmt<'_>]) -> bool {
    statements.iter().any(|statement| match statement {
        Stmt::Extends(_) => true,
        Stmt::IfCond(condition) => extends(&condition.true_body) && extends(&condition.false_body),
        _ => false,
    })
}

/// The statements in a statement that is no block and captures nothing.
fn bodies<'s, 't>(statement: &'s Stmt<'t>) -> Vec<&'s [Stmt<'t>]> {
    match statement {
        Stmt::IfCond(condition) => vec![&condition.true_body, &condition.false_body],
        Stmt::ForLoop(repeat) => vec![&repeat.body, &repeat.else_body],
        Stmt::WithBlock(with) => vec![&with.body],
        Stmt::AutoEscape(escape) => vec![&escape.body],
        _ => Vec::new(),
    }
}

fn parent(name: &Expr<'_>) -> Parent {
    fn names(name: &Expr<'_>) -> Option<Vec<String>> {
        if let Expr::IfExpr(choice) = name {
            return Some([names(&choice.true_expr)?, names(choice.false_expr.as_ref()?)?].concat());
        }
        name.as_const()?.as_str().map(|name| vec![name.to_owned()])
    }
    names(name).map_or(Parent::Computed, Parent::Named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_found() {
        for (text, expected) in [
            ("{% extends 'a' %}\n{% block b %}x{% endblock %}\n", vec![]),
            ("{% extends 'a' %}{% set x = 1 %}{% import 'm' as m %}{% macro f() %}x{% endmacro %}{# c #}", vec![]),
            ("{% extends 'a' %}{% set x %}text{% endset %}{% if 1 %}{% set x = 2 %}{% endif %}", vec![]),
            ("{% extends 'a' %}{% block b %}{% if 1 %}{% block c %}{% endblock %}{% endif %}{% endblock %}", vec![]),
            ("FROM a\n{% block b %}{% endblock %}{% if 1 %}{% block c %}{% endblock %}{% endif %}", vec![]),
            ("{% if 0 %}{% extends 'a' %}{% endif %}FROM a\n{% block b %}{% endblock %}", vec![]),
            ("{% extends 'a' %}\nLABEL a={{ b }} c\n", vec![(Lost::Text, "LABEL a=")]),
            ("LABEL a\n{% extends 'a' %}", vec![(Lost::Text, "LABEL a")]),
            (
                "{% extends 'a' %}{{ b }}{% block c %}{% endblock %}\n d\n",
                vec![(Lost::Text, "{{ b }}"), (Lost::Text, "d")],
            ),
            ("{% extends 'a' %}{% include 'b' %}", vec![(Lost::Text, "{% include 'b' %}")]),
            ("{% extends 'a' %}{% if 1 %}{% for x in [] %}b{% endfor %}{% endif %}", vec![(Lost::Text, "b")]),
            ("{% if 0 %}{% extends 'a' %}{% else %}{% extends 'b' %}{% endif %}c", vec![(Lost::Text, "c")]),
            ("{% extends 'a' %}{% if 1 %}{% block b %}{% endblock %}{% endif %}", vec![(Lost::Around, "b")]),
            ("{% block b %}{% endblock %}{% extends 'a' %}", vec![(Lost::Early, "b")]),
        ] {
            let lost = Outline::of(text).unwrap().lost;
            assert_eq!(lost.len(), expected.len(), "{text}: {lost:?}");
            for ((lost, place), (kind, part)) in lost.into_iter().zip(expected) {
                let found = text[place].trim();
                assert!(lost == kind && part.contains(found) && !found.is_empty(), "{text}: {lost:?} {found}");
            }
        }
    }

    #[test]
    fn parents_are_names_or_computed() {
        for (text, expected) in [
            ("a", None),
            ("{% extends 'a' ~ 'b' %}", Some(Parent::Named(vec!["ab".into()]))),
            ("{% extends 'a' if x else 'b' %}", Some(Parent::Named(vec!["a".into(), "b".into()]))),
            ("{% extends x %}", Some(Parent::Computed)),
        ] {
            assert_eq!(Outline::of(text).unwrap().parent, expected, "{text}");
        }
    }
}
