//! Reasons why shell text cannot be read.

use thiserror::Error;

use crate::limits::MOST_LEVELS;

/// Reason why shell text cannot be read further.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ShellError {
    /// A quote, bracket or construct without its end.
    #[error("no matching `{0}`")]
    Unterminated(&'static str),
    /// A token where the grammar does not have it.
    #[error("unexpected `{0}`")]
    Unexpected(String),
    /// The end of the text in a construct.
    #[error("expected `{0}`, found the end of the text")]
    Missing(&'static str),
    /// More than [`MOST_LEVELS`] constructs in one another.
    #[error("more than {MOST_LEVELS} nested constructs")]
    TooDeep,
}
