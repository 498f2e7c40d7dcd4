//! Making a commit, and moving the branch to it.

use std::sync::Arc;

use git2::{Oid, Signature, Time};

use super::commit::Commit;
use super::error::PublishError;
use super::folder::Handles;
use super::identity::Person;
use super::object::{Kind, ObjectId};
use super::push::{self, Pushed};
use super::tree::{self, Edit, Edits, Names, Trees};
use super::{Destination, Objects, Start, branch, known, outgoing};
use crate::adapters::git::session::Session;
use crate::reconcile::{Action, Change};

/// What became of a commit.
#[derive(Debug, PartialEq, Eq)]
pub enum Landing {
    /// The branch is at this commit.
    Landed(Oid),
    /// The branch has moved meanwhile: the commit has to be made anew on top.
    Moved,
}

impl Destination {
    /// Makes a commit of `changes`, each of them below one of the path's folders, and moves the
    /// branch to it, here or on the server.
    ///
    /// # Errors
    /// What hinders; the branch is then as it was.
    pub fn commit(
        &self,
        start: &Start,
        objects: Objects,
        changes: &[(String, &[Box<Change>])],
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
        let folder = objects.folder().to_owned();
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

    fn edits(&self, changes: &[(String, &[Box<Change>])]) -> Edits {
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

    pub(super) fn push_to(
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
        self.objects.add(Kind::Tree, bytes, None).map_err(PublishError::io("write", self.objects.folder()))
    }
}
