//! What a run leaves as it is, so that another comparison of the same project can leave it, too.

use std::collections::BTreeMap;

use super::Drift;
use crate::impact::Refusal;
use crate::reconcile::{Action, refuse};

/// Modules, and files at the top, that a run does not write.
#[derive(Debug, Default)]
pub(in crate::commands) struct LeftOut {
    refusals: Vec<Refusal>,
    /// Reasons, by the name of a module or of a file at the top.
    reasons: BTreeMap<String, String>,
}

impl Drift<'_> {
    /// Returns what is left as it is. Call [`Drift::refuse`] first.
    pub(in crate::commands) fn left_out(&self) -> LeftOut {
        let reasons = self.changes.iter().filter_map(|change| {
            let Action::Conflict(conflict) = &change.action else { return None };
            let name = change.path.as_str().split('/').next()?;
            Some((name.to_owned(), conflict.why.clone()))
        });
        LeftOut { refusals: self.refusals.clone(), reasons: reasons.collect() }
    }

    /// Leaves modules and files as another run leaves them, for the same reasons.
    pub(in crate::commands) fn leave_out(&mut self, left: &LeftOut) {
        self.refusals.retain(|own| !left.refusals.iter().any(|refusal| refusal.module == own.module));
        self.refusals.extend(left.refusals.iter().cloned());
        refuse(&mut self.changes, &left.reasons);
        self.refuse();
    }
}
