//! The words of `kmodgen build`.

use std::path::PathBuf;

use clap::Args;

use super::{ClusterArgs, ContractName, Format, ManifestArgs, NetworkArgs};

/// Arguments of `build`.
#[derive(Debug, Args)]
pub struct BuildArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub cluster: ClusterArgs,
    /// Only modules, kernels or MODULE/KERNEL of this name, or that this pattern matches as a whole
    /// (repeatable)
    #[arg(long, value_name = "PATTERN")]
    pub only: Vec<String>,
    /// How many images to build at once
    #[arg(short, long, value_name = "N", default_value = "1")]
    pub jobs: std::num::NonZeroUsize,
    /// The engine [default: the first of podman, buildah and docker that is installed]
    #[arg(long, value_enum)]
    pub engine: Option<crate::adapters::engine::EngineKind>,
    /// Hold each image to what KMM relies on, before it gets its name
    #[arg(long)]
    pub verify: bool,
    /// With --verify: which KMM is to load from the images
    #[arg(long, value_enum, value_name = "KMM", default_value_t = ContractName::Any, requires = "verify")]
    pub contract: ContractName,
    /// Build each image a second time without the layer cache, and fail if the result differs
    #[arg(long)]
    pub twice: bool,
    /// Push what was built, and what is here but not in its registry
    #[arg(long)]
    pub push: bool,
    /// Go on after a build failed
    #[arg(long)]
    pub keep_going: bool,
    /// The Driver Toolkit image for kernels that name none
    #[arg(long, value_name = "IMAGE")]
    pub dtk: Option<String>,
    /// The folder with the secrets that the builds mount: one folder for each, by its name
    #[arg(long, value_name = "DIR")]
    pub secrets: Option<PathBuf>,
    /// Where logs go [default: a folder of its own among the machine's temporary files]
    #[arg(long, value_name = "DIR")]
    pub logs: Option<PathBuf>,
    /// Write an SPDX document for each image that is built: what it is built of
    #[arg(long, value_name = "DIR")]
    pub sbom: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub network: NetworkArgs,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
