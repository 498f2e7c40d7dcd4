//! The words of `kmodgen test`.

use std::path::PathBuf;

use clap::Args;

use super::{Format, ManifestArgs};

/// Examples at the end of the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  kmodgen test                         all cases
  kmodgen test kernels 'rt-.*'         the cases of these names
  kmodgen test --review                show each difference, and ask whether it is meant
  kmodgen test --accept                take everything that comes out as it is meant
  kmodgen test --junit report.xml      for continuous integration

Exit code: 0 all passed; 1 something is not as expected, a snapshot that is new included; 2 trouble.";

/// Arguments of `test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Only cases of these names, or that these patterns match as a whole [default: all]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    /// Write snapshots that are new or changed, and remove those that no case has any more
    #[arg(long, conflicts_with = "review")]
    pub accept: bool,
    /// Show each difference, and ask whether to write the snapshot; needs a terminal
    #[arg(long)]
    pub review: bool,
    /// Write the results as JUnit XML, too
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Threads to render with [default: one per core]
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<std::num::NonZeroUsize>,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
