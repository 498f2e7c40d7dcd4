//! The words of `kmodgen plan`.

use clap::{Args, ValueEnum};

use super::{ManifestArgs, OutputArgs};

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
