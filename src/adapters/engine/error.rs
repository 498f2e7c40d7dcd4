//! Reasons why an engine did not answer.

use std::io;

/// Reason why an engine did not answer, as a lower-case fragment.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum EngineError {
    #[error("{} is not installed, or does not run", .0.join(", nor "))]
    NotInstalled(Vec<&'static str>),
    #[error("{0}")]
    NotRun(#[from] io::Error),
    #[error("{program} {command}: {words}")]
    Failed { program: &'static str, command: String, words: String },
}
