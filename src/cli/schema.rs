//! Command line of `kmodgen schema`.

use clap::Args;

/// Examples and exit codes at the end of the long help.
pub(super) const EXAMPLES: &str = "\
Examples:
  # Write the manifest's schema to a file for an editor
  kmodgen schema >kmodgen.schema.json

  # Print the schema of a test case
  kmodgen schema --tests

Exit codes:
  0  success
  2  error";

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Print the schema of a kernel list instead
    #[arg(long)]
    pub kernels: bool,
    /// Print the schema of a test case instead
    #[arg(long, conflicts_with = "kernels")]
    pub tests: bool,
    /// Print the schema of a file that a manifest includes instead
    #[arg(long, conflicts_with_all = ["kernels", "tests"])]
    pub include: bool,
}
