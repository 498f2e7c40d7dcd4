//! Holds: modules whose files stay as they were in a commit until someone releases them.
//!
//! The file is canonical (the same holds have the same bytes) and has one entry for each module and cluster, in sorted
//! order. People may edit it.

mod files;
mod read;
mod write;

use std::collections::BTreeMap;

pub use files::{HeldFiles, HeldModule, HoldError};
pub use read::PlacedHolds;

use crate::manifest::decode;
use crate::vocabulary::{ClusterName, Date, GitOid, Invalid, ModuleName};

/// The name of the file, beside the manifest.
pub const FILE_NAME: &str = "kmodgen.holds.yaml";

/// Largest number of characters of a reason.
const LONGEST_REASON: usize = 500;

/// A module whose files stay as they were in a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The module.
    pub module: ModuleName,
    /// The cluster; `None` if the manifest has no clusters.
    pub cluster: Option<ClusterName>,
    /// The commit.
    pub at: GitOid,
    /// Reason, on one line.
    pub reason: String,
    /// The last day of the hold, after which someone has to decide. The module stays held.
    pub until: Date,
}

impl Hold {
    /// Returns whether its date has passed.
    pub fn is_overdue(&self, today: Date) -> bool {
        self.until < today
    }

    /// Returns the beginning of the commit's ID, for messages.
    pub fn short_commit(&self) -> &str {
        let id = self.at.as_str();
        id.get(..12).unwrap_or(id)
    }

    /// Returns the command that ends it.
    pub fn release_command(&self) -> String {
        let cluster = self.cluster.as_ref().map(|cluster| format!(" --cluster {cluster}")).unwrap_or_default();
        format!("kmodgen hold {}{cluster} --release", self.module)
    }

    /// Returns advice on how to end it.
    pub fn advice(&self) -> String {
        format!("release the module with `{}`", self.release_command())
    }

    /// Checks a reason.
    ///
    /// # Errors
    /// An empty reason, one that is too long, or one with control characters.
    pub fn check_reason(text: &str) -> Result<String, Invalid> {
        if text.trim().is_empty() {
            return Err(Invalid::new("the reason is empty").help("write why the module is held"));
        }
        if text.chars().count() > LONGEST_REASON {
            let message = format!("the reason has more than {LONGEST_REASON} characters");
            return Err(Invalid::new(message).help("write it in a sentence, with a link to the rest"));
        }
        decode::line(text)
    }
}

/// A module and the cluster that it is in, by name.
type ClusterModule = (ModuleName, Option<ClusterName>);

/// Holds of a project, one for each module and cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holds(BTreeMap<ClusterModule, Hold>);

impl Holds {
    /// Adds a hold; replaces the one of the same module and cluster.
    pub fn insert(&mut self, hold: Hold) {
        self.0.insert((hold.module.clone(), hold.cluster.clone()), hold);
    }

    /// Removes those holds of a module whose cluster `is_wanted`; returns them.
    pub fn release(&mut self, module: &str, is_wanted: impl Fn(Option<&ClusterName>) -> bool) -> Vec<Hold> {
        let (released, kept) = std::mem::take(&mut self.0)
            .into_iter()
            .partition(|((name, cluster), _)| name.as_str() == module && is_wanted(cluster.as_ref()));
        self.0 = kept;
        let released: BTreeMap<ClusterModule, Hold> = released;
        released.into_values().collect()
    }

    /// Returns all holds, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Hold> {
        self.0.values()
    }

    /// Returns the holds of a cluster.
    pub fn of_cluster(&self, cluster: Option<&ClusterName>) -> impl Iterator<Item = &Hold> {
        self.iter().filter(move |hold| hold.cluster.as_ref() == cluster)
    }

    /// Returns whether there are no holds.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
