//! Changes to a folder, so that it has the outputs and no file of anyone else is lost.

use std::collections::BTreeMap;

mod assembly;
mod bundles;
mod change;
mod conflict;
mod old_bundle;
mod shared;
mod sink;

use crate::bundle::document_of;
use crate::cache::FileEntry;
use crate::checksum::{Checksum, ChecksumKey};
use crate::file_stat::FileStat;
use crate::header::{Ownership, ownership, to_unix};
use crate::output::{self, Output};
use crate::ownership::Claim;
use crate::tree::{Content, Found, Inaccessible, View};
use crate::vocabulary::{RelPath, Span, has_markers};

pub use assembly::{Assembly, BundleSink, DocumentStore, PlannedBundle, assemble};
pub use bundles::BundleVerdict;
pub use change::{Action, Change, ObjectInFile, Stored, Verdict};
pub use conflict::Conflict;
use conflict::{FORCE, MERGE, MOVE};
pub use old_bundle::KnownBundle;
pub use shared::Contents;
pub use sink::{TextParts, TextSink};

/// Compares outputs with what is there.
pub struct Inspector<'i> {
    /// The output folder.
    pub tree: View<'i>,
    /// Receiver of texts that differ.
    pub sink: &'i dyn TextSink,
    /// Key of checksums for the next run.
    pub key: ChecksumKey,
    /// Overwrite and remove also what was edited by hand or is not ours.
    pub force: bool,
    /// The manifest's claim to the files of the folder.
    pub claim: Claim<'i>,
    /// The paths that the run is about; all where `None`. Every other path is left alone.
    pub only: Option<&'i (dyn Fn(&RelPath) -> bool + Sync)>,
}

impl Inspector<'_> {
    fn concerns(&self, path: &RelPath) -> bool {
        self.only.is_none_or(|only| only(path))
    }

    /// Compares an output at the top, where the file of another owner may serve as well.
    ///
    /// # Errors
    /// Fails like [`inspect`](Self::inspect).
    pub fn inspect_top(&self, output: Output) -> Result<Verdict, Inaccessible> {
        if let Some((found, stat)) = self.tree.look(&output.path)?
            && self.claim.other_owner(&output.path, &found).is_some()
            && let Some(bytes) = found.bytes()
            && output::serves(&output, bytes)
        {
            return Ok(Verdict::Right(Box::new(FileEntry { stat, checksum: self.key.checksum(bytes) })));
        }
        self.inspect(&output, None)
    }

    /// Compares one output. `known` is what the file is known to be, as an output of the run before.
    ///
    /// # Errors
    /// A file that cannot be read, or a text that the sink cannot take.
    pub fn inspect(&self, output: &Output, known: Option<FileEntry>) -> Result<Verdict, Inaccessible> {
        let Output { path, text, origin } = output;
        if !self.concerns(path) {
            return Ok(Verdict::NotAsked);
        }
        let checksum = self.key.checksum(text.as_bytes());
        self.inspect_content((path.clone(), *origin), (Content::Text(text), checksum), known)
    }

    /// Compares one output, of which there is at least its checksum and the git object with its text; the sink has the
    /// object already.
    ///
    /// # Errors
    /// Fails like [`inspect`](Self::inspect).
    pub fn inspect_content(
        &self,
        (path, origin): (RelPath, Span),
        (content, checksum): (Content<'_>, Checksum),
        known: Option<FileEntry>,
    ) -> Result<Verdict, Inaccessible> {
        if !self.concerns(&path) {
            return Ok(Verdict::NotAsked);
        }
        let (action, unmerged) = match known {
            Some(known) if known.checksum == checksum => return Ok(Verdict::Right(Box::new(known))),
            // It is ours, and nobody edited it.
            Some(_) => (Action::Update, false),
            None => match self.compare(&path, (content, checksum))? {
                Ok(stat) => return Ok(Verdict::Right(Box::new(FileEntry { stat, checksum }))),
                Err(action) => action,
            },
        };
        let mut object = None;
        let stat = match content {
            Content::Text(text) => {
                let stat = self.sink.put(&path, text, &action)?;
                if document_of(path.as_str()).is_some() {
                    object = Some(self.object(&path, text, &action)?);
                    FileStat { size: text.len() as u64, ..FileStat::NONE }
                } else {
                    stat
                }
            }
            Content::Object(stat) if matches!(action, Action::Create | Action::Update) => stat,
            Content::Object(_) => FileStat::NONE,
        };
        let written = Some(FileEntry { stat, checksum });
        Ok(Verdict::Change(Box::new(Change {
            path,
            object,
            stored: None,
            action,
            origin: Some(origin),
            written,
            unmerged,
        })))
    }

    /// Returns the metadata of the file at a path if the file has this content; otherwise the action to take, and
    /// whether git has the file as unmerged.
    fn compare(
        &self,
        path: &RelPath,
        (content, checksum): (Content<'_>, Checksum),
    ) -> Result<Result<FileStat, (Action, bool)>, Inaccessible> {
        if let Some((parent, what)) = self.tree.blocked_parent(path)? {
            let why = format!("`{parent}` is {what}, but must be a folder");
            return Ok(Err((Action::Conflict(Conflict::new(why, MOVE)), false)));
        }
        if let Some(stat) = self.tree.holds(path, content)? {
            return Ok(Ok(stat));
        }
        let look = self.tree.look(path)?;
        let found = look.as_ref().map(|(found, _)| found);
        if let Some(owner) = found.and_then(|found| self.claim.other_owner(path, found)) {
            return Ok(Err((Action::Conflict(Conflict::owned(owner, &self.claim)), false)));
        }
        Ok(match write_action((checksum, &self.key), found, self.force) {
            Action::Unchanged => Ok(look.map_or(FileStat::NONE, |(_, stat)| stat)),
            action => Err((action, matches!(found, Some(Found::Unmerged(_))))),
        })
    }

    /// Files of ours that no mapping asks for any more, at `paths`. A file of another owner stays; in the folder of a
    /// module that `is_planned` it is a conflict.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn orphans(
        &self,
        paths: impl IntoIterator<Item = RelPath>,
        is_planned: impl Fn(&str) -> bool,
    ) -> Result<Vec<Box<Change>>, Inaccessible> {
        let mut changes = Vec::new();
        for path in paths.into_iter().filter(|path| self.concerns(path)) {
            let Some(found) = self.tree.find(&path)? else { continue };
            let module = path.as_str().split_once('/').map(|(module, _)| module);
            let action = match self.claim.other_owner(&path, &found) {
                Some(owner) if module.is_some_and(&is_planned) => {
                    Some(Action::Conflict(Conflict::owned(owner, &self.claim)))
                }
                Some(_) => None,
                None if module.is_none() && !self.claim.is_own(&found) => None,
                None => remove_action(&found, self.force),
            };
            if let Some(action) = action {
                let unmerged = matches!(found, Found::Unmerged(_));
                let object = self.object_there(&path, &found)?;
                changes.push(Box::new(Change {
                    path,
                    object,
                    stored: None,
                    action,
                    origin: None,
                    written: None,
                    unmerged,
                }));
            }
        }
        Ok(changes)
    }
}

