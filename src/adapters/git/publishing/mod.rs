//! Publishing: a commit on a branch, made of the repository's own objects and a few new ones,
//! without a checkout.
//!
//! ```text
//! Destination -(fetch)-> Start -> CommittedFolder -> reconcile -> Objects + Edits
//!      ^                                                              |
//!      |                    tree <------------------------------------/
//!      \-- branch or push <- commit, signed
//! ```
//!
//! A repository on this machine is written to directly. That of a server has a bare, shallow copy
//! in the cache, which anyone may delete: what is there is fetched no more.

#![expect(clippy::disallowed_methods, reason = "repositories are files, and commits have a time")]

mod branch;
mod cache;
mod commit;
mod delta;
mod entry;
mod error;
mod fetch;
mod folder;
mod identity;
mod object;
mod objects;
mod outgoing;
mod pack;
mod place;
mod push;
mod signing;
mod tree;

use std::cell::{Cell, OnceCell};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use git2::{Oid, Repository, Signature, Time};

use super::config::GitConfig;
use super::environment::GitEnvironment;
use super::error::shown;
use super::session::Session;
use crate::adapters::fs::Guard;
use crate::reconcile::{Action, Change};
use crate::vocabulary::{GitBranch, RelPath, nearest};
use commit::Commit;
pub use error::PublishError;
pub use folder::CommittedFolder;
use folder::{Handles, descend};
use identity::Person;
use object::{Kind, ObjectId};
pub use objects::Objects;
use place::Place;
pub use place::is_url;
use push::Pushed;
use tree::{Edit, Edits, Names, Trees};

/// How long another run may be at work in the same repository.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where to publish, as a user says it.
#[derive(Debug, Clone)]
pub struct PublishTo<'o> {
    /// A URL, or an absolute path.
    pub repository: &'o str,
    /// How messages call it, if it is a path.
    pub shown: &'o str,
    /// The branch.
    pub branch: &'o GitBranch,
    /// The branch that a new one begins at; that of the repository's `HEAD` where absent.
    pub base: Option<&'o GitBranch>,
    /// The folder in it; `None` for the whole of it.
    pub path: Option<&'o RelPath>,
}

/// A repository with the branch that is published to. Nobody else who publishes is at work in it
/// as long as this lives.
pub struct Destination {
    repository: Repository,
    handles: Arc<Handles>,
    /// How messages call it.
    name: String,
    branch: GitBranch,
    base: Option<GitBranch>,
    path: String,
    environment: GitEnvironment,
    config: GitConfig,
    /// The server; none for a repository on this machine.
    session: Option<Arc<Session>>,
    /// What the server's `HEAD` is, and where the base is there, once it has told.
    default: OnceCell<Option<String>>,
    base_at: Cell<Option<Oid>>,
    timeout: Duration,
    _guard: Option<Guard>,
    _folder: Option<tempfile::TempDir>,
}

/// What a new commit goes on top of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// The commit; none where the repository has none yet.
    pub parent: Option<Oid>,
    /// Where the branch is; none where it is not there yet.
    at: Option<Oid>,
    /// The tree at the path.
    folder: Option<ObjectId>,
}

impl Start {
    /// Whether the branch is there already.
    pub fn branch_exists(&self) -> bool {
        self.at.is_some()
    }
}

