//! What is sent: the new objects as they were written, or all that a branch of a repository on
//! this machine has and its remote has not.

use std::fs;
use std::io;

use git2::{Buf, Oid, Repository};

use super::error::PublishError;
use super::objects::Written;
use super::place::{self, Place, is_url};
use super::{Destination, Landing, branch, pack, push};
use crate::adapters::git::error::shown;
use crate::adapters::git::location::Location;
use crate::adapters::git::session::Session;

/// The bytes of a pack of these objects.
pub(super) fn pack_of(written: &Written) -> Result<Vec<u8>, PublishError> {
    match written {
        Written::Loose(entries) => {
            pack::in_memory(entries).map_err(|error: io::Error| PublishError::Git(format!("no pack: {error}")))
        }
        Written::Packed(path) => fs::read(path).map_err(PublishError::io("read", path)),
    }
}

impl Destination {
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
        push_branch(self, self.remote()?)
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
}

/// Pushes the branch of a repository on this machine; says whether there was anything to push.
fn push_branch(from: &Destination, to: Place) -> Result<bool, PublishError> {
    let Some(new) = branch::tip(&from.repository, &from.branch)? else { return Ok(false) };
    let name = to.to_string();
    let failed = |problem| PublishError::Repository { repository: name.clone(), problem };
    let location = match to {
        Place::Server(location) => location,
        Place::Folder(path) => Location::parse(&path).map_err(failed)?,
    };
    let session = Session::new(location, from.environment.clone(), from.config.clone(), from.timeout);
    let behind = || PublishError::Behind { remote: name.clone(), branch: from.branch.to_string() };
    let offer = push::offer(&session, &from.branch.full()).map_err(failed)?;
    match offer.at {
        Some(old) if old == new => return Ok(false),
        Some(old) if !from.repository.graph_descendant_of(new, old).unwrap_or(false) => return Err(behind()),
        _ => {}
    }
    let pack = missing(&from.repository, new, &offer.ids)?;
    match from.push_to(&session, &name, offer.at, new, &pack)? {
        Landing::Landed(_) => Ok(true),
        Landing::Moved => Err(behind()),
    }
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
