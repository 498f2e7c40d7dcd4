//! Files that clusters share: a cluster has those that the kustomizations of its modules name.

use std::sync::Arc;

use super::{Action, Change, Inspector, Stored, Verdict, remove_action};
use crate::cache::FileEntry;
use crate::checksum::Checksum;
use crate::file_stat::FileStat;
use crate::output::CONFIG_MAP;
use crate::shared_files::{ContentHash, Listed, SharedPath, path, stored_path};
use crate::tree::{Content, Inaccessible};
use crate::vocabulary::{RelPath, Span};

/// Contents of a mapping.
#[derive(Debug, Clone, Copy)]
pub struct Contents {
    /// The planned one.
    pub planned: ContentHash,
    /// The one that the kustomization of the module names.
    pub listed: Option<ContentHash>,
    /// Set if the file that the kustomization names is known to be as it was written.
    pub is_known: bool,
}

impl Inspector<'_> {
    /// Compares a file of a mapping that clusters share. `known` is what the planned file is known to be. A ConfigMap is
    /// right if the kustomization of the module names it, too.
    ///
    /// # Errors
    /// Fails like [`inspect`](Self::inspect).
    pub fn inspect_shared(
        &self,
        (SharedPath { module, release, file, .. }, origin): (SharedPath<'_>, Span),
        (content, checksum): (Content<'_>, Checksum),
        Contents { planned, listed, is_known }: Contents,
        known: Option<FileEntry>,
    ) -> Result<Verdict, Inaccessible> {
        let path = || path(module, release, file);
        if self.only.is_some_and(|only| !only(&path())) {
            return Ok(Verdict::NotAsked);
        }
        let at = || stored_path(module, release, planned, file);
        let (there, unmerged) = match known.filter(|known| known.checksum == checksum) {
            Some(known) => (Ok(known.stat), false),
            None => match self.compare(&at(), (content, checksum))? {
                Ok(stat) => (Ok(stat), false),
                Err((action, unmerged)) => (Err(action), unmerged),
            },
        };
        let replaced = listed.filter(|listed| *listed != planned);
        let edited = match replaced.filter(|_| !is_known && !matches!(there, Err(Action::Conflict(_)))) {
            Some(old) => self.edit_of(&stored_path(module, release, old, file))?.map(|conflict| (old, conflict)),
            None => None,
        };
        let is_right = edited.is_none() && (listed == Some(planned) || file != CONFIG_MAP);
        let (action, stored, stat) = match there {
            Ok(stat) if is_right => return Ok(Verdict::Right(Box::new(FileEntry { stat, checksum }))),
            Ok(stat) => (Action::Unchanged, Action::Unchanged, stat),
            Err(action @ Action::Conflict(_)) => (action, Action::Unchanged, FileStat::NONE),
            Err(action) => {
                let stat = match content {
                    Content::Text(text) => self.sink.put(&at(), text, &action)?,
                    Content::Object(stat) => stat,
                };
                (action.clone(), action, stat)
            }
        };
        let mut stored = Stored { hash: planned, action: stored };
        let mut action = match (action, replaced.is_some()) {
            (Action::Unchanged | Action::Create, true) => Action::Update,
            (Action::Unchanged, false) => Action::Create,
            (action, _) => action,
        };
        if let Some((old, conflict)) = edited {
            stored = Stored { hash: old, action: Action::Unchanged };
            action = conflict;
        }
        let written = Some(FileEntry { stat, checksum });
        let (path, object, origin, stored) = (path(), None, Some(origin), Some(stored));
        Ok(Verdict::Change(Box::new(Change { path, object, stored, action, origin, written, unmerged })))
    }

    /// Returns the changes of mappings of a module that are not planned any more.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn unlist(
        &self,
        module: &str,
        listed: &Listed,
        is_planned: impl Fn(&str) -> bool,
    ) -> Result<Vec<Box<Change>>, Inaccessible> {
        let mut gone: Vec<(&Arc<str>, &ContentHash)> =
            listed.iter().filter(|(release, _)| !is_planned(release)).collect();
        gone.sort_unstable();
        let mut changes = Vec::new();
        for (release, hash) in gone {
            let path = path(module, release, CONFIG_MAP);
            if !self.concerns(&path) {
                continue;
            }
            let edit = self.edit_of(&stored_path(module, release, *hash, CONFIG_MAP))?;
            let action = edit.unwrap_or(Action::Remove);
            let stored = Some(Stored { hash: *hash, action: Action::Unchanged });
            changes.push(Box::new(Change {
                path,
                object: None,
                stored,
                action,
                origin: None,
                written: None,
                unmerged: false,
            }));
        }
        Ok(changes)
    }

    /// Returns the conflict of a file that is no longer needed but was edited; `None` if it is as it was written.
    fn edit_of(&self, path: &RelPath) -> Result<Option<Action>, Inaccessible> {
        let found = self.tree.find(path)?;
        let action = found.and_then(|found| remove_action(&found, self.force));
        Ok(action.filter(|action| matches!(action, Action::Conflict(_))))
    }
}

impl Change {
    /// Returns the change at the path of the file's content; `None` if nothing is to be done there.
    pub fn at_content(&self) -> Option<Box<Self>> {
        let Stored { hash, action } = self.stored.as_ref()?;
        let action = match &self.action {
            Action::Conflict(_) => &self.action,
            _ if *action == Action::Unchanged => return None,
            _ => action,
        };
        let SharedPath { module, release, file, .. } = SharedPath::parse(self.path.as_str())?;
        let path = stored_path(module, release, *hash, file);
        Some(Box::new(Self { path, action: action.clone(), stored: None, ..self.clone() }))
    }
}
