//! What a verb has to say in one word.

/// How a command that did its work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Nothing is left to do.
    Fine,
    /// Differences under `--check`, conflicts, or findings.
    NeedsSomeone,
}
