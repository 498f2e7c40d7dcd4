//! Command line of `kmodgen preflight`.

use clap::{ArgAction, Args};

use super::{ClusterArgs, Format, ManifestArgs};

/// Examples and exit codes at the end of the long help.
pub(super) const EXAMPLES: &str = "\
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
