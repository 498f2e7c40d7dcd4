//! The past of a branch: which commits of kmodgen changed which Modules, and which of these changes were taken back.

use std::collections::BTreeMap;

/// Git ID of the file of a Module; `None` if there is no such file. The Module names all that nodes load.
pub type ModuleState = Option<[u8; 20]>;

/// Change of a Module in a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateChange {
    /// State in the parent.
    pub before: ModuleState,
    /// State in the commit.
    pub after: ModuleState,
}

/// A commit of a branch.
#[derive(Debug, Clone)]
pub struct PastCommit {
    /// ID, in hexadecimal digits.
    pub id: String,
    /// Positions of those parents that are known.
    pub parents: Vec<usize>,
    /// Changes of Modules by folder; empty if kmodgen did not make the commit.
    pub changes: BTreeMap<String, StateChange>,
}

/// Commits of a branch, each of them before its parents.
#[derive(Debug, Clone, Default)]
pub struct History(pub Vec<PastCommit>);

/// A change of a Module that was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reverted<'h> {
    /// The commit that made the change.
    pub commit: &'h str,
    /// Set if the planned state is that of the commit, so that publishing would undo the revert.
    pub is_planned_again: bool,
}

impl History {
    /// Returns the last change of a Module if the Module has an earlier state `now`, and another one is planned.
    ///
    /// A change is the last one if no commit of kmodgen on top of its commit changes the Module. Parallel branches have
    /// one each, and the Module is not reverted if it has the state of any of them.
    pub fn reverted(&self, module: &str, now: ModuleState, planned: ModuleState) -> Option<Reverted<'_>> {
        let last = self.last_changes(module);
        if now == planned || last.iter().any(|(_, change)| change.after == now) {
            return None;
        }
        let mut reverted = last.into_iter().filter(|(at, _)| self.was_before(*at, module, now)).map(|(at, change)| {
            let commit = self.0.get(at).map_or("", |commit| commit.id.as_str());
            Reverted { commit, is_planned_again: change.after == planned }
        });
        let first = reverted.next()?;
        Some(if first.is_planned_again {
            first
        } else {
            reverted.find(|other| other.is_planned_again).unwrap_or(first)
        })
    }

    fn last_changes(&self, module: &str) -> Vec<(usize, StateChange)> {
        let mut is_changed_later = vec![false; self.0.len()];
        let mut last = Vec::new();
        for (at, commit) in self.0.iter().enumerate() {
            let is_later = is_changed_later.get(at).copied().unwrap_or_default();
            let change = commit.changes.get(module);
            last.extend(change.filter(|_| !is_later).map(|change| (at, *change)));
            if is_later || change.is_some() {
                mark(&mut is_changed_later, &commit.parents);
            }
        }
        last
    }

    /// Returns whether the Module had a state before the commit at a position.
    fn was_before(&self, from: usize, module: &str, state: ModuleState) -> bool {
        let mut is_before = vec![false; self.0.len()];
        mark(&mut is_before, &[from]);
        for (at, commit) in self.0.iter().enumerate().skip(from) {
            if !is_before.get(at).copied().unwrap_or_default() {
                continue;
            }
            if commit
                .changes
                .get(module)
                .is_some_and(|change| change.before == state || (at != from && change.after == state))
            {
                return true;
            }
            mark(&mut is_before, &commit.parents);
        }
        false
    }
}

