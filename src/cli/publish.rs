//! Command line of `kmodgen publish`.

use clap::Args;

use super::{ClusterArgs, Format, ManifestArgs, SettleArgs};

/// Examples and exit codes at the end of the long help.
pub(super) const EXAMPLES: &str = "\
Examples:
  # Commit to a repository on disk
  kmodgen publish --repo ../fleet.git --branch main --path clusters/prod

  # Commit to a repository on a server
  kmodgen publish --repo git@git.example.com:ops/fleet.git --branch main --path kmm --push

  # In CI: push to another branch, and print the data for a pull request
  kmodgen publish --repo https://git.example.com/ops/fleet.git --branch kmm/update --base main --path kmm --push --pull-request --format json

  # Check that the branch in the manifest's `publish` is up to date
  kmodgen publish --check

Exit codes:
  0  success, or nothing to publish
  1  differences with --check, conflicts, or the date of a hold has passed
  2  error";

/// Arguments of `publish`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct PublishArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub cluster: ClusterArgs,
    /// Repository, as a URL or path [default: the manifest's `publish.repo`]
    #[arg(long, value_name = "URL-or-PATH")]
    pub repo: Option<String>,
    /// Branch to commit to, created if it does not exist [default: `publish.branch`]
    #[arg(long, value_name = "BRANCH")]
    pub branch: Option<String>,
    /// Folder in the repository; `.` is its top [default: `publish.path`]
    #[arg(long, value_name = "DIR")]
    pub path: Option<String>,
    /// Branch that a new branch starts from [default: `publish.base`, or the repository's HEAD]
    #[arg(long, value_name = "BRANCH")]
    pub base: Option<String>,
    /// Push to the URL, or from the repository on disk to its remote [default: `publish.push`]
    #[arg(long)]
    pub push: bool,
    /// With --push: also run hooks of a repository in the manifest's folder or in the checkout around it
    #[arg(long)]
    pub run_hooks: bool,
    /// Template of the commit message [default: `publish.message`, or the built-in message]
    #[arg(long, value_name = "TEMPLATE")]
    pub message: Option<String>,
    /// Print branch, title and body for a pull request
    #[arg(long)]
    pub pull_request: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Print the changes without committing them
    #[arg(long)]
    pub dry_run: bool,
    /// Exit with 1 if the branch is out of date; commit nothing
    #[arg(long)]
    pub check: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub settle: SettleArgs,
    /// Publish this module again although it was reverted on the branch (repeatable)
    #[arg(long, value_name = "MODULE")]
    pub again: Vec<String>,
    /// Number of threads [default: one for each core]
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<std::num::NonZeroUsize>,
    /// Has no effect: publish always requires a complete lock
    #[arg(long)]
    pub locked: bool,
    /// Do not access the network; only for a repository on disk, without --push
    #[arg(long)]
    pub offline: bool,
    /// Timeout for the git server, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}
