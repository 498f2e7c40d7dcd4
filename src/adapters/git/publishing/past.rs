//! The past of the branch that is published to, read from its commits and folders, without files.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;

use git2::{ObjectType, Oid};

use super::error::PublishError;
use super::folder::{Handles, descend};
use super::{Destination, Start, known};
use crate::output::MODULE;
use crate::publish::{History, PastCommit, StateChange, has_trailers};
use kmodgen_git::{Names, ObjectId};

/// Number of commits that are read.
const MOST_COMMITS: usize = 1000;

/// Number of generations that are fetched from a server.
const DEPTH: u32 = 200;

/// A larger commit is not read, and neither is its past.
const LARGEST_COMMIT: usize = 1 << 20;

/// Number of changes of Modules after which no more are looked for.
const MOST_CHANGES: usize = 100_000;

/// The past of a branch, which is read if it is asked for.
pub struct BranchPast<'d> {
    destination: &'d Destination,
    /// Name of the branch.
    pub branch: String,
    /// Its commit.
    tip: Option<Oid>,
    /// Number of folders between that of the output and a Module.
    levels: usize,
    history: OnceCell<Result<History, PublishError>>,
}

/// A commit as it is read.
struct Read {
    id: Oid,
    tree: ObjectId,
    parents: Vec<Oid>,
    seconds: i64,
    is_own: bool,
}

impl Destination {
    /// Returns the past of the branch, or of the base of a new branch. With clusters, each has a folder of its own.
    pub fn past(&self, start: &Start, has_clusters: bool) -> BranchPast<'_> {
        let base = self.base.as_ref().map(ToString::to_string).or_else(|| self.default_branch());
        let branch = base.filter(|_| !start.branch_exists()).unwrap_or_else(|| self.branch.to_string());
        let levels = 1 + usize::from(has_clusters);
        BranchPast { destination: self, branch, tip: start.parent, levels, history: OnceCell::new() }
    }
}

impl BranchPast<'_> {
    /// Returns the ID of the commit.
    pub fn tip(&self) -> String {
        self.tip.map(|tip| tip.to_string()).unwrap_or_default()
    }

    /// Reads the past, as far as the repository has it.
    ///
    /// # Errors
    /// A server that does not answer.
    pub fn history(&self) -> Result<&History, &PublishError> {
        self.history.get_or_init(|| self.read()).as_ref()
    }

    fn read(&self) -> Result<History, PublishError> {
        let Some(tip) = self.tip else { return Ok(History::default()) };
        let Destination { server, handles, name, .. } = self.destination;
        let handles = match server {
            None => Arc::clone(handles),
            Some(server) => {
                let fetched = server.fetch_past(&tip.to_string(), DEPTH).map_err(PublishError::repository(name))?;
                Arc::new(Handles::new(fetched))
            }
        };
        let commits = sorted(tip, collect(&handles, tip));
        let positions: HashMap<Oid, usize> = commits.iter().enumerate().map(|(at, commit)| (commit.id, at)).collect();
        let mut history = History::default();
        let mut count = 0;
        for commit in &commits {
            let parents = commit.parents.iter().filter_map(|parent| positions.get(parent).copied()).collect();
            let changes = if count < MOST_CHANGES { self.changes(&handles, commit) } else { None };
            let changes = changes.unwrap_or_default();
            count += changes.len();
            history.0.push(PastCommit { id: commit.id.to_string(), parents, changes });
        }
        Ok(history)
    }

    /// Returns the changes of Modules in a commit of kmodgen; `None` if it is someone else's, a merge, or the commit or
    /// its parent is not there as a whole.
    fn changes(&self, handles: &Handles, commit: &Read) -> Option<BTreeMap<String, StateChange>> {
        let before = match commit.parents.as_slice() {
            _ if !commit.is_own => return None,
            [] => None,
            [parent] => Some(read_commit(handles, *parent)?.tree),
            _ => return None,
        };
        let [before, after] = [before, Some(commit.tree)].map(|tree| descend(handles, tree, &self.destination.path));
        // What is no folder has no Modules.
        let (before, after) = (before.ok()?.unwrap_or_default(), after.ok()?.unwrap_or_default());
        let mut changes = BTreeMap::new();
        compare(handles, (before, after), "", self.levels, &mut changes).ok()?;
        Some(changes)
    }
}

