//! Command line of `kmodgen update`.

use clap::Args;

use super::ManifestArgs;

/// Examples and exit codes at the end of the long help.
pub(super) const EXAMPLES: &str = "\
Examples:
  # Update all git refs and downloads
  kmodgen update

  # Update one source
  kmodgen update kmm-kmod

  # Update base images for kernels that you add later, without reloading modules
  kmodgen update --images --new-kernels-only

  # Update all git refs and downloads of the clusters with `pins: staging`
  kmodgen update --group staging

  # Switch to the newest built-in templates
  kmodgen update --templates

Exit codes:
  0  success
  2  error";

/// Arguments of `update`.
#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// Names of sources to update, including image sources [default: all except images]
    #[arg(value_name = "SOURCE")]
    pub sources: Vec<String>,
    /// Switch to the newest built-in templates instead, and print how many mappings would be reloaded
    #[arg(long, conflicts_with = "sources")]
    pub templates: bool,
    /// Update the digests of all images instead, and print how many mappings would be rebuilt and reloaded
    #[arg(long, conflicts_with_all = ["sources", "templates"])]
    pub images: bool,
    /// With --images: keep the digests for kernels in the manifest, unless their `nodes` is 0
    #[arg(long, requires = "images")]
    pub new_kernels_only: bool,
    /// Update the pins of the clusters with `pins: GROUP` [default: those of clusters without `pins`]
    #[arg(long, value_name = "GROUP", conflicts_with = "templates")]
    pub group: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    /// Timeout for a server, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}
