//! `kmodgen test`: try the cases beside the manifest, and compare what comes out with snapshots.

mod accept;
mod cases;
mod drawing;
mod junit;
mod report;
mod review;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::faults::Faults;
use super::subject::{History, folder_of, on_disk};
use crate::adapters::{fs, ui};
use crate::cli::{Format, TestArgs};
use crate::commands::Exit;
use crate::settings;
use crate::test_cases::{self, Difference, State, TestEnvironment, Verdict};
use crate::vocabulary::{RelPath, SourceMap};
use accept::SnapshotWriter;

/// Results of all cases.
struct Results {
    /// The manifest, as messages show it.
    manifest: PathBuf,
    /// Of each case, in the order of their names.
    verdicts: Vec<Verdict>,
    /// The snapshots that no case has.
    unreferenced: Vec<Difference>,
    /// Accepted snapshots, written or removed.
    accepted: Vec<RelPath>,
    removed: Vec<RelPath>,
}

/// Runs the verb.
pub fn run(args: &TestArgs) -> anyhow::Result<Exit> {
    if args.review && !ui::can_ask() {
        bail!("--review requires a terminal: review the differences, then pass --accept");
    }
    let manifest = settings::manifest_path(&args.manifest)?;
    let folder = folder_of(&manifest).to_owned();
    let subject = on_disk(&manifest)?;
    let mut sources = SourceMap::default();
    if let Err(faults) = subject.check(&mut sources) {
        return Err(Faults::new(faults, sources).into());
    }
    let cases = cases::find(&folder, &*subject.files, &args.names)?;
    let history = History::new(&manifest, subject.renderers.clone());
    let tree = fs::Folder::new(&folder);
    let workers = settings::workers(args.jobs);
    let environment = TestEnvironment { subject: &subject, past: &history, folder: &tree, workers };
    let tried = cases.chosen.iter().map(|case| test_cases::run_case(case, &environment, cases.sources.clone()));
    let verdicts: Vec<Verdict> = tried.collect::<Result<_, _>>()?;
    let referenced: HashSet<RelPath> = verdicts.iter().flat_map(|verdict| verdict.referenced.iter().cloned()).collect();
    // Which snapshots a case has is known only where it could be tried.
    let leftovers = test_cases::leftovers(
        &tree,
        |name| match verdicts.iter().find(|verdict| verdict.name == name) {
            Some(verdict) => verdict.state() != State::Trouble,
            None => args.names.is_empty(),
        },
        &referenced,
    );
    let unreferenced = leftovers?;
    let (accepted, removed) = (Vec::new(), Vec::new());
    let mut results = Results { manifest, verdicts, unreferenced, accepted, removed };
    let keeper = SnapshotWriter::new(&folder);
    if args.accept {
        keeper.accept_all(&mut results)?;
    } else if args.review {
        review::review(&keeper, &folder, &mut results)?;
    }
    match args.format {
        Format::Text => report::print(&results, &folder),
        Format::Json => report::print_json(&results, &folder)?,
    }
    if let Some(path) = &args.junit {
        fs::write_file(path, &junit::document(&results, &folder))?;
    }
    results.exit()
}

impl Results {
    /// Counts the cases in this state.
    fn count(&self, state: State) -> usize {
        self.verdicts.iter().filter(|verdict| verdict.state() == state).count()
    }

    /// Iterates over the snapshots that differ.
    fn differences(&self) -> impl Iterator<Item = &Difference> {
        self.verdicts.iter().flat_map(|verdict| &verdict.differences).chain(&self.unreferenced)
    }

    /// Returns the exit code. The reasons were printed before.
    fn exit(&self) -> anyhow::Result<Exit> {
        match (self.count(State::Trouble), self.count(State::Failed)) {
            (0, 0) if self.unreferenced.is_empty() => Ok(Exit::Success),
            (0, _) => Ok(Exit::ActionNeeded),
            (trouble, _) => bail!("{} could not run", ui::count(trouble, "case")),
        }
    }
}

/// A path below the manifest's folder, as messages show it.
fn shown(folder: &Path, path: &RelPath) -> String {
    folder.join(path.as_str()).display().to_string()
}
