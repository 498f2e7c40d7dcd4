//! Modules that someone reverted on the branch that is published to.

use std::collections::BTreeMap;

use crate::adapters::{git, ui};
use crate::impact::Refusal;
use crate::output::MODULE;
use crate::publish::Reverted;
use crate::reconcile::{Action, Change};
use crate::tree::OutputFolder;

/// The branch whose reverts are looked for.
pub(in crate::commands) struct BranchScope<'s> {
    /// Its past.
    pub(in crate::commands) past: &'s git::BranchPast<'s>,
    /// Folder of the cluster; empty without clusters.
    pub(in crate::commands) cluster: &'s str,
    /// Flags that name the repository and the folder, for other commands; empty if the manifest names them.
    pub(in crate::commands) flags: &'s str,
    /// Modules that are published although they were reverted.
    pub(in crate::commands) again: &'s [String],
}

/// Replaces the refusals of modules that were reverted on the branch, and whose state before the revert is planned
/// again.
pub(super) fn reverted<'c>(
    branch: &BranchScope<'_>,
    changes: impl Iterator<Item = &'c Change>,
    folder: &dyn OutputFolder,
    refusals: &mut Vec<Refusal>,
) {
    // What is there, and what is planned.
    let mut states = BTreeMap::new();
    for change in changes.filter(|change| change.path.file_name() == MODULE) {
        let planned = change.written.and_then(|file| file.stat.object());
        let is_written = matches!(change.action, Action::Create | Action::Update) && planned.is_some();
        let module = change.path.parent();
        if (is_written || change.action == Action::Remove) && !branch.again.iter().any(|again| again == module) {
            states.insert(module, (folder.stat(change.path.as_str()).object(), planned));
        }
    }
    if states.is_empty() {
        return;
    }
    let history = match branch.past.history() {
        Ok(history) => history,
        Err(error) => {
            ui::talk_once(&format!("note: cannot look for reverts on branch `{}`: {error}\n", branch.past.branch));
            return;
        }
    };
    for (module, (now, planned)) in states {
        let folders = [branch.cluster, module].into_iter().filter(|folder| !folder.is_empty());
        let path = folders.collect::<Vec<_>>().join("/");
        let Some(reverted) = history.reverted(&path, now, planned) else { continue };
        if reverted.is_planned_again {
            refusals.retain(|refusal| refusal.module != module);
            refusals.push(branch.refusal(module, reverted, (now.is_some(), planned.is_some())));
        } else {
            let (name, commit) = (&branch.past.branch, short(reverted.commit));
            ui::talk_once(&format!(
                "note: module `{path}` was reverted on branch `{name}` after commit {commit}; the manifest asks for \
                 another state now\n"
            ));
        }
    }
}

impl BranchScope<'_> {
    fn refusal(&self, module: &str, reverted: Reverted<'_>, (is_there, is_planned): (bool, bool)) -> Refusal {
        let (branch, commit) = (&self.past.branch, short(reverted.commit));
        let cluster = if self.cluster.is_empty() { String::new() } else { format!(" --cluster {}", self.cluster) };
        let (flags, tip) = (self.flags, self.past.tip());
        let hold = format!("kmodgen hold {module}{cluster}{flags} --at {tip} --reason TEXT --until DATE");
        let why = if is_planned {
            format!(
                "it was reverted on branch `{branch}`, but the manifest still asks for the state of commit {commit}"
            )
        } else {
            format!("it was brought back on branch `{branch}` after commit {commit} removed it")
        };
        let help = match (is_there, is_planned) {
            (true, true) => {
                format!("to keep the older state, run `{hold}`; to publish it again, pass --again {module}")
            }
            (true, false) => format!(
                "to keep it, add it to the manifest and run `{hold}`; to remove it again, pass --again {module}"
            ),
            (false, _) => {
                format!("to do without it, remove it from the manifest; to publish it again, pass --again {module}")
            }
        };
        Refusal { module: module.to_owned(), why, help }
    }
}

/// Returns the beginning of a commit's ID.
fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}
