//! Where a new commit begins: the branch, or what it is to begin at.

use std::sync::Arc;

use git2::Oid;

use super::error::PublishError;
use super::folder::descend;
use super::object::ObjectId;
use super::{Destination, branch, fetch, known};
use crate::adapters::git::error::shown;
use crate::adapters::git::session::Session;
use crate::vocabulary::{GitBranch, nearest};

/// What a new commit goes on top of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// The commit; none where the repository has none yet.
    pub parent: Option<Oid>,
    /// Where the branch is; none where it is not there yet.
    pub(super) at: Option<Oid>,
    /// The tree at the path.
    pub(super) folder: Option<ObjectId>,
}

impl Start {
    /// Whether the branch is there already.
    pub fn branch_exists(&self) -> bool {
        self.at.is_some()
    }
}

impl Destination {
    /// Finds where the branch is, or where it is to begin.
    ///
    /// # Errors
    /// A server that does not answer, a base that is not there, or a path that leads through
    /// something else than folders.
    pub fn start(&self) -> Result<Start, PublishError> {
        let (at, parent) = match &self.session {
            Some(session) => self.fetched(session)?,
            None => self.found()?,
        };
        let tree = parent.map(|id| self.repository.find_commit(id).map(|commit| commit.tree_id())).transpose()?;
        let tree = tree.map(known).transpose()?;
        let folder = descend(&self.handles, tree, &self.path)?;
        let branch = self.branch.to_string();
        let folder = folder.map_err(|(path, what)| PublishError::InTheWay { branch, path: shown(&path), what })?;
        Ok(Start { parent, at, folder })
    }

    /// Where the branch is, and which commit a new one goes on top of.
    fn found(&self) -> Result<(Option<Oid>, Option<Oid>), PublishError> {
        if let Some(at) = branch::tip(&self.repository, &self.branch)? {
            return Ok((Some(at), Some(at)));
        }
        match &self.base {
            Some(base) => match branch::tip(&self.repository, base)? {
                Some(begin) => Ok((None, Some(begin))),
                None => {
                    let branches = self.repository.references_glob("refs/heads/*")?;
                    let names = branches.filter_map(|found| found.ok()?.name().ok().map(str::to_owned));
                    let names: Vec<String> = names.collect();
                    Err(self.no_base(base, names.iter().filter_map(|name| name.strip_prefix("refs/heads/"))))
                }
            },
            // A repository without a commit has no HEAD.
            None => Ok((None, self.repository.head().ok().and_then(|head| head.peel_to_commit().ok()).map(|c| c.id()))),
        }
    }

    fn fetched(&self, session: &Arc<Session>) -> Result<(Option<Oid>, Option<Oid>), PublishError> {
        session.restart_clock();
        let name = self.branch.full();
        let choose = |heads: &fetch::Heads| match (heads.id(&name), &self.base) {
            (Some(_), _) => Ok(Some(name.clone())),
            (None, Some(base)) if heads.id(&base.full()).is_some() => Ok(Some(base.full())),
            (None, Some(base)) => Err(self.no_base(base, heads.branches())),
            (None, None) => Ok(heads.id("HEAD").map(|_| "HEAD".to_owned())),
        };
        let fetched = fetch::fetch(session, &self.repository, choose);
        let failed = |problem| PublishError::Repository { repository: self.name.clone(), problem };
        let (heads, parent) = fetched.map_err(failed)??;
        let default = self.default.get_or_init(|| heads.default_branch().map(str::to_owned));
        let base = self.base.as_ref().map(GitBranch::full).or_else(|| default.clone());
        self.base_at.set(base.and_then(|base| heads.id(&base)));
        Ok((heads.id(&name), parent))
    }

    fn no_base<'n>(&self, base: &GitBranch, names: impl Iterator<Item = &'n str>) -> PublishError {
        let nearest = nearest(base.as_str(), names).map(shown);
        PublishError::NoBase { repository: self.name.clone(), base: base.to_string(), nearest }
    }

    /// The name of the branch that the repository's `HEAD` is, where it is known.
    pub fn default_branch(&self) -> Option<String> {
        let name = match &self.session {
            Some(_) => self.default.get().cloned().flatten()?,
            None => self.repository.find_reference("HEAD").ok()?.symbolic_target().ok()??.to_owned(),
        };
        name.strip_prefix("refs/heads/").map(str::to_owned)
    }

    /// Whether the branch has a commit that its base has not, as far as is known.
    pub fn is_ahead(&self, start: &Start) -> bool {
        let base = match &self.session {
            Some(_) => self.base_at.get(),
            None => {
                let base = self.base.clone().or_else(|| GitBranch::parse(&self.default_branch()?).ok());
                base.and_then(|base| branch::tip(&self.repository, &base).ok().flatten())
            }
        };
        start.at.is_some() && start.at != base
    }

    /// Subject and body of the message of the commit that is there.
    ///
    /// # Errors
    /// A commit that cannot be read.
    pub fn message(&self, start: &Start) -> Result<(String, String), PublishError> {
        let Some(at) = start.at else { return Ok(<_>::default()) };
        let commit = self.repository.find_commit(at)?;
        let text = String::from_utf8_lossy(commit.message_bytes()).into_owned();
        let (subject, body) = text.split_once('\n').unwrap_or((&text, ""));
        Ok((subject.to_owned(), body.trim_matches('\n').to_owned()))
    }
}
