//! The words of `kmodgen generate`.

use std::path::PathBuf;

use clap::Args;

use super::{Format, ManifestArgs, OutputArgs, SettleArgs};

/// Examples at the end of the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  kmodgen generate                     write what differs, remove what is not asked for any more
  kmodgen generate --check             for CI: write nothing, exit 1 where something differs
  kmodgen generate --dry-run --diff    show what would change, line by line
  kmodgen generate --only kmm-ci       one module
  kmodgen generate --stamp built/stamp --depfile built/stamp.d    for make and ninja

Exit code: 0 done; 1 differences under --check, or conflicts; 2 trouble.";

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
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Write nothing, and say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Write nothing, ask no server, and exit 1 where anything differs
    #[arg(long)]
    pub check: bool,
    /// Show the differences, line by line
    #[arg(long)]
    pub diff: bool,
    /// Say of each mapping that changes which input did
    #[arg(long)]
    pub explain: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub settle: SettleArgs,
    /// Make this empty file newer than all that was read, where the run ends well; for make and
    /// ninja
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dry_run", "check"])]
    pub stamp: Option<PathBuf>,
    /// Write down, as a rule of a makefile, which files were read
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dry_run", "check"])]
    pub depfile: Option<PathBuf>,
}
