//! Command line of `kmodgen plan`.

use clap::{Args, ValueEnum};

use super::{ManifestArgs, OutputArgs};

/// Output format of `plan`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// Table of each module, with what changes and why
    #[value(alias = "table")]
    Text,
    /// All mappings with their state, for scripts; stable
    Json,
    /// Images that the registry must keep, one on each line
    Images,
    /// Missing images, as a docker-bake.json for BuildKit
    Bake,
    /// Missing images, as a matrix for GitHub Actions: `{"include": […]}`
    #[value(alias = "github")]
    Matrix,
    /// Missing images, as a PipelineRun for Tekton
    Tekton,
    /// Markdown for a pull request, of at most 65,536 characters
    Markdown,
    /// Images that builds and nodes of a disconnected site pull, as input of oc-mirror; git repositories and files in
    /// comments
    Imageset,
}

/// Examples and exit codes at the end of the long help.
pub(super) const EXAMPLES: &str = "\
Examples:
  # List the mappings that change, with the reason
  kmodgen plan

  # List all mappings
  kmodgen plan --all

  # List the mappings of one module as JSON, without changing the lock
  kmodgen plan --only kmm-ci --format json --locked

  # Print the images that the registry must keep, including those of the last month's tag
  kmodgen plan --format images --since v2026-05

  # In CI: write the description of a pull request
  kmodgen plan --format markdown >description.md

  # Print what the clusters must have before KMM can build and load the modules
  kmodgen plan --requires

  # Print the images to copy to a disconnected site
  kmodgen plan --format imageset >imageset.yaml

  # Build all missing images with BuildKit
  kmodgen plan --format bake >docker-bake.json

Exit codes:
  0  success
  1  the commit of a hold cannot be read
  2  error";

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub output: OutputArgs,
    /// Output format
    #[arg(long, value_enum, default_value_t = PlanFormat::Text)]
    pub format: PlanFormat,
    /// With `--format text`: show unchanged mappings too
    #[arg(long)]
    pub all: bool,
    /// Print the secrets, service accounts, permissions and servers that the output relies on, for each cluster; with
    /// `--format text`, `json` or `markdown`
    #[arg(long)]
    pub requires: bool,
    /// With `--format images`: also print images that were in use at this git revision or later, which nodes may still
    /// need to unload modules
    #[arg(long, value_name = "REVISION")]
    pub since: Option<String>,
    /// With bake and tekton: Driver Toolkit image for kernels without a `dtk`
    #[arg(long, value_name = "IMAGE")]
    pub dtk: Option<String>,
}
