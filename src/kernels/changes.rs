//! What an import changes in a list.

use serde::Serialize;

/// The releases that are treated in each way, in the order of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Those that the list had not.
    pub added: Vec<String>,
    /// Those of which more is known now.
    pub changed: Vec<Change>,
    /// Those that are as they were.
    pub unchanged: usize,
    /// Those that no input names any more, and that stay.
    pub vanished: Vec<String>,
    /// Those that no input names any more, and that go.
    pub dropped: Vec<String>,
}

/// A kernel of which more is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its release.
    pub release: String,
    /// What is new, such as `dtk`, `labels.os` or `nodes 3 -> 4`.
    pub what: Vec<String>,
}
