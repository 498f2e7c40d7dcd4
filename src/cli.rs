//! The command line: its words and their help, and nothing else.

mod kernels;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::contract::image::Contract;
pub use kernels::KernelsArgs;

/// One manifest in; for every kernel a Dockerfile, its ConfigMap and its part of a KMM Module out.
#[derive(Debug, Parser)]
#[command(name = "kmodgen", version, about, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the files that the manifest asks for, and only those that differ
    #[command(after_help = "\
Examples:
  kmodgen generate                     write what differs, remove what is not asked for any more
  kmodgen generate --check             for CI: write nothing, exit 1 where something differs
  kmodgen generate --dry-run --diff    show what would change, line by line
  kmodgen generate --only kmm-ci       one module
  kmodgen generate --stamp built/stamp --depfile built/stamp.d    for make and ninja

Exit code: 0 done; 1 differences under --check, or conflicts; 2 trouble.")]
    Generate(GenerateArgs),
    /// List the mappings (module and kernel) with their state, hash and image
    Plan(PlanArgs),
    /// Tell which input of a kernel's image changed, from what to what
    Explain(ExplainArgs),
    /// Build the images that are not there yet, with podman, buildah or docker
    Build(BuildArgs),
    /// Pin every branch, tag and short commit that is not pinned yet
    Lock(LockArgs),
    /// Pin branches and tags anew
    Update(UpdateArgs),
    /// Commit the files that the manifest asks for to a branch of a GitOps repository, without a
    /// checkout
    #[command(after_help = "\
Examples:
  kmodgen publish --repo ../fleet.git --branch main --path clusters/prod
  kmodgen publish --repo git@git.example.com:ops/fleet.git --branch main --path kmm --push
  kmodgen publish --repo https://git.example.com/ops/fleet.git --branch kmm/update --base main --path kmm
          --push --pull-request --format json      what a CI step needs to open a pull request
  kmodgen publish --check              where the manifest has `publish`: exit 1 where the branch is out of date

Exit code: 0 done, or nothing to do; 1 differences under --check, or conflicts; 2 trouble.")]
    Publish(Box<PublishArgs>),
    /// Check a built image against what KMM relies on
    #[command(after_help = "\
Examples:
  kmodgen verify registry.example.com/kmods/kmm-ci:5.14.0-1.el9.x86_64-0123456789ab
  kmodgen verify --release 5.14.0-1.el9.x86_64 --signed oci-archive:image.tar
  kmodgen verify \"$(buildah mount kmm-ci)\"

Exit code: 0 nothing found; 1 findings; 2 the image cannot be read.")]
    Verify(VerifyArgs),
    /// Print the object that has KMM try all Modules on a kernel before the cluster gets it
    #[command(after_help = "\
Examples:
  kmodgen preflight 5.14.0-427.28.1.el9_4.x86_64 | kubectl apply -f -

Exit code: 0 printed; 2 trouble.")]
    Preflight(PreflightArgs),
    /// Try the cases in tests/ beside the manifest, and compare what comes out with snapshots/
    #[command(after_help = "\
Examples:
  kmodgen test                         all cases
  kmodgen test kernels 'rt-.*'         the cases of these names
  kmodgen test --review                show each difference, and ask whether it is meant
  kmodgen test --accept                take everything that comes out as it is meant
  kmodgen test --junit report.xml      for continuous integration

Exit code: 0 all passed; 1 something is not as expected, a snapshot that is new included; 2 trouble.")]
    Test(TestArgs),
    /// Make or update a list of kernels from what a cluster, a release or a crawler says
    #[command(after_help = kernels::EXAMPLES)]
    Kernels(KernelsArgs),
    /// Print the manifest's JSON Schema, for editors
    Schema(SchemaArgs),
}

/// Which manifest.
#[derive(Debug, Args)]
pub struct ManifestArgs {
    /// The manifest [default: kmodgen.yaml in this folder or the nearest above]
    #[arg(short, long, value_name = "MANIFEST")]
    pub file: Option<PathBuf>,
}

