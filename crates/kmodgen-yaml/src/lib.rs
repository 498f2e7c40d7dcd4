//! YAML, read with a place for every value and written so that every reader agrees.
//!
//! [`read`] returns a tree of [`Node`]s. Each node carries its place in the text as a [`Span`] of byte
//! offsets, and leaves a scalar as the string that the user typed: the decoder, which knows the field,
//! decides whether `1.10` is a version or a number. All faults of a text are reported at once, as
//! [`Error`]s with places and advice.
//!
//! [`emit`] writes a [`Yaml`] value in the small part of YAML that all readers of Kubernetes objects
//! take the same way. [`Node::to_yaml`] turns what was read into what is written.
//!
//! The grammar is that of YAML 1.2.2; the behaviour of other readers was tried with kubectl, kustomize
//! and PyYAML.
#![warn(missing_docs)]

mod characters;
mod convert;
mod duplicates;
mod emit;
mod error;
mod merge;
mod node;
mod places;
mod read;
mod reference;
mod span;
mod syntax;

#[cfg(test)]
mod conformance_tests;
#[cfg(test)]
mod emit_tests;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod limits_tests;
#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod syntax_tests;

pub use emit::{Pair, Yaml, emit, flow, inline};
pub use error::{Error, ErrorKind};
pub use node::{Entry, Node, Scalar, Value};
pub use read::{read, read_merging};
pub use span::{SourceId, Span, Spanned};