/// Turns the changes of `refused` modules into conflicts, with the reason.
pub fn refuse(changes: &mut [Box<Change>], refused: &BTreeMap<String, String>) {
    if refused.is_empty() {
        return;
    }
    for change in changes {
        let module = change.path.as_str().split('/').next().unwrap_or_default();
        let is_told = matches!(&change.action, Action::Conflict(conflict) if conflict.owner.is_none());
        if let (Some(why), false) = (refused.get(module), is_told) {
            let conflict = Action::Conflict(Conflict::of_module(why));
            change.action = if change.is_there() { Action::Unchanged } else { conflict };
        }
    }
}

fn write_action((checksum, key): (Checksum, &ChecksumKey), found: Option<&Found>, force: bool) -> Action {
    let bytes = match found {
        None => return Action::Create,
        Some(Found::Folder) => {
            return Action::Conflict(Conflict::new("it is a folder, but must be a file", MOVE));
        }
        Some(Found::Other(_)) if force => return Action::Update,
        Some(Found::Other(what)) => {
            return Action::Conflict(Conflict::new(format!("it is {what} that kmodgen did not create"), FORCE));
        }
        Some(Found::Unmerged(unmerged)) => {
            let why = unmerged.why.as_ref().filter(|_| !force);
            return why.map_or(Action::Update, |why| Action::Conflict(Conflict::new(why, MERGE)));
        }
        Some(Found::File(bytes)) => bytes,
    };
    if key.checksum(&to_unix(bytes)) == checksum {
        return Action::Unchanged;
    }
    match ownership(bytes) {
        Ownership::Intact => Action::Update,
        _ if force => Action::Update,
        _ if has_markers(bytes) => Action::Conflict(Conflict::new("it contains git conflict markers", MERGE)),
        Ownership::Edited => Action::Conflict(Conflict::new("edited by hand", FORCE)),
        Ownership::Foreign => Action::Conflict(Conflict::new("not generated by kmodgen", FORCE)),
    }
}

