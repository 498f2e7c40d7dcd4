//! Flags that decide what is compared.

use std::path::PathBuf;

use super::BranchScope;
use crate::cli::OutputArgs;
use crate::ownership::TakeOver;
use crate::settings::{self, Only};

/// Flags that decide what is compared, and how.
pub(in crate::commands) struct Scope<'s> {
    /// The output folder, if a flag names one.
    pub(in crate::commands) output: Option<&'s PathBuf>,
    /// A part of the mappings.
    pub(in crate::commands) only: Option<&'s Only>,
    /// Number of threads.
    pub(in crate::commands) workers: usize,
    /// Set if conflicts are resolved in favour of the manifest.
    pub(in crate::commands) force: bool,
    /// Set if mappings are removed even if nodes run their kernels.
    pub(in crate::commands) allow_remove: bool,
    /// Modules that are taken over from their owners.
    pub(in crate::commands) take_over: TakeOver<'s>,
    /// The branch whose reverts are looked for.
    pub(in crate::commands) branch: Option<BranchScope<'s>>,
}

impl<'s> Scope<'s> {
    /// Returns the scope of all mappings.
    pub(in crate::commands) fn whole(workers: usize, take_over: TakeOver<'s>) -> Self {
        Self { output: None, only: None, workers, force: false, allow_remove: false, take_over, branch: None }
    }

    /// Returns the scope of a command that writes nothing.
    pub(in crate::commands) fn reading(args: &'s OutputArgs, only: Option<&'s Only>) -> Self {
        let whole = Self::whole(settings::workers(args.jobs), TakeOver::Modules(&[]));
        Self { output: args.output.as_ref(), only, ..whole }
    }
}
