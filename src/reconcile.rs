//! What has to change in a folder, so that it holds the outputs and nothing of anyone's is lost.

use std::collections::{BTreeMap, BTreeSet};

use crate::output::Output;
use crate::render::header::{Ownership, ownership, to_unix};
use crate::vocabulary::{RelPath, Span};

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A regular file with these bytes.
    File(Vec<u8>),
    /// A folder.
    Folder,
    /// Something else, such as "a symbolic link".
    Other(&'static str),
}

/// What a folder holds, as far as outputs are concerned.
pub type Tree = BTreeMap<RelPath, Found>;

/// What is done at one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A file is written where none was.
    Create,
    /// A file of ours is replaced.
    Update,
    /// The file is right.
    Unchanged,
    /// A file of ours that no mapping asks for any more is removed.
    Remove,
    /// Nothing is done, since something of someone's would be lost.
    Conflict(Conflict),
}

/// Why nothing is done at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Completes "it is left as it is: ".
    pub why: String,
    /// What to do about it; nothing where the reason is told elsewhere.
    pub help: Option<&'static str>,
}

/// Where `--force` settles a conflict.
const FORCE: &str = "move what you need into the manifest or a template, then say --force";

/// Where it does not.
const MOVE: &str = "move it away: kmodgen replaces no folder, and writes through no link";

impl Conflict {
    fn new(why: impl Into<String>, help: &'static str) -> Self {
        Self { why: why.into(), help: Some(help) }
    }

    /// A module is held, which is told once for all its files.
    fn held(why: &str) -> Self {
        Self { why: why.to_owned(), help: None }
    }
}

/// One path, and what is done there.
#[derive(Debug, Clone)]
pub struct Change {
    /// Where, below the output folder.
    pub path: RelPath,
    /// What.
    pub action: Action,
    /// The place of the manifest that asks for the file; none for what is removed.
    pub origin: Option<Span>,
    /// The new text, for what is written.
    pub text: Option<String>,
}

/// Which part of the outputs a run is about, and how bold it is.
#[derive(Debug, Default)]
pub struct Policy {
    /// Overwrite and remove also what was edited by hand or is not ours.
    pub force: bool,
    /// Modules that are left as they are, with the reason.
    pub held: BTreeMap<String, String>,
    /// The paths that the run is about; all where `None`. Every other path is left alone.
    pub only: Option<BTreeSet<RelPath>>,
}

impl Policy {
    fn concerns(&self, path: &RelPath) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(path))
    }

    fn held(&self, path: &RelPath) -> Option<&String> {
        self.held.get(path.as_str().split('/').next().unwrap_or_default())
    }
}

/// Compares outputs with what is there. Changes come in the order in which they are safe to
/// carry out: files before what lists them, removals last.
pub fn reconcile(outputs: Vec<Output>, tree: &Tree, policy: &Policy) -> Vec<Change> {
    let wanted: BTreeSet<RelPath> = outputs.iter().map(|output| output.path.clone()).collect();
    let mut changes: Vec<Change> = outputs
        .into_iter()
        .filter(|output| policy.concerns(&output.path))
        .map(|output| {
            let action = write_action(&output, tree, policy);
            let action = match action {
                Action::Create | Action::Update => match policy.held(&output.path) {
                    Some(why) => Action::Conflict(Conflict::held(why)),
                    None => action,
                },
                action => action,
            };
            let text = matches!(action, Action::Create | Action::Update | Action::Conflict(_)).then_some(output.text);
            Change { path: output.path, action, origin: Some(output.origin), text }
        })
        .collect();
    for (path, found) in tree {
        if wanted.contains(path) || !policy.concerns(path) {
            continue;
        }
        if let Some(action) = remove_action(path, found, policy) {
            changes.push(Change { path: path.clone(), action, origin: None, text: None });
        }
    }
    changes
}

fn write_action(output: &Output, tree: &Tree, policy: &Policy) -> Action {
    if let Some((parent, what)) = blocked_parent(&output.path, tree) {
        let why = format!("`{parent}` is {what}, and a folder is needed there");
        return Action::Conflict(Conflict::new(why, MOVE));
    }
    let bytes = match tree.get(&output.path) {
        None => return Action::Create,
        Some(Found::Folder) => {
            return Action::Conflict(Conflict::new("it is a folder, and a file is needed there", MOVE));
        }
        Some(Found::Other(_)) if policy.force => return Action::Update,
        Some(Found::Other(what)) => {
            return Action::Conflict(Conflict::new(format!("it is {what}, which kmodgen did not make"), FORCE));
        }
        Some(Found::File(bytes)) => bytes,
    };
    if *to_unix(bytes) == *output.text.as_bytes() {
        return Action::Unchanged;
    }
    match ownership(bytes) {
        Ownership::Intact => Action::Update,
        _ if policy.force => Action::Update,
        Ownership::Edited => Action::Conflict(Conflict::new("it was edited by hand", FORCE)),
        Ownership::Foreign => Action::Conflict(Conflict::new("kmodgen did not write it", FORCE)),
    }
}

