//! The folder that is published to, as it was in the commits of holds.

use git2::{Oid, Repository};

use super::folder::folder_in_commit;
use super::{Destination, joined};
use crate::bundle_folder::BundleFolder;
use crate::holds::{HeldFiles, Hold, HoldError};
use crate::shared_files::SHARED;
use crate::tree::OutputFolder;
use crate::vocabulary::GitOid;
use kmodgen_git::{Server, ServerProblem};

/// Start of the refs of the copy that fetched commits get, so that they are not fetched again.
const HELD: &str = "refs/kmodgen/held/";

/// The folder of a cluster in the commits of a repository that is published to.
pub struct PublishedHistory<'d> {
    destination: &'d Destination,
    /// Folder of the cluster below that of all; empty without clusters.
    below: &'d str,
}

impl Destination {
    /// Returns the folder of a cluster in the commits of the repository; `below` is empty without clusters.
    pub fn history<'d>(&'d self, below: &'d str) -> PublishedHistory<'d> {
        PublishedHistory { destination: self, below }
    }

    /// Finds the commit that a revision names; a commit of a server is fetched. A server knows branches, tags and full
    /// commit IDs.
    ///
    /// # Errors
    /// A lower-case fragment.
    pub fn resolve(&self, revision: &str) -> Result<GitOid, String> {
        let found = match &self.server {
            None => commit_of(&self.repository, revision),
            Some(server) => self.fetched_revision(server, revision).map_err(|problem| problem.to_string())?,
        };
        let found =
            found.ok_or_else(|| format!("there is no revision `{}` in {}", revision.escape_debug(), self.name))?;
        GitOid::parse(&found.to_string()).map_err(|invalid| invalid.message)
    }

    fn fetched_revision(&self, server: &Server, revision: &str) -> Result<Option<Oid>, ServerProblem> {
        if let Ok(commit) = GitOid::parse(revision) {
            return self.fetched_commit(server, commit.as_str());
        }
        let [branch, tag] = ["heads", "tags"].map(|kind| format!("refs/{kind}/{revision}"));
        let heads = server.list(&[&branch, &tag])?;
        let Some(head) = heads.iter().find(|head| head.name == branch || head.name == tag) else { return Ok(None) };
        let name = format!("{HELD}{}", head.id);
        server.fetch_to(self.repository.path(), &head.name, &name)?;
        // A tag may be an object of its own.
        let found = commit_of(&self.repository, &name);
        found.map_or(Ok(None), |commit| self.fetched_commit(server, &commit.to_string()))
    }

    /// Fetches a commit unless the copy has it.
    fn fetched_commit(&self, server: &Server, commit: &str) -> Result<Option<Oid>, ServerProblem> {
        if let Some(found) = commit_of(&self.repository, commit) {
            return Ok(Some(found));
        }
        server.fetch_to(self.repository.path(), commit, &format!("{HELD}{commit}"))?;
        Ok(commit_of(&self.repository, commit))
    }
}

impl HeldFiles for PublishedHistory<'_> {
    fn folder(&self, hold: &Hold) -> Result<Box<dyn OutputFolder>, HoldError> {
        let Self { destination, below } = self;
        let (commit, short, name) = (hold.at.as_str(), hold.short_commit(), &destination.name);
        let found = match &destination.server {
            None => Ok(commit_of(&destination.repository, commit)),
            Some(server) => destination.fetched_commit(server, commit),
        };
        let missing = match found {
            Ok(Some(id)) => {
                let [path, shared] = [*below, SHARED].map(|below| joined([destination.path.as_str(), below]));
                let shared = folder_in_commit(&destination.handles, id, &shared).ok();
                let folder = folder_in_commit(&destination.handles, id, &path).map_err(|why| HoldError {
                    why: format!("commit {short} of {name} cannot be read: {why}"),
                    help: format!("fetch the commit with all of its files, or {}", hold.advice()),
                })?;
                return Ok(Box::new(BundleFolder::new(folder).with_shared(shared)));
            }
            Ok(None) => format!("commit {short} is not in {name}"),
            Err(problem) => format!("commit {short} cannot be fetched from {name}: {problem}"),
        };
        let help = match (&destination.server, destination.repository.is_shallow()) {
            (Some(_), _) => "push the commit to a branch or tag of the repository".to_owned(),
            (None, true) => "it is a shallow clone: fetch its history with `git fetch --unshallow`".to_owned(),
            (None, false) => format!("fetch it with `git fetch origin {commit}`"),
        };
        Err(HoldError { why: missing, help: format!("{help}, or {}", hold.advice()) })
    }
}

/// Finds the commit that a revision names.
fn commit_of(repository: &Repository, revision: &str) -> Option<Oid> {
    let object = repository.revparse_single(revision).ok()?;
    object.peel_to_commit().ok().map(|commit| commit.id())
}
