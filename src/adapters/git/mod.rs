//! Git repositories: resolves branches and tags to commits, without cloning, and publishes commits to
//! branches, without a checkout.
//!
//! The user's own git speaks with servers, so credentials, proxies, certificates, ssh and `insteadOf` are
//! the user's. libgit2 reads and writes objects and repositories on disk.
//!
//! ```text
//! GitUrl -> Location -> Server (git ls-remote, fetch, push) -> refs::Listing -> commit and its date
//!              \-> local -----------------------------------------/
//! ```

mod commit;
mod commit_file_error;
mod error;
mod history;
mod inspection;
mod local;
mod output_history;
mod publishing;
mod refs;
mod unmerged;
mod work_tree;

use std::time::Duration;

pub use kmodgen_git::GitEnvironment;

pub use commit::CommitFolder;
pub use error::{RefProblem, ResolveError};
pub use history::texts_since;
pub use inspection::{Inspection, RefNames, folder_url};
pub use output_history::OutputHistory;
pub use publishing::{
    BranchPast, CommittedFolder, Destination, EditedTree, Landing, Objects, PublishError, PublishTo, PublishedHistory,
    Start, ToRemote, Unwritten, is_url,
};
pub use work_tree::{WorkTreeError, checkout_of};

pub use unmerged::MergeFolder;

use crate::adapters::fs::PrivateFolder;
use crate::lock::Commit;
use crate::vocabulary::{GitOid, GitRef, GitUrl, Timestamp};
use kmodgen_git::{Head, Location, Scheme, Server, ServerProblem, Tip};
use local::Local;
use refs::Listing;

/// Resolves git refs to full commits and their dates.
#[derive(Debug, Clone)]
pub struct Resolver {
    timeout: Duration,
    environment: GitEnvironment,
}

impl Resolver {
    /// A resolver that gives up on a repository after `timeout`; with a terminal after ten minutes at
    /// least, since git may be waiting for a password.
    pub fn new(timeout: Duration, environment: GitEnvironment) -> Self {
        Self { timeout, environment }
    }

    /// Resolves several refs of one repository: one connection lists refs, another one fetches the commits alone.
    ///
    /// - A name that starts with `refs/`, and `HEAD`, are taken exactly.
    /// - Any other name is a branch or a tag; both of one name must be the same commit.
    /// - An annotated tag is the commit that it points to.
    /// - A full commit is itself. If all are, no server is asked, and they have no date; a `file` URL's repository is
    ///   looked into.
    /// - 7 to 39 hexadecimal digits that are no branch or tag are an abbreviated commit, which
    ///   must be the tip of some ref unless the repository is a `file` URL's.
    ///
    /// # Errors
    /// The outer error is about the repository, the inner ones are about the refs one by one.
    pub fn resolve(&self, url: &GitUrl, refs: &[&GitRef]) -> Result<Vec<Result<Commit, ResolveError>>, ResolveError> {
        let mut repository = shown(url);
        let chosen = self.choose(url, refs, &mut repository);
        let chosen = chosen.map_err(|problem| ResolveError::Repository { repository: repository.clone(), problem })?;
        let commits = refs.iter().zip(chosen).map(|(name, result)| {
            let repository = repository.clone();
            result.map_err(|problem| ResolveError::Ref { repository, name: (*name).clone(), problem })
        });
        Ok(commits.collect())
    }

    /// Resolves refs as [`resolve`](Self::resolve) does; sets `repository` to the name that messages use for the
    /// repository.
    fn choose(
        &self,
        url: &GitUrl,
        refs: &[&GitRef],
        repository: &mut String,
    ) -> Result<Vec<Result<Commit, RefProblem>>, ServerProblem> {
        let location = Location::parse(url.as_str())?;
        if location.scheme == Scheme::File {
            return choose_here(&location, refs);
        }
        if let Some(commits) = refs.iter().map(|wanted| wanted.as_commit()).collect::<Option<Vec<_>>>() {
            return Ok(commits.into_iter().map(|id| Ok(Commit { id, date: None })).collect());
        }
        let scratch = PrivateFolder::make().map_err(|(parent, error)| ServerProblem::BadSetting {
            detail: kmodgen_git::shown(&format!("cannot create a folder in {}: {error}", parent.display())),
        })?;
        let server = Server::find(url.as_str(), &self.environment, self.timeout, scratch.path())?;
        if server.location != location {
            *repository = format!("{repository} (`{}` by git's `insteadOf`)", server.location);
        }
        if server.location.scheme == Scheme::File {
            return choose_here(&server.location, refs);
        }
        let listing = Listing::new(server.list(&[])?.into_iter().filter_map(advertised));
        let chosen: Vec<_> = refs.iter().map(|wanted| listing.choose(wanted)).collect();
        let mut dates = dates(&server, &listing, chosen.iter().filter_map(|commit| commit.as_ref().ok()))?.into_iter();
        let commits = chosen.into_iter().map(|id| {
            let id = id?;
            let date = dates.next().transpose().map_err(RefProblem::NoDate)?;
            Ok(Commit { id, date })
        });
        Ok(commits.collect())
    }
}

/// Returns the date of each commit of a server.
fn dates<'c>(
    server: &Server,
    listing: &Listing,
    commits: impl Iterator<Item = &'c GitOid>,
) -> Result<Vec<Result<Timestamp, ServerProblem>>, ServerProblem> {
    // A full commit may be the tip of no ref.
    let tips = commits.map(|commit| Tip {
        commit: commit.as_str(),
        name: listing.name_of(commit).unwrap_or_else(|| commit.as_str()),
    });
    let dates = server.commit_dates(&tips.collect::<Vec<_>>())?;
    Ok(dates.into_iter().map(|date| date.map(Timestamp::from_seconds)).collect())
}

/// Resolves refs of a repository on this machine.
fn choose_here(location: &Location, refs: &[&GitRef]) -> Result<Vec<Result<Commit, RefProblem>>, ServerProblem> {
    let local = Local::open(&location.path)?;
    Ok(refs.iter().map(|wanted| local.choose(wanted)).collect())
}

/// Name and object of a ref, if the object's id is one that git knows.
fn advertised(head: Head) -> Option<(String, GitOid)> {
    Some((head.name, GitOid::parse(&head.id).ok()?))
}

/// A URL as its author wrote it, in quotes; over HTTP without the user name, which may be an
/// access token.
fn shown(url: &GitUrl) -> String {
    match Location::parse(url.as_str()) {
        Ok(location) if matches!(location.scheme, Scheme::Http | Scheme::Https) => format!("`{location}`"),
        _ => format!("`{}`", kmodgen_git::shown(url.as_str())),
    }
}
