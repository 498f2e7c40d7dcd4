//! Reasons why nothing is done at a path.

use crate::ownership::Claim;

/// Why nothing is done at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Completes "it is left as it is: ".
    pub why: String,
    /// Advice on what to do; `None` if the reason is reported elsewhere.
    pub help: Option<&'static str>,
    /// The other owner that the path belongs to.
    pub owner: Option<String>,
}

/// Advice for a file that git could not merge.
pub(super) const MERGE: &str = "resolve the merge of the file by hand, or pass --force to generate it again";

/// Advice for a conflict that `--force` resolves.
pub(super) const FORCE: &str = "move your changes into the manifest or a template, then pass --force to overwrite it";

/// Advice for a file at the top that belongs to another owner.
const OWNED: &str = "write to another folder, or have only one of the manifests write the file (see `output`)";

/// Advice for a conflict that `--force` does not resolve.
pub(super) const MOVE: &str = "move it away: kmodgen does not replace folders or follow links";

impl Conflict {
    pub(super) fn new(why: impl Into<String>, help: &'static str) -> Box<Self> {
        Box::new(Self { why: why.into(), help: Some(help), owner: None })
    }

    /// A path belongs to another owner.
    pub(super) fn owned(owner: String, claim: &Claim<'_>) -> Box<Self> {
        let why = format!("it belongs to {owner}, but {}", claim.described());
        Box::new(Self { why, help: Some(OWNED), owner: Some(owner) })
    }

    /// Returns the conflict of a file whose module is not written, which is told once for all its files.
    pub fn of_module(why: &str) -> Box<Self> {
        Box::new(Self { why: why.to_owned(), help: None, owner: None })
    }
}
