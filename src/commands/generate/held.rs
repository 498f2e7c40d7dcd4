//! An output folder that no other run writes to.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::adapters::fs::Guard;
use crate::adapters::ui;
use crate::tree::Inaccessible;

/// How long another run in the same folder may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// An output folder that this run alone writes to, for as long as it has this.
pub(super) struct Held {
    _guard: Guard,
    root: Option<PathBuf>,
}

impl Held {
    /// Takes a folder, making it where it is not there, and waits for another run that has it.
    pub(super) fn take(root: &Path) -> Result<Self, Inaccessible> {
        let guard = Guard::take(root, PATIENCE, || ui::talk("waiting for another run of kmodgen\n"))?;
        Ok(Self::with(guard, root))
    }

    /// Takes a folder that is there and that no other run has.
    pub(super) fn take_if_free(root: &Path) -> Option<Self> {
        Guard::take_if_free(root).map(|guard| Self::with(guard, root))
    }

    fn with(guard: Guard, root: &Path) -> Self {
        Self { _guard: guard, root: std::path::absolute(root).ok() }
    }

    pub(super) fn is_of(&self, root: &Path) -> bool {
        self.root.is_some() && std::path::absolute(root).ok() == self.root
    }
}
