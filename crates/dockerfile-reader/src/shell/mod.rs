//! Shell text: simple commands, and the constructs around them.
//!
//! Reads the grammar of POSIX `sh` (IEEE Std 1003.1, Shell Command Language), and what bash adds to it and Dockerfiles
//! use: `[[`, `<<<`, `&>`, `<(...)`, arrays, `function`, `$'...'`.

mod compound;
mod names;
mod reader;
mod redirects;
mod script;
mod substitutions;
mod words;

use std::borrow::Cow;

use crate::problem::Problem;
use crate::span::Span;

/// Shell text as its commands.
#[derive(Clone, Debug)]
pub struct Script<'t> {
    /// Place of the text.
    pub span: Span,
    /// Simple commands in order of their places, those in substitutions too.
    pub commands: Vec<Command<'t>>,
    /// Constructs in order of their places. A construct comes after the one that it is in.
    pub groups: Vec<Group<'t>>,
    /// Lines of here-documents.
    pub bodies: Vec<Body<'t>>,
    /// Reason why the rest of the text is missing, if it is.
    pub problem: Option<Problem>,
}

/// A simple command.
#[derive(Clone, Debug)]
pub struct Command<'t> {
    /// From its first word, assignment or redirection to its last.
    pub span: Span,
    /// Number of the construct that it is in.
    pub group: Option<usize>,
    /// Connector to the command or construct before it in its construct.
    pub before: Connector,
    /// Connector to the one after it.
    pub after: Connector,
    /// Set if `!` stands before it.
    pub is_negated: bool,
    /// Assignments before the first word.
    pub assignments: Vec<ShellAssignment<'t>>,
    /// Name of the program or function, and its arguments.
    pub words: Vec<ShellWord<'t>>,
    /// Redirections.
    pub redirects: Vec<Redirect<'t>>,
}

impl Command<'_> {
    /// Returns the name of the program if it is literal, such as `git` in `git clone "$url"`.
    #[must_use]
    pub fn program(&self) -> Option<&str> {
        self.words.first()?.literal.as_deref()
    }
}

/// Operator between two commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connector {
    /// Nothing: the start or the end of a construct.
    #[default]
    Edge,
    /// `;` or a line end.
    Sequence,
    /// `&`.
    Background,
    /// `&&`.
    And,
    /// `||`.
    Or,
    /// `|` or `|&`.
    Pipe,
}

/// A construct that has commands.
#[derive(Clone, Debug)]
pub struct Group<'t> {
    /// Kind of construct.
    pub kind: GroupKind<'t>,
    /// From its first to its last byte.
    pub span: Span,
    /// Number of the construct that it is in.
    pub group: Option<usize>,
    /// Connector to the command or construct before it.
    pub before: Connector,
    /// Connector to the one after it.
    pub after: Connector,
    /// Set if `!` stands before it.
    pub is_negated: bool,
    /// Redirections after its end.
    pub redirects: Vec<Redirect<'t>>,
}

/// Kinds of constructs. The parts of `if`, loops and `case` are constructs in it.
#[derive(Clone, Debug)]
pub enum GroupKind<'t> {
    /// `( ... )`.
    Subshell,
    /// `{ ...; }`.
    Braces,
    /// `if` up to `fi`: conditions and branches.
    If,
    /// Commands after `if`, `elif`, `while` or `until`.
    Condition,
    /// Commands after `then` or `else`.
    Branch,
    /// `while` up to `done`: condition and body.
    While,
    /// `until` up to `done`: condition and body.
    Until,
    /// `for` or `select` up to `done`, with the variable and the words after `in`.
    For(ShellWord<'t>, Vec<ShellWord<'t>>),
    /// Commands between `do` and `done`.
    Body,
    /// `case` up to `esac`, with the word.
    Case(ShellWord<'t>),
    /// Patterns and commands of a `case`.
    Arm(Vec<ShellWord<'t>>),
    /// A function with its name; its body is a construct in it.
    Function(ShellWord<'t>),
    /// `$( ... )`, `` `...` ``, `<( ... )` or `>( ... )`.
    Substitution,
    /// `(( ... ))`, which has no commands.
    Arithmetic,
}

/// `NAME=VALUE` before a command.
#[derive(Clone, Debug)]
pub struct ShellAssignment<'t> {
    /// From the name to the end of the value.
    pub span: Span,
    /// Name.
    pub name: Cow<'t, str>,
    /// Value; of an array, its first item.
    pub value: ShellWord<'t>,
}

/// A redirection.
#[derive(Clone, Debug)]
pub struct Redirect<'t> {
    /// From the file descriptor's number to the end of the target.
    pub span: Span,
    /// Number before the operator.
    pub descriptor: Option<u32>,
    /// Operator, such as `>>` or `<<-`.
    pub operator: &'static str,
    /// File, or name of a here-document.
    pub target: ShellWord<'t>,
    /// Number of a here-document's lines in [`Script::bodies`].
    pub body: Option<usize>,
}

/// Lines of a here-document.
#[derive(Clone, Debug)]
pub struct Body<'t> {
    /// Place; empty if the document is missing.
    pub span: Span,
    /// Lines, without leading tabs after `<<-`.
    pub text: Cow<'t, str>,
    /// Set if variables are expanded in it: its name has no quotes.
    pub expands: bool,
}

/// A word.
#[derive(Clone, Debug)]
pub struct ShellWord<'t> {
    /// Text as written, without the continuations of a Dockerfile.
    pub text: Cow<'t, str>,
    /// Place, which includes continuations.
    pub span: Span,
    /// Text without quotes, if nothing in it is expanded. A pattern such as `*.ko` is literal.
    pub literal: Option<Cow<'t, str>>,
    /// Set if it has an unquoted `*`, `?` or `[`.
    pub is_pattern: bool,
    /// Its parts, if something in it is expanded; else empty.
    pub parts: Vec<WordPart>,
    /// Variables in it, those in substitutions' operands too, but not those of nested commands.
    pub variables: Vec<ShellVariable>,
}

/// Part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WordPart {
    /// Text without quotes.
    Text(String),
    /// Number of a variable in [`ShellWord::variables`].
    Variable(usize),
    /// Number of the construct of a substitution.
    Group(usize),
    /// `$(( ... ))`.
    Arithmetic,
}

/// `$NAME` or `${NAME...}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellVariable {
    /// Name, or a special character such as `@`.
    pub name: String,
    /// Text after the name in braces, such as `:-x`; empty if there is none.
    pub operation: String,
    /// Place from `$` on.
    pub span: Span,
}

impl ShellWord<'_> {
    /// Returns the word with the values of its variables, if all are known and nothing else is expanded.
    ///
    /// `value` returns the value of a variable, or `None` if it is not known. Variables with an operation such as
    /// `${NAME%x}` are not resolved, except for `${NAME:-x}` and `${NAME-x}` of a variable that is known.
    pub fn resolve(&self, value: impl Fn(&str) -> Option<String>) -> Option<String> {
        if let Some(literal) = &self.literal {
            return Some(literal.to_string());
        }
        let mut resolved = String::new();
        for part in &self.parts {
            match part {
                WordPart::Text(text) => resolved.push_str(text),
                WordPart::Variable(number) => {
                    let variable = self.variables.get(*number)?;
                    let value = value(&variable.name)?;
                    let has_value = variable.operation.starts_with('-')
                        || variable.operation.starts_with(":-") && !value.is_empty();
                    if !variable.operation.is_empty() && !has_value {
                        return None;
                    }
                    resolved.push_str(&value);
                }
                WordPart::Group(_) | WordPart::Arithmetic => return None,
            }
        }
        Some(resolved)
    }
}
