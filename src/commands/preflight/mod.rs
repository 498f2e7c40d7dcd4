//! `kmodgen preflight`: what a kernel means for the modules, before a cluster gets it.

mod symbols;
mod validation;

use anyhow::bail;

use crate::cli::PreflightArgs;
use crate::commands::Exit;

/// Runs the verb.
pub fn run(args: &PreflightArgs) -> anyhow::Result<Exit> {
    match (args.symvers.as_slice(), &args.release) {
        ([old, new], _) => symbols::run(args, old, new),
        (_, Some(release)) => validation::run(args, release),
        _ => bail!("pass a kernel release, or two kernels with --symvers OLD NEW"),
    }
}
