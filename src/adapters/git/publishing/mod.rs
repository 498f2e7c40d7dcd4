//! Publishing: a commit on a branch, made of the repository's own objects and a few new ones,
//! without a checkout.
//!
//! ```text
//! Destination -(git fetch)-> Start -> CommittedFolder -> reconcile -> Objects + Edits
//!      ^                                                              |
//!      |                    tree <------------------------------------/
//!      \-- branch or git push <- commit, signed
//! ```
//!
//! A repository on this machine is written to directly. That of a server has a bare, shallow copy
//! in the cache, which anyone may delete: what is there is fetched no more.

#![expect(clippy::disallowed_methods, reason = "repositories are files, and commits have a time")]

mod branch;
mod cache;
mod error;
mod folder;
mod held;
mod land;
mod outgoing;
mod past;
mod place;
mod sink;
mod start;

use std::cell::{Cell, OnceCell};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use git2::{Oid, Repository};

use super::work_tree::checkout_of;
use crate::adapters::fs::{Guard, PrivateFolder};
use crate::vocabulary::{GitBranch, RelPath};
pub use error::PublishError;
pub use folder::CommittedFolder;
use folder::descend;
pub(super) use folder::{Handles, folder_in_commit};
pub use held::PublishedHistory;
pub use kmodgen_git::Objects;
use kmodgen_git::{GitConfig, GitEnvironment, ObjectId, Server, shown};
pub use land::{EditedTree, Landing};
pub use outgoing::ToRemote;
pub use past::BranchPast;
use place::Place;
pub use place::is_url;
pub use sink::Unwritten;
pub use start::Start;

/// Time limit for waiting until another run has left the repository.
const PATIENCE: Duration = Duration::from_secs(120);

/// Target of a publication, as a user writes it.
#[derive(Debug, Clone)]
pub struct PublishTo<'o> {
    /// A URL, or an absolute path.
    pub repository: &'o str,
    /// Name in messages, if the repository is a path.
    pub shown: &'o str,
    /// The branch.
    pub branch: &'o GitBranch,
    /// The branch that a new one begins at; that of the repository's `HEAD` where absent.
    pub base: Option<&'o GitBranch>,
    /// The folder in it; `None` for the whole of it.
    pub path: Option<&'o RelPath>,
    /// The manifest's folder: a repository in it, or in the checkout that it is in, runs no hook.
    pub manifest: &'o Path,
    /// Runs those hooks all the same.
    pub run_hooks: bool,
}

/// A repository with the branch that is published to. Nobody else who publishes is at work in it
/// as long as this lives.
pub struct Destination {
    repository: Repository,
    handles: Arc<Handles>,
    /// Name in messages.
    name: String,
    branch: GitBranch,
    base: Option<GitBranch>,
    path: String,
    environment: GitEnvironment,
    config: GitConfig,
    /// The server; none for a repository on this machine.
    server: Option<Box<Server>>,
    /// Branch of the server's `HEAD`, and the commit of the base there, once they are listed.
    default: OnceCell<Option<String>>,
    base_at: Cell<Option<Oid>>,
    timeout: Duration,
    /// The folder whose repositories run no hook; `None` if all may.
    untrusted: Option<PathBuf>,
    _guard: Option<Guard>,
    /// Folders that go with this value.
    _folders: [Option<PrivateFolder>; 2],
}

