//! `kmodgen lock`: pin what is not pinned yet.

use super::project::Project;
use crate::adapters::ui;
use crate::cli::LockArgs;
use crate::commands::Exit;
use crate::lock;
use crate::settings::Network;

/// Runs the verb.
pub fn run(args: &LockArgs) -> anyhow::Result<Exit> {
    let mut project = Project::find(&args.manifest)?;
    project.complete_lock(Network::from(&args.network))?;
    project.tidy_lock();
    // With --locked the lock is what it has to be, and only read.
    let written = !args.network.locked && project.save_lock()?;
    let name = project.folder.join(lock::FILE_NAME);
    let state = if written { "written" } else { "is complete" };
    ui::talk(&format!("{} {state}\n", name.display()));
    Ok(Exit::Success)
}
