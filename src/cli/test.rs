//! Command line of `kmodgen test`.

use std::path::PathBuf;

use clap::Args;

use super::{Format, ManifestArgs};

/// Examples and exit codes at the end of the long help.
pub(super) const EXAMPLES: &str = "\
Examples:
  # Run all test cases
  kmodgen test

  # Run the cases with these names
  kmodgen test kernels 'rt-.*'

  # Show each difference, and prompt whether to accept it
  kmodgen test --review

  # Accept all differences
  kmodgen test --accept

  # In CI: write a JUnit report
  kmodgen test --junit report.xml

Exit codes:
  0  all cases passed
  1  a case failed, or a snapshot is new, changed or unused
  2  a case could not run, or another error";

/// Arguments of `test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Names of test cases, or patterns that match whole names [default: all]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    /// Write new and changed snapshots, and remove those that no case uses any more
    #[arg(long, conflicts_with = "review")]
    pub accept: bool,
    /// Show each difference and prompt whether to write the snapshot; requires a terminal
    #[arg(long)]
    pub review: bool,
    /// Also write the results to this file, as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Number of threads [default: one for each core]
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<std::num::NonZeroUsize>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
