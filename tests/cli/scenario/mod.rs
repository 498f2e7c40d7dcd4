//! What the scenarios are written in.
//!
//! A [`Project`] is a folder with a manifest and whatever lies beside it. [`Project::run`] runs
//! `kmodgen` there and gives a [`Run`], which says how it has to have ended. [`Project::tree`]
//! is what is on disk, and [`Tree::since`] what became of it:
//!
//! ```text
//! let project = Project::fleet();
//! project.run("generate").fine();
//! let before = project.tree();
//! project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
//! project.run("generate --check").differs().shows("12 updated");
//! assert_eq!(project.tree().since(&before), ["~ kmodgen.yaml"]);
//! ```
//!
//! Whatever a scenario is about, every run must end by itself within [`CPU_SECONDS`] and [`MEMORY`],
//! with one of the three exit codes, and without a panic.

mod project;
mod registry;
mod run;
mod terminal;
mod tree;

pub(crate) use project::{Invocation, Project, commit_id};
pub(crate) use registry::{Registry, respond};
pub(crate) use run::Run;
pub(crate) use terminal::Terminal;
pub(crate) use tree::{Tree, lines};

use std::time::Duration;

/// Processor time that each process of a run may take. Elapsed time also depends on other processes.
pub(crate) const CPU_SECONDS: u32 = 20;

/// Elapsed time after which a run that waits for something that never happens is killed.
pub(crate) const HANG: Duration = Duration::from_secs(300);

/// The address space that a run may have, in KiB.
pub(crate) const MEMORY: u32 = 2_000_000;

/// Kernels of the [`fleet`](Project::fleet).
pub(crate) const EL9: &str = "5.14.0-427.28.1.el9_4.x86_64";
pub(crate) const RT: &str = "5.14.0-427.81.1.el9_4.x86_64+rt";
pub(crate) const DEBIAN: &str = "6.12.107+deb12-cloud-amd64";

/// What someone does to a project between two runs.
pub(crate) type Change<'c> = &'c dyn Fn(&Project);

/// `insta::assert_snapshot!`, with the snapshot in `snapshots/`.
macro_rules! assert_snapshot {
    ($($argument:tt)*) => {
        insta::with_settings!({ snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots") }, {
            insta::assert_snapshot!($($argument)*);
        })
    };
}
