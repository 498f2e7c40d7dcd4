//! Pushing the branch of a repository on this machine to its remote.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use git2::{Buf, Oid, Repository};

use super::error::PublishError;
use super::place::{self, Place, is_url};
use super::{Destination, Landing, PATIENCE, branch, is_in};
use crate::adapters::fs::{Guard, PrivateFolder};
use crate::adapters::git::local;
use kmodgen_git::{Location, Server, shown};

impl Destination {
    /// Refuses to push from a repository that has nowhere to push to.
    ///
    /// # Errors
    /// A repository without the remote.
    pub fn check_push(&self) -> Result<(), PublishError> {
        if self.is_remote() { Ok(()) } else { self.remote_url().map(|_| ()) }
    }

    /// Pushes the branch of a repository on this machine to its remote.
    ///
    /// # Errors
    /// The reason; the branch is then as it was there, and moved here.
    pub fn push_to_remote(&self) -> Result<ToRemote, PublishError> {
        let scratch = PrivateFolder::make();
        let scratch = scratch.map_err(|(parent, error)| PublishError::io("make folder", &parent)(error))?;
        match self.remote(scratch.path())? {
            Place::Server(server) => push_branch(self, &server),
            Place::Folder(path) => {
                let name = Place::Folder(path.clone()).to_string();
                let there = local::open(&path).map_err(PublishError::repository(&name))?;
                if self.untrusted.as_ref().is_some_and(|folder| is_in(&there, folder)) {
                    return write_branch(self, &there, &name);
                }
                let server = Location::parse(&path)
                    .and_then(|location| Server::new(&path, location, &self.environment, self.timeout, scratch.path()));
                push_branch(self, &server.map_err(PublishError::repository(&name))?)
            }
        }
    }

    /// Finds where the branch is pushed to, as `git push` does.
    fn remote(&self, scratch: &Path) -> Result<Place, PublishError> {
        let url = self.remote_url()?;
        // A path is from the work tree's top, or from the bare repository.
        let top = self.repository.workdir().unwrap_or_else(|| self.repository.path());
        let absolute = if is_url(&url) { url.clone() } else { top.join(&url).display().to_string() };
        let place = Place::find(&absolute, &self.environment, self.timeout, scratch);
        place.map_err(PublishError::repository(&place::named(&url)))
    }

    /// Reads the URL of the branch's remote from the repository's settings.
    fn remote_url(&self) -> Result<String, PublishError> {
        let branch = &self.branch;
        let remote = self.config.get(&format!("branch.{branch}.pushremote"));
        let remote = remote.or_else(|| self.config.get("remote.pushdefault"));
        let remote = remote.or_else(|| self.config.get(&format!("branch.{branch}.remote"))).unwrap_or("origin");
        let url = self.config.get(&format!("remote.{remote}.pushurl"));
        let url = url.or_else(|| self.config.get(&format!("remote.{remote}.url")));
        let path = self.repository.path().display().to_string();
        url.map(str::to_owned).ok_or_else(|| PublishError::NoRemote { path, remote: shown(remote) })
    }
}

/// Outcome of a push from a repository on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToRemote {
    /// The remote has the commit already.
    Unchanged,
    /// The remote's branch was moved.
    Pushed,
    /// The remote's branch was moved, and its hooks were not run.
    PushedWithoutHooks,
}

/// Pushes the branch of a repository on this machine to a server, or as git does to a folder.
fn push_branch(from: &Destination, server: &Server) -> Result<ToRemote, PublishError> {
    let Some(new) = branch::tip(&from.repository, &from.branch)? else { return Ok(ToRemote::Unchanged) };
    let name = server.name();
    let full = from.branch.full();
    let heads = server.list(&[&full]).map_err(PublishError::repository(&name))?;
    let at = heads.iter().find(|head| head.name == full).and_then(|head| Oid::from_str(&head.id).ok());
    if !is_ahead(from, at, new, &name)? {
        return Ok(ToRemote::Unchanged);
    }
    let pushed = server.push_from(&from.repository, &full, at, new).map_err(PublishError::repository(&name))?;
    match from.landing(pushed, server, at, new)? {
        Landing::Landed(_) => Ok(ToRemote::Pushed),
        Landing::Moved => Err(behind(from, &name)),
    }
}

/// Pushes the branch to a repository on this machine by writing to it, so that none of its hooks and
/// settings is obeyed.
fn write_branch(from: &Destination, there: &Repository, name: &str) -> Result<ToRemote, PublishError> {
    let Some(new) = branch::tip(&from.repository, &from.branch)? else { return Ok(ToRemote::Unchanged) };
    let (branch, folder) = (from.branch.to_string(), branch::work_tree_of(there, &from.branch));
    if let Some(folder) = folder {
        return Err(PublishError::CheckedOut { branch, folder: folder.display().to_string() });
    }
    let _guard = Guard::take(there.commondir(), PATIENCE, || {})?;
    branch::sweep(there);
    let at = branch::tip(there, &from.branch)?;
    if !is_ahead(from, at, new, name)? {
        return Ok(ToRemote::Unchanged);
    }
    let ids = there.references()?.filter_map(|found| found.ok()?.target());
    let pack = missing(&from.repository, new, &ids.collect::<Vec<_>>())?;
    let odb = there.odb()?;
    let mut writer = odb.packwriter()?;
    writer.write_all(&pack).map_err(PublishError::io("write", there.path()))?;
    writer.commit()?;
    let commit = from.repository.find_commit(new)?;
    if !branch::move_to(there, &from.branch, at, new, &commit.committer(), "kmodgen publish: push")? {
        return Err(behind(from, name));
    }
    Ok(if has_hooks(there) { ToRemote::PushedWithoutHooks } else { ToRemote::Pushed })
}

/// Returns whether a commit is ahead of the branch there; fails if it is not a descendant.
fn is_ahead(from: &Destination, at: Option<Oid>, new: Oid, name: &str) -> Result<bool, PublishError> {
    match at {
        Some(old) if old == new => Ok(false),
        Some(old) if !from.repository.graph_descendant_of(new, old).unwrap_or(false) => Err(behind(from, name)),
        _ => Ok(true),
    }
}

fn behind(from: &Destination, name: &str) -> PublishError {
    PublishError::Behind { remote: name.to_owned(), branch: from.branch.to_string() }
}

/// Returns whether a repository has any hook that a push could run.
fn has_hooks(repository: &Repository) -> bool {
    let configured = repository.config().is_ok_and(|config| config.get_entry("core.hookspath").is_ok());
    let files = fs::read_dir(repository.commondir().join("hooks")).into_iter().flatten().flatten();
    configured || files.into_iter().any(|file| !file.file_name().to_string_lossy().ends_with(".sample"))
}

/// A pack of what a commit needs and who has the commits `there` has not.
fn missing(repository: &Repository, new: Oid, there: &[Oid]) -> Result<Buf, PublishError> {
    let mut walk = repository.revwalk()?;
    walk.push(new)?;
    for id in there.iter().filter(|id| repository.find_commit(**id).is_ok()) {
        walk.hide(*id)?;
    }
    let mut builder = repository.packbuilder()?;
    builder.insert_walk(&mut walk)?;
    let mut bytes = Buf::new();
    builder.write_buf(&mut bytes)?;
    Ok(bytes)
}
