//! Command line of `kmodgen generate`.

use std::path::PathBuf;

use clap::Args;

use super::{Format, ManifestArgs, OutputArgs, SettleArgs};

/// Examples and exit codes at the end of the long help.
pub(super) const EXAMPLES: &str = "\
Examples:
  # Update the output folder
  kmodgen generate

  # In CI: check that the output folder is up to date
  kmodgen generate --check

  # Print what would change, and why
  kmodgen generate --dry-run --diff --explain

  # Generate one module
  kmodgen generate --only kmm-ci

  # Write a stamp and a depfile for make or ninja
  kmodgen generate --stamp built/stamp --depfile built/stamp.d

Exit codes:
  0  success
  1  differences with --check, conflicts, or the date of a hold has passed
  2  error";

/// Arguments of `generate`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct GenerateArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub output: OutputArgs,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Print the changes without writing them
    #[arg(long)]
    pub dry_run: bool,
    /// Exit with 1 if the output folder is out of date; write nothing, and do not access the network
    #[arg(long)]
    pub check: bool,
    /// Print the changes of each file as a diff
    #[arg(long)]
    pub diff: bool,
    /// Print which inputs changed for each changed mapping
    #[arg(long)]
    pub explain: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub settle: SettleArgs,
    /// Write this empty file after a successful run, with the start time of the run; for make and ninja
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dry_run", "check"])]
    pub stamp: Option<PathBuf>,
    /// Write the list of inputs to this file, as a make rule
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dry_run", "check"])]
    pub depfile: Option<PathBuf>,
}
