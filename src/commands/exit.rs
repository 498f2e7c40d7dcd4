//! Result of a command.

/// Result of a command that did its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing is left to do.
    Success,
    /// Differences under `--check`, conflicts, or findings.
    ActionNeeded,
}
