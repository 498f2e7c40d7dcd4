//! Command line of `kmodgen lock`.

use clap::Args;

use super::{ManifestArgs, NetworkArgs};

/// Examples and exit codes at the end of the long help.
pub(super) const EXAMPLES: &str = "\
Examples:
  # Pin whatever is missing in kmodgen.lock
  kmodgen lock

  # In CI: check that the lock is complete
  kmodgen lock --locked

Exit codes:
  0  success
  2  error, or an incomplete lock with --locked";

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