/// For which of the manifest's targets.
#[derive(Debug, Args)]
pub struct TargetArgs {
    /// Only this target (repeatable) [default: all]
    #[arg(long, value_name = "NAME")]
    pub target: Vec<String>,
}

/// Which outputs, and how they come about.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// The output folder [default: the manifest's `output.dir`, or gitops beside the manifest]
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub target: TargetArgs,
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

/// Whether git servers may be asked.
#[derive(Debug, Args)]
pub struct NetworkArgs {
    /// Fail where kmodgen.lock does not pin everything
    #[arg(long)]
    pub locked: bool,
    /// Ask no server, whatever is missing
    #[arg(long)]
    pub offline: bool,
    /// How long to wait for a git server, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
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
    /// The kernel release
    pub release: String,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub target: TargetArgs,
    /// Have KMM push what it builds
    #[arg(long)]
    pub push: bool,
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

/// Arguments of `test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Only cases of these names, or that these patterns match as a whole [default: all]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    /// Write snapshots that are new or changed, and remove those that no case has any more
    #[arg(long, conflicts_with = "review")]
    pub accept: bool,
    /// Show each difference, and ask whether to write the snapshot; needs a terminal
    #[arg(long)]
    pub review: bool,
    /// Write the results as JUnit XML, too
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Threads to render with [default: one per core]
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<std::num::NonZeroUsize>,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Arguments of `generate`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct GenerateArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub output: OutputArgs,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Write nothing, and say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Write nothing, ask no server, and exit 1 where anything differs
    #[arg(long)]
    pub check: bool,
    /// Show the differences, line by line
    #[arg(long)]
    pub diff: bool,
    /// Say of each mapping that changes which input did
    #[arg(long)]
    pub explain: bool,
    /// Overwrite and remove also what was edited by hand or is not kmodgen's; a module that is
    /// held back for its nodes' sake stays so
    #[arg(long)]
    pub force: bool,
    /// Remove mappings also where the kernel list knows of nodes that run the kernel
    #[arg(long)]
    pub allow_remove: bool,
    /// Make this empty file newer than all that was read, where the run ends well; for make and
    /// ninja
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dry_run", "check"])]
    pub stamp: Option<PathBuf>,
    /// Write down, as a rule of a makefile, which files were read
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dry_run", "check"])]
    pub depfile: Option<PathBuf>,
}

/// A form in which the plan is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// A table, for people
    #[value(alias = "table")]
    Text,
    /// Every mapping with its state, for scripts; stable
    Json,
    /// The images that the registry must keep, one a line
    Images,
    /// What is to be built, as a docker-bake.json for BuildKit
    Bake,
    /// What is to be built, as a matrix for GitHub Actions: `{"include": […]}`
    #[value(alias = "github")]
    Matrix,
    /// What is to be built, as a PipelineRun for Tekton
    Tekton,
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub output: OutputArgs,
    /// How to report
    #[arg(long, value_enum, default_value_t = PlanFormat::Text)]
    pub format: PlanFormat,
    /// With --format images: also those that were in use at this revision or after it, and that
    /// nodes may still need to unload
    #[arg(long, value_name = "REVISION")]
    pub since: Option<String>,
    /// With bake and tekton: the Driver Toolkit image for kernels that name none
    #[arg(long, value_name = "IMAGE")]
    pub dtk: Option<String>,
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

