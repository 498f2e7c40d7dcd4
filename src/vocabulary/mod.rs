//! Names as types: a value of one of these is known to be well formed.
//!
//! Every `parse` returns [`Invalid`], which says what is wrong and what to write instead; the
//! caller adds the place in the manifest and makes it a [`Diagnostic`].

mod diagnostic;
mod digest;
mod files;
mod git;
mod image;
mod name;
mod path;
mod pattern;
mod release;
mod source;

pub use diagnostic::{Diagnostic, Diagnostics, Label, Severity};
pub use digest::Digest;
pub use files::{ABSENT, InputFiles};
pub use git::{GitOid, GitRef, GitUrl};
pub use image::ImageRef;
pub use name::{KmodName, ModuleName, Namespace, SourceName};
pub use path::RelPath;
pub use pattern::Pattern;
pub use release::KernelRelease;
pub use source::{SourceFile, SourceId, SourceMap, Span, Spanned};

/// Why a text is not a value of a type: what is wrong, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    /// What is wrong, a lower-case fragment.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Invalid {
    /// An error without advice.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    /// Adds what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The candidate nearest to `word`, for "did you mean"; `None` where nothing is near.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
