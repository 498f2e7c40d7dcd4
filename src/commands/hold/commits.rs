//! Commits that a module can be held at: those of the repository around the output folder, then those of the one that
//! is published to.

use std::time::Duration;

use anyhow::bail;

use crate::adapters::git::{Destination, GitEnvironment, OutputHistory, PublishTo, is_url};
use crate::cli::HoldArgs;
use crate::commands::project::Project;
use crate::commands::publish::Target;
use crate::holds::{HeldFiles, HeldModule, Hold};
use crate::settings;
use crate::vocabulary::{ClusterName, Date, GitBranch, GitOid, ModuleName, Timestamp};

/// Repositories with the commits that a revision may name.
pub(super) struct Commits<'a> {
    args: &'a HoldArgs,
    /// The repository that is published to, once it was needed; `None` if there is none.
    target: Option<Option<Destination>>,
}

impl<'a> Commits<'a> {
    pub(super) fn new(args: &'a HoldArgs) -> Self {
        Self { args, target: None }
    }

    /// Finds the commit that a revision names, and reads the files of a module in it; otherwise says why there are none.
    ///
    /// # Errors
    /// A repository that cannot be opened.
    pub(super) fn find(
        &mut self,
        project: &Project,
        module: &ModuleName,
        revision: &str,
    ) -> anyhow::Result<Result<HeldModule, String>> {
        let cluster = project.manifest.cluster.as_ref();
        let root = settings::output_folder(None, &project.manifest, &project.folder)?;
        let history = OutputHistory::new(&root);
        let found = history.resolve(revision).and_then(|at| with_files(&history, module, cluster, at));
        let Err(first) = found else { return Ok(found) };
        let args = self.args;
        if self.target.is_none() {
            self.target = Some(open(args, project)?);
        }
        let Some(Some(target)) = &self.target else { return Ok(Err(first)) };
        let below = cluster.map_or("", ClusterName::as_str);
        let found = target.resolve(revision).and_then(|at| with_files(&target.history(below), module, cluster, at));
        if found.is_ok() {
            target.end();
        }
        Ok(found.map_err(|second| if first == second { first } else { format!("{first}; {second}") }))
    }
}

/// Opens the repository that is published to; `None` if neither flags nor the manifest name one.
fn open(args: &HoldArgs, project: &Project) -> anyhow::Result<Option<Destination>> {
    let publish = &project.manifest.publish;
    let named = Target::resolve((args.repo.as_deref(), args.path.as_deref()), publish, &project.folder)?;
    let Some(Target { repo, shown, path }) = named else {
        return match (&args.repo, &args.path) {
            (None, None) => Ok(None),
            (Some(_), _) => {
                bail!("--repo requires the folder: pass --path DIR, or write `publish.path` into the manifest")
            }
            (None, Some(_)) => {
                bail!(
                    "--path requires the repository: pass --repo URL-or-PATH, or write `publish.repo` into the manifest"
                )
            }
        };
    };
    if args.offline && is_url(&repo) {
        return Ok(None);
    }
    // Nothing is committed to the branch.
    let branch = match &publish.branch {
        Some(branch) => branch.clone(),
        None => GitBranch::parse("main").map_err(|invalid| anyhow::anyhow!(invalid.message))?,
    };
    let folder = settings::folder_or_here(&project.folder);
    let to = PublishTo {
        repository: &repo,
        shown: &shown,
        branch: &branch,
        base: None,
        path: path.as_rel_path(),
        manifest: &folder,
        run_hooks: false,
    };
    let timeout = Duration::from_secs(args.timeout);
    let environment = GitEnvironment::from_process();
    let opened = Destination::open(&to, environment, settings::cache_folder(), timeout, true, || {});
    opened.map(Some).map_err(crate::commands::publish::fault)
}

/// Reads the files of a module in a commit; otherwise says what the commit has.
fn with_files(
    history: &dyn HeldFiles,
    module: &ModuleName,
    cluster: Option<&ClusterName>,
    at: GitOid,
) -> Result<HeldModule, String> {
    let until = Date::of(Timestamp::EARLIEST);
    let hold = Hold { module: module.clone(), cluster: cluster.cloned(), at, reason: String::new(), until };
    HeldModule::read(&hold, history).map_err(|error| format!("{error}; {}", error.help))
}