fn remove_action(path: &RelPath, found: &Found, policy: &Policy) -> Option<Action> {
    let Found::File(bytes) = found else { return None };
    let action = match ownership(bytes) {
        Ownership::Foreign => return None,
        Ownership::Edited if !policy.force => {
            Action::Conflict(Conflict::new("it was edited by hand, and no mapping asks for it any more", FORCE))
        }
        _ => Action::Remove,
    };
    Some(match policy.held(path) {
        Some(why) if action == Action::Remove => Action::Conflict(Conflict::held(why)),
        _ => action,
    })
}

/// A parent that is no folder, so that nothing can be written below it.
fn blocked_parent<'t>(path: &RelPath, tree: &'t Tree) -> Option<(String, &'t str)> {
    let mut parent = path.parent();
    while !parent.is_empty() {
        match RelPath::parse(parent).ok().and_then(|parent| tree.get(&parent)) {
            Some(Found::File(_)) => return Some((parent.to_owned(), "a file")),
            Some(Found::Other(what)) => return Some((parent.to_owned(), what)),
            Some(Found::Folder) | None => {}
        }
        parent = parent.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::header::with_header;
    use crate::vocabulary::{SourceMap, Span};

    fn path(text: &str) -> RelPath {
        RelPath::parse(text).unwrap()
    }

    fn output(at: &str, body: &str) -> Output {
        let origin = Span::new(SourceMap::default().add("m", ""), 0, 0);
        Output { path: path(at), text: with_header(body), origin, module: None }
    }

    fn action(found: Option<Found>, force: bool) -> Action {
        let tree: Tree = found.into_iter().map(|found| (path("a/module.yaml"), found)).collect();
        let policy = Policy { force, ..Policy::default() };
        reconcile(vec![output("a/module.yaml", "new\n")], &tree, &policy).remove(0).action
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
            Action::Conflict(Conflict::new("it was edited by hand", FORCE))
        );
        assert_eq!(action(file(with_header("old\n") + "edit\n"), true), Action::Update);
        assert_eq!(
            action(file("mine\n".into()), false),
            Action::Conflict(Conflict::new("kmodgen did not write it", FORCE))
        );
        assert!(matches!(action(Some(Found::Folder), true), Action::Conflict(_)));
        assert!(matches!(action(Some(Found::Other("a symbolic link")), false), Action::Conflict(_)));
    }

    #[test]
    fn only_what_is_ours_and_unedited_is_removed() {
        let tree: Tree = [
            ("a/5.1.0-1/Dockerfile", with_header("x\n")),
            ("b/module.yaml", with_header("x\n") + "edit\n"),
            ("c/module.yaml", "mine\n".into()),
        ]
        .map(|(at, text)| (path(at), Found::File(text.into_bytes())))
        .into();
        let actions = |policy: &Policy| -> Vec<(String, bool)> {
            let changes = reconcile(vec![], &tree, policy);
            changes.iter().map(|c| (c.path.to_string(), c.action == Action::Remove)).collect()
        };
        let expected = [("a/5.1.0-1/Dockerfile".to_owned(), true), ("b/module.yaml".to_owned(), false)];
        assert_eq!(actions(&Policy::default()), expected);
        let held = Policy { held: [("a".to_owned(), "held".to_owned())].into(), ..Policy::default() };
        assert_eq!(actions(&held)[0], ("a/5.1.0-1/Dockerfile".into(), false));
        let forced = Policy { force: true, ..Policy::default() };
        assert!(actions(&forced).iter().all(|(_, removed)| *removed));
    }

    #[test]
    fn a_parent_that_is_no_folder_blocks() {
        let tree: Tree = [(path("a"), Found::Other("a symbolic link"))].into();
        let policy = Policy { force: true, ..Policy::default() };
        let changes = reconcile(vec![output("a/x/Dockerfile", "x\n")], &tree, &policy);
        assert!(
            matches!(&changes[0].action, Action::Conflict(conflict) if conflict.why.contains("`a` is a symbolic link"))
        );
    }
}
