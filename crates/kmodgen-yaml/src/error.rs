//! Errors of the reader.

use crate::Span;

/// One fault of a YAML text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The kind of fault.
    pub kind: ErrorKind,
    /// A lower-case fragment that names the fault.
    pub message: String,
    /// The place of the fault, and after it places that explain it, each with a label that may be empty.
    pub places: Vec<(Span, &'static str)>,
    /// Advice on what to write instead.
    pub help: Option<&'static str>,
}

/// Kind of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The text does not follow YAML's grammar, or holds a character that YAML forbids.
    Syntax,
    /// An alias has no anchor before it, or is part of what it stands for.
    Alias,
    /// The text holds a second document.
    Documents,
    /// A node has a tag other than `!!str` on a scalar.
    Tag,
    /// The values exceed the limit, with every alias written out.
    TooLarge,
    /// Collections are nested deeper than 64 levels.
    TooDeep,
    /// A key is missing, or is a list or a map.
    Key,
    /// A map has the merge key `<<`.
    MergeKey,
    /// A map has a key twice.
    DuplicateKey,
}

impl ErrorKind {
    /// Returns a stable name of the kind, such as `yaml-syntax`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Syntax => "yaml-syntax",
            Self::Alias => "yaml-alias",
            Self::Documents => "yaml-documents",
            Self::Tag => "yaml-tag",
            Self::TooLarge => "yaml-too-large",
            Self::TooDeep => "yaml-too-deep",
            Self::Key => "yaml-key",
            Self::MergeKey => "yaml-merge-key",
            Self::DuplicateKey => "yaml-duplicate-key",
        }
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>, span: Span) -> Self {
        Self { kind, message: message.into(), places: vec![(span, "")], help: None }
    }

    pub(crate) fn label(mut self, label: &'static str) -> Self {
        self.places.iter_mut().for_each(|place| place.1 = label);
        self
    }

    pub(crate) fn context(mut self, span: Span, label: &'static str) -> Self {
        self.places.push((span, label));
        self
    }

    pub(crate) fn help(self, help: &'static str) -> Self {
        Self { help: Some(help), ..self }
    }
}
