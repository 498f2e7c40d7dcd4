//! Command line of `kmodgen kernels`.

use std::path::PathBuf;

use clap::Args;

use super::{Format, ManifestArgs};

/// Examples and exit codes at the end of the long help.
pub(super) const EXAMPLES: &str = "\
Inputs, detected by their contents: nodes, the ImageStream driver-toolkit, `oc adm release info`
(each with -o json or -o yaml), tables of nodes, the release.txt of a mirror,
driver-toolkit-release.json, lists of OpenShift releases, ConfigMaps with OS versions and digests,
kernel-crawler's list.json, and kernel releases as text or as a list of strings. For a
driver-toolkit-release.json, REPOSITORY@sha256:...=FILE sets the image.

Examples:
  # Create a list from the cluster's nodes
  oc get nodes -o json | kmodgen kernels - -o fleet.yaml

  # Update it
  kmodgen kernels nodes.json imagestream.json --merge fleet.yaml -o fleet.yaml

  # Count the nodes of two clusters in one list
  kmodgen kernels --cluster east east.json imagestream.json --merge fleet.yaml -o fleet.yaml
  kmodgen kernels --cluster west west.json imagestream.json --merge fleet.yaml -o fleet.yaml

  # Before an upgrade: add the kernels of the next release
  kmodgen kernels nodes.json next.json driver-toolkit-release.json --add --merge fleet.yaml -o fleet.yaml

  # The same, from the registry
  kmodgen kernels --release 4.17.1 --add --merge fleet.yaml -o fleet.yaml

  # Select kernels of kernel-crawler's list
  kmodgen kernels list.json --include '.*-generic' --newer-than 5.15

Exit codes:
  0  success
  1  the FILE of --output exists and is not overwritten
  2  error";

/// OpenShift releases to read from registries.
#[derive(Debug, Args)]
#[command(next_help_heading = "Releases")]
pub struct ReleaseArgs {
    /// Read this OpenShift release and its Driver Toolkits from the registry: an image, or a version such as 4.17.1, for
    /// each --arch or for x86_64 (repeatable)
    #[arg(long, value_name = "REF")]
    pub release: Vec<String>,
    #[command(flatten)]
    pub manifest: ManifestArgs,
    /// Read images whose names start with FROM from TO instead (repeatable), before the manifest's `mirrors`
    #[arg(long, value_name = "FROM=TO", requires = "release")]
    pub mirror: Vec<String>,
    /// Access this registry over plain HTTP if it does not speak https (repeatable)
    #[arg(long, value_name = "HOST", requires = "release")]
    pub insecure_registry: Vec<String>,
    /// Timeout for an answer of a registry, in seconds; a layer may take 20 times as long
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}

/// Arguments of `kernels`.
#[derive(Debug, Args)]
pub struct KernelsArgs {
    /// Files to read; `-` is standard input
    #[arg(required_unless_present = "release", value_name = "INPUT")]
    pub inputs: Vec<String>,
    /// Write the list to this file [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Update this list; its comments, order and fields stay
    #[arg(long, value_name = "FILE")]
    pub merge: Option<PathBuf>,
    /// Count the nodes for this cluster of the manifest; the numbers of other clusters stay
    #[arg(long, value_name = "NAME")]
    pub cluster: Option<String>,
    /// Also add kernels from a driver-toolkit-release.json, before any node runs them
    #[arg(long)]
    pub add: bool,
    /// With --merge: of the kernels that no input contains any more, keep only the newest N and those that nodes run
    /// [default: keep all and mark them]
    #[arg(long, value_name = "N", requires = "merge")]
    pub keep: Option<usize>,
    /// Select kernels that match this pattern as a whole (repeatable)
    #[arg(long, value_name = "PATTERN")]
    pub include: Vec<String>,
    /// Leave out kernels that match this pattern as a whole (repeatable)
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Select kernels for this architecture, such as x86_64 or arm64 (repeatable)
    #[arg(long, value_name = "ARCH")]
    pub arch: Vec<String>,
    /// Select kernels of this flavour, such as standard, rt, 64k or aws (repeatable)
    #[arg(long, value_name = "FLAVOUR")]
    pub flavour: Vec<String>,
    /// Select kernels that are newer than this version, and than every release that starts with it
    #[arg(long, value_name = "VERSION")]
    pub newer_than: Option<String>,
    /// Overwrite the FILE of --output, whatever it contains
    #[arg(long, requires = "output")]
    pub force: bool,
    /// Output format of the report; json requires --output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub release: ReleaseArgs,
}
