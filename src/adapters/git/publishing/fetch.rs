//! Fetching the one commit that a new one goes on top of, and nothing of its past.

use std::sync::Arc;

use git2::{AutotagOption, Direction, FetchOptions, Oid, Repository};

use crate::adapters::git::error::{ServerProblem, shown};
use crate::adapters::git::session::{Entered, Session, register_transports};

/// A ref of a server.
pub(super) struct Head {
    pub(super) name: String,
    pub(super) id: Oid,
    /// What it stands for, where it is `HEAD`.
    pub(super) target: Option<String>,
}

/// What a server has, as far as it matters.
pub(super) struct Heads(Vec<Head>);

impl Heads {
    /// The commit of a ref.
    pub(super) fn id(&self, name: &str) -> Option<Oid> {
        self.0.iter().find(|head| head.name == name).map(|head| head.id)
    }

    /// The branch that `HEAD` is, by its full name.
    pub(super) fn default_branch(&self) -> Option<&str> {
        self.0.iter().find(|head| head.name == "HEAD")?.target.as_deref()
    }

    /// The names of branches.
    pub(super) fn branches(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|head| head.name.strip_prefix("refs/heads/"))
    }
}

/// Asks for the server's refs, and for the commit that `choose` names by one of them, unless the
/// repository has it.
pub(super) fn fetch<E>(
    session: &Arc<Session>,
    repository: &Repository,
    choose: impl FnOnce(&Heads) -> Result<Option<String>, E>,
) -> Result<Result<(Heads, Option<Oid>), E>, ServerProblem> {
    register_transports();
    let _entered = Entered::new(Arc::clone(session));
    let explain = |error: git2::Error| session.explain(&error);
    let url = format!("{}://", session.location.scheme.as_str());
    let mut remote = repository.remote_anonymous(&url).map_err(explain)?;
    let mut connection = remote.connect_auth(Direction::Fetch, None, None).map_err(explain)?;
    let listed = connection.list().map_err(explain)?;
    let heads = listed.iter().map(|head| {
        let target = head.symref_target().map(str::to_owned);
        Head { name: head.name().to_owned(), id: head.oid(), target }
    });
    let heads = Heads(heads.collect());
    let name = match choose(&heads) {
        Ok(Some(name)) => name,
        Ok(None) => return Ok(Ok((heads, None))),
        Err(error) => return Ok(Err(error)),
    };
    let Some(id) = heads.id(&name) else { return Ok(Ok((heads, None))) };
    let odb = repository.odb().map_err(explain)?;
    if !odb.exists(id) {
        let mut options = FetchOptions::new();
        options.depth(1).download_tags(AutotagOption::None).update_fetchhead(false);
        // Where the name is another one than the branch's, it has the same commit.
        let spec = format!("+{name}:refs/kmodgen/fetched");
        connection.remote().download(&[&spec], Some(&mut options)).map_err(explain)?;
        if !odb.exists(id) {
            return Err(ServerProblem::Server { detail: format!("it did not send the commit {id}") });
        }
        // What is fetched next is told from this.
        let noted = repository.reference("refs/kmodgen/fetched", id, true, "");
        noted.map_err(|error| ServerProblem::Server { detail: shown(error.message()) })?;
    }
    Ok(Ok((heads, Some(id))))
}
