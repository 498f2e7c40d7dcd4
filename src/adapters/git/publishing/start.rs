//! Start of a new commit: the branch, or the base of a new branch.

use git2::Oid;

use super::error::PublishError;
use super::folder::descend;
use super::{Destination, branch, known};
use crate::adapters::git::local::unreadable;
use crate::vocabulary::{GitBranch, nearest};
use kmodgen_git::{FETCHED, Head, ObjectId, Server, ServerProblem, shown};

/// Commit and tree that a new commit goes on top of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// The commit; none where the repository has none yet.
    pub parent: Option<Oid>,
    /// Commit of the branch; `None` if there is no such branch yet.
    pub(super) at: Option<Oid>,
    /// The tree at the path.
    pub(super) folder: Option<ObjectId>,
}

impl Start {
    /// Returns whether the branch exists.
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
        let (at, parent) = match &self.server {
            Some(server) => self.fetched(server)?,
            None => self.found()?,
        };
        let tree = parent.map(|id| self.repository.find_commit(id).map(|commit| commit.tree_id())).transpose()?;
        let tree = tree.map(known).transpose()?;
        let folder = descend(&self.handles, tree, &self.path)?;
        let branch = self.branch.to_string();
        let folder = folder.map_err(|(path, what)| PublishError::InTheWay { branch, path: shown(&path), what })?;
        Ok(Start { parent, at, folder })
    }

    /// Returns the commit of the branch, and the commit that a new one goes on top of.
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

    /// Fetches the commit that the branch is at, or that it is to begin at.
    fn fetched(&self, server: &Server) -> Result<(Option<Oid>, Option<Oid>), PublishError> {
        let name = self.branch.full();
        let base = self.base.as_ref().map(GitBranch::full);
        let mut patterns = vec!["HEAD", &name];
        patterns.extend(base.as_deref());
        let heads = server.list(&patterns).map_err(PublishError::repository(&self.name))?;
        let head = find(&heads, "HEAD");
        let branch = find(&heads, &name);
        let from = match (branch, &self.base) {
            (Some(branch), _) => Some(branch),
            (None, Some(base)) => match find(&heads, &base.full()) {
                Some(base) => Some(base),
                None => {
                    let all = server.list(&[]).map_err(PublishError::repository(&self.name))?;
                    return Err(self.no_base(base, all.iter().filter_map(|head| head.name.strip_prefix("refs/heads/"))));
                }
            },
            (None, None) => head,
        };
        let parent = from.map(|from| self.fetch(server, from)).transpose();
        let parent = parent.map_err(PublishError::repository(&self.name))?;
        let at = branch.and(parent);
        let default = self.default.get_or_init(|| head.and_then(|head| head.target.clone()));
        let base = base.or_else(|| default.clone()).and_then(|base| Oid::from_str(&find(&heads, &base)?.id).ok());
        self.base_at.set(base);
        Ok((at, parent))
    }

    /// Fetches the commit of a ref, unless the copy has it. The ref may have moved since it was listed.
    fn fetch(&self, server: &Server, head: &Head) -> Result<Oid, ServerProblem> {
        let id = Oid::from_str(&head.id).map_err(|_| ServerProblem::Server {
            detail: "its objects have SHA-256 IDs, but kmodgen supports only SHA-1".into(),
        })?;
        if self.repository.odb().map_err(|error| unreadable(&error))?.exists(id) {
            return Ok(id);
        }
        server.fetch(self.repository.path(), &head.name)?;
        self.repository.refname_to_id(FETCHED).map_err(|error| unreadable(&error))
    }

    fn no_base<'n>(&self, base: &GitBranch, names: impl Iterator<Item = &'n str>) -> PublishError {
        let nearest = nearest(base.as_str(), names).map(shown);
        PublishError::NoBase { repository: self.name.clone(), base: base.to_string(), nearest }
    }

    /// The name of the branch that the repository's `HEAD` is, where it is known.
    pub fn default_branch(&self) -> Option<String> {
        let name = match &self.server {
            Some(_) => self.default.get().cloned().flatten()?,
            None => self.repository.find_reference("HEAD").ok()?.symbolic_target().ok()??.to_owned(),
        };
        name.strip_prefix("refs/heads/").map(str::to_owned)
    }

    /// Returns whether the branch has a commit that its base has not, as far as is known.
    pub fn is_ahead(&self, start: &Start) -> bool {
        start.at.is_some() && start.at != self.base_tip().map(|(_, at)| at)
    }

    /// Returns the commit of the base, which is fetched if it is missing; `None` if there is no base.
    ///
    /// # Errors
    /// A server that does not answer.
    pub fn base(&self) -> Result<Option<Oid>, PublishError> {
        let Some((name, at)) = self.base_tip() else { return Ok(None) };
        let Some(server) = &self.server else { return Ok(Some(at)) };
        let head = Head { id: at.to_string(), name, target: None };
        self.fetch(server, &head).map(Some).map_err(PublishError::repository(&self.name))
    }

    /// Full name and commit of the base, as far as they are known.
    fn base_tip(&self) -> Option<(String, Oid)> {
        if self.server.is_some() {
            let name = self.base.as_ref().map(GitBranch::full).or_else(|| self.default.get().cloned().flatten())?;
            return Some((name, self.base_at.get()?));
        }
        let base = self.base.clone().or_else(|| GitBranch::parse(&self.default_branch()?).ok())?;
        Some((base.full(), branch::tip(&self.repository, &base).ok().flatten()?))
    }

    /// Returns the subject of the commit that is there.
    ///
    /// # Errors
    /// A commit that cannot be read.
    pub fn subject(&self, start: &Start) -> Result<String, PublishError> {
        let Some(at) = start.at else { return Ok(String::new()) };
        let commit = self.repository.find_commit(at)?;
        let text = String::from_utf8_lossy(commit.message_bytes()).into_owned();
        Ok(text.lines().next().unwrap_or_default().to_owned())
    }
}

fn find<'h>(heads: &'h [Head], name: &str) -> Option<&'h Head> {
    heads.iter().find(|head| head.name == name)
}
