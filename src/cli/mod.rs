//! The command line: its words and their help, and nothing else.

mod build;
mod generate;
mod kernels;
mod plan;
mod publish;
mod test;
mod verify;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

pub use build::BuildArgs;
pub use generate::GenerateArgs;
pub use kernels::KernelsArgs;
pub use plan::{PlanArgs, PlanFormat};
pub use publish::PublishArgs;
pub use test::TestArgs;
pub use verify::{ContractName, EngineName, VerifyArgs};

/// One manifest in; for every kernel a Dockerfile, its ConfigMap and its part of a KMM Module out.
#[derive(Debug, Parser)]
#[command(name = "kmodgen", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the files that the manifest asks for, and only those that differ
    #[command(after_help = generate::EXAMPLES)]
    Generate(GenerateArgs),
    /// List the mappings (module and kernel) with their state, hash and image
    Plan(PlanArgs),
    /// Tell which input of a kernel's image changed, from what to what
    Explain(ExplainArgs),
    /// Build the images that are not there yet, with podman, buildah or docker
    Build(BuildArgs),
    /// Pin every branch, tag, short commit, file and base image that is not pinned yet
    Lock(LockArgs),
    /// Pin branches, tags and files of sources again; images only with --images, or if a source is named
    Update(UpdateArgs),
    /// Commit the files that the manifest asks for to a branch of a GitOps repository, without a
    /// checkout
    #[command(after_help = publish::EXAMPLES)]
    Publish(Box<PublishArgs>),
    /// Check a built image against what KMM relies on
    #[command(after_help = verify::EXAMPLES)]
    Verify(VerifyArgs),
    /// Print the object that has KMM try all Modules on a kernel before the cluster gets it, or rank modules by the symbols
    /// that they lose on another kernel
    #[command(after_help = "\
Examples:
  kmodgen preflight 5.14.0-427.28.1.el9_4.x86_64 | kubectl apply -f -
  kmodgen preflight --symvers /usr/src/kernels/5.14.0-427.28.1.el9_4.x86_64/Module.symvers new/Module.symvers
  kmodgen preflight --symvers old/Module.symvers new/Module.symvers --image oci-archive:image.tar

Exit code: 0 printed; 1 symbols vanish or change; 2 trouble.")]
    Preflight(PreflightArgs),
    /// Try the cases in tests/ beside the manifest, and compare what comes out with snapshots/
    #[command(after_help = test::EXAMPLES)]
    Test(TestArgs),
    /// Make or update a list of kernels from what a cluster, a release or a crawler says
    #[command(after_help = kernels::EXAMPLES)]
    Kernels(KernelsArgs),
    /// Print the manifest's JSON Schema, for editors
    Schema(SchemaArgs),
    /// Render templates from stdin for a kmodgen that starts this command itself
    #[command(hide = true)]
    RenderTemplates,
}

/// Which manifest.
#[derive(Debug, Args)]
pub struct ManifestArgs {
    /// The manifest [default: kmodgen.yaml in this folder or the nearest above]
    #[arg(short, long, value_name = "MANIFEST")]
    pub file: Option<PathBuf>,
}

/// For which of the manifest's clusters.
#[derive(Debug, Args)]
pub struct ClusterArgs {
    /// Only this cluster (repeatable) [default: all]
    #[arg(long, value_name = "NAME")]
    pub cluster: Vec<String>,
}

/// Which outputs, and how they come about.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// The output folder [default: the manifest's `output.dir`, or gitops beside the manifest]
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub cluster: ClusterArgs,
    /// Only modules, kernels or MODULE/KERNEL of this name, or that this pattern matches as a whole
    /// (repeatable)
    #[arg(long, value_name = "PATTERN")]
    pub only: Vec<String>,
    /// Threads to render with [default: one per core]
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<std::num::NonZeroUsize>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub network: NetworkArgs,
}

/// Network access for servers of git, files and images.
#[derive(Debug, Args)]
pub struct NetworkArgs {
    /// Fail where kmodgen.lock does not pin everything
    #[arg(long)]
    pub locked: bool,
    /// Ask no server, whatever is missing
    #[arg(long)]
    pub offline: bool,
    /// How long to wait for a server, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}

/// Permissions for what may take something from someone.
#[derive(Debug, Args)]
pub struct SettleArgs {
    /// Overwrite and remove also what was edited by hand or is not kmodgen's; a module that is
    /// held back for its nodes' sake stays so
    #[arg(long)]
    pub force: bool,
    /// Remove mappings also where the kernel list knows of nodes that run the kernel
    #[arg(long)]
    pub allow_remove: bool,
}

/// A form of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For scripts; stable
    Json,
}

/// Arguments of `preflight`.
#[derive(Debug, Args)]
pub struct PreflightArgs {
    /// The kernel release; with --symvers, that of OLD [default: the one that OLD names]
    #[arg(required_unless_present = "symvers")]
    pub release: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub cluster: ClusterArgs,
    /// Have KMM push what it builds
    #[arg(long, conflicts_with = "symvers")]
    pub push: bool,
    /// Rank modules by the symbols that NEW lacks or has in another version: each a Module.symvers, or an image or folder
    /// with kernel headers
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"])]
    pub symvers: Vec<String>,
    /// With --symvers: an image to compare, in place of the manifest's images for OLD (repeatable)
    #[arg(long, value_name = "IMAGE", requires = "symvers")]
    pub image: Vec<String>,
    /// Check the certificates of the registry that skopeo reads from
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, default_value_t = true, default_missing_value = "true",
          num_args = 0..=1, require_equals = true, requires = "symvers")]
    pub tls_verify: bool,
    /// With --symvers: how to report
    #[arg(long, value_enum, default_value_t = Format::Text, requires = "symvers")]
    pub format: Format,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// The schema of a file of kernels in place of the manifest's
    #[arg(long)]
    pub kernels: bool,
    /// The schema of a test case in place of the manifest's
    #[arg(long, conflicts_with = "kernels")]
    pub tests: bool,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The kernel release
    pub release: String,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub output: OutputArgs,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Arguments of `lock`.
#[derive(Debug, Args)]
pub struct LockArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub network: NetworkArgs,
}

/// Arguments of `update`.
#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// Only these sources [default: all]
    #[arg(value_name = "SOURCE")]
    pub sources: Vec<String>,
    /// Move to the newest built-in templates instead, and say what that would reload
    #[arg(long, conflicts_with = "sources")]
    pub templates: bool,
    /// Move all images to the digests that their tags have now instead, and say what that would rebuild and reload
    #[arg(long, conflicts_with_all = ["sources", "templates"])]
    pub images: bool,
    /// With --images: kernels that the manifest lists keep the digests that they have, unless their `nodes` is 0
    #[arg(long, requires = "images")]
    pub new_kernels_only: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    /// How long to wait for a server, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}
