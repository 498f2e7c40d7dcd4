//! Command line of `kmodgen rollout`.

use clap::{Args, ValueEnum};

use super::{ClusterArgs, ManifestArgs, NetworkArgs};

/// Examples and exit codes at the end of the long help.
pub(super) const EXAMPLES: &str = "\
Examples:
  # Print the commands for one node, then a tenth of the nodes, then all
  kmodgen rollout driver --nodes nodes.json --waves 1,10%,100%

  # After each wave: print the rest
  oc get nodes -o json | kmodgen rollout driver --nodes - --waves 1,10%,100%

Exit codes:
  0  success
  2  error";

/// Output format of `rollout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RolloutFormat {
    /// Text with commands
    Text,
    /// JSON
    Json,
    /// Markdown, for an issue or a change request
    Markdown,
}

/// Arguments of `rollout`.
#[derive(Debug, Args)]
pub struct RolloutArgs {
    /// KMM Module to upgrade; its `version` in the manifest is the new version
    pub module: String,
    /// Nodes of the cluster, as `oc get nodes -o json` prints them; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub nodes: String,
    /// Number of nodes with the new version after each wave, such as `1,10%,100%`
    #[arg(long, value_name = "SIZES")]
    pub waves: String,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub cluster: ClusterArgs,
    /// Output format
    #[arg(long, value_enum, default_value_t = RolloutFormat::Text)]
    pub format: RolloutFormat,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub network: NetworkArgs,
}
