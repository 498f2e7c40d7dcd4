//! Lock of an output folder.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::adapters::fs::Guard;
use crate::adapters::ui;
use crate::tree::Inaccessible;

/// Timeout for another run in the same folder.
const PATIENCE: Duration = Duration::from_secs(60);

/// Lock of an output folder that this run alone writes to.
pub(super) struct OutputLock {
    _guard: Guard,
    root: Option<PathBuf>,
    /// Set if another run had the lock at first.
    pub(super) waited: bool,
}

impl OutputLock {
    /// Locks a folder, which is made if it is absent, and waits for another run that has it.
    pub(super) fn take(root: &Path) -> Result<Self, Inaccessible> {
        let mut waited = false;
        let guard = Guard::take(root, PATIENCE, || {
            waited = true;
            ui::talk("waiting for another run of kmodgen\n");
        })?;
        Ok(Self { _guard: guard, root: std::path::absolute(root).ok(), waited })
    }

    /// Locks a folder if it is there.
    pub(super) fn take_existing(root: &Path) -> Result<Option<Self>, Inaccessible> {
        if root.is_dir() { Self::take(root).map(Some) } else { Ok(None) }
    }

    /// Returns whether it is the lock of this folder.
    pub(super) fn is_of(&self, root: &Path) -> bool {
        self.root.is_some() && std::path::absolute(root).ok() == self.root
    }
}
