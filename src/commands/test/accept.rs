//! Taking what comes out as it is meant: snapshots are written, and those that no case has removed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::bail;

use super::{Results, shown};
use crate::adapters::{fs, ui};
use crate::test_cases::{Difference, DifferenceKind, SNAPSHOTS, is_current};
use crate::vocabulary::RelPath;

/// Time limit for waiting until another run has written snapshots.
const PATIENCE: Duration = Duration::from_secs(60);

/// Writer of snapshots.
pub(super) struct SnapshotWriter {
    folder: PathBuf,
}

impl SnapshotWriter {
    /// For the snapshots beside the manifest in `folder`.
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Accepts all that can be.
    pub(super) fn accept_all(&self, results: &mut Results) -> anyhow::Result<()> {
        if !results.differences().any(|difference| difference.matter.is_acceptable()) {
            return Ok(());
        }
        let _guard = self.guard()?;
        for verdict in &mut results.verdicts {
            let accepted = self.settle_all(&mut verdict.differences)?;
            verdict.right += accepted.len();
            results.accepted.extend(accepted);
        }
        results.removed = self.settle_all(&mut results.unreferenced)?;
        Ok(())
    }

    /// Accepts what can be of these, and leaves the others.
    fn settle_all(&self, differences: &mut Vec<Difference>) -> anyhow::Result<Vec<RelPath>> {
        let all = std::mem::take(differences).into_iter();
        let (meant, open): (Vec<_>, _) = all.partition(|difference| difference.matter.is_acceptable());
        *differences = open;
        meant.into_iter().map(|difference| self.settle(&difference).map(|()| difference.path)).collect()
    }

    /// Accepts one.
    pub(super) fn accept(&self, difference: &Difference) -> anyhow::Result<()> {
        let _guard = self.guard()?;
        self.settle(difference)
    }

    fn guard(&self) -> anyhow::Result<fs::Guard> {
        let root = self.folder.join(SNAPSHOTS);
        fs::check_output(&root, &self.folder, false).map_err(anyhow::Error::msg)?;
        let guard = fs::Guard::take(&root, PATIENCE, || {
            ui::talk(&format!("waiting for another run of kmodgen that writes to `{}`\n", root.display()));
        });
        Ok(guard?)
    }

    fn settle(&self, difference: &Difference) -> anyhow::Result<()> {
        let path = self.folder.join(difference.path.as_str());
        if !is_current(&fs::Folder::new(&self.folder), difference)? {
            bail!("`{}` changed during the run: run the command again", shown(&self.folder, &difference.path));
        }
        match &difference.matter {
            DifferenceKind::New { text: new } | DifferenceKind::Changed { new, .. } => {
                fs::check_output(&path, &self.folder, false).map_err(anyhow::Error::msg)?;
                fs::make_folder_of(&path)?;
                fs::write_file(&path, new)?;
            }
            DifferenceKind::Unreferenced { .. } => fs::remove(&self.folder, &difference.path)?,
            DifferenceKind::Obstructed { .. } => {}
        }
        Ok(())
    }
}