/// Arguments of `build`.
#[derive(Debug, Args)]
pub struct BuildArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub target: TargetArgs,
    /// Only modules, kernels or MODULE/KERNEL of this name, or that this pattern matches as a whole
    /// (repeatable)
    #[arg(long, value_name = "PATTERN")]
    pub only: Vec<String>,
    /// How many images to build at once
    #[arg(short, long, value_name = "N", default_value = "1")]
    pub jobs: std::num::NonZeroUsize,
    /// The engine [default: the first of podman, buildah and docker that is installed]
    #[arg(long, value_enum)]
    pub engine: Option<crate::adapters::engine::Kind>,
    /// Hold each image to what KMM relies on, before it gets its name
    #[arg(long)]
    pub verify: bool,
    /// With --verify: which KMM is to load from the images
    #[arg(long, value_enum, value_name = "KMM", default_value_t = ContractName::Any, requires = "verify")]
    pub contract: ContractName,
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
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub network: NetworkArgs,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Arguments of `publish`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct PublishArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub target: TargetArgs,
    /// The repository: a URL, or a path [default: the manifest's `publish.repo`]
    #[arg(long, value_name = "URL-or-PATH")]
    pub repo: Option<String>,
    /// The branch, which is made where it is not there [default: `publish.branch`]
    #[arg(long, value_name = "BRANCH")]
    pub branch: Option<String>,
    /// The folder in the repository; `.` is all of it [default: `publish.path`]
    #[arg(long, value_name = "DIR")]
    pub path: Option<String>,
    /// The branch that a new one begins at [default: `publish.base`, or what the repository's HEAD is]
    #[arg(long, value_name = "BRANCH")]
    pub base: Option<String>,
    /// Push: to the URL, or from the repository on disk to its remote [default: `publish.push`]
    #[arg(long)]
    pub push: bool,
    /// A template of the commit message [default: `publish.message`, or kmodgen's own]
    #[arg(long, value_name = "TEMPLATE")]
    pub message: Option<String>,
    /// Print what a pull request needs: its branch, title and body
    #[arg(long)]
    pub pull_request: bool,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Commit nothing, and say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Commit nothing, and exit 1 where the branch is not as the manifest says
    #[arg(long)]
    pub check: bool,
    /// Overwrite and remove also what was edited by hand or is not kmodgen's; a module that is
    /// held back for its nodes' sake stays so
    #[arg(long)]
    pub force: bool,
    /// Remove mappings also where the kernel list knows of nodes that run the kernel
    #[arg(long)]
    pub allow_remove: bool,
    /// Threads to render with [default: one per core]
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<std::num::NonZeroUsize>,
    /// Publish is always so: the lock must be there and complete
    #[arg(long)]
    pub locked: bool,
    /// Ask no server: only for a repository on disk, and without --push
    #[arg(long)]
    pub offline: bool,
    /// How long to wait for the git server, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
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
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    /// How long to wait for a git server, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// An image, an unpacked folder, oci-archive:FILE, docker-archive:FILE or oci:DIR
    #[arg(value_name = "IMAGE")]
    pub image: String,
    /// The kernel release that it must be for [default: the one that it has modules for]
    #[arg(long, value_name = "RELEASE")]
    pub release: Option<String>,
    /// Every module must carry a signature
    #[arg(long)]
    pub signed: bool,
    /// Which KMM is to load from it
    #[arg(long, value_enum, value_name = "KMM", default_value_t = ContractName::Any)]
    pub contract: ContractName,
    /// The engine that has the image [default: the first of these that is there and has it]
    #[arg(long, value_enum, value_name = "ENGINE")]
    pub engine: Option<EngineName>,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Which KMM is to load from an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ContractName {
    /// Either
    Any,
    /// KMM 1, which runs the image: modprobe, sleep and sh
    Kmm1,
    /// KMM 2, which copies from the image: sh, mkdir and cp
    Kmm2,
}

impl From<ContractName> for Contract {
    fn from(name: ContractName) -> Self {
        match name {
            ContractName::Any => Self::Any,
            ContractName::Kmm1 => Self::Kmm1,
            ContractName::Kmm2 => Self::Kmm2,
        }
    }
}

/// A program that holds images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineName {
    /// Its storage on this machine
    Podman,
    /// Its storage on this machine
    Buildah,
    /// Its storage on this machine
    Docker,
    /// Registries
    Skopeo,
}
