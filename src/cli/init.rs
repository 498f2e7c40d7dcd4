//! Command line of `kmodgen init`.

use std::path::PathBuf;

use clap::Args;

/// Examples and exit codes at the end of the long help.
pub(super) const EXAMPLES: &str = "\
Reads Kbuild files, Makefiles, dkms.conf and configure scripts of the repository, and runs nothing
of it. Existing files are never overwritten.

Examples:
  # Write kmodgen.yaml for the newest release of a driver
  kmodgen init https://github.com/umlaeute/v4l2loopback.git

  # Also write fleet.yaml with the kernels of the cluster's nodes
  oc get nodes -o json | kmodgen init https://github.com/umlaeute/v4l2loopback.git --nodes -

  # Name the namespace and the images, and write to another folder
  kmodgen init git@git.example.com:team/driver.git --namespace drivers --image registry.example.com/drivers/a -o deploy

  # Without a network, from a clone
  kmodgen init ../driver --offline

Exit codes:
  0  success
  1  a file exists and is not overwritten, or the manifest has places to fill in
  2  error; nothing is written";

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The repository: a URL, or a folder of this machine
    #[arg(value_name = "GIT-URL")]
    pub url: String,
    /// Its branch, tag or commit [default: the newest release tag, or the default branch]
    #[arg(long = "ref", value_name = "REF")]
    pub reference: Option<String>,
    /// The cluster's nodes, as `oc get nodes -o json` prints them, for fleet.yaml; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub nodes: Option<String>,
    /// The namespace of all objects [default: kmods]
    #[arg(long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// The repository of the images [default: the registry of an OpenShift cluster, or an example]
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,
    /// The folder for kmodgen.yaml and fleet.yaml [default: this folder]
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Do not access the network: of a repository on a server, only the URL is used
    #[arg(long)]
    pub offline: bool,
    /// Timeout for a server, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}
