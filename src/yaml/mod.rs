//! YAML, read with places and written so that every reader gets the same text back.
//!
//! [`read`] gives a tree of [`Node`]s that knows where each part was written and leaves every
//! scalar as the text that the user typed: whether `1.10` is a version or a number is for the
//! decoder to know, who knows the field. [`emit`] writes a [`Yaml`] value in the small part of
//! YAML that all readers of Kubernetes objects agree on.

mod characters;
mod convert;
mod emit;
mod node;
mod places;
mod read;
mod reference;
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
pub use node::{Entry, Node, Scalar, Value};
pub use read::read;
