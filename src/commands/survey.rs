//! What there is beside what should be: the plan, the outputs and the tree on disk. `generate`,
//! `plan` and `explain` all start from it, so that they cannot disagree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::anyhow;

use super::project::Project;
use crate::adapters::fs;
use crate::impact::{self, Hold, Impact};
use crate::output::{self, MODULE, Output};
use crate::plan::Plan;
use crate::previous::{self, OldModule};
use crate::reconcile::{Action, Change, Tree};
use crate::settings::{self, Only};
use crate::vocabulary::Diagnostics;

/// What there is beside what should be.
pub(super) struct Survey<'p> {
    /// What should be, mapping by mapping.
    pub(super) plan: Plan<'p>,
    /// What should be, file by file.
    pub(super) outputs: Vec<Output>,
    /// The output folder.
    pub(super) root: PathBuf,
    /// What is there.
    pub(super) tree: Tree,
    /// The Modules that are there.
    pub(super) old: BTreeMap<String, OldModule>,
    /// What becomes of them on nodes.
    pub(super) impacts: BTreeMap<String, Impact>,
}

impl<'p> Survey<'p> {
    /// Plans the project, and looks at its output folder.
    pub(super) fn take(
        project: &'p Project,
        output: Option<&PathBuf>,
        only: Option<&Only>,
        workers: usize,
    ) -> anyhow::Result<Self> {
        let plan = project.plan(workers)?;
        only.map_or(Ok(()), |only| only.check(&plan))?;
        let outputs = output::outputs(&project.manifest, &plan);
        let mut faults = Diagnostics::default();
        output::check_sizes(&outputs, &mut faults);
        project.report(faults)?;
        let root = settings::output_folder(output, &project.manifest, &project.folder);
        let wanted: BTreeSet<_> = outputs.iter().map(|output| output.path.clone()).collect();
        let tree = fs::read_tree(&root, &wanted)
            .map_err(|(path, error)| anyhow!("cannot read `{path}`: {}", fs::describe(&error)))?;
        let old = previous::modules(&tree);
        let impacts = impact::impacts(&plan, &old);
        Ok(Self { plan, outputs, root, tree, old, impacts })
    }

    /// Leaves out what does not become of modules after all, since their Modules are not written.
    pub(super) fn keep_impacts_of(&mut self, changes: &[Change]) {
        let written = |action: &Action| matches!(action, Action::Create | Action::Update | Action::Remove);
        let modules = changes.iter().filter(|change| change.path.file_name() == MODULE && written(&change.action));
        let modules: BTreeSet<&str> = modules.map(|change| change.path.parent()).collect();
        self.impacts.retain(|module, _| modules.contains(module.as_str()));
    }

    /// The modules that must not be written without someone's word.
    pub(super) fn holds(&self, project: &Project, allow_remove: bool) -> Vec<Hold> {
        impact::holds(&project.manifest, &self.impacts, &self.old, allow_remove)
    }
}
