//! Names as types: a value of one of these is known to be well formed.
//!
//! Every `parse` returns [`Invalid`], which says what is wrong and what to write instead; the
//! caller adds the place in the manifest and makes it a [`Diagnostic`].

mod bounds;
mod brief;
mod date;
mod diagnostic;
mod digest;
mod file_url;
mod files;
mod flavour;
mod folder;
mod git;
pub mod go_regexp;
mod image;
mod kmod_file;
pub mod kubernetes;
mod markdown;
mod markers;
mod name;
mod package_manager;
mod path;
mod paths;
mod pattern;
mod quantity;
mod references;
mod release;
mod release_form;
mod release_text;
mod secret;
mod source;
mod timestamp;
mod version;

pub use bounds::Bounds;
pub use brief::brief;
pub use date::Date;
pub use diagnostic::{Diagnostic, Diagnostics, Label, Severity};
pub use digest::{Digest, hex_behind};
pub use file_url::FileUrl;
pub use files::{ABSENT, InputError, InputFiles, Listed, ListedKind, NoFiles, Witness, list_in_memory, listing_digest};
pub use flavour::{architecture, architecture_of, architectures, flavour_of, is_rpm_release};
pub use folder::{FolderPath, is_gits_own};
pub use git::{GitBranch, GitOid, GitRef, GitUrl, Located};
pub use go_regexp::GoRegexp;
pub use image::{ImageRef, check_tag, with_registry};
pub use kmod_file::is_kmod_file;
pub use kmodgen_yaml::{SourceId, Span, Spanned};
pub use markdown::{code_block, code_cell, code_span, html_code};
pub use markers::{first_marker, has_markers, is_marker, trimmed};
pub use name::{ClusterName, KmodName, ModuleName, Namespace, OwnerName, PinGroup, SourceName};
pub use package_manager::PackageManager;
pub use path::RelPath;
pub use paths::{is_below, is_within};
pub use pattern::Pattern;
pub use quantity::Quantity;
pub use references::{EXPANDING, Piece, pieces, written_out};
pub use release::KernelRelease;
pub use release_form::normalised;
pub use release_text::{is_release_like, release_in};
pub use secret::{
    FILE_LOGIN, GIT_LOGIN, MASK, PUBLISH_LOGIN, REGISTRY_LOGIN, is_secret_name, masked, refuse_bare_login,
    refuse_secrets, secrets_in,
};
pub use source::{SourceFile, SourceMap, not_utf8};
pub use timestamp::Timestamp;
pub use version::by_version;

/// Why a text is not a value of a type: what is wrong, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    /// Description of the fault, a lower-case fragment.
    pub message: String,
    pub help: Option<String>,
    /// Set if the text is a secret, which no message shows.
    pub secret: bool,
}

impl Invalid {
    /// An error without advice.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, secret: false }
    }

    /// Adds what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The message with its advice, on one line.
    pub fn on_one_line(&self) -> String {
        let help = self.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        format!("{}{help}", self.message)
    }

    /// Marks the text as a secret.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}

/// The candidate nearest to `word`, for "did you mean"; `None` where more than a third of the
/// letters would have to change.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= word.len().max(candidate.len()).div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Joins names for a message, as in "`a`, `b` and `c`".
pub fn quoted_list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.join(""),
    }
}
