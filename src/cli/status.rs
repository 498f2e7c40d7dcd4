//! Command line of `kmodgen status`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Examples and exit codes at the end of the long help.
pub(super) const EXAMPLES: &str = "\
Inputs are told apart by their contents, in any order: nodes, modules, managedclustermodules,
nodemodulesconfigs, moduleimagesconfigs, modulebuildsignconfigs, configmaps, pods and the ImageStream
driver-toolkit, each with -o json or -o yaml. Missing kinds are named, with what they would add.

Examples:
  # Everything at once
  oc get nodes,modules,nmc,mic,mbsc,configmaps,pods -A -o json | kmodgen status -

  # From files, as a page for a web server
  kmodgen status nodes.json modules.json nodemodulesconfigs.json --format html > status.html

Exit codes:
  0  every module is loaded on every node that wants it, or KMM still works on it
  1  something is stuck or not known: a person has to act
  2  error";

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Files to read; `-` is standard input
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,
    /// Compare the images with those that this manifest plans
    #[arg(short, long, value_name = "MANIFEST")]
    pub file: Option<PathBuf>,
    /// Cluster of the manifest, if it has several
    #[arg(long, value_name = "NAME", requires = "file")]
    pub cluster: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = StatusFormat::Text)]
    pub format: StatusFormat,
}

/// Output format of the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StatusFormat {
    /// Text for people
    Text,
    /// JSON for scripts; stable
    Json,
    /// Markdown, for issues and chats
    Markdown,
    /// One HTML page without scripts or other files
    Html,
}
