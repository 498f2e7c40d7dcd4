//! The object that has KMM try a kernel before a cluster gets it.

use anyhow::bail;

use crate::adapters::ui;
use crate::cli::PreflightArgs;
use crate::commands::Exit;
use crate::commands::project::Project;
use crate::render;
use crate::settings::{self, one_cluster};
use crate::vocabulary::{Diagnostics, nearest};

/// Prints the object. Several validations at once disturb each other, so that there is one kernel, and
/// nothing is written to a folder that a cluster follows.
pub(super) fn run(args: &PreflightArgs, release: &str) -> anyhow::Result<Exit> {
    let path = settings::manifest_path(&args.manifest)?;
    let project = Project::open(&path, one_cluster(&args.cluster, &path)?.as_ref())?;
    let kernels = &project.manifest.kernels;
    let Some(kernel) = kernels.iter().find(|kernel| kernel.release.as_str() == release) else {
        match nearest(release, kernels.iter().map(|kernel| kernel.release.as_str())) {
            Some(near) => bail!("the manifest has no kernel `{}`; did you mean `{near}`?", release.escape_debug()),
            None => bail!("the manifest has no kernel `{}`", release.escape_debug()),
        }
    };
    let mut same_release = kernels.iter().filter(|other| other.release.value == kernel.release.value);
    if same_release.any(|other| other.dtk.as_ref().map(|dtk| &dtk.value) != kernel.dtk.as_ref().map(|dtk| &dtk.value)) {
        bail!(
            "the manifest has several kernels with release `{}` and different `dtk`s, but a PreflightValidation can have only one",
            kernel.release.value
        );
    }
    let mut faults = Diagnostics::default();
    let toolkit = kernel.toolkit().and_then(|dtk| project.pins().pinned_image(&dtk, &kernel.release, &mut faults));
    project.report(faults)?;
    ui::result(&render::preflight::render(kernel, toolkit.as_ref(), &project.manifest.platform, args.push));
    Ok(Exit::Success)
}
