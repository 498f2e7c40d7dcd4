//! Command line: arguments and their help.

mod build;
mod generate;
mod init;
mod kernels;
mod plan;
mod publish;
mod setup;
mod test;
mod verify;

use std::path::PathBuf;

use clap::{ArgAction, Args, ColorChoice, Parser, Subcommand, ValueEnum};

pub use build::BuildArgs;
pub use generate::GenerateArgs;
pub use init::InitArgs;
pub use kernels::KernelsArgs;
pub use plan::{PlanArgs, PlanFormat};
pub use publish::PublishArgs;
pub use setup::{CompletionsArgs, DoctorArgs, ManArgs, TemplatesCommand, TemplatesShowArgs};
pub use test::TestArgs;
pub use verify::{ContractName, EngineName, VerifyArgs};

const EXAMPLES: &str = "\
Examples:
  # Generate the output files of a manifest
  kmodgen generate -f examples/kmm-ci/kmodgen.yaml

  # Show the help of a command
  kmodgen help generate

Exit codes:
  0  success
  1  action needed, such as differences with --check, conflicts, findings or a failed build
  2  error";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  # Explain the images of all modules for this kernel
  kmodgen explain 5.14.0-427.28.1.el9_4.x86_64

  # Explain the image of one module as JSON
  kmodgen explain 5.14.0-427.28.1.el9_4.x86_64 --only kmm-ci --format json

Exit codes:
  0  success
  2  error";

const LOCK_EXAMPLES: &str = "\
Examples:
  # Pin whatever is missing in kmodgen.lock
  kmodgen lock

  # In CI: check that the lock is complete
  kmodgen lock --locked

Exit codes:
  0  success
  2  error, or an incomplete lock with --locked";

const UPDATE_EXAMPLES: &str = "\
Examples:
  # Update all git refs and downloads
  kmodgen update

  # Update one source
  kmodgen update kmm-kmod

  # Update base images for kernels that you add later, without reloading modules
  kmodgen update --images --new-kernels-only

  # Switch to the newest built-in templates
  kmodgen update --templates

Exit codes:
  0  success
  2  error";

const PREFLIGHT_EXAMPLES: &str = "\
Examples:
  # Let KMM check all Modules against a kernel
  kmodgen preflight 5.14.0-427.28.1.el9_4.x86_64 | kubectl apply -f -

  # Compare the symbols of two kernels
  kmodgen preflight --symvers /usr/src/kernels/5.14.0-427.28.1.el9_4.x86_64/Module.symvers new/Module.symvers

  # Compare them for one image
  kmodgen preflight --symvers old/Module.symvers new/Module.symvers --image oci-archive:image.tar

Exit codes:
  0  success
  1  with --symvers: symbols vanish or change
  2  error";

const SCHEMA_EXAMPLES: &str = "\
Examples:
  # Write the manifest's schema to a file for an editor
  kmodgen schema >kmodgen.schema.json

  # Print the schema of a test case
  kmodgen schema --tests

Exit codes:
  0  success
  2  error";

/// Generate everything that Kernel Module Management (KMM) needs to build kernel modules, from one YAML file
#[derive(Debug, Parser)]
#[command(
    name = "kmodgen",
    version,
    long_version = env!("KMODGEN_LONG_VERSION"),
    max_term_width = 100,
    after_long_help = EXAMPLES
)]
pub struct Cli {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub command: Command,
}

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
    /// Print what is read, which programs are started and which servers are asked
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// When to use colors
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = ColorChoice::Auto, global = true)]
    pub color: ColorChoice,
}

/// Commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first manifest for a repository with kernel modules
    #[command(after_long_help = init::EXAMPLES)]
    Init(InitArgs),
    /// Generate or update the output files
    #[command(after_long_help = generate::EXAMPLES)]
    Generate(GenerateArgs),
    /// List the mappings (modules on kernels) with their state, hash and image
    #[command(after_long_help = plan::EXAMPLES)]
    Plan(PlanArgs),
    /// Explain why a kernel's image changed
    #[command(after_long_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArgs),
    /// Build missing images with podman, buildah or docker
    #[command(after_long_help = build::EXAMPLES)]
    Build(BuildArgs),
    /// Pin git refs, downloads and base images that are not pinned yet
    #[command(after_long_help = LOCK_EXAMPLES)]
    Lock(LockArgs),
    /// Update the pins of git refs and downloads, or of images or templates
    #[command(after_long_help = UPDATE_EXAMPLES)]
    Update(UpdateArgs),
    /// Commit the output files to a branch of a GitOps repository
    #[command(after_long_help = publish::EXAMPLES)]
    Publish(Box<PublishArgs>),
    /// Check that KMM can load modules from an image
    #[command(after_long_help = verify::EXAMPLES)]
    Verify(VerifyArgs),
    /// Check the modules against another kernel before an upgrade
    ///
    /// Prints a PreflightValidation, with which KMM checks all Modules against a kernel. With --symvers, compares the
    /// symbols of two kernels instead.
    #[command(after_long_help = PREFLIGHT_EXAMPLES)]
    Preflight(PreflightArgs),
    /// Run the test cases in tests/ and compare the results with snapshots/
    #[command(after_long_help = test::EXAMPLES)]
    Test(TestArgs),
    /// Create or update a list of kernels from nodes, OpenShift releases or other lists
    #[command(after_long_help = kernels::EXAMPLES)]
    Kernels(KernelsArgs),
    /// Print the manifest's JSON Schema
    #[command(after_long_help = SCHEMA_EXAMPLES)]
    Schema(SchemaArgs),
    /// Print a built-in template, to copy from
    #[command(subcommand, after_long_help = setup::TEMPLATES_EXAMPLES)]
    Templates(TemplatesCommand),
    /// Check that this machine and project have what kmodgen needs
    #[command(after_long_help = setup::DOCTOR_EXAMPLES)]
    Doctor(DoctorArgs),
    /// Print a script that completes commands, options, modules, kernels, sources and clusters in a shell
    #[command(after_long_help = setup::COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArgs),
    /// Print the man page, or write one for each command to a folder
    #[command(after_long_help = setup::MAN_EXAMPLES)]
    Man(ManArgs),
    /// Render templates from stdin for a kmodgen that starts this command itself
    #[command(hide = true)]
    RenderTemplates,
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
}

/// Output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people
    Text,
    /// JSON for scripts; stable
    Json,
}

/// Arguments of `preflight`.
#[derive(Debug, Args)]
pub struct PreflightArgs {
    /// Kernel release; with --symvers, the release of OLD [default: found in OLD]
    #[arg(required_unless_present = "symvers")]
    pub release: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub cluster: ClusterArgs,
    /// Let KMM push the images that it builds
    #[arg(long, conflicts_with = "symvers")]
    pub push: bool,
    /// Sort modules by the number of symbols that NEW lacks or has in another version; each is a Module.symvers, or an
    /// image or folder with kernel headers
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"])]
    pub symvers: Vec<String>,
    /// With --symvers: image to check, instead of the manifest's images for OLD (repeatable)
    #[arg(long, value_name = "IMAGE", requires = "symvers")]
    pub image: Vec<String>,
    /// Check the registry's certificate when reading with skopeo
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, default_value_t = true, default_missing_value = "true",
          num_args = 0..=1, require_equals = true, requires = "symvers")]
    pub tls_verify: bool,
    /// With --symvers: output format
    #[arg(long, value_enum, default_value_t = Format::Text, requires = "symvers")]
    pub format: Format,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Print the schema of a kernel list instead
    #[arg(long)]
    pub kernels: bool,
    /// Print the schema of a test case instead
    #[arg(long, conflicts_with = "kernels")]
    pub tests: bool,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Kernel release
    pub release: String,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub output: OutputArgs,
    /// Output format
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
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    /// Timeout for a server, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}

/// Returns the command that does what a command of another name does in other tools.
pub fn command_for(unknown: &str) -> Option<&'static str> {
    Some(match unknown {
        "check" | "status" => "kmodgen generate --check",
        "diff" => "kmodgen generate --dry-run --diff",
        "validate" | "lint" => "kmodgen plan",
        "render" | "template" | "apply" | "gen" | "run" => "kmodgen generate",
        "list" | "ls" => "kmodgen plan",
        "pin" => "kmodgen lock",
        "upgrade" => "kmodgen update",
        "push" | "commit" | "deploy" => "kmodgen publish",
        "completion" => "kmodgen completions",
        "version" => "kmodgen --version",
        _ => return None,
    })
}
