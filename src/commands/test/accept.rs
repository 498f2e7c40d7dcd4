//! Taking what comes out as it is meant: snapshots are written, and those that no case has removed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::bail;

use super::{Results, shown};
use crate::adapters::{fs, ui};
use crate::trial::{Difference, Matter, SNAPSHOTS, is_current};

/// How long another run may take that writes snapshots.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who writes snapshots.
pub(super) struct Keeper {
    folder: PathBuf,
}

impl Keeper {
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
            let (settled, open) = std::mem::take(&mut verdict.differences).into_iter().partition(is_acceptable);
            verdict.differences = open;
            verdict.right += settled.len();
            let settled: Vec<Difference> = settled;
            for difference in settled {
                self.settle(&difference)?;
                results.accepted.push(difference.path);
            }
        }
        let (settled, open) = std::mem::take(&mut results.unreferenced).into_iter().partition(is_acceptable);
        results.unreferenced = open;
        let settled: Vec<Difference> = settled;
        for difference in settled {
            self.settle(&difference)?;
            results.removed.push(difference.path);
        }
        Ok(())
    }

    /// Accepts one.
    pub(super) fn accept(&self, difference: &Difference) -> anyhow::Result<()> {
        let _guard = self.guard()?;
        self.settle(difference)
    }

    fn guard(&self) -> anyhow::Result<fs::Guard> {
        let root = self.folder.join(SNAPSHOTS);
        let waits = || ui::talk(&format!("another run of kmodgen writes in `{}`: waiting for it\n", root.display()));
        Ok(fs::Guard::take(&root, PATIENCE, waits)?)
    }

    fn settle(&self, difference: &Difference) -> anyhow::Result<()> {
        let path = self.folder.join(difference.path.as_str());
        if !is_current(&fs::Folder::new(&self.folder), difference)? {
            bail!("`{}` was changed while the cases were tried: run again", shown(&self.folder, &difference.path));
        }
        match &difference.matter {
            Matter::New { text: new } | Matter::Changed { new, .. } => {
                fs::make_folder_of(&path)?;
                fs::write_file(&path, new)?;
            }
            Matter::Unreferenced { .. } => fs::remove(&self.folder, &difference.path)?,
            Matter::Obstructed { .. } => {}
        }
        Ok(())
    }
}

fn is_acceptable(difference: &Difference) -> bool {
    difference.matter.is_acceptable()
}
