//! Options that several commands have.

use std::path::PathBuf;

use clap::{Args, ColorChoice, ValueEnum};

/// Options of all commands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Run as if started in this folder
    #[arg(short = 'C', long, value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,
    /// Print results and errors only: no warnings, notes or progress
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Print the files that are read, the programs that are started and the servers that are accessed
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// When to use colors
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = ColorChoice::Auto, global = true)]
    pub color: ColorChoice,
}

/// Path of the manifest.
#[derive(Debug, Args)]
pub struct ManifestArgs {
    /// Path of the manifest [default: kmodgen.yaml in this folder or the nearest parent folder]
    #[arg(short, long, value_name = "MANIFEST")]
    pub file: Option<PathBuf>,
}

/// Selection of the manifest's clusters.
#[derive(Debug, Args)]
pub struct ClusterArgs {
    /// Select this cluster (repeatable) [default: all]
    #[arg(long, value_name = "NAME")]
    pub cluster: Vec<String>,
}

/// Output folder, selection of mappings, and network access.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Output folder [default: the manifest's `output.dir`, or gitops beside the manifest]
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub cluster: ClusterArgs,
    /// Select modules, kernels or MODULE/KERNEL pairs that match this pattern as a whole (repeatable)
    #[arg(long, value_name = "PATTERN")]
    pub only: Vec<String>,
    /// Number of threads [default: one for each core]
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<std::num::NonZeroUsize>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub network: NetworkArgs,
}

/// Network access for servers of git, files and images.
#[derive(Debug, Args)]
pub struct NetworkArgs {
    /// Require a complete kmodgen.lock, and do not change it
    #[arg(long)]
    pub locked: bool,
    /// Do not access the network
    #[arg(long)]
    pub offline: bool,
    /// Timeout for a server, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}

/// Permissions to overwrite files and to unload modules.
#[derive(Debug, Args)]
pub struct SettleArgs {
    /// Overwrite files that were edited or not generated, and remove edited ones; does not override the node-safety
    /// checks (see --allow-remove)
    #[arg(long)]
    pub force: bool,
    /// Unload a module from kernels that nodes run, or from all its kernels
    #[arg(long)]
    pub allow_remove: bool,
    /// Take over this module from the owner that its files name (repeatable); --force does not
    #[arg(long, value_name = "MODULE")]
    pub take_over: Vec<String>,
}

/// Output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people
    Text,
    /// JSON for scripts; stable
    Json,
}