/// What became of a commit.
#[derive(Debug, PartialEq, Eq)]
pub enum Landing {
    /// The branch is at this commit.
    Landed(Oid),
    /// The branch has moved meanwhile: the commit has to be made anew on top.
    Moved,
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
        let about = |problem| PublishError::Repository { repository: place::named(wanted.shown), problem };
        let config = GitConfig::load(&environment).map_err(about)?;
        let place = Place::find(wanted.repository, &config).map_err(about)?;
        let name = match &place {
            Place::Folder(_) if !is_url(wanted.shown) => format!("`{}`", shown(wanted.shown)),
            _ => place.to_string(),
        };
        let failed = |problem| PublishError::Repository { repository: name.clone(), problem };
        let (branch, base) = (wanted.branch.clone(), wanted.base.cloned());
        let (mut folder, mut session, mut guard) = (None, None, None);
        let (repository, config) = match place {
            Place::Folder(path) => {
                let repository = super::local::open(&path).map_err(failed)?;
                let config = config.with_repository(&repository.config()?)?;
                if let Some(work_tree) = branch::work_tree_of(&repository, &branch).filter(|_| !reads) {
                    let folder = work_tree.display().to_string();
                    return Err(PublishError::CheckedOut { branch: branch.to_string(), folder });
                }
                if !reads {
                    guard = Some(Guard::take(repository.commondir(), PATIENCE, waits)?);
                }
                (repository, config)
            }
            Place::Server(location) => {
                let root = match cache {
                    Some(root) => root,
                    None => {
                        let made =
                            tempfile::tempdir().map_err(PublishError::io("make folder", &std::env::temp_dir()))?;
                        folder.insert(made).path().to_owned()
                    }
                };
                let (repository, locked) = cache::open(&root, &location, PATIENCE, waits)?;
                guard = Some(locked);
                session = Some(Session::new(location, environment.clone(), config.clone(), timeout));
                (repository, config)
            }
        };
        if guard.is_some() {
            branch::sweep(&repository);
            objects::sweep(&repository.commondir().join("objects"));
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
            session,
            default: OnceCell::new(),
            base_at: Cell::new(None),
            timeout,
            _guard: guard,
            _folder: folder,
        })
    }

    /// How messages call the repository.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is a server's.
    pub fn is_remote(&self) -> bool {
        self.session.is_some()
    }

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

    /// Refuses to push from a repository that has nowhere to push to.
    ///
    /// # Errors
    /// A repository without the remote.
    pub fn check_push(&self) -> Result<(), PublishError> {
        if self.is_remote() { Ok(()) } else { self.remote().map(|_| ()) }
    }

    /// Pushes the branch of a repository on this machine to its remote; says whether there was
    /// anything to push.
    ///
    /// # Errors
    /// What hinders; the branch is then as it was there, and moved here.
    pub fn push_to_remote(&self) -> Result<bool, PublishError> {
        outgoing::push_branch(self, self.remote()?)
    }

    /// Where the branch is pushed to, as with `git push`.
    fn remote(&self) -> Result<Place, PublishError> {
        let branch = &self.branch;
        let setting = |name: &str| self.config.get(name).map(str::to_owned);
        let remote = setting(&format!("branch.{branch}.pushremote"))
            .or_else(|| setting("remote.pushdefault"))
            .or_else(|| setting(&format!("branch.{branch}.remote")))
            .unwrap_or_else(|| "origin".to_owned());
        let url = setting(&format!("remote.{remote}.pushurl")).or_else(|| setting(&format!("remote.{remote}.url")));
        let Some(url) = url else {
            let path = self.repository.path().display().to_string();
            return Err(PublishError::NoRemote { path, remote: shown(&remote) });
        };
        let failed = |problem| PublishError::Repository { repository: place::named(&url), problem };
        // A path is from the work tree's top, or from the bare repository.
        let top = self.repository.workdir().unwrap_or_else(|| self.repository.path());
        let absolute = if is_url(&url) { url.clone() } else { top.join(&url).display().to_string() };
        Place::find(&absolute, &self.config).map_err(failed)
    }

    /// The folder that is published to, as it is in the commit that it starts from; `below` is a
    /// folder in it.
    ///
    /// # Errors
    /// A `below` that is no folder there.
    pub fn folder(&self, start: &Start, below: &str) -> Result<CommittedFolder, PublishError> {
        self.folder_in(start.folder, below)
    }

    /// The same in a commit that landed.
    ///
    /// # Errors
    /// What git says.
    pub fn folder_of(&self, commit: Oid, below: &str) -> Result<CommittedFolder, PublishError> {
        let tree = known(self.repository.find_commit(commit)?.tree_id())?;
        let folder = descend(&self.handles, Some(tree), &self.path)?.unwrap_or_default();
        self.folder_in(folder, below)
    }

    fn folder_in(&self, folder: Option<ObjectId>, below: &str) -> Result<CommittedFolder, PublishError> {
        let names = [self.path.as_str(), below];
        let shown = names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join("/");
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

    /// Makes a commit of `changes`, each of them below one of the path's folders, and moves the
    /// branch to it, here or on the server.
    ///
    /// # Errors
    /// What hinders; the branch is then as it was.
    pub fn commit(
        &self,
        start: &Start,
        objects: Objects,
        changes: &[(String, &[Change])],
        message: &str,
    ) -> Result<Landing, PublishError> {
        let edits = self.edits(changes);
        let parent = start.parent.map(known).transpose()?;
        let old = match start.parent {
            Some(id) => Some(known(self.repository.find_commit(id)?.tree_id())?),
            None => None,
        };
        let store = Store { handles: &self.handles, objects: &objects };
        let tree = tree::edited(&store, old, &edits)?;
        // A repository from which everything goes keeps an empty tree.
        let tree = tree.map_or_else(|| store.write(&[]), Ok)?;
        let (bytes, committer) = Commit { tree, parent, message }.made(&self.environment, &self.config)?;
        let folder = self.repository.commondir().join("objects");
        let write = || {
            let id = objects.add(Kind::Commit, &bytes, None)?;
            objects.finish().map(|written| (id, written))
        };
        let (id, written) = write().map_err(PublishError::io("write", &folder))?;
        let id = id.to_git()?;
        match &self.session {
            None => self.move_branch(start, id, &committer, message),
            Some(session) => {
                let pack = outgoing::pack_of(&written)?;
                self.push_to(session, &self.name, start.at, id, &pack)
            }
        }
    }

    fn edits(&self, changes: &[(String, &[Change])]) -> Edits {
        let mut edits = Edits::default();
        for (below, changes) in changes {
            for change in *changes {
                let parts = [self.path.as_str(), below, change.path.as_str()];
                let path = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
                match (&change.action, change.written.and_then(|file| file.evidence.object())) {
                    (Action::Create | Action::Update, Some(id)) => edits.note(&path, Edit::File(ObjectId(id))),
                    (Action::Remove, _) => edits.note(&path, Edit::Remove),
                    _ => {}
                }
            }
        }
        edits
    }

    fn move_branch(&self, start: &Start, id: Oid, committer: &Person, message: &str) -> Result<Landing, PublishError> {
        let time = Time::new(committer.when.seconds, committer.when.offset);
        let who = Signature::new(&committer.name, &committer.email, &time)?;
        let reason = format!("kmodgen publish: {}", message.lines().next().unwrap_or_default());
        let moved = branch::move_to(&self.repository, &self.branch, start.at, id, &who, &reason)?;
        Ok(if moved { Landing::Landed(id) } else { Landing::Moved })
    }

    fn push_to(
        &self,
        session: &Arc<Session>,
        name: &str,
        old: Option<Oid>,
        new: Oid,
        pack: &[u8],
    ) -> Result<Landing, PublishError> {
        session.restart_clock();
        let full = self.branch.full();
        let failed = |problem| PublishError::Repository { repository: name.to_owned(), problem };
        match push::push(session, &full, old, new, pack).map_err(failed)? {
            Pushed::Landed => {
                // What is fetched next is told from this. Only time is lost without it.
                let _ = self.repository.reference("refs/kmodgen/fetched", new, true, "");
                Ok(Landing::Landed(new))
            }
            Pushed::Moved => Ok(Landing::Moved),
            Pushed::Refused { reason, words } => {
                let race = ["lock", "failed to update ref", "non-fast-forward", "fetch first"];
                session.restart_clock();
                if race.iter().any(|known| reason.contains(known))
                    || push::offer(session, &full).map_err(failed)?.at != old
                {
                    return Ok(Landing::Moved);
                }
                let (repository, branch) = (name.to_owned(), self.branch.to_string());
                Err(PublishError::Refused { repository, branch, reason, words })
            }
        }
    }
}

/// Trees of the repository, and new ones.
struct Store<'s> {
    handles: &'s Handles,
    objects: &'s Objects,
}

impl Trees for Store<'_> {
    type Error = PublishError;

    fn read(&self, id: ObjectId) -> Result<Names, PublishError> {
        Ok(self.handles.names(id)?)
    }

    fn write(&self, bytes: &[u8]) -> Result<ObjectId, PublishError> {
        let place = std::path::Path::new("objects");
        self.objects.add(Kind::Tree, bytes, None).map_err(PublishError::io("write", place))
    }
}

fn known(id: Oid) -> Result<ObjectId, PublishError> {
    ObjectId::from_git(id).ok_or_else(|| PublishError::Git("its objects have ids of an unknown form".into()))
}