impl Destination {
    /// Opens the repository, or its copy in `cache`. Where nothing is going to be written
    /// (`reads`), others may be at work in a repository on this machine. `waits` is called once if
    /// they are, and nobody else may.
    ///
    /// # Errors
    /// No such repository, a setting of git's that cannot be used, or a branch that is checked out.
    pub fn open(
        wanted: &PublishTo<'_>,
        environment: GitEnvironment,
        cache: Option<PathBuf>,
        timeout: Duration,
        reads: bool,
        waits: impl FnOnce(),
    ) -> Result<Self, PublishError> {
        let named = place::named(wanted.shown);
        let config = GitConfig::load(&environment).map_err(PublishError::repository(&named))?;
        let scratch = PrivateFolder::make();
        let scratch = scratch.map_err(|(parent, error)| PublishError::io("make folder", &parent)(error))?;
        let place = Place::find(wanted.repository, &environment, timeout, scratch.path());
        let place = place.map_err(PublishError::repository(&named))?;
        let name = match &place {
            Place::Folder(_) if !is_url(wanted.shown) => format!("`{}`", shown(wanted.shown)),
            _ => place.to_string(),
        };
        let (branch, base) = (wanted.branch.clone(), wanted.base.cloned());
        let (mut folder, mut server, mut guard) = (None, None, None);
        let checkout = checkout_of(wanted.manifest);
        let (repository, config) = match place {
            Place::Folder(path) => {
                let repository = super::local::open(&path).map_err(PublishError::repository(&name))?;
                let config = config.with_repository(&repository.config()?, !is_in(&repository, &checkout))?;
                if let Some(work_tree) = branch::work_tree_of(&repository, &branch).filter(|_| !reads) {
                    let folder = work_tree.display().to_string();
                    return Err(PublishError::CheckedOut { branch: branch.to_string(), folder });
                }
                if !reads {
                    guard = Some(Guard::take(repository.commondir(), PATIENCE, waits)?);
                }
                (repository, config)
            }
            Place::Server(found) => {
                let root = match cache {
                    Some(root) => root,
                    None => {
                        let made = PrivateFolder::make();
                        let made = made.map_err(|(parent, error)| PublishError::io("make folder", &parent)(error))?;
                        folder.insert(made).path().to_owned()
                    }
                };
                let (repository, locked) = cache::open(&root, &found.location, PATIENCE, waits)?;
                guard = Some(locked);
                server = Some(found);
                (repository, config)
            }
        };
        if guard.is_some() {
            branch::sweep(&repository);
            kmodgen_git::sweep(&repository.commondir().join("objects"));
        }
        let handles = Arc::new(Handles::new(repository.path()));
        let path = wanted.path.map_or("", RelPath::as_str).to_owned();
        Ok(Self {
            repository,
            handles,
            name,
            branch,
            base,
            path,
            environment,
            config,
            server,
            default: OnceCell::new(),
            base_at: Cell::new(None),
            timeout,
            untrusted: (!wanted.run_hooks).then_some(checkout),
            _guard: guard,
            _folders: [folder, Some(scratch)],
        })
    }

    /// Returns the repository's name in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns whether the repository is on a server.
    pub fn is_remote(&self) -> bool {
        self.server.is_some()
    }

    /// The folder that is published to, as it is in the commit that it starts from; `below` is a
    /// folder in it.
    ///
    /// # Errors
    /// A `below` that is no folder there.
    pub fn folder(&self, start: &Start, below: &str) -> Result<CommittedFolder, PublishError> {
        self.folder_in(start.folder, below)
    }

    /// The same in another commit; empty without a commit.
    ///
    /// # Errors
    /// An error of git.
    pub fn folder_of(&self, commit: Option<Oid>, below: &str) -> Result<CommittedFolder, PublishError> {
        let tree = commit.map(|commit| known(self.repository.find_commit(commit)?.tree_id())).transpose()?;
        let folder = descend(&self.handles, tree, &self.path)?.unwrap_or_default();
        self.folder_in(folder, below)
    }

    fn folder_in(&self, folder: Option<ObjectId>, below: &str) -> Result<CommittedFolder, PublishError> {
        let shown = joined([self.path.as_str(), below]);
        let root = descend(&self.handles, folder, below)?;
        let branch = self.branch.to_string();
        let root = root.map_err(|(_, what)| PublishError::InTheWay { branch, path: shown.clone(), what })?;
        Ok(CommittedFolder::new(&self.handles, &shown, root))
    }

    /// Notes that all went well, so that the next run can rely on what this one leaves in the cache.
    pub fn end(&self) {
        if self.is_remote() {
            cache::end(&self.repository);
        }
    }

    /// A writer of new objects.
    pub fn objects(&self) -> Objects {
        Objects::new(&self.repository.commondir().join("objects"))
    }
}

/// Returns two paths as one; either may be empty.
fn joined(parts: [&str; 2]) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

/// Returns whether a repository's own files, hooks and settings among them, are in a folder.
fn is_in(repository: &Repository, folder: &Path) -> bool {
    let own = repository.commondir();
    own.canonicalize().map_or(true, |own| own.starts_with(folder))
}

fn known(id: Oid) -> Result<ObjectId, PublishError> {
    ObjectId::from_git(id).ok_or_else(|| PublishError::Git("its objects have IDs of an unknown format".into()))
}
