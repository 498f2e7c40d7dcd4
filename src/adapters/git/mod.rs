//! Git servers: resolves branches and tags to commits, without cloning, and publishes commits to
//! branches, without a checkout.
//!
//! libgit2 speaks git's protocol. The connections are this adapter's own, so that no TLS or SSH
//! library in C is needed: HTTP goes through [`ureq`], SSH through the user's `ssh`. Both use what
//! git would use: credential helpers, agents, proxies and certificate authorities.
//!
//! ```text
//! GitUrl -(config: insteadOf)-> Location -> session -> http | ssh | tcp -> stream -> libgit2
//!                                      \-> local                                      |
//!                                            \-------------> refs::Listing <---------/
//! ```

mod agent;
mod commit;
mod config;
mod credentials;
mod environment;
mod error;
mod history;
mod http;
mod local;
mod location;
mod publishing;
mod refs;
mod session;
mod ssh;
mod stream;
mod tcp;
mod unmerged;
mod work_tree;

use std::time::Duration;

pub use commit::CommitFolder;
pub use environment::GitEnvironment;
pub use error::{RefProblem, ResolveError, ServerProblem};
pub use history::texts_since;
pub use publishing::{
    CommittedFolder, Destination, Landing, Objects, PublishError, PublishTo, Start, ToRemote, is_url,
};
pub use work_tree::checkout_of;

pub use unmerged::MergeFolder;

use crate::vocabulary::{GitOid, GitRef, GitUrl};
use config::GitConfig;
use local::Local;
use location::{Location, Scheme};
use session::Session;

/// Resolves git refs to full commits.
#[derive(Debug, Clone)]
pub struct Resolver {
    timeout: Duration,
    environment: GitEnvironment,
}

impl Resolver {
    /// A resolver that gives up on a repository after `timeout`. Where there is a terminal, the
    /// time that a person takes to type a password for HTTP is not counted.
    pub fn new(timeout: Duration, environment: GitEnvironment) -> Self {
        Self { timeout, environment }
    }

    /// Resolves several refs of one repository with one connection.
    ///
    /// - A name that starts with `refs/`, and `HEAD`, are taken exactly.
    /// - Any other name is a branch or a tag; both of one name must be the same commit.
    /// - An annotated tag is the commit that it points to.
    /// - A full commit is itself. A server cannot be asked whether it has it, so none is asked;
    ///   a `file` URL's repository is looked into.
    /// - 7 to 39 hexadecimal digits that are no branch or tag are an abbreviated commit, which
    ///   must be the tip of some ref unless the repository is a `file` URL's.
    ///
    /// A server does not tell what kind of object a tag points to, so a tag of a file or a folder
    /// is found out only for a `file` URL.
    ///
    /// # Errors
    /// The outer error is about the repository, the inner ones are about the refs one by one.
    pub fn resolve(&self, url: &GitUrl, refs: &[&GitRef]) -> Result<Vec<Result<GitOid, ResolveError>>, ResolveError> {
        let mut repository = shown(url);
        let chosen = self.choose(url, refs, &mut repository);
        let chosen = chosen.map_err(|problem| ResolveError::Repository { repository: repository.clone(), problem })?;
        let about = |(name, result): (&&GitRef, Result<GitOid, RefProblem>)| {
            let repository = repository.clone();
            result.map_err(|problem| ResolveError::Ref { repository, name: (*name).clone(), problem })
        };
        Ok(refs.iter().zip(chosen).map(about).collect())
    }

    /// As [`resolve`](Self::resolve); `repository` becomes what messages call the repository.
    fn choose(
        &self,
        url: &GitUrl,
        refs: &[&GitRef],
        repository: &mut String,
    ) -> Result<Vec<Result<GitOid, RefProblem>>, ServerProblem> {
        let config = GitConfig::load(&self.environment)?;
        let rewritten = config.rewrite(url.as_str());
        let location = Location::parse(rewritten.as_deref().unwrap_or(url.as_str()))?;
        if rewritten.is_some() {
            *repository = format!("{repository} (`{location}` by git's `insteadOf`)");
        }
        if location.scheme == Scheme::File {
            let local = Local::open(&location.path)?;
            return Ok(refs.iter().map(|wanted| local.choose(wanted)).collect());
        }
        if let Some(commits) = refs.iter().map(|wanted| wanted.as_commit()).collect::<Option<Vec<_>>>() {
            return Ok(commits.into_iter().map(Ok).collect());
        }
        let listing = Session::new(location, self.environment.clone(), config, self.timeout).list()?;
        Ok(refs.iter().map(|wanted| listing.choose(wanted)).collect())
    }
}

/// A URL as its author wrote it, in quotes; over HTTP without the user name, which may be an
/// access token.
fn shown(url: &GitUrl) -> String {
    match Location::parse(url.as_str()) {
        Ok(location) if matches!(location.scheme, Scheme::Http | Scheme::Https) => format!("`{location}`"),
        _ => format!("`{}`", error::shown(url.as_str())),
    }
}