fn mark(marks: &mut [bool], positions: &[usize]) {
    for position in positions {
        if let Some(mark) = marks.get_mut(*position) {
            *mark = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALPHA: &str = "alpha";

    fn state(number: u8) -> ModuleState {
        (number > 0).then_some([number; 20])
    }

    /// A commit with this ID on top of the `parents`, of kmodgen if there is a change.
    fn commit(id: &str, parents: &[usize], change: Option<(u8, u8)>) -> PastCommit {
        let change = change.map(|(before, after)| StateChange { before: state(before), after: state(after) });
        let changes = change.map(|change| (ALPHA.to_owned(), change)).into_iter().collect();
        PastCommit { id: id.into(), parents: parents.to_vec(), changes }
    }

    /// Returns the commit that was reverted, and whether its state is planned again.
    fn reverted(history: &History, now: u8, planned: u8) -> Option<(&str, bool)> {
        let reverted = history.reverted(ALPHA, state(now), state(planned));
        reverted.map(|reverted| (reverted.commit, reverted.is_planned_again))
    }

    #[test]
    fn a_return_to_any_earlier_state_is_a_revert() {
        let history = History(vec![
            commit("revert", &[1], None),
            commit("third", &[2], Some((2, 3))),
            commit("theirs", &[3], None),
            commit("second", &[4], Some((1, 2))),
            commit("first", &[], Some((0, 1))),
        ]);
        for now in [0, 1, 2] {
            assert_eq!(reverted(&history, now, 3), Some(("third", true)));
            assert_eq!(reverted(&history, now, 4), Some(("third", false)));
            assert_eq!(reverted(&history, now, now), None);
        }
        assert_eq!(reverted(&history, 3, 4), None, "it has the last state");
        assert_eq!(reverted(&history, 9, 3), None, "the state is new");
        assert_eq!(history.reverted("beta", state(1), state(3)), None);
        assert_eq!(reverted(&History::default(), 1, 2), None);
    }

    #[test]
    fn a_return_by_kmodgen_is_none() {
        let history = History(vec![commit("back", &[1], Some((2, 1))), commit("on", &[2], Some((1, 2)))]);
        assert_eq!(reverted(&history, 1, 2), None);
        assert_eq!(reverted(&history, 2, 1), Some(("back", true)), "someone went back from the return");
    }

    #[test]
    fn of_parallel_branches_each_counts() {
        // Both branches begin at state 1, and the merge has the state of one of them.
        let history = History(vec![
            commit("merge", &[1, 2], None),
            commit("left", &[3], Some((1, 2))),
            commit("right", &[3], Some((1, 3))),
            commit("base", &[], Some((0, 1))),
        ]);
        for now in [2, 3] {
            assert_eq!(reverted(&history, now, 5 - now), None);
        }
        assert_eq!(reverted(&history, 1, 3), Some(("right", true)));
        assert_eq!(reverted(&history, 1, 2), Some(("left", true)));
        assert_eq!(reverted(&history, 1, 4), Some(("left", false)));
    }

    #[test]
    fn a_removed_module_can_come_back() {
        let history = History(vec![commit("removal", &[1], Some((1, 0))), commit("first", &[7], Some((0, 1)))]);
        assert_eq!(reverted(&history, 1, 0), Some(("removal", true)));
        assert_eq!(reverted(&history, 0, 1), None, "it is added again");
    }

    /// Returns a history of up to ten commits with any parents and changes.
    fn any_history() -> impl Strategy<Value = History> {
        let one = (proptest::collection::vec(1_usize..12, 0..3), proptest::option::of((0_u8..4, 0_u8..4)));
        proptest::collection::vec(one, 0..10).prop_map(|commits| {
            let commits = commits.into_iter().enumerate().map(|(at, (distances, change))| {
                let parents: Vec<usize> = distances.into_iter().map(|distance| at + distance).collect();
                commit(&at.to_string(), &parents, change.filter(|(before, after)| before != after))
            });
            History(commits.collect())
        })
    }

    proptest! {
        /// Whatever happened before: what kmodgen publishes is no revert, and the way back from it is one.
        #[test]
        fn only_the_last_commit_counts(history in any_history(), now in 0_u8..5, planned in 0_u8..5) {
            prop_assume!(now != planned);
            let before = history.reverted(ALPHA, state(now), state(planned)).is_some();
            prop_assert!(!before || history.0.iter().any(|commit| commit.changes.contains_key(ALPHA)));
            let mut commits = vec![commit("top", &[1], Some((now, planned)))];
            commits.extend(history.0.into_iter().map(|commit| PastCommit {
                parents: commit.parents.iter().map(|parent| parent + 1).collect(),
                ..commit
            }));
            // The branch is at the top: nothing else is in its past.
            let mut is_reached = vec![false; commits.len()];
            mark(&mut is_reached, &[0]);
            for (at, commit) in commits.iter_mut().enumerate() {
                if is_reached[at] { mark(&mut is_reached, &commit.parents) } else { commit.changes.clear() }
            }
            let history = History(commits);
            for next in 0..5 {
                prop_assert_eq!(reverted(&history, planned, next), None);
            }
            prop_assert_eq!(reverted(&history, now, planned), Some(("top", true)));
        }
    }
}
