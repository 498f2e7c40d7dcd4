//! Making a commit, and moving the branch to it.

use std::cell::RefCell;
use std::sync::Arc;

use git2::{Oid, Signature, Time};

use super::error::PublishError;
use super::folder::{CommittedFolder, Handles, NewTrees, descend};
use super::{Destination, Objects, Start, branch, joined, known};
use crate::reconcile::{Action, Change};
use kmodgen_git::{Commit, Edit, Edits, FETCHED, Names, ObjectId, ObjectKind, Person, Pushed, Server, Trees};

/// Outcome of a commit.
#[derive(Debug, PartialEq, Eq)]
pub enum Landing {
    /// The branch is at this commit.
    Landed(Oid),
    /// The branch has moved meanwhile: the commit has to be made anew on top.
    Moved,
}

impl Destination {
    /// Makes the tree of `below`, one of the path's folders, with `changes`.
    ///
    /// # Errors
    /// A tree that cannot be read or written.
    pub fn edit(
        &self,
        start: &Start,
        objects: &Objects,
        below: &str,
        changes: &[Box<Change>],
    ) -> Result<EditedFolder, PublishError> {
        let mut edits = Edits::default();
        for change in changes {
            match (&change.action, change.written.and_then(|file| file.stat.object())) {
                (Action::Create | Action::Update, Some(id)) => {
                    edits.note(change.path.as_str(), Edit::File(ObjectId(id)));
                }
                (Action::Remove, _) => edits.note(change.path.as_str(), Edit::Remove),
                _ => {}
            }
        }
        let old = descend(&self.handles, start.folder, below)?.unwrap_or_default();
        let store = Store { handles: &self.handles, objects, new: RefCell::default() };
        let tree = kmodgen_git::edited(&store, old, edits)?;
        Ok(EditedFolder { path: joined([self.path.as_str(), below]), tree, new: Arc::new(store.new.into_inner()) })
    }

    /// Returns a folder that was edited.
    pub fn edited_folder(&self, edited: &EditedFolder) -> CommittedFolder {
        CommittedFolder::new(&self.handles, &edited.path, edited.tree).with_new(&edited.new)
    }

    /// Makes a commit of folders that were edited, and moves the branch to it, here or on the server.
    ///
    /// # Errors
    /// The reason; the branch is then as it was.
    pub fn commit(
        &self,
        start: &Start,
        objects: Objects,
        folders: &[EditedTree],
        message: &str,
    ) -> Result<Landing, PublishError> {
        let parent = start.parent.map(known).transpose()?;
        let old = match start.parent {
            Some(id) => Some(known(self.repository.find_commit(id)?.tree_id())?),
            None => None,
        };
        let store = Store { handles: &self.handles, objects: &objects, new: RefCell::default() };
        let tree = match folders {
            // The repository's top.
            [EditedTree { path, tree }] if path.is_empty() => *tree,
            _ => {
                let mut edits = Edits::default();
                for EditedTree { path, tree } in folders {
                    edits.note(path, tree.map_or(Edit::Remove, Edit::Folder));
                }
                kmodgen_git::edited(&store, old, edits)?
            }
        };
        // A repository from which everything goes keeps an empty tree.
        let tree = tree.map_or_else(|| store.write("", &[]), Ok)?;
        let (bytes, committer) = Commit { tree, parent, message }.made(&self.environment, &self.config)?;
        let folder = objects.folder().to_owned();
        let id = objects.add(ObjectKind::Commit, &bytes, None).and_then(|id| objects.finish().map(|()| id));
        let id = id.map_err(PublishError::io("write", &folder))?.to_git()?;
        let Some(server) = &self.server else { return self.move_branch(start, id, &committer, message) };
        let pushed = server.push(self.repository.path(), &self.branch.full(), start.at, id);
        let pushed = pushed.map_err(PublishError::repository(&self.name))?;
        let landing = self.landing(pushed, server, start.at, id)?;
        if landing != Landing::Moved {
            // The next fetch is told from this. Only time is lost without it.
            let _ = self.repository.reference(FETCHED, id, true, "");
        }
        Ok(landing)
    }

    /// Judges the outcome of a push from `old` to `new`. A server that refuses while someone else moves the
    /// branch may give any reason.
    pub(super) fn landing(
        &self,
        pushed: Pushed,
        server: &Server,
        old: Option<Oid>,
        new: Oid,
    ) -> Result<Landing, PublishError> {
        let (reason, words) = match pushed {
            Pushed::Landed => return Ok(Landing::Landed(new)),
            Pushed::Moved => return Ok(Landing::Moved),
            Pushed::Refused { reason, words } => (reason, words),
        };
        let repository = server.name();
        let full = self.branch.full();
        let heads = server.list(&[&full]).map_err(PublishError::repository(&repository))?;
        let now = heads.into_iter().find(|head| head.name == full).map(|head| head.id);
        if now != old.map(|old| old.to_string()) {
            return Ok(Landing::Moved);
        }
        Err(PublishError::Refused { repository, branch: self.branch.to_string(), reason, words })
    }

    fn move_branch(&self, start: &Start, id: Oid, committer: &Person, message: &str) -> Result<Landing, PublishError> {
        let time = Time::new(committer.when.seconds, committer.when.offset);
        let who = Signature::new(&committer.name, &committer.email, &time)?;
        let reason = format!("kmodgen publish: {}", message.lines().next().unwrap_or_default());
        let moved = branch::move_to(&self.repository, &self.branch, start.at, id, &who, &reason)?;
        Ok(if moved { Landing::Landed(id) } else { Landing::Moved })
    }
}

/// A folder with changes, whose new trees are not in the repository yet.
pub struct EditedFolder {
    path: String,
    tree: Option<ObjectId>,
    new: Arc<NewTrees>,
}

impl EditedFolder {
    /// Drops what is only read until the next folder is edited.
    pub fn into_tree(self) -> EditedTree {
        EditedTree { path: self.path, tree: self.tree }
    }
}

/// Path and tree of a folder with changes; no tree if nothing is left.
pub struct EditedTree {
    path: String,
    tree: Option<ObjectId>,
}

/// Trees of the repository, and new ones.
struct Store<'s> {
    handles: &'s Handles,
    objects: &'s Objects,
    new: RefCell<NewTrees>,
}

impl Trees for Store<'_> {
    type Error = PublishError;

    fn read(&self, id: ObjectId) -> Result<Names, PublishError> {
        Ok(self.handles.names(id)?)
    }

    fn write(&self, folder: &str, bytes: &[u8]) -> Result<ObjectId, PublishError> {
        // The folders of a module are alike in all clusters, but those of mappings are too short to be deltas.
        let family = (!folder.is_empty() && !folder.contains('/')).then_some((folder, ""));
        let id = self.objects.add(ObjectKind::Tree, bytes, family);
        let id = id.map_err(PublishError::io("write", self.objects.folder()))?;
        self.new.borrow_mut().entry(id).or_insert_with(|| bytes.into());
        Ok(id)
    }
}
