//! Command line of `kmodgen import`.

use std::path::PathBuf;

use clap::Args;

use super::shared::Format;

/// Examples and exit codes at the end of the long help.
pub(super) const EXAMPLES: &str = "\
Every image stays as it is, so KMM loads, reloads and unloads nothing: each Module is generated
again in memory, and what KMM does with it is compared with the old one on every known kernel.
Existing files are never overwritten.

Examples:
  # From files beside each other
  kmodgen import deploy/ -o kmods

  # From the cluster, with a literal mapping for each kernel in nodes.json, of `oc get nodes -o json`
  oc get module,configmap -n drivers -o yaml | kmodgen import - --nodes nodes.json -o kmods

  # From what kustomize makes of patches and name prefixes
  kubectl kustomize overlays/prod | kmodgen import - -o kmods

  # From the Dockerfile that KMM builds, to sources, steps and kmods
  kmodgen import deploy/ --convert driver -o kmods

Exit codes:
  0  success
  1  a file exists and is not overwritten, a Module is not imported, or values are left to fill in
  2  error; nothing is written";

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Files and folders with Modules, ManagedClusterModules, ConfigMaps and kustomizations; `-` is standard input
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,
    /// The folder for kmodgen.yaml and fleet.yaml
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// The cluster's nodes, as `oc get nodes -o json` prints them; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "kernels")]
    pub nodes: Option<String>,
    /// Convert the hand-written Dockerfile of one Module, or of its mapping for one kernel, to fields of a manifest
    #[arg(long, value_name = "MODULE[/KERNEL]")]
    pub convert: Option<String>,
    /// A list of kernels, in any form that `kmodgen kernels` reads
    #[arg(long, value_name = "FILE")]
    pub kernels: Option<String>,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
