//! Command line of `kmodgen diff`.

use clap::{Args, ValueEnum};

use super::{ClusterArgs, ManifestArgs};

/// Examples and exit codes at the end of the long help.
pub(super) const EXAMPLES: &str = "\
Examples:
  # Print what the uncommitted edits change on nodes
  kmodgen diff HEAD

  # Compare a release with the main branch
  kmodgen diff v2026-05 main

  # In CI: write the text of a comment on a pull request
  kmodgen diff origin/main HEAD --format markdown >comment.md

  # Count the mappings that nodes would reload
  kmodgen diff main --format json >diff.json

Exit codes:
  0  success, whether or not anything differs
  2  error";

/// Output format of `diff`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// Text for people
    Text,
    /// JSON for scripts; stable
    Json,
    /// Markdown for a comment on a pull request, of at most 65,536 characters
    Markdown,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// Git revision to compare with, such as a branch, a tag or a commit
    #[arg(value_name = "REV1")]
    pub from: String,
    /// Git revision that is compared [default: the working tree]
    #[arg(value_name = "REV2")]
    pub to: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub cluster: ClusterArgs,
    /// Number of threads [default: one for each core]
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<std::num::NonZeroUsize>,
    /// Output format
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub format: DiffFormat,
}
