//! Faults of objects and of the files that they are read from.

use kmodgen_yaml::{Node, Span};

use crate::vocabulary::Diagnostic;

/// Kind of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// A file or folder cannot be read, or is no text.
    Unreadable,
    /// A document is no YAML or JSON.
    Syntax,
    /// A field has a value of another type than Kubernetes takes, or is missing.
    Shape,
    /// A kustomization that cannot be followed.
    Kustomization,
    /// There is more than is read.
    Limit,
}

/// Fault of an object, a document or a file; all others are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub kind: ProblemKind,
    /// The message, with its place.
    pub diagnostic: Diagnostic,
}

impl ProblemKind {
    /// Returns the code of messages of this kind.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable-file",
            Self::Syntax => "object-syntax",
            Self::Shape => "object-shape",
            Self::Kustomization => "kustomization",
            Self::Limit => "too-many",
        }
    }
}

impl Problem {
    /// A fault without a place in a text.
    pub(super) fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self { kind, diagnostic: Diagnostic::error(kind.code(), message) }
    }

    /// A fault at a place.
    pub(super) fn at(kind: ProblemKind, span: Span, message: impl Into<String>) -> Self {
        Self { kind, diagnostic: Diagnostic::error(kind.code(), message).at(span, "") }
    }

    /// A value of the wrong type.
    pub(super) fn shape(node: &Node, key: &str, expected: &str) -> Self {
        let message = format!("expected {expected} for `{}`, found {}", key.escape_debug(), node.kind_name());
        Self::at(ProblemKind::Shape, first_line(node), message)
    }

    /// Adds advice.
    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.diagnostic = self.diagnostic.help(help);
        self
    }
}

/// Returns the place of a node: its start, if it is a list or a map, which may be long.
fn first_line(node: &Node) -> Span {
    if node.as_scalar().is_some() { node.span } else { node.span.at_start() }
}
