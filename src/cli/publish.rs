//! The words of `kmodgen publish`.

use clap::Args;

use super::{ClusterArgs, Format, ManifestArgs, SettleArgs};

/// Examples at the end of the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  kmodgen publish --repo ../fleet.git --branch main --path clusters/prod
  kmodgen publish --repo git@git.example.com:ops/fleet.git --branch main --path kmm --push
  kmodgen publish --repo https://git.example.com/ops/fleet.git --branch kmm/update --base main --path kmm
          --push --pull-request --format json      what a CI step needs to open a pull request
  kmodgen publish --check              where the manifest has `publish`: exit 1 where the branch is out of date

Exit code: 0 done, or nothing to do; 1 differences under --check, or conflicts; 2 trouble.";

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
    /// The repository: a URL, or a path [default: the manifest's `publish.repo`]
    #[arg(long, value_name = "URL-or-PATH")]
    pub repo: Option<String>,
    /// The branch, which is made where it is not there [default: `publish.branch`]
    #[arg(long, value_name = "BRANCH")]
    pub branch: Option<String>,
    /// The folder in the repository; `.` is all of it [default: `publish.path`]
    #[arg(long, value_name = "DIR")]
    pub path: Option<String>,
    /// The branch that a new one begins at [default: `publish.base`, or what the repository's HEAD is]
    #[arg(long, value_name = "BRANCH")]
    pub base: Option<String>,
    /// Push: to the URL, or from the repository on disk to its remote [default: `publish.push`]
    #[arg(long)]
    pub push: bool,
    /// With --push: run hooks of a repository in the manifest's folder or in the checkout around it
    #[arg(long)]
    pub run_hooks: bool,
    /// A template of the commit message [default: `publish.message`, or kmodgen's own]
    #[arg(long, value_name = "TEMPLATE")]
    pub message: Option<String>,
    /// Print what a pull request needs: its branch, title and body
    #[arg(long)]
    pub pull_request: bool,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Commit nothing, and say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Commit nothing, and exit 1 where the branch is not as the manifest says
    #[arg(long)]
    pub check: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub settle: SettleArgs,
    /// Threads to render with [default: one per core]
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<std::num::NonZeroUsize>,
    /// Publish is always so: the lock must be there and complete
    #[arg(long)]
    pub locked: bool,
    /// Ask no server: only for a repository on disk, and without --push
    #[arg(long)]
    pub offline: bool,
    /// How long to wait for the git server, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}
