//! Changes that an import makes to a list.

use serde::Serialize;

/// The releases that are treated in each way, in the order of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Kernels that the list did not have.
    pub added: Vec<String>,
    /// Kernels with new facts.
    pub changed: Vec<Change>,
    /// Number of kernels without a change.
    pub unchanged: usize,
    /// Kernels that no input names any more, and that stay.
    pub vanished: Vec<String>,
    /// Kernels that no input names any more, and that are removed.
    pub dropped: Vec<String>,
}

/// A kernel of which more is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its release.
    pub release: String,
    /// New facts, such as `dtk`, `labels.os` or `nodes 3 -> 4`.
    pub what: Vec<String>,
}
