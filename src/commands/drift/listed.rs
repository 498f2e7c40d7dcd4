//! Files that clusters share, as the kustomizations of the modules name them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::Drift;
use super::held::HeldModules;
use super::shared::StoredFile;
use crate::manifest::Layout;
use crate::output::{CONFIG_MAP, KUSTOMIZATION};
use crate::plan::{Mapping, Plan};
use crate::reconcile::{Action, Change, Inspector};
use crate::shared_files::{ContentHash, Listed, SHARED, SharedPath};
use crate::tree::{Inaccessible, View};

/// Contents that kustomizations name, by module.
pub(super) type ListedFiles = BTreeMap<String, Arc<Listed>>;

/// Reads the kustomizations of all modules, if any file may be shared.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn listed_files(tree: &View<'_>, layout: Layout) -> Result<ListedFiles, Inaccessible> {
    let mut all = ListedFiles::new();
    if layout != Layout::Shared && tree.folder.names(SHARED)?.is_empty() {
        return Ok(all);
    }
    for module in tree.outline.modules() {
        let listed = tree.folder.listed(module)?;
        if !listed.is_empty() {
            all.insert(module.to_owned(), listed);
        }
    }
    Ok(all)
}

/// Returns the changes of mappings that are not planned, or not planned in this layout.
///
/// # Errors
/// A file that cannot be read.
#[expect(clippy::vec_box, reason = "as in the drift")]
pub(super) fn unlisted(
    listed: &ListedFiles,
    (plan, held): (&Plan<'_>, &HeldModules),
    is_others: impl Fn(&str) -> bool,
    inspector: &Inspector<'_>,
) -> Result<Vec<Box<Change>>, Inaccessible> {
    let is_shared = plan.inputs.manifest.output.layout == Layout::Shared;
    let mut changes = Vec::new();
    for (module, listed) in listed.iter().filter(|(module, _)| !is_others(module) && !held.is_refused(module)) {
        let planned = plan.modules.iter().find(|(planned, _)| planned.name.as_str() == module);
        let mut releases: Vec<&str> = match held.modules.get(module) {
            Some(held) => held.shared_releases().collect(),
            None => {
                let mappings = planned.filter(|_| is_shared).into_iter().flat_map(|(_, mappings)| mappings);
                mappings.map(|mapping| mapping.kernel.release.as_str()).collect()
            }
        };
        releases.sort_unstable();
        changes.extend(inspector.unlist(module, listed, |release| releases.binary_search(&release).is_ok())?);
    }
    Ok(changes)
}

impl Drift<'_> {
    /// Returns the content of a mapping's ConfigMap, if clusters share it.
    pub(in crate::commands) fn content(&self, mapping: &Mapping<'_>) -> Option<ContentHash> {
        let (module, release) = (&mapping.module.name.value, &mapping.kernel.release.value);
        let mut modules = self.plan.modules.iter().zip(&self.files.modules);
        let ((_, mappings), files) = modules.find(|((planned, _), _)| planned.name.value == *module)?;
        let at = mappings.iter().position(|mapping| mapping.kernel.release.value == *release)?;
        files.contents.get(at).copied()
    }

    /// Adds the contents that the kustomizations of the modules name after this run, or may name.
    pub(in crate::commands) fn note_used(&self, used: &mut HashSet<ContentHash>) {
        used.extend(self.files.modules.iter().flat_map(|module| &module.contents));
        let held = self.files.held.iter().filter_map(|(path, _)| SharedPath::parse(path)?.hash);
        used.extend(held);
        let in_conflict = self.changes.iter().filter(|change| matches!(change.action, Action::Conflict(_)));
        let modules: BTreeSet<&str> = in_conflict.filter_map(|change| change.path.as_str().split('/').next()).collect();
        let stays = |module: &&String| modules.contains(module.as_str()) || self.is_left(module);
        let listed = self.listed.iter().filter(|(module, _)| stays(module));
        used.extend(listed.flat_map(|(_, listed)| listed.values().copied()));
    }

    /// Returns whether the files of a module stay as they are.
    fn is_left(&self, module: &str) -> bool {
        let is_refused = self.refusals.iter().any(|refusal| refusal.module == module);
        let is_planned = self.held.contains_key(module)
            || self.plan.modules.iter().any(|(planned, _)| planned.name.as_str() == module);
        let is_removed = |change: &Change| {
            change.action == Action::Remove
                && change.path.file_name() == KUSTOMIZATION
                && change.path.parent() == module
        };
        is_refused || !is_planned && !self.changes.iter().any(|change| is_removed(change))
    }

    /// Returns the contents and files that clusters share and that this cluster's changes write.
    pub(in crate::commands) fn stored_files(&self) -> impl Iterator<Item = (ContentHash, StoredFile)> {
        self.changes.iter().filter_map(|change| {
            let stored = change.stored.as_ref().filter(|_| change.is_of_file())?;
            let written = change.written.filter(|_| matches!(change.action, Action::Create | Action::Update))?;
            let is_config_map = change.path.file_name() == CONFIG_MAP;
            let kind = if is_config_map { StoredFile::ConfigMap } else { StoredFile::Kustomization };
            Some((stored.hash, kind(written)))
        })
    }
}
