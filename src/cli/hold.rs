//! Command line of `kmodgen hold`.

use clap::Args;

use super::{ClusterArgs, Format, ManifestArgs};

/// Examples and exit codes at the end of the long help.
pub(super) const EXAMPLES: &str = "\
Examples:
  # Go back to the files of the commit before, until someone releases the module
  kmodgen hold kmm-ci --at HEAD~1 --reason 'panics on 9.4, see #12' --until 2030-01-31

  # Hold a module of one cluster at a commit of the repository that is published to
  kmodgen hold kmm-ci --cluster east --at 9fceb02d0ae598e95dc970b74767f19372d61af8 --reason 'slow' --until 2030-01-31

  # List all holds
  kmodgen hold --list

  # End a hold: the next run generates the module again
  kmodgen hold kmm-ci --release

Exit codes:
  0  success
  1  with --list: the date of a hold has passed
  2  error";

/// Arguments of `hold`.
#[derive(Debug, Args)]
pub struct HoldArgs {
    /// Module to hold or to release
    #[arg(required_unless_present = "list", conflicts_with = "list")]
    pub module: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub cluster: ClusterArgs,
    /// Git revision whose files are kept: of the repository around the output folder, or of the one that is published to
    #[arg(long, value_name = "REV", required_unless_present_any = ["list", "release"])]
    pub at: Option<String>,
    /// Reason for the hold, which every run prints
    #[arg(long, value_name = "TEXT", required_unless_present_any = ["list", "release"])]
    pub reason: Option<String>,
    /// Last day of the hold, as YYYY-MM-DD; later runs warn and exit with 1, and the module stays held
    #[arg(long, value_name = "DATE", required_unless_present_any = ["list", "release"])]
    pub until: Option<String>,
    /// End the hold
    #[arg(long, conflicts_with_all = ["at", "reason", "until"])]
    pub release: bool,
    /// List all holds
    #[arg(long, conflicts_with_all = ["at", "reason", "until", "release"])]
    pub list: bool,
    /// Repository that is published to [default: the manifest's `publish.repo`]
    #[arg(long, value_name = "URL-or-PATH")]
    pub repo: Option<String>,
    /// Folder in it [default: `publish.path`]
    #[arg(long, value_name = "DIR")]
    pub path: Option<String>,
    /// Output format of --list
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Do not access the network
    #[arg(long)]
    pub offline: bool,
    /// Timeout for the git server, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}
