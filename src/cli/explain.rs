//! Command line of `kmodgen explain`.

use clap::Args;

use super::{Format, ManifestArgs, OutputArgs};

/// Examples and exit codes at the end of the long help.
pub(super) const EXAMPLES: &str = "\
Examples:
  # Explain the images of all modules for this kernel
  kmodgen explain 5.14.0-427.28.1.el9_4.x86_64

  # Explain the images that changed, equal changes once
  kmodgen explain

  # Explain the image of one module as JSON
  kmodgen explain 5.14.0-427.28.1.el9_4.x86_64 --only kmm-ci --format json

Exit codes:
  0  success
  1  the commit of a hold cannot be read
  2  error";

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Kernel release [default: all kernels whose images changed]
    pub release: Option<String>,
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
