//! The tree that a YAML text is read into.

use std::sync::Arc;

use crate::{Span, Spanned};

/// A value and the place where it was written.
///
/// Children are shared: an alias is the very node that its anchor names.
#[derive(Debug, Clone)]
pub struct Node {
    /// Place where the node was written; for an alias, the place of the anchor.
    pub span: Span,
    /// Value of the node.
    pub value: Value,
}

/// Value of a node: a scalar, a list or a map.
#[derive(Debug, Clone)]
pub enum Value {
    /// A text, or nothing.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Arc<Node>>),
    /// Keys and their values in the order of the file; no key is there twice.
    Mapping(Vec<Entry>),
}

/// A text, not yet taken for a number, a truth value or anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The text: `1.10`, `on`, `0123` and `1_000` are exactly that.
    pub text: String,
    /// Set if the scalar has neither quotes nor a tag, so that YAML may take it for something else than a string.
    pub plain: bool,
}

/// A key of a mapping and its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key, always a text.
    pub key: Spanned<String>,
    /// Its value.
    pub value: Arc<Node>,
}

impl Scalar {
    /// Returns whether the scalar is YAML's null: `~`, `null` or nothing at all, unquoted.
    pub fn is_null(&self) -> bool {
        self.plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    /// The name of the kind that YAML's core schema gives it: "a string", "an integer", "a number",
    /// "a boolean" or "nothing".
    pub fn kind_name(&self) -> &'static str {
        let unsigned = self.text.strip_prefix(['-', '+']).unwrap_or(&self.text);
        let starts_as_number = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        match self.text.as_str() {
            _ if self.is_null() => "nothing",
            _ if !self.plain => "a string",
            "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => "a boolean",
            text if text.parse::<i128>().is_ok_and(|number| number.to_string() == text) => "an integer",
            text if starts_as_number && text.parse::<f64>().is_ok() => "a number",
            _ => "a string",
        }
    }
}

impl Node {
    /// The scalar, where this is one.
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            Value::Sequence(_) | Value::Mapping(_) => None,
        }
    }

    /// The items, where this is a list.
    pub fn as_sequence(&self) -> Option<&[Arc<Node>]> {
        match &self.value {
            Value::Sequence(items) => Some(items),
            Value::Scalar(_) | Value::Mapping(_) => None,
        }
    }

    /// The entries, where this is a mapping.
    pub fn as_mapping(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Mapping(entries) => Some(entries),
            Value::Scalar(_) | Value::Sequence(_) => None,
        }
    }

    /// The value of a key, where this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Arc<Node>> {
        self.as_mapping()?.iter().find(|entry| *entry.key == key).map(|entry| &entry.value)
    }

    /// Returns whether the node is YAML's null.
    pub fn is_null(&self) -> bool {
        self.as_scalar().is_some_and(Scalar::is_null)
    }

    /// The name of its kind, for a message: "a map", "a list", or that of [`Scalar::kind_name`].
    pub fn kind_name(&self) -> &'static str {
        match &self.value {
            Value::Scalar(scalar) => scalar.kind_name(),
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a map",
        }
    }
}
