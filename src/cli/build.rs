//! Command line of `kmodgen build`.

use std::path::PathBuf;

use clap::Args;

use super::{ClusterArgs, ContractName, Format, ManifestArgs, NetworkArgs};

/// Examples and exit codes at the end of the long help.
pub(super) const EXAMPLES: &str = "\
Examples:
  # Build the images that are missing in the registry, verify and push them
  kmodgen build --verify --push

  # Build the images of one module, two at the same time, without registries
  kmodgen build --only kmm-ci --jobs 2 --offline

  # Build for one kernel, and check that the build is reproducible
  kmodgen build --only 5.14.0-427.28.1.el9_4.x86_64 --twice

  # Mount build secrets, and write SPDX documents and logs
  kmodgen build --secrets secrets --sbom sbom --logs logs

Exit codes:
  0  all images exist or were built
  1  an image could not be built, verified or pushed
  2  error";

/// Arguments of `build`.
#[derive(Debug, Args)]
pub struct BuildArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub cluster: ClusterArgs,
    /// Select modules, kernels or MODULE/KERNEL pairs that match this pattern as a whole (repeatable)
    #[arg(long, value_name = "PATTERN")]
    pub only: Vec<String>,
    /// Number of images to build at the same time
    #[arg(short, long, value_name = "N", default_value = "1")]
    pub jobs: std::num::NonZeroUsize,
    /// Engine to build with [default: the first of podman, buildah and docker that is installed]
    #[arg(long, value_enum)]
    pub engine: Option<crate::adapters::engine::EngineKind>,
    /// Verify each image before tagging it
    #[arg(long)]
    pub verify: bool,
    /// With --verify: KMM version that will load modules from the images
    #[arg(long, value_enum, value_name = "KMM", default_value_t = ContractName::Any, requires = "verify")]
    pub contract: ContractName,
    /// Build each image a second time without the layer cache, and fail if the result differs
    #[arg(long)]
    pub twice: bool,
    /// Push built images, and local images that the registry lacks
    #[arg(long)]
    pub push: bool,
    /// Continue after a failed build
    #[arg(long)]
    pub keep_going: bool,
    /// Driver Toolkit image for kernels without a `dtk`
    #[arg(long, value_name = "IMAGE")]
    pub dtk: Option<String>,
    /// Folder with the build secrets, one subfolder for each, named like the secret
    #[arg(long, value_name = "DIR")]
    pub secrets: Option<PathBuf>,
    /// Folder for the logs [default: a new temporary folder]
    #[arg(long, value_name = "DIR")]
    pub logs: Option<PathBuf>,
    /// Write an SPDX document for each built image to this folder
    #[arg(long, value_name = "DIR")]
    pub sbom: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub network: NetworkArgs,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
