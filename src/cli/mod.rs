//! Command line: arguments and their help.

mod build;
mod deferred;
mod diff;
mod explain;
mod generate;
mod hold;
mod import;
mod init;
mod kernels;
mod lint;
mod lock;
mod plan;
mod preflight;
mod promote;
mod publish;
mod rollout;
mod schema;
mod setup;
mod shared;
mod status;
mod test;
mod update;
mod verify;

use clap::{CommandFactory as _, Parser, Subcommand};

use deferred::Deferred;

pub use build::BuildArgs;
pub use diff::{DiffArgs, DiffFormat};
pub use explain::ExplainArgs;
pub use generate::GenerateArgs;
pub use hold::HoldArgs;
pub use import::ImportArgs;
pub use init::InitArgs;
pub use kernels::KernelsArgs;
pub use lint::{DeniedSeverity, LintArgs, LintFormat};
pub use lock::LockArgs;
pub use plan::{PlanArgs, PlanFormat};
pub use preflight::PreflightArgs;
pub use promote::PromoteArgs;
pub use publish::PublishArgs;
pub use rollout::{RolloutArgs, RolloutFormat};
pub use schema::SchemaArgs;
pub use setup::{CompletionsArgs, DoctorArgs, ManArgs, TemplatesCommand, TemplatesShowArgs};
pub use shared::{ClusterArgs, Format, GlobalArgs, ManifestArgs, NetworkArgs, OutputArgs, SettleArgs};
pub use status::{StatusArgs, StatusFormat};
pub use test::TestArgs;
pub use update::UpdateArgs;
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

/// Commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first manifest for a repository with kernel modules
    #[command(after_long_help = init::EXAMPLES)]
    Init(Deferred<InitArgs>),
    /// Write a manifest for Modules that people wrote, with every image as it is
    #[command(after_long_help = import::EXAMPLES)]
    Import(Deferred<ImportArgs>),
    /// Generate or update the output files
    #[command(after_long_help = generate::EXAMPLES)]
    Generate(Deferred<GenerateArgs>),
    /// List the mappings (modules on kernels) with their state, hash and image
    #[command(after_long_help = plan::EXAMPLES)]
    Plan(Deferred<PlanArgs>),
    /// Show what changes on nodes between two git revisions, or since one
    #[command(after_long_help = diff::EXAMPLES)]
    Diff(Deferred<DiffArgs>),
    /// Explain why images changed
    #[command(after_long_help = explain::EXAMPLES)]
    Explain(Deferred<ExplainArgs>),
    /// Build missing images with podman, buildah or docker
    #[command(after_long_help = build::EXAMPLES)]
    Build(Deferred<BuildArgs>),
    /// Pin git refs, downloads and base images that are not pinned yet
    #[command(after_long_help = lock::EXAMPLES)]
    Lock(Deferred<LockArgs>),
    /// Update the pins of git refs and downloads, or of images or templates
    #[command(after_long_help = update::EXAMPLES)]
    Update(Deferred<UpdateArgs>),
    /// Copy the pins of a module from one group of clusters to another
    ///
    /// Checks that the images of all kernels in both groups are the same then, and does not write kmodgen.lock otherwise.
    #[command(after_long_help = promote::EXAMPLES)]
    Promote(Deferred<PromoteArgs>),
    /// Commit the output files to a branch of a GitOps repository
    #[command(after_long_help = publish::EXAMPLES)]
    Publish(Deferred<Box<PublishArgs>>),
    /// Keep a module's files as they were in a commit, list such holds, or end one
    #[command(after_long_help = hold::EXAMPLES)]
    Hold(Deferred<HoldArgs>),
    /// Print the commands that upgrade the nodes of a Module in waves
    ///
    /// Prints the node labels for KMM's ordered upgrade and the checks between waves. Runs none of these commands.
    #[command(after_long_help = rollout::EXAMPLES)]
    Rollout(Deferred<RolloutArgs>),
    /// Check that KMM can load modules from an image
    #[command(after_long_help = verify::EXAMPLES)]
    Verify(Deferred<VerifyArgs>),
    /// Check the modules against another kernel before an upgrade
    ///
    /// Prints a PreflightValidation, with which KMM checks all Modules against a kernel. With --symvers, compares the
    /// symbols of two kernels instead.
    #[command(after_long_help = preflight::EXAMPLES)]
    Preflight(Deferred<PreflightArgs>),
    /// Run the test cases in tests/ and compare the results with snapshots/
    #[command(after_long_help = test::EXAMPLES)]
    Test(Deferred<TestArgs>),
    /// Create or update a list of kernels from nodes, OpenShift releases or other lists
    #[command(after_long_help = kernels::EXAMPLES)]
    Kernels(Deferred<KernelsArgs>),
    /// Check anyone's Dockerfiles, Modules and kustomizations against what KMM does
    #[command(after_long_help = lint::EXAMPLES)]
    Lint(Deferred<LintArgs>),
    /// Show which modules are built and loaded in a cluster, and why others are not
    #[command(after_long_help = status::EXAMPLES)]
    Status(Deferred<StatusArgs>),
    /// Print the manifest's JSON Schema
    #[command(after_long_help = schema::EXAMPLES)]
    Schema(Deferred<SchemaArgs>),
    /// Print a built-in template, to copy from
    #[command(subcommand, after_long_help = setup::TEMPLATES_EXAMPLES)]
    Templates(TemplatesCommand),
    /// Check that this machine and project have what kmodgen needs
    #[command(after_long_help = setup::DOCTOR_EXAMPLES)]
    Doctor(Deferred<DoctorArgs>),
    /// Print a script that completes commands, options, modules, kernels, sources and clusters in a shell
    #[command(after_long_help = setup::COMPLETIONS_EXAMPLES)]
    Completions(Deferred<CompletionsArgs>),
    /// Print the man page, or write one for each command to a folder
    #[command(after_long_help = setup::MAN_EXAMPLES)]
    Man(Deferred<ManArgs>),
    /// Render templates from stdin for a kmodgen that starts this command itself
    #[command(hide = true)]
    RenderTemplates,
}

/// Returns the whole command line: commands have their arguments already.
pub fn whole() -> clap::Command {
    let mut command = Cli::command();
    command.build();
    command
}

/// Returns the command that does what a command of another name does in other tools.
pub fn command_for(unknown: &str) -> Option<&'static str> {
    Some(match unknown {
        "check" => "kmodgen generate --check",
        "validate" => "kmodgen plan",
        "render" | "template" | "apply" | "gen" | "run" => "kmodgen generate",
        "list" | "ls" => "kmodgen plan",
        "pin" => "kmodgen lock",
        "upgrade" => "kmodgen update",
        "push" | "commit" | "deploy" => "kmodgen publish",
        "completion" => "kmodgen completions",
        "rollback" | "revert" | "freeze" => "kmodgen hold",
        "version" => "kmodgen --version",
        _ => return None,
    })
}
