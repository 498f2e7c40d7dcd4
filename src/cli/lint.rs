//! Command line of `kmodgen lint`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::ManifestArgs;

/// Examples and exit codes at the end of the long help.
pub(super) const EXAMPLES: &str = "\
Examples:
  # Check all Dockerfiles, Modules and kustomizations of this folder
  kmodgen lint

  # Check what a kustomization renders
  kubectl kustomize overlays/north | kmodgen lint -

  # Also check that each mapping matches a kernel of the fleet
  kmodgen lint gitops --kernels fleet.yaml

  # In a pull request: also find Dockerfiles that changed under an existing tag
  kmodgen lint --since origin/main --format github

Exit codes:
  0  no findings of severity error; with --deny warnings, no warnings either
  1  findings
  2  error";

/// Arguments of `lint`.
#[derive(Debug, Args)]
pub struct LintArgs {
    /// Files and folders to check; `-` is standard input [default: this folder]
    #[arg(value_name = "PATH")]
    pub paths: Vec<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    /// Exit with 1 also if there are only warnings
    #[arg(long, value_name = "SEVERITY", value_enum)]
    pub deny: Option<DeniedSeverity>,
    /// Compare with this revision of the repository: images must change with their Dockerfiles
    #[arg(long, value_name = "REV")]
    pub since: Option<String>,
    /// Kernels that mappings must match: any input of `kmodgen kernels`, such as nodes or a list (repeatable)
    #[arg(long, value_name = "FILE")]
    pub kernels: Vec<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t = LintFormat::Text)]
    pub format: LintFormat,
}

/// Severity that fails the run, besides errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DeniedSeverity {
    /// Warnings
    Warnings,
}

/// Output format of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LintFormat {
    /// Text for people
    Text,
    /// JSON for scripts; stable
    Json,
    /// SARIF 2.1.0, for code hosts
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// A table in Markdown, for the summary of a job
    Markdown,
}