/// Collects a commit and its past, the newest commits first.
fn collect(handles: &Handles, tip: Oid) -> HashMap<Oid, Read> {
    let mut commits: HashMap<Oid, Read> = read_commit(handles, tip).map(|commit| (tip, commit)).into_iter().collect();
    let mut newest: BinaryHeap<(i64, Oid)> = commits.values().map(|commit| (commit.seconds, commit.id)).collect();
    while let Some((_, id)) = newest.pop() {
        for parent in commits.get(&id).map(|commit| commit.parents.clone()).unwrap_or_default() {
            if commits.len() >= MOST_COMMITS || commits.contains_key(&parent) {
                continue;
            }
            if let Some(commit) = read_commit(handles, parent) {
                newest.push((commit.seconds, parent));
                commits.insert(parent, commit);
            }
        }
    }
    commits
}

/// Sorts a commit and its past, so that each commit is before its parents. Clocks may be wrong.
fn sorted(tip: Oid, mut commits: HashMap<Oid, Read>) -> Vec<Read> {
    let mut children: HashMap<Oid, usize> = HashMap::new();
    for parent in commits.values().flat_map(|commit| &commit.parents) {
        *children.entry(*parent).or_default() += 1;
    }
    let mut sorted = Vec::with_capacity(commits.len());
    let mut ready = vec![tip];
    while let Some(commit) = ready.pop().and_then(|id| commits.remove(&id)) {
        for parent in &commit.parents {
            let count = children.entry(*parent).or_default();
            *count = count.saturating_sub(1);
            if *count == 0 && commits.contains_key(parent) {
                ready.push(*parent);
            }
        }
        sorted.push(commit);
    }
    sorted
}

/// Reads a commit; `None` if it is not there, or far larger than one of kmodgen.
fn read_commit(handles: &Handles, id: Oid) -> Option<Read> {
    let found = handles.with(|repository| {
        let (length, kind) = repository.odb()?.read_header(id)?;
        if length > LARGEST_COMMIT || kind != ObjectType::Commit {
            return Ok(None);
        }
        let commit = repository.find_commit(id)?;
        let message = String::from_utf8_lossy(commit.message_bytes());
        let parents = commit.parent_ids().collect();
        let (seconds, is_own) = (commit.time().seconds(), has_trailers(&message));
        Ok(known(commit.tree_id()).ok().map(|tree| Read { id, tree, parents, seconds, is_own }))
    });
    found.ok().flatten()
}

/// Adds the Modules that differ between two folders, `levels` below them.
fn compare(
    handles: &Handles,
    (before, after): (Option<ObjectId>, Option<ObjectId>),
    prefix: &str,
    levels: usize,
    changes: &mut BTreeMap<String, StateChange>,
) -> Result<(), git2::Error> {
    if before == after {
        return Ok(());
    }
    let [before, after] = [before, after].map(|id| id.map_or_else(|| Ok(Names::new()), |id| handles.names(id)));
    let (before, after) = (before?, after?);
    if levels == 0 {
        let [before, after] = [before, after].map(|names| names.get(MODULE.as_bytes()).map(|entry| entry.id.0));
        if before != after {
            changes.insert(prefix.to_owned(), StateChange { before, after });
        }
        return Ok(());
    }
    for name in before.keys().chain(after.keys().filter(|name| !before.contains_key(*name))) {
        let Ok(text) = std::str::from_utf8(name) else { continue };
        let prefix = if prefix.is_empty() { text.to_owned() } else { format!("{prefix}/{text}") };
        let [before, after] = [&before, &after].map(|names| names.get(name).filter(|e| e.is_folder()).map(|e| e.id));
        compare(handles, (before, after), &prefix, levels - 1, changes)?;
    }
    Ok(())
}