/// Returns what becomes of a file that is no longer needed; `None` if it stays, since it is not kmodgen's.
pub fn remove_action(found: &Found, force: bool) -> Option<Action> {
    let bytes = match found {
        Found::File(bytes) => bytes,
        Found::Unmerged(unmerged) => {
            let why = unmerged.why.as_ref().filter(|_| !force);
            return Some(why.map_or(Action::Remove, |why| Action::Conflict(Conflict::new(why, MERGE))));
        }
        Found::Folder | Found::Other(_) => return None,
    };
    match ownership(bytes) {
        Ownership::Foreign => None,
        Ownership::Edited if !force => {
            let why = "edited by hand, and no longer needed";
            Some(Action::Conflict(Conflict::new(why, FORCE)))
        }
        _ => Some(Action::Remove),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::with_header;
    use crate::output::NAMESPACE;
    use crate::tree::Outline;
    use crate::vocabulary::{SourceMap, Span};

    type Tree = BTreeMap<RelPath, Found>;

    fn path(text: &str) -> RelPath {
        RelPath::parse(text).unwrap()
    }

    fn output(at: &str, body: &str) -> Output<'static> {
        let origin = Span::new(SourceMap::default().add("m", ""), 0, 0);
        Output { path: path(at), text: with_header(body).into(), origin }
    }

    fn inspected<T>(tree: &Tree, force: bool, ask: impl FnOnce(&Inspector<'_>) -> T) -> T {
        let outline = Outline::read(tree, |_| None).unwrap();
        let tree = View { folder: tree, outline: &outline };
        ask(&Inspector { tree, sink: &(), key: ChecksumKey::PUBLIC, force, claim: Claim::ALL, only: None })
    }

    fn action(found: Option<Found>, force: bool) -> Action {
        let tree: Tree = found.into_iter().map(|found| (path("a/module.yaml"), found)).collect();
        match inspected(&tree, force, |inspector| inspector.inspect(&output("a/module.yaml", "new\n"), None)).unwrap() {
            Verdict::Change(change) => change.action,
            Verdict::Right(_) => Action::Unchanged,
            Verdict::NotAsked | Verdict::Absent => panic!("it is asked"),
        }
    }

    #[test]
    fn files_are_replaced_only_where_nothing_is_lost() {
        let file = |text: String| Some(Found::File(text.into_bytes()));
        assert_eq!(action(None, false), Action::Create);
        assert_eq!(action(file(with_header("new\n")), false), Action::Unchanged);
        assert_eq!(action(file(with_header("new\n").replace('\n', "\r\n")), false), Action::Unchanged);
        assert_eq!(action(file(with_header("old\n")), false), Action::Update);
        assert_eq!(
            action(file(with_header("old\n") + "edit\n"), false),
            Action::Conflict(Conflict::new("edited by hand", FORCE))
        );
        assert_eq!(action(file(with_header("old\n") + "edit\n"), true), Action::Update);
        assert_eq!(
            action(file("mine\n".into()), false),
            Action::Conflict(Conflict::new("not generated by kmodgen", FORCE))
        );
        assert!(matches!(action(Some(Found::Folder), true), Action::Conflict(_)));
        assert!(matches!(action(Some(Found::Other("a symbolic link")), false), Action::Conflict(_)));
    }

    #[test]
    fn what_is_known_is_not_looked_at() {
        let known = |body: &str| {
            let checksum = ChecksumKey::PUBLIC.checksum(with_header(body).as_bytes());
            Some(FileEntry { stat: FileStat { inode: 1, ..FileStat::NONE }, checksum })
        };
        let verdict = |before| {
            inspected(&Tree::new(), false, |inspector| {
                inspector.inspect(&output("a/module.yaml", "new\n"), known(before))
            })
        };
        assert!(matches!(verdict("new\n").unwrap(), Verdict::Right(file) if file.stat.is_some()));
        assert!(matches!(verdict("old\n").unwrap(), Verdict::Change(change) if change.action == Action::Update));
    }

    #[test]
    fn only_what_is_ours_and_unedited_is_removed() {
        let tree: Tree = [
            ("a/5.1.0-1/Dockerfile", with_header("x\n")),
            ("b/module.yaml", with_header("x\n") + "edit\n"),
            ("c/module.yaml", "mine\n".into()),
            (".git/module.yaml", with_header("x\n")),
        ]
        .map(|(at, text)| (path(at), Found::File(text.into_bytes())))
        .into();
        let changes = |force| {
            let outline = Outline::read(&tree, |_| None).unwrap();
            let candidates = outline.candidates(&outline.unplanned(|_, _| false), [NAMESPACE].into_iter());
            inspected(&tree, force, |inspector| inspector.orphans(candidates, |_| false)).unwrap()
        };
        let actions = |changes: &[Box<Change>]| -> Vec<(String, bool)> {
            changes.iter().map(|c| (c.path.to_string(), c.action == Action::Remove)).collect()
        };
        let expected = [("a/5.1.0-1/Dockerfile".to_owned(), true), ("b/module.yaml".to_owned(), false)];
        assert_eq!(actions(&changes(false)), expected);
        assert!(changes(true).iter().all(|change| change.action == Action::Remove));
        let mut refused = changes(false);
        refuse(&mut refused, &[("a".to_owned(), "refused".to_owned())].into());
        assert_eq!(actions(&refused)[0], ("a/5.1.0-1/Dockerfile".into(), false));
    }

    #[test]
    fn a_parent_that_is_no_folder_blocks() {
        let tree: Tree = [(path("a"), Found::Other("a symbolic link"))].into();
        let verdict =
            inspected(&tree, true, |inspector| inspector.inspect(&output("a/x/Dockerfile", "x\n"), None)).unwrap();
        let Verdict::Change(change) = verdict else { panic!("{verdict:?}") };
        let Action::Conflict(conflict) = change.action else { panic!("{change:?}") };
        assert!(conflict.why.contains("`a` is a symbolic link"));
    }
}
