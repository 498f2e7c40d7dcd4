//! The facts of a commit, gathered from drifts.

use super::wanted::Wanted;
use crate::commands::drift::Drift;
use crate::commands::report::explanations;
use crate::fingerprint::{HashSink, Sink as _};
use crate::holds::HeldModule;
use crate::output::mapping_of_config_map;
use crate::publish::{Alterations, Altered, Facts, Files, HoldFacts};
use crate::reconcile::{Action, Change};
use crate::tree::Inaccessible;

/// Of how many mappings the inputs that changed are told: each takes reading what was there.
const EXPLAINED: usize = 200;

/// Facts on their way.
pub(super) struct Told {
    facts: Facts,
    hash: HashSink,
}

impl Told {
    pub(super) fn new(wanted: &Wanted) -> Self {
        let facts = Facts {
            branch: wanted.branch.to_string(),
            path: wanted.path.to_string(),
            version: env!("CARGO_PKG_VERSION"),
            ..Facts::default()
        };
        Self { facts, hash: HashSink::default() }
    }

    /// Adds what becomes of a cluster.
    pub(super) fn add(&mut self, cluster: &str, drift: &Drift<'_>) -> Result<(), Inaccessible> {
        self.add_files(&drift.changes);
        self.hash.field("cluster", cluster.as_bytes());
        for (module, mappings) in &drift.plan.modules {
            self.hash.field("module", module.name.as_str().as_bytes());
            for mapping in mappings {
                self.hash.field(mapping.kernel.release.as_str(), mapping.identity.hash.as_bytes());
            }
        }
        let prefix = if cluster.is_empty() { String::new() } else { format!("{cluster}/") };
        let holds = drift.held.values().map(|HeldModule { hold, .. }| HoldFacts {
            name: format!("{prefix}{}", hold.module),
            at: hold.short_commit().to_owned(),
            until: hold.until.to_string(),
            reason: hold.reason.clone(),
        });
        self.facts.holds.extend(holds);
        self.facts.add(&prefix, altered(drift)?);
        Ok(())
    }

    /// Counts the files that change.
    pub(super) fn add_files(&mut self, changes: &[Box<Change>]) {
        let Files { created, updated, removed } = &mut self.facts.files;
        for change in changes {
            // A mapping that changes has another file among those that clusters share.
            match change.stored.as_ref().map_or(&change.action, |stored| &stored.action) {
                Action::Create => *created += 1,
                Action::Update => *updated += 1,
                Action::Remove => *removed += 1,
                Action::Unchanged | Action::Conflict(_) => {}
            }
        }
    }

    pub(super) fn into_facts(self) -> Facts {
        Facts { content_hash: self.hash.finish().to_string(), ..self.facts }
    }
}

/// Returns the changes of mappings: of those whose ConfigMaps are added, changed or removed, and of those of Modules
/// that have no ConfigMaps.
fn altered<'d>(drift: &'d Drift<'_>) -> Result<Alterations<'d>, Inaccessible> {
    let mut altered = Alterations::new();
    let mut explained = explanations(drift, EXPLAINED)?;
    let moved = drift.moved();
    for change in &drift.changes {
        let Some((module, kernel)) = mapping_of_config_map(&change.path).filter(|key| !moved.contains(key)) else {
            continue;
        };
        let what = match change.action {
            Action::Create => Altered::Added,
            Action::Remove => Altered::Removed,
            Action::Update => {
                let changes = explained.remove(&format!("{module}/{kernel}")).unwrap_or_default().changes;
                let only = changes.len() == 1;
                // The Dockerfile's digest follows from the others.
                let telling = changes.into_iter().filter(|change| only || change.input != "dockerfile");
                Altered::Changed(telling.map(|change| change.input).collect())
            }
            Action::Unchanged | Action::Conflict(_) => continue,
        };
        altered.entry(module).or_default().insert(kernel, what);
    }
    for (module, impact) in &drift.impacts {
        let altered = altered.entry(module).or_default();
        let loads = impact.loads.iter().map(|kernel| (kernel, Altered::Added));
        let reloads = impact.reloads.iter().map(|kernel| (kernel, Altered::Changed(Vec::new())));
        let unloads = impact.unloads.iter().map(|kernel| (kernel, Altered::Removed));
        for (kernel, what) in loads.chain(reloads).chain(unloads) {
            altered.entry(kernel).or_insert(what);
        }
    }
    altered.retain(|_, kernels| !kernels.is_empty());
    Ok(altered)
}
