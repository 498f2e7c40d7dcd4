//! Command line of `kmodgen promote`.

use clap::Args;

use super::{Format, ManifestArgs};

/// Examples and exit codes at the end of the long help.
pub(super) const EXAMPLES: &str = "\
Examples:
  # Show which pins would change, and whether all kernels get the same images
  kmodgen promote driver --from staging --to prod --dry-run

  # Copy the pins of the module in kmodgen.lock
  kmodgen promote driver --from staging --to prod

  # Allow that the module `other` changes, too, which shares pins
  kmodgen promote driver --from staging --to prod --also other

Exit codes:
  0  success, or nothing to promote
  1  the images of a kernel would differ, or other modules would change; nothing was written
  2  error";

/// Arguments of `promote`.
#[derive(Debug, Args)]
pub struct PromoteArgs {
    /// Module whose pins are copied
    pub module: String,
    /// Group of pins to copy from, or a cluster
    #[arg(long, value_name = "GROUP")]
    pub from: String,
    /// Group of pins to copy to, or a cluster
    #[arg(long, value_name = "GROUP")]
    pub to: String,
    /// Allow changes of a module that shares pins with this one; can be repeated
    #[arg(long, value_name = "MODULE")]
    pub also: Vec<String>,
    /// Print the result, but do not write kmodgen.lock
    #[arg(long)]
    pub dry_run: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
}
